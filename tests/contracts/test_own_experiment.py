"""An experiment of a user's own, on a user's own task, head, norm, inputs, learner and probe, end to end."""

import json
import signal
from pathlib import Path

import jax
import numpy as np
import pytest

from rnn_research.data.codec import Labels
from rnn_research.execution.trained import load_trial
from rnn_research.runs.directory import RunDirectory
from tests.contracts import toys
from tests.support.durability import command
from tests.support.haste import flags
from tests.support.processes import Launch, launch

FILE = Path(__file__).with_name("acronyms.py")
OPTIONS = ("--checkpoint_every=100",)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The directory of a run that was stopped and went on, and what the second command printed."""
    workdir = tmp_path_factory.mktemp("acronyms") / "run"
    begun = ("rnn_research.execution.run_trials.set_status", 1, signal.SIGINT)  # heard after the first chunk
    assert Launch(command(FILE, workdir, *OPTIONS), settings=flags(), signalled=begun).wait(300) == 130
    states = [json.loads(path.read_text()) for path in workdir.glob("trials/*/status.json")]
    assert {state["state"] for state in states} == {"stopped"}
    assert list(workdir.glob("trials/*/checkpoints/*"))
    result = launch(command(FILE, workdir, *OPTIONS), settings=flags(), figures=True)
    assert result.returncode == 0, result.stderr
    return workdir, result.stdout


def trials(workdir):
    directory = RunDirectory(workdir)
    entries = directory.document()["trials"]
    return directory, {(entry["labels"]["way"], entry["seed"]): entry["id"] for entry in entries}


def test_rows_exhibits_card_and_codec(finished):
    workdir, printed = finished
    assert "exact" in printed and "edit distance" in printed
    directory, ids = trials(workdir)
    assert len(ids) == 4
    for (way, _), trial in ids.items():
        card, rows = directory.card(trial), directory.rows(trial)
        assert directory.status(trial)["state"] == "done"
        assert (card["metric"], card["better"]) == ("exact", "higher")
        assert card["inputs"]["kind"] == "spelled words" and card["target"]["time"] == 3
        assert directory.codec(trial)["names"] == ["a", "b", "c", "d", "end"]
        test = next(row for row in rows if row["split"] == "test")
        assert 0 <= test["exact"] <= 1 and (test["exact"] == 1) == (test["distance"] == 0)
        found = {row["name"]: np.array(row.get("values", row.get("y"))) for row in directory.exhibits(trial)}
        assert found["answered_lengths"].sum() == 100
        assert set(found) == {"answered_lengths", *(("kernel", "decay") if way == "network" else ())}
        if way == "network":
            kernels = [row for row in directory.exhibits(trial) if row["name"] == "kernel"]
            assert [row["step"] for row in kernels] == list(range(0, 601, 50))
            norms = [row["kernel_norm"] for row in rows if row["split"] == "probe"]
            assert norms[-1] == pytest.approx(np.linalg.norm(kernels[-1]["values"]), rel=1e-4)
    page = (workdir / "report/index.html").read_text()
    for drawn in ("Lengths of answers", "The recurrent kernel", "validation loss"):
        assert drawn in page
    for name in ("lengths_of_answers", "the_recurrent_kernel", "learning_curves"):
        assert (workdir / f"report/{name}.png").stat().st_size > 5000


def test_a_trained_trial_answers_new_examples(finished):
    trial = load_trial(RunDirectory(finished[0]))  # the best: the network, by its loss
    assert trial.config.learner.name == "network"
    assert isinstance(trial.codec, Labels)
    batch = toys.acronym(length=2).data.train((), jax.random.key(99), np.int32(0), 200)
    answers = trial.model.answer(batch._replace(targets=None, weights=None))
    found = [written(trial.codec, answers, row) for row in range(200)]
    wanted = [
        "".join(toys.WORDS[word][0] for word in words[:length] if word)
        for words, length in zip(np.asarray(batch.inputs.words), np.asarray(batch.lengths))
    ]
    assert np.mean([answer == target for answer, target in zip(found, wanted)]) > 0.9


def test_a_learner_of_its_own_is_loaded_too(finished):
    directory, ids = trials(finished[0])
    trial = load_trial(directory, ids["first word", 0])
    assert trial.config.learner.name == "first_word"
    batch = toys.acronym(length=2).data.train((), jax.random.key(99), np.int32(0), 50)
    found = trial.model.answer(batch)
    for row in range(50):
        word = toys.WORDS[int(batch.inputs.words[row, 0])]
        assert len(written(trial.codec, found, row)) <= 2
        if word != "the" and batch.lengths[row] == 1:
            assert written(trial.codec, found, row)[:1] == word[0]


def written(codec, answers, row):
    """An answer in letters, without the end."""
    return "".join(codec.decode(answers.ids[row][: answers.lengths[row] - 1]))
