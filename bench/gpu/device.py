# Part of Maek, under the MIT licence; see LICENSE.
"""What the driver says of a GPU, and the peaks that follow."""
import ctypes
import dataclasses

# Of NVIDIA's CUDA C++ programming guide and its architectures' white papers, by
# compute capability: FMA units of f32 in a multiprocessor, and operations that its
# tensor cores do in a cycle, dense and with sums of f32.
UNITS = {75: 64, 80: 64, 86: 128, 87: 128, 89: 128, 90: 128, 100: 128, 120: 128}
TENSOR = {80: {"tf32": 1024, "bf16": 2048}, 86: {"tf32": 256, "bf16": 512},
          89: {"tf32": 256, "bf16": 512}, 90: {"tf32": 2048, "bf16": 4096}}
# Numbers of CUdevice_attribute.
CLOCK, PROCESSORS, MEMORY_CLOCK, BUS, MAJOR, MINOR = 13, 16, 36, 37, 75, 76


@dataclasses.dataclass
class Gpu:
    name: str
    capability: int
    processors: int
    hertz: float
    bandwidth: float  # bytes a second

    def peak(self, precision):
        """Operations a second, or nothing if it is not known."""
        each = 2 * UNITS.get(self.capability, 0)
        each = TENSOR.get(self.capability, {}).get(precision, 0 if precision != "f32" else each)
        return self.processors * self.hertz * each or None


def ask(ordinal):
    """Raises OSError where there is no driver, RuntimeError where it fails."""
    driver = ctypes.CDLL("libcuda.so.1")

    def call(function, *arguments):
        if status := getattr(driver, function)(*arguments):
            raise RuntimeError(f"{function} failed with {status}")
    call("cuInit", 0)
    device, name = ctypes.c_int(), ctypes.create_string_buffer(256)
    call("cuDeviceGet", ctypes.byref(device), ordinal)
    call("cuDeviceGetName", name, len(name), device)

    def attribute(number):
        value = ctypes.c_int()
        # A driver may have given up an attribute.
        if driver.cuDeviceGetAttribute(ctypes.byref(value), number, device):
            return 0
        return value.value
    return Gpu(name.value.decode(), 10 * attribute(MAJOR) + attribute(MINOR),
               attribute(PROCESSORS), attribute(CLOCK) * 1e3,
               2 * attribute(MEMORY_CLOCK) * 1e3 * attribute(BUS) / 8)
