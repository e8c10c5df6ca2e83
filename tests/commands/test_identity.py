"""Trials are reused only where they would come out the same: changed code, data or settings are seen and said."""

import json
import os
import shutil
from pathlib import Path

import jax
import pytest

from rnn_research.cells import CELLS
from rnn_research.commands.launch import main
from rnn_research.runs.directory import RunDirectory
from rnn_research.tasks.language_model import read_text

CELL = """
from rnn_research.cells import CELLS, elman

def slow(hidden: int):
    def step(params, state, x):
        new, output = inner.step(params, state, x)
        return new._replace(hidden=RATE * new.hidden + (1 - RATE) * state.hidden), output

    inner = elman(hidden)
    return inner._replace(step=step)

CELLS["slow"] = slow
RATE = 0.5
"""

EXPERIMENT = """
import slow_cell
from rnn_research.experiment import Choice, Experiment, ModelConfig, TrainConfig, TrialConfig

EXPERIMENT = Experiment(
    question="Is it slow?",
    base=TrialConfig(
        task=Choice("adding", length=6),
        model=ModelConfig(cell=Choice("elman", hidden=3)),
        train=TrainConfig(steps=4, batch=4, eval_every=2, valid_examples=8, test_examples=8),
    ),
    axes={"model.cell.name": ("elman", "slow")},
    compare="cell",
    seeds=2,
)
"""

COUNTED = """
from rnn_research.experiment import Choice, Experiment, TrainConfig, TrialConfig

EXPERIMENT = Experiment(
    question="How often?",
    base=TrialConfig(
        task=Choice("language_model", path="PATH", length=8),
        learner=Choice("ngram", order=2),
        train=TrainConfig(steps=2, batch=2, eval_every=2, valid_examples=4, test_examples=4),
    ),
    axes={"learner.order": (1, 2)},
    compare="order",
    seeds=1,
)
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a finished run of a cell of one's own, ``runs/mine`` in it."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "slow_cell.py").write_text(CELL)
    (folder / "mine.py").write_text(EXPERIMENT)
    assert launch(folder) == 0
    return folder


@pytest.fixture
def copy(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "own", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "own"


@pytest.fixture(autouse=True, scope="module")
def cells_as_they_were():
    before = dict(CELLS)
    yield
    CELLS.clear()
    CELLS.update(before)


def launch(folder, *options, experiment="mine"):
    before = dict(os.environ)
    try:
        return main([f"--experiment={folder / experiment}.py", f"--workdir={folder / 'runs' / experiment}", *options])
    finally:
        os.environ.clear()
        os.environ.update(before)


def trials(folder, experiment="mine"):
    """By cell and seed: the content of the files of each trial, wall-clock columns and launches aside."""
    run = RunDirectory(folder / "runs" / experiment)
    found = {}
    for entry in (run.document() or {})["trials"]:
        rows = [{k: v for k, v in row.items() if "_per_s" not in k and k != "seconds"} for row in run.rows(entry["id"])]
        stamp = run.metrics(entry["id"]).stat().st_mtime_ns
        found[(*entry["labels"].values(), entry["seed"])] = (rows, stamp, run.card(entry["id"])["trained_with"])
    return found


def edit(path, old, new):
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    shutil.rmtree(path.parent / "__pycache__", ignore_errors=True)  # Python looks at seconds and sizes only


def snapshot(folder):
    return {path: path.read_bytes() for path in sorted((folder / "runs").rglob("*")) if path.is_file()}


def refused(capsys, folder, *options, **how):
    """The one line with which a command ends that writes nothing."""
    capsys.readouterr()
    before = snapshot(folder)
    assert launch(folder, *options, **how) == 2
    assert snapshot(folder) == before
    printed = capsys.readouterr()
    assert not printed.out
    (line,) = printed.err.strip().splitlines()
    return line


@pytest.mark.slow
def test_a_changed_cell_is_refused_and_trained_anew_alone(copy, capsys):
    before = trials(copy)
    edit(copy / "slow_cell.py", "RATE = 0.5", "RATE = 0.125")
    for option in ((), ("--dry_run",), ("--seeds=3",), ("--launch=0123",)):  # the last as a worker has it
        line = refused(capsys, copy, *option)
        assert line == (
            "launch.py: the code of cell slow changed since these 2 trials; another --workdir, or --retrain"
        )
    assert launch(copy, "--grid.model.cell.name=elman") == 0  # what has not changed goes on
    assert launch(copy, "--dry_run", "--retrain") == 0
    assert "4 trials in 2 programs, 2 to do" in capsys.readouterr().out
    assert launch(copy, "--retrain") == 0
    after = trials(copy)
    for (cell, seed), (rows, stamp, identity) in after.items():
        was = before[cell, seed]
        changed = cell == "slow"
        assert (stamp != was[1], rows != was[0], identity != was[2]) == (changed, changed, changed)
    shutil.rmtree(copy / "runs")
    assert launch(copy) == 0
    assert {key: rows for key, (rows, _, _) in trials(copy).items()} == {
        key: rows for key, (rows, _, _) in after.items()
    }
    stamps = trials(copy)
    assert launch(copy, "--retrain") == 0  # nothing has changed, nothing is trained
    assert trials(copy) == stamps


def test_a_trial_that_was_stopped_is_not_gone_on_with(copy, capsys):
    run = RunDirectory(copy / "runs/mine")
    entry = next(one for one in (run.document() or {})["trials"] if one["labels"]["cell"] == "slow")
    status = run.trial(entry["id"]) / "status.json"
    status.write_text(json.dumps({"state": "stopped", "reason": "stopped at step 2"}))
    edit(copy / "slow_cell.py", "RATE = 0.5", "RATE = 0.25")
    assert "these 2 trials" in refused(capsys, copy)
    status.write_text(json.dumps({"state": "failed", "reason": "NameError"}))
    assert "this trial" in refused(capsys, copy)  # one that failed is tried again, with what mends it


def test_an_edit_that_means_nothing_is_none(copy):
    before = trials(copy)
    edit(copy / "slow_cell.py", "RATE = 0.5", "# The rate.\nRATE = 0.5\nOTHER = 3")
    edit(copy / "mine.py", "Is it slow?", "Is it as slow as it looks?")
    assert launch(copy) == 0
    assert trials(copy) == before


def test_changed_data_are_refused_and_read_anew(tmp_path, capsys):
    text = tmp_path / "book.txt"
    text.write_text("the cat sat on the mat. " * 200)
    (tmp_path / "counted.py").write_text(COUNTED.replace("PATH", str(text)))
    assert launch(tmp_path, experiment="counted") == 0
    before = trials(tmp_path, "counted")
    (data,) = {json.dumps(identity["data"]) for _, _, identity in before.values()}
    text.write_text("the cat sat on the hat. " * 200)
    read_text.cache_clear()
    line = refused(capsys, tmp_path, "--seeds=2", experiment="counted")
    assert "the data of language_model(" in line and "book.txt" in line and "since these 2 trials" in line
    assert launch(tmp_path, "--retrain", experiment="counted") == 0
    after = trials(tmp_path, "counted")
    assert all(after[key][0] != before[key][0] and json.dumps(after[key][2]["data"]) != data for key in before)
    assert {name for _, _, identity in after.values() for name in identity["code"]} == {
        "experiment counted",
        "task language_model",
        "learner ngram",
    }


def test_settings_of_jax(copy, capsys):
    usual = jax.config.values["jax_default_prng_impl"]
    jax.config.update("jax_default_prng_impl", "rbg")
    try:
        line = refused(capsys, copy)
    finally:
        jax.config.update("jax_default_prng_impl", usual)
    assert "jax_default_prng_impl (now rbg, before not set) changed since these 4 trials" in line
    assert "pack (now vmap, before not set)" in refused(capsys, copy, "--pack=vmap")
    assert "batch_devices (now 2, before not set)" in refused(capsys, copy, "--batch_devices=2")
    with jax.enable_x64(True):
        assert "jax_enable_x64 is on, but" in refused(capsys, copy)


def test_a_report_of_a_mixture_is_refused(copy, capsys):
    run = RunDirectory(copy / "runs/mine")
    entry = (run.document() or {})["trials"][0]
    card = run.trial(entry["id"]) / "card.json"
    content = json.loads(card.read_text())
    content["trained_with"]["code"]["task adding"] = "0123"
    card.write_text(json.dumps(content))
    before = snapshot(copy)
    assert main(["--report", f"--workdir={run.path}"]) == 2
    assert "cannot be one table: the code of task adding changed since this trial" in capsys.readouterr().err
    assert snapshot(copy) == before


def test_it_does_not_matter_where_the_files_lie(copy):
    before = trials(copy)
    moved = Path(shutil.move(copy, copy.with_name("elsewhere")))
    assert launch(moved) == 0
    assert trials(moved) == before


def verified(capsys, folder, *options):
    """Exit status, lines and last line of a verification of all trials."""
    capsys.readouterr()
    before = dict(os.environ)
    try:
        status = main(["--verify", f"--workdir={folder / 'runs/mine'}", "--trials=0", *options])
    finally:
        os.environ.clear()
        os.environ.update(before)
    lines = capsys.readouterr().out.strip().splitlines()
    return status, lines[1:-1], lines[-1]


@pytest.mark.slow
def test_trials_that_are_trained_again(copy, capsys):
    """Nothing of the run itself is touched; what was tampered with, or would be another now, is found."""
    before = snapshot(copy)
    status, lines, certificate = verified(capsys, copy)
    assert status == 0 and len(lines) == 4 and all(line.endswith("equal to the bit") for line in lines)
    assert certificate.startswith("verified 4 of 4 trials of mine (")
    assert "4 equal to the bit, 0 to rounding, 0 not; numbers " in certificate
    assert f"jax {jax.__version__}" in certificate
    assert {path: data for path, data in snapshot(copy).items() if "verify" not in path.parts} == before
    assert len(list((copy / "runs/mine/verify").iterdir())) == 1

    run = RunDirectory(copy / "runs/mine")
    first, second = [entry["id"] for entry in (run.document() or {})["trials"]][:2]
    for trial, factor in ((first, 1 + 1e-6), (second, 1.1)):
        rows = [json.loads(line) for line in run.metrics(trial).read_text().splitlines()]
        rows[-1]["mse"] *= factor
        run.metrics(trial).write_text("".join(json.dumps(row) + "\n" for row in rows))
    edit(run.trial(first) / "card.json", f'"jax": "{jax.__version__}"', '"jax": "0.0.1"')
    edit(copy / "slow_cell.py", "RATE = 0.5", "RATE = 0.0625")
    status, lines, other = verified(capsys, copy, f"--experiment={copy / 'mine.py'}")
    assert status == 1
    said = {line.split()[0]: line for line in lines}
    assert "equal to rounding: 1.0e-06 at most, mse of test from step 4 on" in said[first]
    assert "NOT equal: mse of test from step 4 on, 9.1e-02" in said[second]
    assert sum("NOT equal" in line for line in lines) == 3
    assert f"  jax is {jax.__version__} here, and was 0.0.1 (1 of 4 trials)" in lines
    assert "  the code of cell slow changed since (2 of 4 trials)" in lines
    assert "0 equal to the bit, 1 to rounding, 3 not" in other
    assert other.partition("numbers ")[2][:16] != certificate.partition("numbers ")[2][:16]
    assert not any("explain no difference" in line for line in lines)
    # A trial in the place of another, as whole as it is.
    shutil.rmtree(run.trial(first))
    shutil.copytree(run.trial(second), run.trial(first))
    status, lines, _ = verified(capsys, copy)
    said = {line.split()[0]: line for line in lines if "NOT equal" in line}
    assert status == 1 and said[first].endswith("NOT equal: its config.json is not that of this trial")


@pytest.mark.slow
def test_a_trial_that_ran_beside_others_is_trained_again_among_as_many(finished, tmp_path, capsys):
    folder = tmp_path / "own"
    shutil.copytree(finished, folder, ignore=shutil.ignore_patterns("__pycache__", "runs"))
    assert launch(folder, "--pack=vmap", "--seeds=5", "--grid.model.cell.name=elman") == 0
    run = RunDirectory(folder / "runs/mine")
    assert {run.card(entry["id"])["beside"] for entry in (run.document() or {})["trials"]} == {5}
    status, lines, _ = verified(capsys, folder, "--trials=2")
    assert status == 0 and [line.endswith("equal to the bit") for line in lines] == [True, True]


def test_there_must_be_something_to_verify(copy, capsys):
    capsys.readouterr()
    assert main(["--verify"]) == 2
    assert main(["--verify", f"--workdir={copy / 'nowhere'}"]) == 2
    assert "holds no experiment" in capsys.readouterr().err
    for status in (copy / "runs/mine/trials").glob("*/status.json"):
        status.write_text('{"state": "stopped"}')
    before = dict(os.environ)
    assert main(["--verify", f"--workdir={copy / 'runs/mine'}"]) == 2
    os.environ.update(before)
    assert "no trial whose training has ended" in capsys.readouterr().err
    assert not (copy / "runs/mine/verify").exists()
