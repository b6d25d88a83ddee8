# Part of Maek, under the MIT licence; see LICENSE.
"""The shared library and its header, used by a C program."""
import os
import unittest

from support import SOURCE, MaekTest, run


class CApi(MaekTest):
    def test_train_predict_save_load(self):
        for kind, name in [("shared", "liblstm.so"), ("header", "lstm.h")]:
            self.maek("build", SOURCE / "models/lstm.maek", "--set", "H=24",
                      "--emit=" + kind, "-o", self.folder / name)
        program = self.folder / "client"
        run(os.environ["CC"], "-std=c11", "-Wall", "-Wextra", "-Werror",
            SOURCE / "tests/e2e/client.c", "-I", self.folder,
            "-I", SOURCE / "runtime/include", "-L", self.folder, "-llstm", "-lm",
            "-o", program)
        done = run(program, self.folder / "w.safetensors",
                   env={**os.environ, "LD_LIBRARY_PATH": str(self.folder)})
        self.assertRegex(done.stdout, r"(?s)loss .*refused: .*27")


if __name__ == "__main__":
    unittest.main()
