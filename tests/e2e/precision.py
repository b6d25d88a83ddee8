# Part of Maek, under the MIT licence; see LICENSE.
"""What the tests of precisions share: models of their own, random weights, the
outputs of a program."""
import json

import numpy
from safetensors.numpy import save_file

from support import MaekTest, run


class PrecisionTest(MaekTest):
    def build(self, model, name, *options):
        program = self.folder / name
        self.maek("build", model, "-o", program, *options)
        return program

    def make(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def predict(self, program, weights, x):
        numpy.save(self.folder / "x.npy", x)
        run(program, "predict", "--weights", weights, "--input", self.folder / "x.npy",
            "--output", self.folder / "y.npy")
        return numpy.load(self.folder / "y.npy")

    def draw_weights(self, program):
        random = numpy.random.default_rng(3)
        module = json.loads(run(program, "info", "--json").stdout)["module"]
        path = self.folder / "w.safetensors"
        save_file({p["name"]: (random.uniform(-1, 1, p["shape"]) /
                               numpy.sqrt(p["shape"][-1])).astype("f4")
                   for p in module["parameters"]}, path)
        return path
