"""Texts out of a run directory, as a user asks for them; and what training writes on the way."""

import contextlib
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from markupsafe import escape

from rnn_research.commands.generate import main
from rnn_research.decoding.measures import known_words
from rnn_research.decoding.strategy import Strategy
from rnn_research.execution.run_trials import restore
from rnn_research.execution.trained import best_trial, load_trial
from rnn_research.experiment.choice import build
from rnn_research.experiment.config import TrialConfig, from_dict, to_dict
from rnn_research.experiment.trials import Trial
from rnn_research.models import network
from rnn_research.probes.writing import SEED
from rnn_research.runs.directory import RunDirectory
from rnn_research.tasks import TASKS
from rnn_research.training.program import state_template
from tests.support.haste import flags
from tests.support.processes import environment, launch

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
WORDS = ("one", "two", "three", "four", "seven", "eight")
WRITERS = ("LSTM", "3-gram", "byte pairs", "words")
EXPERIMENT = """
from rnn_research.experiment import *

small = {{"probes": (), "train.steps": 50}}
EXPERIMENT = Experiment(
    question="What do networks and an n-gram model write?",
    base=TrialConfig(
        task=Choice("language_model", path={path!r}, length=20),
        model=ModelConfig(cell=Choice("lstm", hidden=24)),
        optimizer=OptimizerConfig(learning_rate=1e-2),
        probes=(
            Choice("texts", steps=(0, 100), texts=3, tokens=30),
            Choice("strategies", strategies=("greedy", "sample(0.5)", "beam(3)"), texts=3, tokens=30),
        ),
        train=TrainConfig(steps=100, batch=16, eval_every=50, test_examples=100),
    ),
    axes={{
        "model": (
            Variant("LSTM", {{}}),
            Variant("3-gram", {{"learner": Choice("ngram", order=3)}}),
            Variant("byte pairs", {{"task.tokens": "bpe", "task.vocabulary": 280, **small}}),
            Variant("words", {{"task.tokens": "words", **small}}),
            Variant("majority", {{"learner": Choice("majority"), **small}}),
        )
    }},
    compare="model",
    seeds=2,
    measures=(Measure("known words", "words"), Measure("repeated", "repeated@greedy"), Measure("n-grams seen", "seen")),
    claims=(Claim("C29", "words are learned", (Level("known words", "above", 0.5, where={{"model": ("LSTM",)}}),)),),
)
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run directory with LSTMs, a 3-gram model and a constant, all of one small text."""
    place = tmp_path_factory.mktemp("generate")
    rng = np.random.default_rng(0)
    book = place / "book.txt"
    book.write_text(" ".join(rng.choice(WORDS, 3000)))
    (place / "experiment.py").write_text(EXPERIMENT.format(path=str(book)))
    result = launch([f"--experiment={place / 'experiment.py'}", f"--workdir={place / 'run'}"], settings=flags())
    assert result.returncode == 0, result.stdout + result.stderr
    return RunDirectory(place / "run")


@contextlib.contextmanager
def without_book(run):
    """The corpus is gone."""
    book = run.path.parent / "book.txt"
    hidden = book.rename(book.with_suffix(".hidden"))
    try:
        yield
    finally:
        hidden.rename(book)


class Said(tuple):
    """What a command printed, and its exit status."""

    returncode, stdout, stderr = (property(lambda self, i=i: self[i]) for i in range(3))


def generate(run, *options):
    """The command in this process, whose compiled programs later calls find."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main([f"--workdir={run.path}", *options])
    return Said((status, out.getvalue(), err.getvalue()))


def generate_apart(run, *options):
    """The command in a process of its own, as a user types it."""
    command = [sys.executable, "-m", "rnn_research.generate", f"--workdir={run.path}", *options]
    return subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=120, cwd=ROOT)


def trial_of(run, name):
    return next(e["id"] for e in run.document()["trials"] if e["labels"]["model"] == name and e["seed"] == 0)


@pytest.mark.parametrize("model", ["LSTM", "3-gram"])
def test_text_from_the_command_line(trained, model):
    options = [f"--trial={trial_of(trained, model)}", "--prompt=one t", "--length=60"]
    first, again, other = (
        run(trained, *options, f"--seed={seed}", "--temperature=0.8", "--top_k=9", "--top_p=0.95")
        for run, seed in ((generate, 1), (generate_apart, 1), (generate, 2))
    )
    assert first.returncode == again.returncode == 0, first.stderr + again.stderr
    assert first.stdout == again.stdout != other.stdout
    text = first.stdout.rstrip("\n")
    assert text.startswith("one t") and len(text) == 65
    assert known_words(text, set(WORDS)) > 0.5
    greedy = generate(trained, *options, "--strategy=greedy")
    beam = generate(trained, *options, "--strategy=beam", "--width=1")
    assert greedy.stdout == beam.stdout and greedy.returncode == 0


@pytest.mark.parametrize("model", WRITERS)
def test_the_corpus_need_not_be_there(trained, model):
    """A trial's own files are enough, and give the same text."""
    options = [f"--trial={trial_of(trained, model)}", "--prompt= one two", "--length=20", "--texts=2", "--seed=3"]
    there = generate(trained, *options)
    assert there.returncode == 0 and there.stdout.count(" one two") >= 2, there.stderr
    with without_book(trained):
        gone = generate_apart(trained, *options) if model == "byte pairs" else generate(trained, *options)
    assert (gone.returncode, gone.stdout) == (0, there.stdout), gone.stderr


def test_a_book_that_was_edited_changes_no_text(trained):
    """What was trained on another text is not made to write this one; what it was trained on is all it knows."""
    book = trained.path.parent / "book.txt"
    before, options = book.read_text(), (f"--trial={trial_of(trained, 'words')}", "--length=20")
    there = generate(trained, *options)
    try:
        book.write_text(before.replace("seven", "eleven"))
        assert generate(trained, *options) == there and there.returncode == 0
    finally:
        book.write_text(before)


def test_the_best_model_writes_unless_another_is_named(trained):
    best = best_trial(trained)
    scores = {
        entry["id"]: min(row["bits_per_char"] for row in trained.rows(entry["id"]) if row["split"] == "valid")
        for entry in trained.document()["trials"]
    }
    assert len(scores) == 10 and scores[best] == min(scores.values())
    result = generate(trained, "--texts=3", "--length=20", "--seed=5")
    assert result.stdout == generate(trained, f"--trial={best}", "--texts=3", "--length=20", "--seed=5").stdout
    assert len(set(result.stdout.splitlines())) == 3
    assert result.stderr.startswith(f"generate: trial {best}, ")


def test_an_arm_writes_by_its_best_trial_and_says_which_it_is(trained):
    best = best_trial(trained, "3-gram")
    of_arm = [entry for entry in trained.document()["trials"] if entry["labels"]["model"] == "3-gram"]
    assert best in [entry["id"] for entry in of_arm]
    result = generate(trained, "--arm=3-gram", "--length=9")
    assert result.returncode == 0 and result.stderr.startswith(f"generate: trial {best}, 3-gram, seed ")
    assert result.stdout == generate(trained, f"--trial={best}", "--length=9").stdout
    refused = generate(trained, "--arm=3-grams")
    assert refused.returncode == 2 and "has no arm '3-grams'; did you mean '3-gram'?" in refused.stderr
    assert generate(trained, "--arm=3-gram", f"--trial={best}").returncode == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--prompt=one ёж of"], "the model does not know 'ё', 'ж' of the prompt"),
        (["--trial=nothing"], "has no trial 'nothing'"),
        (["--temperature=0"], "temperature must be positive and finite"),
        (["--top_p=nan"], "flag --top_p=nan: it must be a finite number"),
        (["--strategy=greedy", "--temperature=0.5"], "--temperature is for --strategy=sample"),
        (["--strategy=greedy", "--seed=3"], "--seed is for --strategy=sample"),
        (["--width=3"], "--width is for --strategy=beam"),
        (["--length=0"], "length"),
        (["--data_dir=nowhere"], "data_dir"),
        (["--strategy=nucleus"], "strategy"),
    ],
)
def test_what_cannot_be_written_is_said_in_one_line(trained, options, message):
    model = [] if any(option.startswith("--trial") for option in options) else [f"--trial={trial_of(trained, 'LSTM')}"]
    result = generate(trained, *model, *options)
    assert result.returncode == 2
    assert message in result.stderr and result.stderr.count("\n") == 1 and not result.stdout


def test_a_trial_that_cannot_write_says_so_in_one_line(trained):
    trial = trial_of(trained, "majority")
    for run in (generate, generate_apart):
        result = run(trained, f"--trial={trial}")
        assert result.returncode == 2 and not result.stdout
        assert result.stderr == f"generate: trial {trial} cannot write: it is no language model that reads one way\n"


def test_a_trial_without_its_checkpoint_says_so_in_one_line(trained, tmp_path):
    shutil.copytree(trained.path, tmp_path / "run")
    run = RunDirectory(tmp_path / "run")
    trial = trial_of(run, "LSTM")
    kept = sorted(run.checkpoints(trial).iterdir())
    damaged = next(path for path in kept[-1].rglob("*") if path.is_file() and path.stat().st_size > 1000)
    damaged.write_bytes(damaged.read_bytes()[:-9])
    result = generate(run, f"--trial={trial}")
    assert result.returncode == 2 and result.stderr.count("\n") == 1 and str(kept[-1]) in result.stderr
    shutil.rmtree(run.checkpoints(trial))
    result = generate(run, f"--trial={trial}")
    assert result.returncode == 2 and result.stderr.count("\n") == 1
    assert f"trial {trial} has no checkpoint" in result.stderr


def test_what_was_trained_on_another_text_does_not_go_on(trained, tmp_path):
    """The book is edited: a checkpoint that has read the old one is set aside."""
    shutil.copytree(trained.path, tmp_path / "run")
    run = RunDirectory(tmp_path / "run")
    trial = trial_of(run, "LSTM")
    config = from_dict(TrialConfig, json.loads((run.trial(trial) / "config.json").read_text()))
    task = build(config.task, TASKS, "task")
    template = state_template(config, task, network(config.model, task.inputs, task.target))
    warnings = []

    def found(identity):
        entry = Trial(trial, "main", 0, {}, config, {})
        return restore(run, entry, template, identity, warnings.append)

    identity = run.card(trial)["trained_with"]
    (text,) = identity["data"]
    assert identity["data"] == {text: task.data.digest}
    # The test scores come after the checkpoint that vouches for the rows: without them the rows are what it knows.
    assert found(identity) is not None and not warnings
    assert found(identity | {"data": {text: "another"}}) is None
    assert f"the data of {text} changed since" in warnings[0]


def test_a_directory_without_a_language_model_is_refused(tmp_path):
    with pytest.raises(ValueError, match="holds no experiment"):
        load_trial(RunDirectory(tmp_path))


def test_a_checkpoint_writes_what_training_wrote(trained):
    """The text at the last look came from the parameters in memory; from the checkpoint it must be the same."""
    trial = trial_of(trained, "LSTM")
    status = trained.status(trial)
    shown = [row for row in trained.exhibits(trial) if row["kind"] == "texts"]
    assert [row["step"] for row in shown] == [0, 100]
    assert status["best_step"] == 100, "the text of the last step is compared, so that must be the best"
    with without_book(trained):
        loaded = load_trial(trained, trial)
        ids = loaded.model.write(Strategy("sample"), np.zeros((3, 0), np.int32), 30, SEED)
    assert loaded.id == trial and loaded.card["metric"] == "bits_per_char"
    assert loaded.codec.decode(ids[0]) == shown[-1]["texts"][0]


def test_the_report_shows_what_was_written_and_how_good_the_model_was(trained):
    page = (trained.path / "report" / "index.html").read_text()
    samples = (trained.path / "report" / "samples.md").read_text()
    for trial, count in ((trial_of(trained, "LSTM"), 2), (trial_of(trained, "3-gram"), 1)):
        texts = [row["texts"][0] for row in trained.exhibits(trial) if row["kind"] == "texts"]
        assert len(texts) == count
        for text in texts:
            assert text in samples
            assert escape(text) in page
    last = next(r for r in reversed(trained.rows(trial_of(trained, "LSTM"))) if r["split"] == "valid")
    assert f"After 100 updates (bits per char {last['bits_per_char']:.3g}"[:42] in samples


def test_what_is_measured_of_texts(trained):
    rows = [row for row in trained.rows(trial_of(trained, "LSTM")) if "repeated@greedy" in row]
    assert len(rows) == 1 and rows[0]["step"] == 100
    assert rows[0]["distinct@greedy"] == rows[0]["distinct@beam(3)"] == pytest.approx(1 / 3)
    assert rows[0]["words@sample(0.5)"] > 0.5
    counted = next(row for row in trained.rows(trial_of(trained, "3-gram")) if row["split"] == "probe")
    assert counted["seen"] > 0.8 and counted["written_per_s@greedy"] > 0 and counted["ngrams"] > 10


def test_a_config_comes_back_from_its_json(trained):
    for path in trained.path.glob("trials/*/config.json"):
        plain = json.loads(path.read_text())
        assert to_dict(from_dict(TrialConfig, plain)) == plain
