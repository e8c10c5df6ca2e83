"""Files labelled by what a run directory holds, as a user asks for it."""

import contextlib
import csv
import gzip
import io
import json
import os
import re
import stat
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from rnn_research.commands.predict import main, write_output
from rnn_research.execution.trained import load_trial
from rnn_research.runs.directory import FORMAT, RunDirectory
from rnn_research.runs.files import write_json
from tests.contracts.toys import edit_distance
from tests.support.haste import flags
from tests.support.processes import environment, launch

ROOT = Path(__file__).resolve().parents[2]
GOOD, BAD, OTHER = ("good", "great", "lovely"), ("bad", "awful", "sad"), ("the", "a", "film", 'of "it"', "two\nlines")
EXPERIMENT = """
from rnn_research.experiment import *

EXPERIMENT = Experiment(
    question="Good or bad?",
    base=TrialConfig(
        task=Choice("text_classification", train={train!r}, test={test!r}),
        model=ModelConfig(cell=Choice("gru", hidden=4), embedding=4, pooling="max"),
        optimizer=OptimizerConfig(learning_rate=1e-2),
        train=TrainConfig(steps=8, batch=8, eval_every=4, test_examples=1000),
    ),
    axes={{
        "model": (
            Variant("GRU", {{}}),
            Variant("bag", {{"learner": Choice("bag_of_ngrams")}}),
        )
    }},
    compare="model",
    seeds=1,
    claims=(Claim("S20", "it is learned", (Level("score", "above", 0.5),)),),
)
"""

PAIRS = """
from rnn_research.experiment import *

CHARACTERS = dict(source_tokens="characters", target_tokens="characters", metric="exact_match")
EXPERIMENT = Experiment(
    question="What is it backwards?",
    base=TrialConfig(
        task=Choice("translation", train={train!r}, valid={valid!r}, test={test!r}, **CHARACTERS),
        model=ModelConfig(cell=Choice("gru", hidden=8)),
        optimizer=OptimizerConfig(learning_rate=3e-2),
        train=TrainConfig(steps=40, batch=16, eval_every=20, test_examples=1000, cuts=1),
    ),
    axes={{
        "model": (
            Variant("attention", {{"model.attention": "dot"}}),
            Variant("context", {{}}),
            Variant("copy", {{"learner": Choice("copy_source")}}),
        )
    }},
    compare="model",
    seeds=1,
    claims=(Claim("C36", "it is learned", (Level("score", "above", 0.0),)),),
)
"""


def write(path, count, rng):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "label", "text"])
        for number in range(count):
            good = rng.random() < 0.5
            words = [*rng.choice(OTHER, rng.integers(0, 9)), rng.choice(GOOD if good else BAD)]
            writer.writerow([number, "good" if good else "bad", " ".join(rng.permutation(words))])
    return str(path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run directory with a network and a bag of words; and the test file."""
    place, rng = tmp_path_factory.mktemp("predict"), np.random.default_rng(0)
    paths = {"train": write(place / "train.csv", 200, rng), "test": write(place / "test.csv", 150, rng)}
    (place / "experiment.py").write_text(EXPERIMENT.format(**paths))
    result = launch([f"--experiment={place / 'experiment.py'}", f"--workdir={place / 'run'}"], settings=flags())
    assert result.returncode == 0, result.stdout + result.stderr
    (place / "train.csv").unlink()  # it is needed no more
    return RunDirectory(place / "run"), place / "test.csv"


@pytest.fixture(scope="module")
def paired(tmp_path_factory):
    """A run directory with decoders, with attention and without, and a copy of the source; and the test file."""
    place, rng = tmp_path_factory.mktemp("pairs"), np.random.default_rng(0)
    paths = {split: str(place / f"{split}.tsv") for split in ("train", "valid", "test")}
    for split, path in paths.items():
        sources = ["".join(rng.choice(list("abc"), rng.integers(1, 4))) for _ in range(100 if split == "train" else 12)]
        Path(path).write_text("source\ttarget\n" + "".join(f"{text}\t{text[::-1]}\n" for text in sources))
    (place / "experiment.py").write_text(PAIRS.format(**paths))
    result = launch([f"--experiment={place / 'experiment.py'}", f"--workdir={place / 'run'}"], settings=flags())
    assert result.returncode == 0, result.stdout + result.stderr
    return RunDirectory(place / "run"), place / "test.tsv"


def trial_of(run, name):
    return next(e["id"] for e in run.document()["trials"] if e["labels"]["model"] == name)


def predict(run, *options):
    """The command in this process: its status and what it says."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main([f"--workdir={run.path}", *options])
    return status, out.getvalue(), err.getvalue()


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
@pytest.mark.parametrize("model", ["GRU", "bag"])
def test_labels_of_the_test_file_give_the_score_of_the_run(trained, tmp_path, model):
    run, test = trained
    trial, out = trial_of(run, model), tmp_path / "out.csv"
    status, said, told = predict(run, f"--trial={trial}", f"--input={test}", f"--output={out}")
    assert (status, said) == (0, "")
    name = rf"predict: trial {trial}, {model}, seed \d+, validation accuracy [.\d]+: "
    said = re.fullmatch(rf"{name}150 examples\n{name}by the labels of {re.escape(str(test))}: accuracy (.*)\n", told)
    assert said
    before, after = rows(test), rows(out)
    assert [row | {"label": ""} for row in after] == [row | {"label": ""} for row in before]
    right = np.mean([a["label"] == b["label"] for a, b in zip(before, after)])
    assert float(said[1]) == pytest.approx(right, rel=1e-3)
    (recorded,) = (row["accuracy"] for row in run.rows(trial) if row["split"] == "test")
    assert right == pytest.approx(recorded, abs=1e-6)
    shown = [row for row in run.exhibits(trial) if row["name"] == "confusions"]
    assert len(shown) == 1 and shown[0]["rows"] == ["bad", "good"]


@pytest.mark.slow
@pytest.mark.parametrize("model", ["GRU", "bag"])
def test_probabilities_stand_beside_the_label_and_are_greatest_for_it(trained, tmp_path, model):
    run, test = trained
    out = tmp_path / "out.csv"
    status, _, _ = predict(
        run, f"--trial={trial_of(run, model)}", f"--input={test}", f"--output={out}", "--probabilities"
    )
    assert status == 0
    after = rows(out)
    assert list(after[0]) == ["id", "label", "text", "p(bad)", "p(good)"]
    found = np.array([[float(row["p(bad)"]), float(row["p(good)"])] for row in after])
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
    assert (found.argmax(axis=1) == [row["label"] == "good" for row in after]).all()
    (recorded,) = (row["loss"] for row in run.rows(trial_of(run, model)) if row["split"] == "test")
    right = [row["label"] == "good" for row in rows(test)]
    assert -np.log(found[np.arange(150), np.array(right, int)]).mean() == pytest.approx(recorded, rel=1e-3)


@pytest.mark.slow
def test_the_standard_input_is_labelled_likewise(trained, tmp_path):
    run, test = trained
    option = f"--trial={trial_of(run, 'bag')}"
    command = [sys.executable, "-m", "rnn_research.predict", f"--workdir={run.path}", option]
    found = subprocess.run(
        command, input=test.read_bytes(), capture_output=True, env=environment(), cwd=ROOT, timeout=120
    )
    assert found.returncode == 0, found.stderr
    predict(run, option, f"--input={test}", f"--output={tmp_path / 'out.csv'}")
    assert found.stdout == (tmp_path / "out.csv").read_bytes()
    lines = tmp_path / "lines.txt"
    lines.write_text("a lovely film\n\nsad\n")
    predict(run, option, f"--input={lines}", f"--output={tmp_path / 'out.tsv'}")
    labelled = [line.split("\t") for line in (tmp_path / "out.tsv").read_text().splitlines()]
    assert [text for text, _ in labelled] == ["a lovely film", "", "sad"]
    assert labelled[0][1] == "good" and labelled[2][1] == "bad"


@pytest.mark.slow
def test_bad_input_is_refused_in_one_line_and_nothing_is_written(trained, tmp_path):
    run, test = trained
    out, bad = tmp_path / "out.csv", tmp_path / "bad.csv"
    bad.write_text('text\nfine\n"open\n')
    network = f"--trial={trial_of(run, 'GRU')}"
    for options, message in (
        ((network, f"--input={bad}"), f"predict: {bad}:3: no CSV"),
        ((network, "--input=nothing.csv"), "predict: cannot read nothing.csv: No such file"),
        (("--trial=none", f"--input={test}"), f"has no trial 'none'; known: {trial_of(run, 'GRU')} (GRU, seed "),
    ):
        status, said, reason = predict(run, *options, f"--output={out}")
        assert (status, said) == (2, "") and message in reason and reason.count("\n") == 1
        assert not out.exists()
    for output, message in ((tmp_path, "is a directory"), (tmp_path / "no" / "out.csv", "no directory")):
        status, _, reason = predict(run, network, f"--input={test}", f"--output={output}")
        assert status == 2 and message in reason


@pytest.mark.slow
def test_sequences_are_written_as_they_were_scored_and_more_of_them_with_what_they_cost(paired, tmp_path):
    run, test = paired
    trial, out, looks = trial_of(run, "attention"), tmp_path / "out.tsv", tmp_path / "looks.jsonl"
    status, said, told = predict(run, f"--trial={trial}", f"--input={test}", f"--output={out}")
    assert (status, said) == (0, "") and "12 examples\n" in told
    before, best = ([line.split("\t") for line in path.read_text().splitlines()] for path in (test, out))
    assert [line[0] for line in best] == [line[0] for line in before]
    edits = sum(edit_distance(tuple(a[1]), tuple(b[1])) for a, b in zip(before[1:], best[1:]))
    (recorded,) = (row for row in run.rows(trial) if row["split"] == "test")
    units = sum(len(line[1]) for line in before[1:])
    assert recorded["character_error_rate"] == pytest.approx(edits / units, abs=1e-6)

    asked = ("--beam=3", "--n_best=2", "--scores", f"--alignments={looks}")
    status, _, _ = predict(run, f"--trial={trial}", f"--input={test}", f"--output={out}", *asked)
    heads, *lines = [line.split("\t") for line in out.read_text().splitlines()]
    assert status == 0 and heads == ["source", "target", "rank", "score"] and len(lines) == 24
    for first, second in zip(lines[::2], lines[1::2]):
        assert first[0] == second[0] and (first[2], second[2]) == ("1", "2") and first[1] != second[1]
        assert 0 > float(first[3]) >= float(second[3])
    # What a search says of its answers, scoring them as given says, too.
    given = tmp_path / "given.tsv"
    given.write_text("".join("\t".join(line[:2]) + "\n" for line in [heads, *[line for line in lines if line[1]]]))
    status, _, _ = predict(
        run, f"--trial={trial}", f"--input={given}", "--given", f"--output={tmp_path / 'scored.tsv'}"
    )
    scored = [line.split("\t") for line in (tmp_path / "scored.tsv").read_text().splitlines()]
    assert status == 0 and scored[0] == ["source", "target", "score"] and len(scored) > 12
    pairs = [(line[0], line[1]) for line in lines if line[1]]
    assert [(line[0], line[1]) for line in scored[1:]] == pairs
    found = [float(line[3]) for line in lines if line[1]]
    np.testing.assert_allclose([float(line[2]) for line in scored[1:]], found, rtol=1e-4)
    alignments = [json.loads(line) for line in looks.read_text().splitlines()]
    assert ["".join(one["source"]) for one in alignments] == [line[0] for line in before[1:]]
    for one, line in zip(alignments, lines[::2]):
        assert "".join(one["answer"]).removesuffix("<EOS>") == line[1]
        np.testing.assert_allclose(np.sum(one["weights"], axis=1), 1, rtol=1e-4)
        assert len(one["weights"]) == len(one["answer"]) and len(one["weights"][0]) == len(one["source"])


@pytest.mark.slow
def test_what_a_model_has_nothing_for_is_refused_and_nothing_is_written(trained, paired, tmp_path):
    run, test = paired
    out, looks = tmp_path / "out.tsv", tmp_path / "looks.jsonl"
    context, copy = f"--trial={trial_of(run, 'context')}", f"--trial={trial_of(run, 'copy')}"
    for chosen, options, message in (
        (run, (context, f"--alignments={looks}"), "--alignments is for models with attention"),
        (run, (context, "--coverage=0.2"), "coverage is of a model with attention"),
        (run, (copy, "--scores"), "--scores is for models that search for sequences, and trial"),
        (run, (copy, "--beam=3"), "the learner 'copy_source'"),
        (trained[0], (f"--trial={trial_of(trained[0], 'GRU')}", "--n_best=2"), "a model with the head 'softmax'"),
        (run, (context, "--given", "--beam=2"), "--given searches for nothing, so it goes without --beam"),
        (run, (copy, "--given"), "is no network that makes sequences of sequences, and scores no targets"),
        (trained[0], (f"--trial={trial_of(trained[0], 'GRU')}", "--given"), "scores no targets"),
        (run, (context, "--beam=2", "--n_best=3"), "--n_best=3 wants a beam of as many, not --beam=2"),
        (run, (context, f"--alignments={tmp_path}"), "--alignments: "),
        (run, (context, "--length_penalty=-1"), "length_penalty"),
        (
            run,
            (context, "--length_penalty=1", "--beam=1"),
            "--length_penalty ranks answers, of which a beam of 1 finds",
        ),
        (run, (context, "--length_penalty=inf"), "must be a finite number"),
    ):
        status, said, reason = predict(chosen, *options, f"--input={test}", f"--output={out}")
        assert (status, said) == (2, "") and message in reason and reason.count("\n") == 1, reason
    assert not out.exists() and not looks.exists()
    status, _, _ = predict(run, copy, f"--input={test}", f"--output={out}")  # without them it answers
    assert status == 0 and rows_of_pairs(out) == [(source, source) for source, _ in rows_of_pairs(test)]


def rows_of_pairs(path):
    return [tuple(line.split("\t")) for line in path.read_text().splitlines()[1:]]


def test_a_pipe_is_written_and_stays_one(tmp_path):
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    write_output(pipe, b"a\tX\n" * 100_000)
    reader.join(timeout=30)
    assert read == [b"a\tX\n" * 100_000]
    assert stat.S_ISFIFO(os.stat(pipe).st_mode) and [path.name for path in tmp_path.iterdir()] == ["pipe"]


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_one_and_what_it_leads_to_is_written(tmp_path, there):
    file, link = tmp_path / "inner" / "file", tmp_path / "link"
    file.parent.mkdir()
    if there:
        file.write_text("old")
    link.symlink_to(Path("inner", "file"))
    write_output(link, b"new")
    assert link.is_symlink() and not file.is_symlink() and file.read_text() == "new"
    assert [path.name for path in file.parent.iterdir()] == ["file"]


def test_a_link_into_no_directory_is_refused_before_all_else(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "no" / "file")
    status, _, reason = predict(RunDirectory(tmp_path), f"--output={tmp_path / 'link'}")
    assert (status, reason) == (2, f"predict: --output: no directory {tmp_path / 'no'}\n")


def test_what_is_called_gz_is_packed(tmp_path):
    write_output(tmp_path / "a.csv.gz", b"text,label\n")
    assert gzip.decompress((tmp_path / "a.csv.gz").read_bytes()) == b"text,label\n"
    write_output(tmp_path / "a.csv", b"text,label\n")
    assert (tmp_path / "a.csv").read_bytes() == b"text,label\n"


def test_a_trial_that_is_not_there_or_failed_is_refused_by_what_is_known(tmp_path):
    run = RunDirectory(tmp_path)
    trials = [
        {"id": f"{number:03}", "stage": "main", "arm": number, "labels": {"model": f"arm {number}"}, "seed": 7}
        for number in range(30)
    ]
    write_json(tmp_path / "experiment.json", {"format": FORMAT, "trials": trials})
    with pytest.raises(ValueError, match=r"'nope'; known: 000 \(arm 0, seed 7\), 001 \(.* and 10 more$"):
        load_trial(run, "nope")
    run.trial("003").mkdir(parents=True)
    write_json(run.trial("003") / "status.json", {"state": "failed", "reason": "out of\nmemory"})
    with pytest.raises(ValueError, match=r"^trial 003 failed: out of memory$"):
        load_trial(run, "003")
