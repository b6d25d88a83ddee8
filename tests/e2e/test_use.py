# Part of Maek, under the MIT licence; see LICENSE.
"""Models in models: a teacher that stays as it is, and one that goes on learning."""
import ctypes
import json
import unittest

import numpy
from safetensors.numpy import load_file, save_file

from library import Model
from support import SOURCE, MaekTest, run

MODEL = """
model Teacher(H = 7) {
  input  x : [5]
  target t : class(3)
  hidden = where(training, 2, 1) * relu(Linear(5, H)(x))
  logits = Linear(H, 3)(hidden)
  output logits
  loss   = cross_entropy(logits, t)
  metric accuracy = argmax(logits) == t
}

model Student(H = 7, frozen = 1) {
  input  x : [5]
  target t : class(3)
  USE
  logits = Linear(5, 3)(x)
  known  = teacher(x)
  output logits, known
  loss   = 0.5 * cross_entropy(logits, t) + 0.5 * soft_distillation(logits, known, τ = 2)
}

train Teacher {
  data npy
  optimizer adam(lr = 1e-2)  batch 16  epochs 2
  average 0.9
}

train Student {
  data npy
  optimizer adam(lr = 1e-2)  batch 16  epochs 2
  FILE
}
"""


class Distillation(MaekTest):
    """The share of the teacher in the loss at its ends: one half of it is 0."""
    def test_shares_of_0_and_1(self):
        for share in (0, 1):
            with self.subTest(α=share):
                program = self.folder / f"deit{share}"
                self.maek("build", SOURCE / "models/deit.maek", "-o", program, "--set",
                          f"α={share}", *(word for size in ("d=16", "heads=2", "depth=1", "C=2")
                                          for word in ("--set", size)))


class Use(MaekTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        rng = numpy.random.default_rng(5)
        for half, count in (("train", 128), ("test", 32)):
            x = rng.standard_normal((count, 5)).astype("f4")
            numpy.save(cls.folder / f"{half}-x.npy", x)
            numpy.save(cls.folder / f"{half}-t.npy", x[:, :3].argmax(1))
        cls.teacher = cls.build("teacher", "--model", "Teacher")
        cls.weights = cls.folder / "teacher.safetensors"
        run(cls.teacher, "train", "--data-dir", cls.folder, "--save", cls.weights)

    @classmethod
    def build(cls, name, *words, frozen="frozen", file=""):
        text = MODEL.replace("USE", f"use teacher = Teacher(H = H) {frozen}")
        path = cls.folder / (name + ".maek")
        path.write_text(text.replace("FILE", file))
        cls.maek("build", path, "-o", cls.folder / name, *words)
        return cls.folder / name

    def train(self, program, name, *words, code=0):
        path = self.folder / (name + ".safetensors")
        done = run(program, "train", "--data-dir", self.folder, "--save", path,
                   *words, code=code)
        return done.stderr if code else load_file(path)

    def predict(self, program, weights, name):
        run(program, "predict", "--weights", weights, "--input",
            self.folder / "test-x.npy", *(word for output in name for word in (
                "--output", f"{output}={self.folder / output}.npy")))
        return [numpy.load(self.folder / f"{output}.npy") for output in name]

    def test_frozen_stays_and_gives_what_it_gives_alone(self):
        program = self.build("student", "--model", "Student")
        after = self.train(program, "student", "--use", f"teacher={self.weights}")
        own = load_file(self.weights)
        names = [name for name in own if "average." + name in own]
        self.assertEqual(len(names), 4)
        for name in names:
            # Of a checkpoint with averages those are what counts.
            numpy.testing.assert_array_equal(after["teacher." + name],
                                             own["average." + name], name)
        self.assertFalse([name for name in after if "adam" in name and "teacher" in name])
        [alone] = self.predict(self.teacher, self.weights, ["logits"])
        _, known = self.predict(program, self.folder / "student.safetensors",
                                ["logits", "known"])
        numpy.testing.assert_allclose(known, alone, rtol=1e-5, atol=1e-6)

    def test_the_student_learns_as_if_the_teacher_were_numbers(self):
        """One step of gradient descent against numpy."""
        text = MODEL.replace("USE", "use teacher = Teacher frozen").replace("FILE", "")
        i = text.index("train Student")
        text = text[:i] + text[i:].replace("adam(lr = 1e-2)", "sgd(lr = 0.5)")
        (self.folder / "step.maek").write_text(text)
        self.maek("build", self.folder / "step.maek", "--model", "Student", "-o",
                  self.folder / "step", "--precision=f64")
        own = {name: value.astype("f8") for name, value in
               load_file(self.weights).items() if value.dtype == numpy.float32}
        double = self.folder / "double.safetensors"
        save_file(own, double)
        words = ["--use", f"teacher={double}", "--batch", "128"]
        first, second = (self.train(self.folder / "step", f"step{n}", "--epochs",
                                    n, *words) for n in (1, 2))
        x = numpy.load(self.folder / "train-x.npy").astype("f8")
        hot = numpy.eye(3)[numpy.load(self.folder / "train-t.npy")]

        def softmax(z):
            e = numpy.exp(z - z.max(1, keepdims=True))
            return e / e.sum(1, keepdims=True)
        hidden = numpy.maximum(x @ own["average.linear.W"].T + own["average.linear.b"], 0)
        known = hidden @ own["average.linear_2.W"].T + own["average.linear_2.b"]
        z = x @ first["linear.W"].T + first["linear.b"]
        slope = 0.5 * (softmax(z) - hot) + 0.5 * 2 * (softmax(z / 2) - softmax(known / 2))
        for name, needed in (("linear.W", slope.T @ x / len(x)),
                             ("linear.b", slope.mean(0))):
            numpy.testing.assert_allclose((first[name] - second[name]) / 0.5, needed,
                                          rtol=1e-9, atol=1e-12)

    def test_not_frozen_goes_on_learning(self):
        program = self.build("tuned", "--model", "Student", frozen="")
        after = self.train(program, "tuned", "--use", f"teacher={self.weights}")
        own = load_file(self.weights)
        self.assertGreater(abs(after["teacher.linear.W"] - own["average.linear.W"]).max(), 1e-3)
        self.assertIn("adam.m.teacher.linear.W", after)
        self.train(program, "fresh")  # needs no file

    def test_the_train_block_names_the_file_and_resume_needs_none(self):
        program = self.build("named", "--model", "Student",
                             file=f'use teacher = "{self.weights}"')
        whole = self.train(program, "whole")
        self.train(program, "part", "--epochs", "1")
        part = self.folder / "part.safetensors"
        run(program, "train", "--data-dir", self.folder, "--resume", part,
            "--epochs", "2")
        part = load_file(part)
        for name in whole:
            numpy.testing.assert_array_equal(whole[name], part[name], name)

    def test_a_run_that_begins_with_weights_has_the_used_ones(self):
        """The train block's file is not even looked for."""
        program = self.build("whole", "--model", "Student",
                             file='use teacher = "nowhere.safetensors"')
        words = ["--use", f"teacher={self.weights}"]
        first = self.train(program, "begin", *words)
        begin = ["--weights", self.folder / "begin.safetensors"]
        second = self.train(program, "more", *begin)
        numpy.testing.assert_array_equal(first["teacher.linear.W"], second["teacher.linear.W"])
        self.assertTrue((first["linear.W"] != second["linear.W"]).any())
        given = self.train(program, "given", *begin, *words)
        numpy.testing.assert_array_equal(second["linear.W"], given["linear.W"])

    def test_wrong_files_are_named(self):
        program = self.build("wrong", "--model", "Student")

        def expect(message, *words, code=1):
            text = self.train(program, "wrong", *words, code=code)
            self.assertEqual(text.splitlines()[0], f"wrong: error: {message}")
        expect("the model 'teacher' is frozen and needs weights: give --use "
               "teacher=FILE")
        expect("option '--use' needs NAME=FILE, found 'teacher'", "--use", "teacher",
               code=2)
        expect("the model uses no 'techer'; did you mean 'teacher'?", "--use",
               "techer=x", code=2)
        expect("option '--use' is for a new run; with '--resume' the checkpoint has "
               "the weights", "--use", f"teacher={self.weights}", "--resume",
               self.student(program), code=2)
        missing = self.folder / "missing.safetensors"
        expect(f"{missing}: cannot open: No such file or directory", "--use",
               f"teacher={missing}")
        other = self.student(program)
        expect(f"{other}: holds weights of 'Student'; 'teacher' is 'Teacher'", "--use",
               f"teacher={other}")
        own = load_file(self.weights)
        plain = {name: own[name] for name in own if "." in name and
                 not name.startswith(("adam", "average"))}
        path = self.folder / "changed.safetensors"
        save_file(plain | {"linear.W": own["linear_2.W"]}, path)
        expect(f"{path}: tensor 'linear.W' (F32[3, 7], needed F32[7, 5]) does not fit",
               "--use", f"teacher={path}")
        save_file({name: plain[name] for name in plain if name != "linear.b"}, path)
        expect(f"{path}: has no tensor 'linear.b' (F32[7]), which 'teacher' needs",
               "--use", f"teacher={path}")
        save_file(plain | {"lineer": own["linear.b"]}, path)
        expect(f"{path}: tensor 'lineer' is not in 'Teacher', which 'teacher' is",
               "--use", f"teacher={path}")

        def refuse(name):
            text = self.train(program, "wrong", "--use", f"teacher={path}", code=1)
            self.assertIn(f"{path}: tensor '{name}'", text)
            self.assertIn("is not in 'Teacher', which 'teacher' is", text)
        # Nothing of a checkpoint of the teacher is called so.
        for name in ("block.linear.W", "decoder.block.linear.W", "a.b.c.linear.W",
                     ".adam.linear.W", "adam..linear.W", "xlinear.W", "average.W"):
            save_file(plain | {name: own["linear.W"]}, path)
            refuse(name)
        save_file(plain | {"adam.m.linear.W": own["linear_2.W"]}, path, {"maek.model": "Teacher"})
        refuse("adam.m.linear.W")
        for tensors, metadata in ((own, {}), (plain | {"adam.m.linear.W": own["linear.W"]},
                                              {"maek.model": "Teacher"})):
            save_file(tensors, path, metadata)
            self.train(program, "right", "--use", f"teacher={path}", "--epochs", "1")

    def student(self, program):
        path = self.folder / "other.safetensors"
        if not path.exists():
            self.train(program, "other", "--use", f"teacher={self.weights}")
        return path

    def test_a_library_reads_the_teacher(self):
        self.build("libstudent.so", "--model", "Student", "--emit=shared")
        library = ctypes.CDLL(str(self.folder / "libstudent.so"))
        library.student_module.restype = ctypes.c_void_p
        library.maek_model_last_error.restype = ctypes.c_char_p
        model = ctypes.c_void_p()

        def read(name):
            return library.maek_model_load_used(model, name, bytes(self.weights))
        module = ctypes.c_void_p(library.student_module())
        self.assertEqual(library.maek_model_create(module, None, ctypes.byref(model)), 0)
        self.assertNotEqual(read(b"techer"), 0)
        self.assertEqual(library.maek_model_last_error(model).decode(),
                         "the model uses no 'techer'; did you mean 'teacher'?")
        self.assertNotEqual(read(None), 0)
        self.assertEqual(read(b"teacher"), 0)
        path = self.folder / "library.safetensors"
        self.assertEqual(library.maek_model_save(model, bytes(path)), 0)
        library.maek_model_destroy(model)
        numpy.testing.assert_array_equal(load_file(path)["teacher.linear.W"],
                                         load_file(self.weights)["average.linear.W"])

    def test_weights_that_are_read_forget_the_batches_before(self):
        """Amid an update of two batches: the next two are the first ones."""
        names = "linear.W", "linear.b", "teacher.linear.W", "teacher.linear.b", \
            "teacher.linear_2.W", "teacher.linear_2.b"
        text = MODEL.replace("USE", "use teacher = Teacher frozen")
        text = text.replace("FILE", "accumulate 2") + "weights other of Student {\n" + \
            "".join(f'"{name}" = "other.{name}"\n' for name in names) + "}\n"
        (self.folder / "amid.maek").write_text(text)
        self.maek("build", self.folder / "amid.maek", "--model", "Student",
                  "--emit=shared", "-o", self.folder / "libamid.so")
        own, other, end = (bytes(self.folder / f"amid{n}.safetensors") for n in range(3))
        x = numpy.load(self.folder / "train-x.npy")
        t = numpy.load(self.folder / "train-t.npy").astype("i4")

        def train(load, stray):
            model = Model(self.folder / "libamid.so", "amid")
            model.call("load_used", b"teacher", bytes(self.weights))
            model.call("save", own)
            model.call("export", other, b"other")
            for batch in [2] * stray:
                model.train_step({"x": x[batch:batch + 16], "t": t[batch:batch + 16]})
            model.call(*load)
            for batch in range(2):
                self.assertEqual(model.step(), 0)
                model.train_step({"x": x[batch:batch + 16], "t": t[batch:batch + 16]})
            self.assertEqual(model.step(), 1)
            model.call("save", end)
            model.close()
            return load_file(end.decode())
        for load in (("load", own), ("load", other), ("init", ctypes.c_uint64(0)),
                     ("load_used", b"teacher", bytes(self.weights))):
            fresh, after = train(load, 0), train(load, 1)
            for name in fresh:
                numpy.testing.assert_array_equal(fresh[name], after[name], f"{load} {name}")

    def test_info_tells_what_is_used(self):
        program = self.build("told", "--model", "Student")
        info = json.loads(run(program, "info", "--json").stdout)["module"]
        self.assertEqual(info["settings"]["uses"],
                         {"teacher": {"model": "Teacher", "frozen": True, "file": ""}})


if __name__ == "__main__":
    unittest.main()
