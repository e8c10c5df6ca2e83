"""A trial is gone on with from a step, with other settings: equal until there, and right after it."""

import json
import os
import shutil

import pytest

from rnn_research.commands.launch import main
from rnn_research.runs.checkpoints import complete
from rnn_research.runs.comparison import BITS, compare
from rnn_research.runs.directory import RunDirectory

pytestmark = pytest.mark.slow

EXPERIMENT = """
from rnn_research.experiment import Choice, Experiment, ModelConfig, OptimizerConfig, TrainConfig, TrialConfig, Tune

EXPERIMENT = Experiment(
    question="How does it go on?",
    base=TrialConfig(
        task=Choice("adding", length=6),
        model=ModelConfig(cell=Choice("elman", hidden=3)),
        optimizer=OptimizerConfig(clip_norm=1e6),
        train=TrainConfig(steps=12, batch=4, eval_every=2, valid_examples=8, test_examples=8),
    ),
    axes={"model.cell.name": ("elman",)},
    compare="cell",
    seeds=2,
    tune=Tune(values=(1e-3,), seeds=1, steps=2),
)
"""
STEPPED = [f"--config.optimizer.{setting}" for setting in ("schedule=stepped", "periods=3", "hold=2", "factor=0.25")]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a finished run; its trials keep checkpoints at steps 8 and 12."""
    folder = tmp_path_factory.mktemp("fork")
    (folder / "mine.py").write_text(EXPERIMENT)
    assert command(f"--experiment={folder / 'mine.py'}", f"--workdir={folder / 'mine'}", "--checkpoint_every=4") == 0
    return folder


@pytest.fixture
def copy(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "own", ignore=shutil.ignore_patterns("__pycache__", "mine-*"))
    return tmp_path / "own"


def command(*arguments):
    before = dict(os.environ)
    try:
        return main([*map(str, arguments)])
    finally:
        os.environ.clear()
        os.environ.update(before)


def fork(folder, step, *options):
    return command(f"--fork={folder / 'mine'}@{step}", *options)


def arms(run):
    """The ids of the trial as it was, and forked."""
    return [entry["id"] for entry in (run.document() or {})["trials"]]


def first_update(run, trial):
    return next(row for row in run.exhibits(trial) if row["name"] == "first_update")


def snapshot(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def records(run):
    files = snapshot(run.path / "trials")
    return {path: data for path, data in files.items() if path.name in ("metrics.jsonl", "exhibits.jsonl")}


def numbers(run):
    return {
        trial: [{k: v for k, v in row.items() if "_per_s" not in k and k != "seconds"} for row in run.rows(trial)]
        for trial in arms(run)
    }


def one_line(capsys):
    printed = capsys.readouterr()
    (line,) = [line for line in printed.err.strip().splitlines() if "the best on validation" not in line]
    return line


def test_a_fork_equals_training_with_those_settings_where_they_are_of_no_effect_before_it(copy, capsys):
    """The rate is another from update 9 on, whatever it was called before: so a trial that was trained with the forked
    one's settings from its start is the same to the bit, its parameters and its optimiser's state too. There is no
    checkpoint at step 4."""
    source, forked = RunDirectory(copy / "mine"), RunDirectory(copy / "mine-fork")
    before = snapshot(source.path)
    assert fork(copy, 4, *STEPPED) == 0
    printed = capsys.readouterr().out
    assert "no checkpoint at step 4: training again from its start" in printed
    assert "as it was, seed 0: equal to the bit" in printed or "as it was, seed 1: equal to the bit" in printed
    assert "equal to the bit up to step 8; the first update that differs is number 9." in printed
    assert snapshot(source.path) == before
    was, other = arms(forked)
    assert compare(source, forked, was) == (BITS, 0.0, "", True)
    first = first_update(forked, other)
    assert set(first["rows"]) == {"recurrent/0/bias", "recurrent/0/input_kernel", "recurrent/0/recurrent_kernel"} | {
        "head/bias",
        "head/kernel",
    }
    assert [value for (value,) in first["values"]] == pytest.approx([0.75] * 5, rel=1e-3)

    anew = RunDirectory(copy / "anew")
    plain = f"--experiment={copy / 'mine.py'}", f"--workdir={anew.path}", "--config.optimizer.learning_rate=1e-3"
    assert command(*plain, *STEPPED) == 0
    assert other in arms(anew)
    assert compare(anew, forked, other) == (BITS, 0.0, "", True)


def test_a_fork_that_was_killed_goes_on(copy, capsys):
    """From a checkpoint of its source, with another rate: every update is three times as long."""
    source, forked = RunDirectory(copy / "mine"), RunDirectory(copy / "again")
    chosen = [entry["id"] for entry in (source.document() or {})["trials"] if entry["stage"] == "main"][-1]
    asked = "--config.optimizer.learning_rate=3e-3", f"--trial={chosen}", f"--workdir={forked.path}"
    assert fork(copy, 8, *asked) == 0
    assert "training again" not in capsys.readouterr().out
    was, other = arms(forked)
    assert was == chosen
    beginning = b"".join(source.metrics(chosen).read_bytes().splitlines(keepends=True)[:8])
    assert json.loads(beginning.splitlines()[-1])["step"] == 8
    assert all(forked.metrics(trial).read_bytes().startswith(beginning) for trial in (was, other))
    assert [value for (value,) in first_update(forked, other)["values"]] == pytest.approx([2] * 5, rel=1e-3)

    files = records(forked)
    assert fork(copy, 8, *asked) == 0  # there is nothing left to do
    assert records(forked) == files
    assert command("--report", f"--workdir={forked.path}") == 0

    content = numbers(forked)
    for trial, lost in ((was, complete(forked.checkpoints(was))), (other, complete(forked.checkpoints(other))[1:])):
        assert lost
        for path in lost:
            shutil.rmtree(path)
        (forked.trial(trial) / "status.json").write_text('{"state": "running"}')
        with forked.metrics(trial).open("a") as file:
            file.write('{"step": 12, "spl')
    forked.exhibits_path(other).write_text("")
    shutil.rmtree(source.checkpoints(chosen))  # the state at the step is kept with the fork
    assert fork(copy, 8, *asked) == 0
    assert numbers(forked) == content
    assert [value for (value,) in first_update(forked, other)["values"]] == pytest.approx([2] * 5, rel=1e-3)

    capsys.readouterr()
    assert fork(copy, 8, *asked, "--config.optimizer.learning_rate=1e-2") == 2
    assert "fork.settings.optimizer.learning_rate=3e-3, not 1e-2; choose another --workdir" in one_line(capsys)
    assert command(f"--fork={forked.path}@10", "--config.optimizer.learning_rate=1") == 2
    assert f"is a fork of trial {chosen} of {source.path}; name that run" in one_line(capsys)
    assert command("--verify", f"--workdir={forked.path}") == 2
    assert "name that run" in one_line(capsys)


def test_settings_that_change_nothing(copy, capsys):
    """No gradient is as long as either limit; a longer training is no other until the end of the shorter."""
    asked = "--config.optimizer.clip_norm=2e6", "--config.train.steps=14"
    assert fork(copy, 8, *asked) == 0
    assert "up to step 12; no update was found that changes a parameter otherwise" in capsys.readouterr().out
    forked = RunDirectory(copy / "mine-fork")
    assert [max(row["step"] for row in forked.rows(trial) if row["split"] == "train") for trial in arms(forked)] == [
        12,
        14,
    ]


@pytest.mark.parametrize(
    ("step", "options", "said"),
    [
        ("5", ["--config.optimizer.learning_rate=1"], "not at 5; the nearest: 4, 6"),
        ("12", ["--config.optimizer.learning_rate=1"], "from 2 to 10, not at 12; the nearest: 10"),
        ("", ["--config.optimizer.learning_rate=1"], "--fork takes RUN@STEP"),
        ("4", [], "--fork needs a setting that changes"),
        ("4", ["--config.optimizer.clip_norm=1e6"], "--fork needs a setting that changes"),
        ("4", ["--config.seed=3"], "--config.seed: it decides the batches and the keys"),
        ("4", ["--config.task.length=7"], "--config.task.length: it decides the data"),
        ("4", ["--config.train.batch=8"], "--config.train.batch: it decides the batches"),
        ("4", ["--config.train.steps=4"], "nothing would follow step 4"),
        ("4", ["--config.model.cell.hidden=4"], "--config.model.cell.hidden: the state would be another: "),
        ("4", ["--config.model.cell=gru(hidden=3)"], "--config.model.cell: the state would be another: "),
        ("4", ["--config.optimizer.name=sgd"], "--config.optimizer.name: the state would be another: opt_state"),
        ("4", ["--config.optimizer.rate=1"], "no field 'rate'"),
        ("4", ["--config.optimizer.learning_rate=1", "--seeds=2"], "not with --seeds"),
        ("4", ["--config.optimizer.learning_rate=1", "--grid.seed=2"], "not with --grid.seed"),
        ("4", ["--config.optimizer.learning_rate=1", "--trial=0123"], "has no trial '0123'"),
        ("4", ["--config.optimizer.learning_rate=1", "--workdir={run}/trials/x"], "which a fork only reads"),
    ],
)
def test_what_cannot_be_forked_is_refused_in_one_line(finished, capsys, step, options, said):
    before = snapshot(finished)
    capsys.readouterr()
    assert fork(finished, step, *(option.replace("{run}", str(finished / "mine")) for option in options)) == 2
    assert said in one_line(capsys)
    assert snapshot(finished) == before


def test_pilots_and_a_trial_without_a_fork(finished, capsys):
    (pilot,) = [
        entry["id"]
        for entry in (RunDirectory(finished / "mine").document() or {})["trials"]
        if entry["stage"] == "pilot"
    ]
    assert fork(finished, 2, "--config.optimizer.learning_rate=1", f"--trial={pilot}") == 2
    assert f"trial {pilot} is a pilot" in one_line(capsys)
    assert command(f"--experiment={finished / 'mine.py'}", f"--trial={pilot}") == 2
    assert "--trial is for --fork" in one_line(capsys)


def test_a_trial_that_comes_out_otherwise_is_not_forked(copy, capsys):
    """Its rows are not what training gives, or its cell is another by now."""
    run = RunDirectory(copy / "mine")
    for entry in (run.document() or {})["trials"]:
        rows = [json.loads(line) for line in run.metrics(entry["id"]).read_text().splitlines()]
        rows[1]["loss"] *= 1 + 2**-50
        run.metrics(entry["id"]).write_text("".join(json.dumps(row) + "\n" for row in rows))
    capsys.readouterr()
    assert fork(copy, 4, "--config.optimizer.learning_rate=1") == 2
    line = one_line(capsys)
    assert "is not what it was: loss of valid differs by " in line
    assert line.endswith("at step 2; fork it at a step that has a checkpoint: 8, 12")
    for card in run.path.glob("trials/*/card.json"):
        card.write_text(json.dumps(json.loads(card.read_text()) | {"trained_with": {"code": {"cell elman": "0123"}}}))
    assert fork(copy, 4, "--config.optimizer.learning_rate=1") == 2
    assert "the code of cell elman changed since trial" in one_line(capsys)
