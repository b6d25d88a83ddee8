# Part of Maek, under the MIT licence; see LICENSE.
"""A compiled library, called from Python as C calls it."""
import ctypes

import numpy

TYPES = {numpy.dtype("f4"): 1, numpy.dtype("f8"): 2, numpy.dtype("i4"): 3}


class Tensor(ctypes.Structure):
    """maek_tensor_t"""
    _fields_ = [("name", ctypes.c_char_p), ("dtype", ctypes.c_int), ("rank", ctypes.c_int32),
                ("shape", ctypes.POINTER(ctypes.c_int64)), ("data", ctypes.c_void_p)]


def tensor(name, array):
    """A view of the array, which must outlive it."""
    shape = (ctypes.c_int64 * array.ndim)(*array.shape)
    return Tensor(name.encode(), TYPES[array.dtype], array.ndim, shape, array.ctypes.data)


class Model:
    """An instance of the library's module `name`."""

    def __init__(self, path, name):
        self.library = ctypes.CDLL(str(path))
        self.library.maek_model_last_error.restype = ctypes.c_char_p
        self.library.maek_model_step.restype = ctypes.c_int64
        module = getattr(self.library, name + "_module")
        module.restype = ctypes.c_void_p
        self.handle = ctypes.c_void_p()
        status = self.library.maek_model_create(ctypes.c_void_p(module()), None,
                                                ctypes.byref(self.handle))
        self.check(status, None)

    def close(self):
        self.library.maek_model_destroy(self.handle)

    def check(self, status, handle):
        if status != 0:
            raise RuntimeError(self.library.maek_model_last_error(handle).decode())

    def call(self, function, *arguments):
        status = getattr(self.library, "maek_model_" + function)(self.handle, *arguments)
        self.check(status, self.handle)

    def run(self, entry, arrays, *more):
        """forward, evaluate or train_step."""
        views = (Tensor * len(arrays))(*(tensor(*pair) for pair in arrays.items()))
        self.call(entry, views, ctypes.c_size_t(len(arrays)), *more)

    def train_step(self, arrays, lr=1e-3, steps=100):
        self.run("train_step", arrays, ctypes.c_double(lr), ctypes.c_int64(steps))

    def scalar(self, name, entry="train_step"):
        value = ctypes.c_double()
        self.call("scalar", entry.encode(), name.encode(), ctypes.byref(value))
        return value.value

    def result(self, entry, name):
        """A copy."""
        found = Tensor()
        self.call("result", entry.encode(), name.encode(), ctypes.byref(found))
        dtype = next(dtype for dtype, number in TYPES.items() if number == found.dtype)
        shape = found.shape[:found.rank]
        size = int(numpy.prod(shape)) * dtype.itemsize
        return numpy.frombuffer(ctypes.string_at(found.data, size), dtype).reshape(shape)

    def step(self):
        return self.library.maek_model_step(self.handle)
