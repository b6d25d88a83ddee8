# Part of Maek, under the MIT licence; see LICENSE.
"""What the end-to-end tests share: a folder of their own, the programs."""
import os
import pathlib
import subprocess
import tempfile
import unittest

BIN = pathlib.Path(os.environ["MAEK_BIN"])
SOURCE = pathlib.Path(os.environ["MAEK_SOURCE"])
DATA = pathlib.Path("/usr/share/datasets/fashion-mnist")


def run(*words, code=0, **options):
    """Runs a program; its exit code must be `code`."""
    done = subprocess.run([str(word) for word in words], capture_output=True,
                          text=True, timeout=600, **options)
    if done.returncode != code:
        raise AssertionError(f"{words} exited with {done.returncode}, not {code}\n"
                             f"{done.stdout}{done.stderr}")
    return done


def run_on_terminal(*words):
    """Its exit code, and what it writes to a terminal that is its standard error."""
    master, terminal = os.openpty()
    with subprocess.Popen([str(word) for word in words], stderr=terminal) as process:
        os.close(terminal)
        text = b""
        try:
            while part := os.read(master, 1 << 16):
                text += part
        except OSError:  # the other end is closed
            pass
    os.close(master)
    return process.returncode, text.decode()


class MaekTest(unittest.TestCase):
    """Builds into a temporary folder that goes away with the class."""

    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.temporary.name)

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    @classmethod
    def maek(cls, *words, **options):
        return run(BIN / "maek", *words, **options)
