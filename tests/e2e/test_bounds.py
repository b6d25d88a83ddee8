# Part of Maek, under the MIT licence; see LICENSE.
"""Kernels read nothing outside of what a caller gives: tensors of odd sizes that end
where a page ends, or begin where one begins, beside pages that cannot be read."""
import ctypes
import mmap
import subprocess
import sys
import unittest

import numpy

from library import Model
from support import MaekTest

MODEL = """
model Odd {
  input  dense : [7]
  input  steps : [T, 5]
  input  image : [7, 9, 3]
  input  words : [T] of class(11)
  target label : class(3)
  target next  : [T] of class(11)
  a = tanh(Linear(7, 3)(dense))
  b = Linear(9, 3)(RNN(5, 9)(steps)[-1]) + Linear(5, 3)(steps[0])
  c = Linear(5, 3)(mean(relu(Conv2d(3, 5, 3)(image)), axis = [0, 1]))
  d = sum(image, axis = [0, 1]) + max_pool(image, 3)[1, 2]
  logits = a + b + c + d
  said   = Linear(6, 11)(Embedding(11, 6)(words))
  output logits, said
  loss   = cross_entropy(logits, label) + mean(cross_entropy(said, next))
}
train Odd { data npy  optimizer adam(lr = 1e-3)  batch 4 }
"""
PAGE = mmap.PAGESIZE
LIBC = ctypes.CDLL(None, use_errno=True)


def guarded(array, at_end):
    """A copy between two pages that cannot be read, at the end of its own pages or at
    their beginning."""
    pages = -(-array.nbytes // PAGE) + 2
    memory = mmap.mmap(-1, pages * PAGE)
    base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    inside = (pages - 2) * PAGE
    begin = PAGE + (inside - array.nbytes if at_end else 0)
    copy = numpy.frombuffer(memory, array.dtype, array.size, begin).reshape(array.shape)
    copy[...] = array
    for page in (0, pages - 1):
        if LIBC.mprotect(ctypes.c_void_p(base + page * PAGE), ctypes.c_size_t(PAGE), 0) != 0:
            raise OSError(ctypes.get_errno(), "mprotect")
    return copy


def run_all(path):
    """Dies of a signal where a kernel reads too far."""
    rng = numpy.random.default_rng(3)
    model = Model(path, "odd")
    for batch in (1, 2, 3, 8, 13):
        for length in (1, 2, 7, 17):
            for at_end in (True, False):
                def floats(*shape):
                    return guarded(rng.standard_normal((batch, *shape)).astype("f4"), at_end)

                def classes(count, *shape):
                    return guarded(rng.integers(0, count, (batch, *shape), "i4"), at_end)
                inputs = {"dense": floats(7), "steps": floats(length, 5),
                          "image": floats(7, 9, 3), "words": classes(11, length)}
                both = inputs | {"label": classes(3), "next": classes(11, length)}
                model.run("forward", inputs)
                model.run("evaluate", both)
                model.train_step(both)
    model.close()


class Bounds(MaekTest):
    def test_kernels_read_only_what_they_are_given(self):
        (self.folder / "odd.maek").write_text(MODEL)
        library = self.folder / "libodd.so"
        self.maek("build", self.folder / "odd.maek", "--emit=shared", "-o", library)
        done = subprocess.run([sys.executable, __file__, "--run", library], check=False,
                              capture_output=True, text=True, timeout=600)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        run_all(sys.argv[2])
    else:
        unittest.main()
