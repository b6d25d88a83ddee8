# Part of Maek, under the MIT licence; see LICENSE.
"""weights blocks: everything that an equation is made of, read and written, against
numpy; which of several formats a file is of."""
import unittest

import numpy
from safetensors.numpy import load_file, save_file

from support import MaekTest, run

MODEL = """
model Mixed(H = 4, I = 3) {
  input x : [I]
  param Q, K : [H, I]     ~ normal(0, 1)
  param P    : [I, 2 * H] ~ normal(0, 1)
  param b, c : [H]        ~ normal(0, 1)
  y = P · [Q · x + b, K · x + c]
  output y
}

weights flax of Mixed {
  concat("Q"ᵀ, "K"ᵀ, axis = 1) = "qk.kernel"
  -"b" = "minus_b"
  "c"  = -["c.low" : [1], "c.high"]
  "P"  = concat(("p.upper" : [2 * H, 1])ᵀ, -"p.lower", axis = 0)
}

# Whatever is in a file of `short`, `long` has, too.
weights long of Mixed {
  "Q" = "q.weight"
  "K" = "k.weight"
  "b" = "q.bias" + "q.more"
  "c" = "k.bias"
}

weights short of Mixed {
  "Q" = "q.weight"
  "K" = "k.weight"
  "b" = "q.bias"
  "c" = "k.bias"
}

weights turned of Mixed {
  -"Q"ᵀ = "q.turned"
  "K"   = -"k.turned"ᵀ
}
"""


def convert(own):
    """Format: the tensors of its files."""
    q, k, p, b, c = (own[name] for name in "QKPbc")
    short = {"q.weight": q, "k.weight": k, "q.bias": b, "k.bias": c, "P": p}
    return {
        "flax": {"qk.kernel": numpy.concatenate([q.T, k.T], 1), "minus_b": -b,
                 "c.low": -c[:1], "c.high": -c[1:], "p.upper": p[:1].T, "p.lower": -p[1:]},
        "long": short | {"q.more": numpy.zeros_like(b)},
        "short": short,
        "turned": {"q.turned": -q.T, "k.turned": -k.T, "P": p, "b": b, "c": c}}


class Mappings(MaekTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        file = cls.folder / "mixed.maek"
        file.write_text(MODEL)
        cls.program = cls.folder / "mixed"
        cls.maek("build", file, "-o", cls.program)
        random = numpy.random.default_rng(3)
        shapes = {"Q": (4, 3), "K": (4, 3), "P": (3, 8), "b": (4,), "c": (4,)}
        cls.own = {name: random.normal(size=shape).astype("f4")
                   for name, shape in shapes.items()}
        cls.x = random.normal(size=(5, 3)).astype("f4")
        numpy.save(cls.folder / "x.npy", cls.x)

    def save(self, name, tensors):
        path = self.folder / f"{name}.safetensors"
        save_file({key: numpy.ascontiguousarray(value) for key, value in tensors.items()},
                  path)
        return path

    def predict(self, weights, code=0):
        return run(self.program, "predict", "--weights", weights, "--input",
                   self.folder / "x.npy", "--output", self.folder / "y.npy", code=code)

    def expect(self, path, needed):
        found = load_file(path)
        self.assertEqual(set(found), set(needed))
        for name, value in needed.items():
            numpy.testing.assert_array_equal(found[name], value, name)

    def test_written_as_numpy_lays_it_out(self):
        own = self.save("own", self.own)
        for form, tensors in convert(self.own).items():
            path = self.folder / "written.safetensors"
            run(self.program, "convert", "--weights", own, "--output", path, "--to", form)
            self.expect(path, tensors)

    def test_read_by_the_format_that_the_names_are_of(self):
        own = self.own
        needed = (numpy.concatenate([self.x @ own["Q"].T + own["b"],
                                     self.x @ own["K"].T + own["c"]], 1) @ own["P"].T)
        for form, tensors in (convert(own) | {"own": own}).items():
            weights = self.save(form, tensors)
            with self.subTest(form):
                self.predict(weights)
                y = numpy.load(self.folder / "y.npy")
                numpy.testing.assert_allclose(y, needed, rtol=1e-4, atol=1e-5)
                path = self.folder / "read.safetensors"
                run(self.program, "convert", "--weights", weights, "--output", path)
                self.expect(path, own)

    def test_the_error_speaks_of_the_format_that_is_nearest(self):
        for form, gone in (("flax", "c.low"), ("long", "k.bias"), ("turned", "b")):
            tensors = convert(self.own)[form]
            weights = self.save("less", {name: tensors[name] for name in tensors
                                         if name != gone})
            shape = list(tensors[gone].shape)
            self.assertEqual(
                self.predict(weights, code=1).stderr,
                f"mixed: error: {weights}: has no tensor '{gone}' (F32{shape}), which "
                f"weights in the format '{form}' have\n")


if __name__ == "__main__":
    unittest.main()
