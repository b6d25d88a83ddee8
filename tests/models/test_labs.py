# Part of Maek, under the MIT licence; see LICENSE.
"""The tools of ./dev models and ./dev labs: tiny runs, results as files, what is
done twice and what is not."""
import importlib.util
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.dom.minidom

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# How many plots each has.
LABS = {"forget": 2, "gates": 1, "reach": 2, "order": 1, "data": 1}
sys.path.insert(0, str(ROOT / "tools"))
from experiments.program import Program, last  # noqa: E402
from experiments.results import Store, attempt, insert, key, table  # noqa: E402


def labs(folder, *words):
    return subprocess.run(
        [sys.executable, ROOT / "models/labs/run.py", "--quick", "--folder",
         folder, *words], check=True, capture_output=True, text=True)


@unittest.skipUnless(importlib.util.find_spec("matplotlib"),
                     "matplotlib is missing: ./dev test installs it")
class Labs(unittest.TestCase):
    def test_each_lab_shows_a_table_and_plots(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            done = labs(folder, *LABS)
            self.assertIn("| LSTM | gradient", done.stdout)
            for lab, plots in LABS.items():
                found = list((folder / "quick" / lab / "plots").glob("*.svg"))
                self.assertEqual(len(found), plots, lab)
                for plot in found:
                    xml.dom.minidom.parse(str(plot))
            results = sorted((folder / "quick").glob("*/results/*.json"))
            self.assertEqual(len(results), 18)
            for path in results:
                result = json.loads(path.read_text())
                self.assertTrue(result["command"] and result["commit"]
                                and result["seconds"] > 0 and result["machine"]["cpu"])
            # Positions are what breaks the symmetry.
            order = Store(folder / "quick/order/results")
            self.assertLess(order.read("without")["figures"]["change"], 1e-12)
            self.assertGreater(order.read("with")["figures"]["change"], 1e-3)
            # What is there is shown, not run; a lost row alone is run again.
            before = {path: path.read_text() for path in results}
            before_plots = {path: path.read_bytes()
                            for path in (folder / "quick").glob("*/plots/*.svg")}
            again = labs(folder, *LABS)
            self.assertEqual(again.stdout, done.stdout)
            self.assertEqual(before, {path: path.read_text() for path in results})
            for path, content in before_plots.items():
                self.assertEqual(path.read_bytes(), content, path)
            order.path("with").unlink()
            told = labs(folder, "order").stderr
            self.assertIn("== order: with (2 of 2)", told)
            self.assertNotIn("== order: without", told)


class Results(unittest.TestCase):
    def test_a_result_is_found_by_its_key(self):
        with tempfile.TemporaryDirectory() as name:
            model = pathlib.Path(name) / "m.maek"
            model.write_text("a")
            store = Store(pathlib.Path(name) / "results")
            wanted = key({"x": 1}, model.read_text())
            store.write("a b", wanted, "./dev labs", {"loss": 0.5}, 1)
            self.assertEqual(store.find("a b", wanted)["figures"]["loss"], 0.5)
            self.assertIsNone(store.find("a b", key({"x": 2}, model.read_text())))
            model.write_text("b")
            self.assertIsNone(store.find("a b", key({"x": 1}, model.read_text())))
            self.assertIsNone(store.read("c"))

    def test_a_result_of_that_key_is_taken_from_another_store(self):
        with tempfile.TemporaryDirectory() as name:
            kept = Store(pathlib.Path(name) / "kept")
            store = Store(pathlib.Path(name) / "results")
            kept.write("a b", key({"x": 1}), "./dev labs", {"loss": 0.5}, 1)
            self.assertIsNone(store.take("a b", key({"x": 2}), kept))
            self.assertIsNone(store.read("a b"))
            self.assertEqual(store.take("a b", key({"x": 1}), kept), kept.read("a b"))
            store.write("a b", key({"x": 1}), "./dev labs", {"loss": 0.25}, 1)
            store.take("a b", key({"x": 1}), kept)
            self.assertEqual(store.read("a b")["figures"]["loss"], 0.25)

    def test_what_an_interrupted_run_left_stays_for_its_key(self):
        with tempfile.TemporaryDirectory() as name:
            marker, left = (pathlib.Path(name) / word for word in ("m.work", "m-run"))
            with self.assertRaises(SystemExit), attempt(marker, "a", "m-*", False):
                left.write_text("")
                raise SystemExit(130)
            self.assertGreater(json.loads(marker.read_text())["seconds"], 0)
            marker.write_text(json.dumps({"key": "a", "seconds": 1e6}))
            with attempt(marker, "a", "m-*", False) as seconds:
                self.assertTrue(left.exists())
                self.assertGreater(seconds(), 1e6)
            with attempt(marker, "a", "m-*", True):
                self.assertFalse(left.exists())
                left.write_text("")
            with attempt(marker, "b", "m-*", False) as seconds:
                self.assertFalse(left.exists())
                self.assertLess(seconds(), 1e6)

    def test_a_training_that_was_interrupted_goes_on(self):
        with tempfile.TemporaryDirectory() as name:
            program = Program.__new__(Program)
            program.path = pathlib.Path(name) / "p"
            program.path.write_text(
                '#!/bin/sh\ncd "${0%/*}"\necho "$@" >> words\n: > p-run.safetensors\n'
                'echo \'{"split": "test", "epoch": 1, "loss": 0.5}\' > p-run.jsonl\n'
                "test $(wc -l < words) -gt 1 || exit 130\n")
            program.path.chmod(0o755)
            with self.assertRaises(SystemExit) as left:
                program.train("run", uses=["teacher=t"])
            self.assertEqual(left.exception.code, 130)
            rows = program.train("run", uses=["teacher=t"])
            self.assertEqual(last(rows, "test", "loss"), 0.5)
            first, second = (program.path.with_name("words").read_text().splitlines())
            self.assertIn("--use teacher=t", first)
            self.assertNotIn("--resume", first)
            self.assertIn(f"--resume {program.weights('run')}", second)
            self.assertNotIn("--use", second)

    def test_tables_go_into_their_place(self):
        with tempfile.TemporaryDirectory() as name:
            page = pathlib.Path(name) / "README.md"
            page.write_text("x\n<!-- t -->\nold\n<!-- end of t -->\ny\n")
            insert(page, "t", table(["a", "bc"], [[1, 2]]))
            self.assertEqual(page.read_text(), "x\n<!-- t -->\n| a | bc |\n|---|----|\n"
                             "| 1 | 2  |\n<!-- end of t -->\ny\n")
            with self.assertRaises(SystemExit):
                insert(page, "u", "")


if __name__ == "__main__":
    unittest.main()
