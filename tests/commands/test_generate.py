"""Texts out of a run directory, as a user asks for them; and what training writes on the way."""

import json
import shutil
import subprocess
import sys
from html import escape
from pathlib import Path

import jax
import numpy as np
import pytest

from benchmarks.durability import environment
from rnn_research.decoding.measures import distinct, known_words, repeated, words
from rnn_research.decoding.strategy import Strategy, parse_strategies
from rnn_research.execution.run_trials import restore
from rnn_research.execution.trained import best_trial, load_writer
from rnn_research.experiment.choice import build
from rnn_research.experiment.config import TrialConfig, from_dict, to_dict
from rnn_research.experiment.experiment import Trial
from rnn_research.models import sequence_model
from rnn_research.runs.directory import RunDirectory
from rnn_research.tasks import TASKS
from rnn_research.training.optimizer import lane_of
from rnn_research.training.step import init_state
from rnn_research.training.texts import TEXT_SEED

ROOT = Path(__file__).resolve().parents[2]
EXPERIMENT = """
from rnn_research.experiment import *

EXPERIMENT = Experiment(
    question="What do a network and an n-gram model write?",
    base=TrialConfig(
        task=Choice("language_model", path={path!r}, length=20),
        model=ModelConfig(cell=Choice("lstm", hidden=24)),
        optimizer=OptimizerConfig(learning_rate=1e-2),
        probe=ProbeConfig(samples="0,100", strategies="greedy,sample(0.5),beam(3)", texts=3, tokens=30),
        train=TrainConfig(steps=100, batch=16, eval_every=50),
    ),
    axes={{"model": (Variant("LSTM", {{}}), Variant("3-gram", {{"model.cell": Choice("ngram", order=3)}}))}},
    compare="model",
    seeds=2,
    measures=(Measure("known words", "words"), Measure("repeated", "repeated@greedy"), Measure("n-grams seen", "seen")),
    claims=(Claim("C29", "words are learned", (Level("known words", "above", 0.5),)),),
)
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run directory with an LSTM and a 3-gram model of a small text."""
    place = tmp_path_factory.mktemp("generate")
    rng = np.random.default_rng(0)
    book = place / "book.txt"
    book.write_text(" ".join(rng.choice(["one", "two", "three", "four", "seven", "eight"], 3000)))
    (place / "experiment.py").write_text(EXPERIMENT.format(path=str(book)))
    command = [sys.executable, str(ROOT / "launch.py"), f"--experiment={place / 'experiment.py'}"]
    result = subprocess.run(
        [*command, f"--workdir={place / 'run'}"], capture_output=True, text=True, env=environment(), timeout=300
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return RunDirectory(place / "run")


def generate(run, *options):
    command = [sys.executable, "-m", "rnn_research.generate", f"--workdir={run.path}", *options]
    return subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=120, cwd=ROOT)


def trial_of(run, name):
    return next(e["id"] for e in run.document()["trials"] if e["labels"]["model"] == name and e["seed"] == 0)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["LSTM", "3-gram"])
def test_text_from_the_command_line(trained, model):
    options = [f"--trial={trial_of(trained, model)}", "--prompt=one t", "--length=60"]
    first, again, other = (
        generate(trained, *options, f"--seed={seed}", "--temperature=0.8", "--top_k=9", "--top_p=0.95")
        for seed in (1, 1, 2)
    )
    assert first.returncode == 0, first.stderr
    assert first.stdout == again.stdout != other.stdout
    text = first.stdout.rstrip("\n")
    assert text.startswith("one t") and len(text) == 65
    assert known_words(text, {"one", "two", "three", "four", "seven", "eight"}) > 0.5
    greedy = generate(trained, *options, "--strategy=greedy")
    beam = generate(trained, *options, "--strategy=beam", "--width=1")
    assert greedy.stdout == beam.stdout and greedy.returncode == 0


@pytest.mark.slow
def test_the_best_model_writes_unless_another_is_named(trained):
    best = best_trial(trained)
    scores = {
        entry["id"]: min(row["bits_per_char"] for row in trained.rows(entry["id"]) if row["split"] == "valid")
        for entry in trained.document()["trials"]
    }
    assert scores[best] == min(scores.values())
    result = generate(trained, "--texts=3", "--length=20", "--seed=5")
    assert result.stdout == generate(trained, f"--trial={best}", "--texts=3", "--length=20", "--seed=5").stdout
    assert len(set(result.stdout.splitlines())) == 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--prompt=one ёж of"], "the model does not know 'ё', 'ж' of the prompt"),
        (["--trial=nothing"], "has no trial 'nothing'"),
        (["--temperature=0"], "temperature must be positive and finite"),
        (["--strategy=greedy", "--temperature=0.5"], "--temperature is for --strategy=sample"),
        (["--length=0"], "length"),
        (["--data_dir=nowhere"], "--data_dir: no directory nowhere"),
        (["--strategy=nucleus"], "strategy"),
    ],
)
def test_what_cannot_be_written_is_said_in_one_line(trained, options, message):
    result = generate(trained, *options)
    assert result.returncode == 2
    assert message in result.stderr and result.stderr.count("\n") == 1 and not result.stdout


@pytest.mark.slow
def test_what_was_trained_on_another_text_neither_writes_nor_goes_on(trained, tmp_path):
    """The book is edited: its models are refused, and a checkpoint that has read the old one is set aside."""
    shutil.copytree(trained.path, tmp_path / "run")
    run, book = RunDirectory(tmp_path / "run"), trained.path.parent / "book.txt"
    before = book.read_text()
    trial = trial_of(run, "LSTM")
    status = run.status(trial)
    warnings = []

    def found(text):
        entry = Trial(trial, "main", 0, {}, TrialConfig())
        config = from_dict(TrialConfig, json.loads((run.trial(trial) / "config.json").read_text()))
        task = build(config.task, TASKS, "task")
        model = sequence_model(config.model, task)
        template = jax.eval_shape(lambda: init_state(config, task, model, lane_of(config)))
        return restore(run, entry, template, text, warnings.append)

    # The test scores come after the checkpoint that vouches for the rows: without them the rows are what it knows.
    assert found(status["text"]) is not None and not warnings
    assert found("another") is None
    assert "the text is not the one it was trained on" in warnings[0]
    try:
        book.write_text(before.replace("seven", "eleven"))
        result = generate(trained, f"--trial={trial}")
        assert result.returncode == 2 and f"not the one that trial {trial} was trained on" in result.stderr
    finally:
        book.write_text(before)


def test_a_directory_without_a_language_model_is_refused(tmp_path):
    with pytest.raises(ValueError, match="holds no experiment"):
        load_writer(RunDirectory(tmp_path))


@pytest.mark.slow
def test_a_checkpoint_writes_what_training_wrote(trained):
    """The text at the last stop came from the parameters in memory; from the checkpoint it must be the same."""
    trial = trial_of(trained, "LSTM")
    status = trained.status(trial)
    rows = [row for row in trained.rows(trial) if "sample" in row]
    assert [row["step"] for row in rows] == [0, 100]
    assert status["best_step"] == 100, "the text of the last step is compared, so that must be the best"
    tokeniser, write = load_writer(trained, trial)
    ids = write(Strategy("sample"), np.zeros((3, 0), np.int32), 30, TEXT_SEED)
    assert tokeniser.decode(ids[0]) == rows[-1]["sample"]


@pytest.mark.slow
def test_the_report_shows_what_was_written_and_how_good_the_model_was(trained):
    page = (trained.path / "report" / "index.html").read_text()
    samples = (trained.path / "report" / "samples.md").read_text()
    for trial in (trial_of(trained, "LSTM"), trial_of(trained, "3-gram")):
        for row in trained.rows(trial):
            if "sample" in row:
                assert row["sample"] in samples
                assert escape(row["sample"]) in page
    last = next(r for r in reversed(trained.rows(trial_of(trained, "LSTM"))) if r["split"] == "valid")
    assert f"After 100 updates (bits per char {last['bits_per_char']:.3g}"[:42] in samples


@pytest.mark.slow
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


def test_strategies_are_read():
    assert parse_strategies("greedy, sample,sample(0.5),beam(4)") == {
        "greedy": Strategy("greedy"),
        "sample": Strategy("sample"),
        "sample(0.5)": Strategy("sample", temperature=0.5),
        "beam(4)": Strategy("beam", width=4),
    }
    for text in ("beam", "greedy(2)", "sample(0)", "sample(x)", "beam(0)", "beam(2.5)", "nucleus"):
        with pytest.raises(ValueError, match="none of greedy, sample"):
            parse_strategies(text)


def test_measures_of_texts():
    assert repeated("abcdefghijklmnopqrstuvwxyz") == 0
    assert repeated("abcdefghijklmnopqrstuvwxyz" * 2) == pytest.approx(1 - 26 / 33)
    assert repeated("-" * 39) == pytest.approx(1 - 1 / 20)
    assert repeated("too short") == 0
    assert distinct(["x", "y", "x", "x"]) == 0.5
    assert words('"Well," he said -- (no)!') == ["well", "he", "said", "no"]
    assert known_words("xx one two three xx", {"one", "three"}) == pytest.approx(2 / 3)
    assert np.isnan(known_words("one two", {"one"}))
