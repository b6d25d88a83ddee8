# Part of Maek, under the MIT licence; see LICENSE.
"""timm's Vision Transformers: vit_*_patch16_224 and deit_*_distilled_patch16_224."""
import math
import re
import unittest

import jax
import jax.numpy as jnp
import numpy
from PIL import Image
from safetensors.numpy import load_file, save_file

from checkpoints import CheckpointTest, attention, gelu, layer_norm, linear
from pictures import draw, fit
from support import SOURCE, MaekTest, run

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def shapes(size, p, d, depth, classes, distilled):
    tokens = 2 if distilled else 1
    yield "cls_token", (1, 1, d)
    if distilled:
        yield "dist_token", (1, 1, d)
    yield "pos_embed", (1, (size // p) ** 2 + tokens, d)
    yield "patch_embed.proj.weight", (d, 3, p, p)
    yield "patch_embed.proj.bias", (d,)
    layers = [("norm", (d,)), ("head", (classes, d))]
    if distilled:
        layers.append(("head_dist", (classes, d)))
    for i in range(depth):
        layers += [(f"blocks.{i}.norm1", (d,)), (f"blocks.{i}.attn.qkv", (3 * d, d)),
                   (f"blocks.{i}.attn.proj", (d, d)), (f"blocks.{i}.norm2", (d,)),
                   (f"blocks.{i}.mlp.fc1", (4 * d, d)), (f"blocks.{i}.mlp.fc2", (d, 4 * d))]
    for name, shape in layers:
        yield f"{name}.weight", shape
        yield f"{name}.bias", shape[:1]


def make(random, *sizes):
    weights = {}
    for name, shape in shapes(*sizes):
        scale = 1 / numpy.sqrt(numpy.prod(shape[1:])) if name.endswith("weight") else 0.3
        weights[name] = (scale * random.normal(size=shape)).astype("f4")
        if "norm" in name and name.endswith("weight"):
            weights[name] = (1 + 0.2 * random.normal(size=shape)).astype("f4")
    return weights


def forward(weights, image, heads):
    """timm's VisionTransformer and VisionTransformerDistilled in evaluation."""
    kernel = weights["patch_embed.proj.weight"]
    x = jax.lax.conv_general_dilated(image, kernel, kernel.shape[2:], "VALID")
    x = x.reshape(*x.shape[:2], -1).swapaxes(1, 2) + weights["patch_embed.proj.bias"]
    tokens = [weights[name] for name in ("cls_token", "dist_token") if name in weights]
    x = jnp.concatenate([jnp.broadcast_to(token, (len(x), 1, token.shape[-1]))
                         for token in tokens] + [x], 1) + weights["pos_embed"]
    i = 0
    while f"blocks.{i}.norm1.weight" in weights:
        n = layer_norm(weights, f"blocks.{i}.norm1", x, 1e-6)
        q, k, v = jnp.split(linear(weights, f"blocks.{i}.attn.qkv", n), 3, -1)
        x = x + linear(weights, f"blocks.{i}.attn.proj", attention(q, k, v, heads))
        n = layer_norm(weights, f"blocks.{i}.norm2", x, 1e-6)
        x = x + linear(weights, f"blocks.{i}.mlp.fc2",
                       gelu(linear(weights, f"blocks.{i}.mlp.fc1", n)))
        i += 1
    x = layer_norm(weights, "norm", x, 1e-6)
    logits = linear(weights, "head", x[:, 0])
    if "dist_token" in weights:
        logits = (logits + linear(weights, "head_dist", x[:, 1])) / 2
    return logits


def normalized(image, distilled):
    mean, deviation = (MEAN, DEVIATION) if distilled else ((0.5,) * 3, (0.5,) * 3)
    return ((image - jnp.asarray(mean)[:, None, None])
            / jnp.asarray(deviation)[:, None, None])


class Small(CheckpointTest):
    format = "timm"
    sets = ("size=24", "p=8", "d=16", "heads=2", "depth=2", "classes=5")
    classes = 5
    distilled = False

    def make_weights(self, random):
        return make(random, 24, 8, 16, 2, 5, self.distilled)

    def make_inputs(self, random, count):
        return {"image": random.uniform(0, 1, (count, 3, 24, 24)).astype("f4")}

    def outputs(self, weights, inputs):
        return {"logits": forward(weights, normalized(inputs["image"], self.distilled), 2)}


class ViT(Small, MaekTest):
    file, model = "timm_vit", "ViT"


    def test_another_head(self):
        """Of a file for other classes, and of one without a head."""
        label = self.random.integers(0, self.classes, self.examples).astype("i4")
        for name, value in (self.inputs | {"label": label}).items():
            for split in ("train", "test"):
                numpy.save(self.folder / f"{split}-{name}.npy", value)
        file, saved = self.folder / "other.safetensors", self.folder / "tuned.safetensors"

        def train(*words, code=0):
            done = run(self.program, "train", "--data-dir", self.folder, "--epochs", "1", "--lr",
                       "1e-30", "--save", saved, *words, code=code)
            return load_file(saved) if code == 0 else done.stderr

        own = self.folder / "own.safetensors"
        run(self.program, "convert", "--weights", self.foreign, "--output", own)
        own = load_file(own)
        begun = train()
        more = self.weights | {"head.weight": numpy.zeros((7, 16), "f4"),
                               "head.bias": numpy.zeros(7, "f4")}
        for tensors in (more, {name: value for name, value in self.weights.items()
                               if not name.startswith("head")}):
            save_file(tensors, file)
            found = train("--weights", file, "--fresh", "head.*")
            self.assertEqual(set(found), set(own))
            for name in (name for name in found if not name.startswith("sgd.")):
                needed = begun if name.startswith("head") else own
                numpy.testing.assert_allclose(found[name], needed[name], rtol=0, atol=1e-20,
                                              err_msg=name)
        # A file's tensor that others are made of, too, is needed.
        save_file({name: value for name, value in self.weights.items()
                   if not name.endswith("0.attn.qkv.bias")}, file)
        self.assertIn("blocks.0.attn.qkv.bias", train("--weights", file, "--fresh",
                                                      "1.block.self_attention.W_q.b", code=1))


class DeiT(Small, MaekTest):
    file, model, distilled = "timm_deit", "DeiT", True


class FullSize(MaekTest):
    """Ti at 224 x 224, all of it, from pictures of other sizes to probabilities. What
    training would need is not compiled."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for path in (SOURCE / "models").glob("timm_*.maek"):
            text, count = re.subn(r"^train \w+ \{.*?^\}$", "", path.read_text(),
                                  flags=re.DOTALL | re.MULTILINE)
            assert count == 1
            (cls.folder / path.name).write_text(text)

    def check(self, file, distilled):
        random = numpy.random.default_rng(5)
        weights = make(random, 224, 16, 192, 12, 1000, distilled)
        save_file(weights, self.folder / "timm.safetensors")
        self.maek("build", self.folder / f"{file}.maek", "-o", self.folder / file)
        names = self.folder / "names.txt"
        names.write_text("".join(f"class number {i}\n" for i in range(1000)))
        wide = {name: jnp.asarray(value, "f8") for name, value in weights.items()}
        for name, size in (("wide.jpg", (250, 417)), ("small.png", (190, 101))):
            path = self.folder / name
            Image.fromarray(draw(*size)).save(path)
            printed = run(self.folder / file, "predict", "--weights",
                          self.folder / "timm.safetensors", "--input", path,
                          "--labels", names, "--top", "1000").stdout
            image = jnp.asarray(fit(path, 224, 224)[None])
            p = jax.nn.softmax(forward(wide, normalized(image, distilled), 3)[0])
            found = [line.split("  ") for line in printed.splitlines()]
            self.assertEqual({tuple(line[1:]) for line in found},
                             {(str(i), f"class number {i}") for i in range(1000)})
            self.assertEqual(found[0][1], str(p.argmax()))
            self.assertGreater(p.max(), 5 * p.mean())
            for line in found:
                self.assertLess(abs(float(line[0]) - p[int(line[1])]), 1e-4)

    def test_vit(self):
        self.check("timm_vit", False)

    def test_deit(self):
        self.check("timm_deit", True)


class Sizes(MaekTest):
    """How many numbers there are, of models that are too large to build here."""
    # d, heads; what timm says of vit_* and deit_*_distilled_patch16_224.
    TIMM = {"tiny": (192, 3, 5_717_416, 5_910_800), "small": (384, 6, 22_050_664, 22_436_432),
            "base": (768, 12, 86_567_656, 87_338_192)}

    def count(self, file, **sets):
        words = [word for name, value in sets.items() for word in ("--set", f"{name}={value}")]
        text = self.maek("ir", SOURCE / f"models/{file}.maek", *words).stdout
        shapes = re.findall(r"^  maek\.parameter @\S+ : tensor<([0-9x]*)f32>", text, re.M)
        return sum(math.prod(int(size) for size in shape.split("x")[:-1]) for shape in shapes)

    @staticmethod
    def blocks(d, depth):
        """Two normalisations, q, k, v and what joins them, a network of 4 d."""
        return depth * (2 * 2 * d + 4 * (d * d + d) + 2 * 4 * d * d + 4 * d + d)

    def test_timm(self):
        for d, heads, vit, deit in self.TIMM.values():
            for file, tokens, documented in (("timm_vit", 1, vit), ("timm_deit", 2, deit)):
                positions = (224 // 16) ** 2 + tokens
                needed = (self.blocks(d, 12) + (16 * 16 * 3 * d + d) + (tokens + positions) * d
                          + 2 * d + tokens * (d * 1000 + 1000))
                self.assertEqual(needed, documented)
                self.assertEqual(self.count(file, d=d, heads=heads), documented)

    def test_vit_of_the_sizes_in_its_file(self):
        for d, heads, _, _ in self.TIMM.values():
            needed = (self.blocks(d, 12) + (7 * 7 * d + d) + (1 + (28 // 7) ** 2 + 1) * d
                      + 2 * d + d * 10 + 10)
            self.assertEqual(self.count("vit", d=d, heads=heads, depth=12), needed)


if __name__ == "__main__":
    unittest.main()
