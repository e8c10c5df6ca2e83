"""Experiments and trained trials from a notebook or a script."""

import re
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

import rnn_research as rr
from rnn_research.commands import notebook
from rnn_research.tasks import Batch
from tests.support.haste import flags
from tests.support.processes import environment

ROOT = Path(__file__).resolve().parents[2]
EXPERIMENT = """
from rnn_research.experiment import *

EXPERIMENT = Experiment(
    question="How <fast>?",
    base=TrialConfig(
        task=Choice("parity", length=6),
        model=ModelConfig(cell=Choice("gru", hidden=4)),
        train=TrainConfig(steps=4, batch=4, eval_every=2, valid_examples=8, test_examples=32),
    ),
    axes={
        "pace": (
            Variant("slow", {"optimizer.learning_rate": 1e-3}),
            Variant("fast", {"optimizer.learning_rate": 1e-2}),
        )
    },
    compare="pace",
    claims=(Claim("C10", "faster is <better>", (Compare("pace", "fast", "slow", 0.0),)),),
)
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """A small experiment, run as a function, what the calling process printed meanwhile, and in which backend."""
    place = tmp_path_factory.mktemp("notebook")
    (place / "mine.py").write_text(EXPERIMENT)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (environment() | flags()).items():
            patch.setenv(name, value)
        patch.chdir(place)
        return rr.launch("mine.py", config={"train.batch": 8}, seeds=2, quiet=True)


@pytest.mark.slow
def test_a_launch_is_a_function_with_a_result(found):
    assert found.status == 0
    assert (found.workdir / "report" / "index.html").is_file()
    arms = found.table[found.table["pace"] != "trivial baseline"]
    assert list(arms["pace"]) == ["slow", "fast"] and list(arms["n"]) == [2, 2]
    tested = found.metrics.query("split == 'test'").groupby("pace")["accuracy"].mean()
    np.testing.assert_allclose(arms["mean"], tested[arms["pace"]], rtol=1e-6)
    assert list(found.verdicts["verdict"]) == ["undecided"]
    assert "faster is &lt;better&gt;" in found._repr_html_() and "<better>" not in found._repr_html_()
    assert all(figure._repr_svg_().lstrip().startswith("<?xml") for figure in found.figures.values())
    assert found.figures


@pytest.mark.slow
def test_every_column_of_the_rows_is_in_the_documentation(found):
    text = (ROOT / "docs" / "running.md").read_text().split("### The columns of `metrics.parquet`")[1].split("\n## ")[0]
    first = "".join(line.split("|")[1] for line in text.splitlines() if line.startswith("| "))
    documented = set(re.findall(r"`([^`]+)`", first))
    columns = [name.partition("/")[0] for name in found.metrics.columns if name != "pace"]
    assert {"grad_norm", "clip_cosine_min", "steps_per_s"} < set(columns) <= documented


@pytest.mark.slow
def test_what_is_refused_is_an_error_with_the_reason(found, monkeypatch, capsys):
    monkeypatch.chdir(found.workdir.parents[1])
    with pytest.raises(ValueError, match="no field 'bach' in TrainConfig; did you mean 'batch'"):
        rr.launch("mine.py", config={"train.bach": 8})
    assert capsys.readouterr() == ("", "")


@pytest.mark.slow
def test_a_trial_is_loaded_with_all_that_made_it(found):
    trial = rr.load(found.workdir, arm="fast")
    assert trial.config.optimizer.learning_rate == 1e-2 and "fast" in trial.about
    task = trial.task()
    batch: Batch = jax.tree.map(lambda leaf: leaf[0], task.data.held_out("test", 32))
    answers = trial.answer(batch.inputs, batch.lengths)
    row = found.metrics.query(f"split == 'test' and trial == '{trial.id}'")
    assert np.mean(answers == np.asarray(batch.targets)) == pytest.approx(row["accuracy"].item(), abs=1e-6)

    def loss(params):
        terms = trial.model.forward(params, batch, trial.model.start(len(answers))).terms
        return terms.loss.sum() / terms.weight.sum()

    value, gradient = jax.value_and_grad(loss)(trial.params)
    assert float(value) == pytest.approx(row["loss"].item(), rel=1e-5)
    assert jax.tree.structure(gradient) == jax.tree.structure(trial.params)

    folder = found.workdir / "trials" / trial.id
    assert rr.load(folder).id == trial.id == rr.load(found.workdir, trial=trial.id).id
    for wrong in ({"arm": "fäst"}, {"trial": "nope"}, {"arm": "fast", "trial": trial.id}):
        with pytest.raises(ValueError, match=r"did you mean 'fast'|no trial 'nope'|not both"):
            rr.load(found.workdir, **wrong)


@pytest.mark.slow
def test_reading_results_switches_no_backend_and_drawing_neither(found):
    code = f"""
import matplotlib
matplotlib.use("svg")
import matplotlib.pyplot as plt
own = plt.figure()
import rnn_research as rr
rr.results({str(found.workdir)!r})
assert "jax" not in __import__("sys").modules
from rnn_research.report.figures import draw
from rnn_research.report.results import load
from rnn_research.runs.directory import RunDirectory
from pathlib import Path
assert draw(load(RunDirectory(Path({str(found.workdir)!r}))))
assert plt.get_backend() == "svg" and plt.get_fignums() == [own.number]
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, env=environment(), timeout=120
    )
    assert done.returncode == 0, done.stderr


def test_progress_is_passed_on_without_the_table(capfd):
    command = [
        sys.executable,
        "-c",
        "import sys; print('training'); print('┏━'); print('launch.py: x', file=sys.stderr)",
    ]
    assert notebook._run(command, quiet=False) == (0, "x")
    assert capfd.readouterr().out == "training\n"
    assert notebook._run(command, quiet=True) == (0, "x")
    assert capfd.readouterr().out == ""


def test_values_are_written_as_the_command_line_has_them():
    values = (True, 3, 3e-4, [1, 2], (0.1, "b"), "adding(length=3)")
    assert list(map(notebook._text, values)) == ["true", "3", "0.0003", "1,2", "0.1,b", "adding(length=3)"]
