# Part of Maek, under the MIT licence; see LICENSE.
"""Files of the runtime against those of other people's packages: what numpy
and safetensors write, the runtime reads, and the other way round.

usage: check_formats.py FAKE-PROGRAM
"""
import pathlib
import subprocess
import sys
import tempfile

import numpy
import safetensors
from safetensors.numpy import load_file, save_file

program = sys.argv[1]


def run(*arguments):
    return subprocess.run([program, *map(str, arguments)], text=True,
                          capture_output=True)


def main(folder):
    random = numpy.random.default_rng(1)
    for split, count in ("train", 40), ("test", 9):
        labels = random.integers(0, 3, count).astype(numpy.int32)
        images = random.random((count, 4, 4), dtype=numpy.float32)
        images[numpy.arange(count), labels] += 1
        numpy.save(folder / f"{split}-image.npy", images)
        numpy.save(folder / f"{split}-label.npy", labels)
    weights = folder / "w.safetensors"
    data = ["--data", "npy", "--data-dir", folder]
    done = run("train", *data, "--save", weights, "--quiet", "--epochs", 5)
    assert done.returncode == 0, done.stderr

    # Ours, read by the package.
    tensors = load_file(weights)
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    assert shapes == {"linear.W": (3, 16), "linear.b": (3,),
                      "m.linear.W": (3, 16), "m.linear.b": (3,)}, shapes
    assert all(t.dtype == numpy.float32 for t in tensors.values())
    with safetensors.safe_open(weights, "numpy") as file:
        metadata = file.metadata()
    assert metadata["maek.model"] == "Logistic", metadata
    assert metadata["maek.step"] == "25", metadata

    # Outputs as numpy reads and computes them.
    output = folder / "y.npy"
    predict = ["predict", "--input", folder / "test-image.npy",
               "--output", output, "--weights"]
    done = run(*predict, weights)
    assert done.returncode == 0, done.stderr
    wanted = images.reshape(-1, 16) @ tensors["linear.W"].T + tensors["linear.b"]
    numpy.testing.assert_allclose(numpy.load(output), wanted, rtol=1e-5,
                                  atol=1e-6)

    # The package's, read by ours: parameters alone, in its own order.
    theirs = folder / "theirs.safetensors"
    changed = {"linear.b": tensors["linear.b"] + 1,
               "linear.W": 2 * tensors["linear.W"]}
    save_file(changed, theirs, metadata={"format": "np"})
    done = run(*predict, theirs)
    assert done.returncode == 0, done.stderr
    wanted = images.reshape(-1, 16) @ changed["linear.W"].T + changed["linear.b"]
    numpy.testing.assert_allclose(numpy.load(output), wanted, rtol=1e-5,
                                  atol=1e-6)

    # Arrays that must be refused.
    for array, reason in ((images.astype(numpy.int32), "has int32[9, 4, 4]"),
                          (images.astype(numpy.float16), "'<f2' is not read"),
                          (images.astype(">f4"), "'>f4' is not read"),
                          (numpy.asfortranarray(images), "in Fortran order")):
        numpy.save(folder / "x.npy", array)
        done = run("predict", "--weights", weights, "--input",
                   folder / "x.npy", "--output", output)
        assert done.returncode == 1 and reason in done.stderr, done.stderr


with tempfile.TemporaryDirectory() as name:
    main(pathlib.Path(name))
print("all formats agree")
