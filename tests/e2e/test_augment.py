# Part of Maek, under the MIT licence; see LICENSE.
"""Varied training examples: labels that are mixed, and runs that are the same
whatever the threads, and when they go on from a checkpoint."""
import json
import unittest

import numpy
from safetensors.numpy import load_file

from support import MaekTest, run

MODEL = """
model Stripes {
  input  image : [8, 8]
  target label : [3]
  logits = Linear(64, 3)(reshape(image, [64]))
  output logits
  loss   = soft_cross_entropy(logits, label)
  metric accuracy = argmax(logits) == argmax(label)
  metric surest   = max(label)
  metric whole    = sum(label)
}
train Stripes {
  data npy
  optimizer sgd(lr = 0.1)  batch 16  epochs 4
  AUGMENT
}
"""


class Augment(MaekTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        rng = numpy.random.default_rng(2)
        for half, count in (("train", 128), ("test", 64)):
            label = rng.integers(0, 3, count)
            image = rng.uniform(0, 0.5, (count, 8, 8)).astype("f4")
            image[numpy.arange(count), 2 * label + 1] += 0.5
            numpy.save(cls.folder / f"{half}-image.npy", image)
            numpy.save(cls.folder / f"{half}-label.npy", label)
        cls.program = cls.build("varied", "augment crop(1), flip, erase(0.25), mixup(0.4)")

    @classmethod
    def build(cls, name, augment, model=MODEL):
        path = cls.folder / (name + ".maek")
        path.write_text(model.replace("AUGMENT", augment))
        cls.maek("build", path, "-o", cls.folder / name)
        return cls.folder / name

    def train(self, name, *words, program=None):
        path = self.folder / (name + ".safetensors")
        run(program or self.program, "train", "--data-dir", self.folder, "--save",
            path, *words)
        return path

    def test_threads_and_resume_change_no_bit(self):
        one = self.train("one", "--threads", "1")
        two = self.train("two", "--threads", "2")
        self.assertEqual(one.read_bytes(), two.read_bytes())
        part = self.train("part", "--epochs", "1")
        run(self.program, "train", "--data-dir", self.folder, "--resume", part,
            "--epochs", "4")
        whole, part = load_file(one), load_file(part)
        for name in whole:
            numpy.testing.assert_array_equal(whole[name], part[name], name)
        other = load_file(self.train("other", "--seed", "1"))
        plain = load_file(self.train("plain", program=self.build("plain", "")))
        for name in whole:
            self.assertTrue((whole[name] != other[name]).any(), name)
            self.assertTrue((whole[name] != plain[name]).any(), name)

    def test_labels_are_mixed_in_training_alone(self):
        log = self.folder / "log.jsonl"
        self.train("logged", "--log-jsonl", log)
        rows = [json.loads(line) for line in log.read_text().splitlines()]
        for row in rows:
            self.assertAlmostEqual(row["whole"], 1, 5)
            if row["split"] == "test":
                self.assertEqual(row["surest"], 1)
            else:
                self.assertTrue(0.6 < row["surest"] < 0.97, row)
        tests = [row for row in rows if row["split"] == "test"]
        self.assertGreater(tests[-1]["accuracy"], 0.8)

    def test_label_smoothing_is_that_of_cross_entropy(self):
        """In training; evaluation takes the labels as they are."""
        hard = MODEL.replace("label : [3]", "label : class(3)").replace(
            "soft_cross_entropy(logits, label)",
            "cross_entropy(logits, label, smoothing = 0.1 * training)")
        hard = "\n".join(line for line in hard.splitlines() if "metric" not in line)
        rows = []
        for name, model, augment in (("hard", hard, ""),
                                     ("soft", MODEL, "augment label_smoothing(0.1)")):
            log = self.folder / f"{name}.jsonl"
            weights = load_file(self.train(name, "--log-jsonl", log, program=self.build(
                name, augment, model)))
            rows.append(([json.loads(line) for line in log.read_text().splitlines()], weights))
        (needed, weights), (found, others) = rows
        for one, other in zip(needed, found, strict=True):
            self.assertAlmostEqual(one["loss"], other["loss"], 5)
        for name in weights:
            numpy.testing.assert_allclose(others[name], weights[name], atol=1e-5, err_msg=name)
        plain = self.folder / "shares"
        plain.mkdir()
        for half in ("train", "test"):
            (plain / f"{half}-image.npy").hardlink_to(self.folder / f"{half}-image.npy")
            numpy.save(plain / f"{half}-label.npy", numpy.full((len(numpy.load(
                self.folder / f"{half}-image.npy")), 3), 1 / 3, "f4"))
        error = run(self.folder / "soft", "train", "--data-dir", plain, code=1).stderr
        self.assertEqual(error, "soft: error: 'label_smoothing' needs classes, and the data set "
                         "has none for a target of numbers\n")


if __name__ == "__main__":
    unittest.main()
