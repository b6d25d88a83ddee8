# Part of Maek, under the MIT licence; see LICENSE.
"""The interpreter on IR at f64, beside JAX: what the check_*.py share. Without JAX
they are skipped."""
import pathlib
import subprocess
import sys
import tempfile

try:
    import jax
    import numpy as np
except ImportError as missing:
    print(f"skipped: {missing} (./dev setup installs it)")
    sys.exit(77)

jax.config.update("jax_enable_x64", True)
jnp = jax.numpy


def run(*command, **options):
    result = subprocess.run(command, capture_output=True, text=True, **options)
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{result.stderr}")
    return result.stdout


def evaluate(interpret, ir, entry, batch, *flags):
    """Results of an entry, or its arguments with --arguments, by name."""
    with tempfile.TemporaryDirectory() as folder:
        run(interpret, "-", "--entry", entry, "--dim", f"B={batch}", "--output",
            folder, *flags, input=ir)
        return {path.name[:-len(".npy")]: np.load(path)
                for path in pathlib.Path(folder).glob("*.npy")}
