# Part of Maek, under the MIT licence; see LICENSE.
"""The shared library and its header, used by a C program."""
import os
import unittest

from support import SOURCE, MaekTest, run


class CApi(MaekTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for kind, name in [("shared", "liblstm.so"), ("header", "lstm.h")]:
            cls.maek("build", SOURCE / "models/lstm.maek", "--set", "H=24",
                     "--emit=" + kind, "-o", cls.folder / name)

    def client(self, source, *words):
        """What a C program on the library prints."""
        program = self.folder / source.removesuffix(".c")
        run(os.environ["CC"], "-std=c11", "-Wall", "-Wextra", "-Werror",
            SOURCE / "tests/e2e" / source, "-I", self.folder,
            "-I", SOURCE / "runtime/include", "-L", self.folder, "-llstm", "-lm",
            "-o", program)
        return run(program, *words,
                   env={**os.environ, "LD_LIBRARY_PATH": str(self.folder)}).stdout

    def test_train_predict_save_load(self):
        self.assertRegex(self.client("client.c", self.folder / "w.safetensors"),
                         r"(?s)loss .*refused: .*27")

    def test_a_step_allocates_nothing_once_warm(self):
        self.assertEqual(self.client("allocations.c"), "cold 1, warm 0\n")


if __name__ == "__main__":
    unittest.main()
