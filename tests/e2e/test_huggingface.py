# Part of Maek, under the MIT licence; see LICENSE.
"""Hugging Face's BertForSequenceClassification."""
import unittest

import jax.numpy as jnp
import numpy

from safetensors.numpy import load_file, save_file

from checkpoints import CheckpointTest, attention, gelu, layer_norm, linear
from support import MaekTest, run

WORDS, PLACES, WIDTH, HEADS, DEPTH, CLASSES, LONGEST = 50, 20, 16, 2, 2, 3, 11


class BERT(CheckpointTest, MaekTest):
    file, model, format = "bert", "BERT", "huggingface"
    sets = (f"vocabulary={WORDS}", f"positions={PLACES}", f"d={WIDTH}", f"heads={HEADS}",
            f"depth={DEPTH}", f"classes={CLASSES}", "drop=0")
    classes = CLASSES
    not_written = ("bert.embeddings.position_ids",)

    def make_weights(self, random):
        layers = [("bert.embeddings.LayerNorm", (WIDTH,)),
                  ("bert.pooler.dense", (WIDTH, WIDTH)), ("classifier", (CLASSES, WIDTH))]
        for i in range(DEPTH):
            layer = f"bert.encoder.layer.{i}"
            layers += [(f"{layer}.attention.self.{part}", (WIDTH, WIDTH))
                       for part in ("query", "key", "value")]
            layers += [(f"{layer}.attention.output.dense", (WIDTH, WIDTH)),
                       (f"{layer}.attention.output.LayerNorm", (WIDTH,)),
                       (f"{layer}.intermediate.dense", (4 * WIDTH, WIDTH)),
                       (f"{layer}.output.dense", (WIDTH, 4 * WIDTH)),
                       (f"{layer}.output.LayerNorm", (WIDTH,))]
        weights = {f"bert.embeddings.{kind}_embeddings.weight": random.normal(size=(n, WIDTH))
                   for kind, n in (("word", WORDS), ("position", PLACES), ("token_type", 2))}
        for name, shape in layers:
            weights[f"{name}.weight"] = (1 + 0.2 * random.normal(size=shape)
                                         if len(shape) == 1 else
                                         random.normal(size=shape) / numpy.sqrt(shape[1]))
            weights[f"{name}.bias"] = 0.3 * random.normal(size=shape[:1])
        weights = {name: value.astype("f4") for name, value in weights.items()}
        weights["bert.embeddings.position_ids"] = numpy.arange(PLACES, dtype="i8")[None]
        return weights

    def make_inputs(self, random, count):
        length = random.integers(LONGEST // 2, LONGEST + 1, count)
        length[0] = LONGEST
        return {"token": random.integers(0, WORDS, (count, LONGEST)).astype("i4"),
                "position": numpy.tile(numpy.arange(LONGEST, dtype="i4"), (count, 1)),
                "segment": random.integers(0, 2, (count, LONGEST)).astype("i4"),
                "length": length.astype("f4")}

    def outputs(self, weights, inputs):
        x = sum(weights[f"bert.embeddings.{kind}_embeddings.weight"][inputs[name]]
                for kind, name in (("word", "token"), ("position", "position"),
                                   ("token_type", "segment")))
        x = layer_norm(weights, "bert.embeddings.LayerNorm", x, 1e-12)
        mask = jnp.arange(LONGEST) < inputs["length"][:, None]
        for i in range(DEPTH):
            layer = f"bert.encoder.layer.{i}"
            q, k, v = (linear(weights, f"{layer}.attention.self.{part}", x)
                       for part in ("query", "key", "value"))
            a = linear(weights, f"{layer}.attention.output.dense",
                       attention(q, k, v, HEADS, mask))
            x = layer_norm(weights, f"{layer}.attention.output.LayerNorm", x + a, 1e-12)
            u = gelu(linear(weights, f"{layer}.intermediate.dense", x))
            x = layer_norm(weights, f"{layer}.output.LayerNorm",
                           x + linear(weights, f"{layer}.output.dense", u), 1e-12)
        pooled = jnp.tanh(linear(weights, "bert.pooler.dense", x[:, 0]))
        return {"hidden": x, "logits": linear(weights, "classifier", pooled)}

    def test_files_of_2018(self):
        """Other names of the norms, other heads, and no classifier."""
        heads = {"cls.predictions.bias": numpy.zeros(WORDS, "f4"),
                 "cls.seq_relationship.weight": numpy.zeros((2, WIDTH), "f4")}
        old = heads | {name.replace("LayerNorm.weight", "LayerNorm.gamma")
                       .replace("LayerNorm.bias", "LayerNorm.beta"): value
                       for name, value in self.weights.items()}
        expected = self.outputs(self.wide(self.weights), self.wide(self.inputs))
        path = self.folder / "old.safetensors"
        for tensors in (old, heads | self.weights):
            save_file(tensors, path)
            self.predict(path)
            found = numpy.load(self.folder / "logits-out.npy")
            numpy.testing.assert_allclose(found, expected["logits"], rtol=1e-3, atol=1e-4)
        for name in ("weight", "bias"):
            del old[f"classifier.{name}"]
        save_file(old, path)
        self.assertIn("'classifier.weight'", self.predict(path, code=1).stderr)
        for name, value in (self.inputs | {"label": numpy.zeros(self.examples, "i4")}).items():
            for split in ("train", "test"):
                numpy.save(self.folder / f"{split}-{name}.npy", value)
        saved = self.folder / "tuned.safetensors"
        run(self.program, "train", "--weights", path, "--fresh", "score.*", "--epochs", 1,
            "--lr", "1e-30", "--data", "npy", "--data-dir", self.folder, "--save", saved)
        tuned = load_file(saved)
        numpy.testing.assert_array_equal(tuned["norm.gamma"],
                                         old["bert.embeddings.LayerNorm.gamma"])
        self.assertGreater(abs(tuned["score.W"]).max(), 0)


if __name__ == "__main__":
    unittest.main()
