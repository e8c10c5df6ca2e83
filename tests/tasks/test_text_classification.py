"""Texts in, classes out: what a batch holds, which words are known, short and long texts, what the codec keeps."""

import json

import jax
import numpy as np
import pytest

from rnn_research.data.codec import Labeller, from_json, to_json
from rnn_research.data.labelled_texts import load_labelled
from rnn_research.tasks import TASKS
from tests.support.batches import draw, held

CLASSIFY = TASKS["text_classification"]


def write(path, rows):
    path.write_text("".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in rows))
    return str(path)


def in_order(task, split):
    """The texts of a split in the order of its file; the batches are sorted by length."""
    batch = held(task, split)
    assert (np.diff(batch.lengths) >= 0).all()
    order = np.argsort(task.data.place(batch))
    return jax.tree.map(lambda leaf: leaf[order], batch)


def files(place, train, test=(("a word", "x"),), valid=(("a word", "y"),)):
    splits = {"train": train, "valid": valid, "test": test}
    return {split: write(place / f"{split}.jsonl", rows) for split, rows in splits.items()}


ROWS = [("Good good film", "x"), ("bad film", "y"), ("A Film", "x"), ("", "y")]


def read(task, row):
    names = task.data.codec.tokeniser.names
    return [names[token] for token in row]


def test_batches_hold_the_words_of_each_text(tmp_path):
    task = CLASSIFY(**files(tmp_path, ROWS))
    batch = in_order(task, "train")
    assert batch.lengths.tolist() == [3, 2, 2, 0] and task.inputs.time == 3
    assert batch.targets.tolist() == [0, 1, 0, 1] and task.target.names == ("x", "y")
    # "film" occurs twice; case is kept, so that all others occur once.
    assert [read(task, ids[:length]) for ids, length in zip(batch.inputs, batch.lengths)] == [
        ["<unk>", "<unk>", "film"],
        ["<unk>", "film"],
        ["<unk>", "<unk>"],
        [],
    ]
    lowered = CLASSIFY(**files(tmp_path, ROWS), lower=True)
    assert read(lowered, in_order(lowered, "train").inputs[0]) == ["good", "good", "film"]
    assert read(lowered, in_order(lowered, "train").inputs[2][:2]) == ["<unk>", "film"]
    assert lowered.data.digest != task.data.digest
    letters = CLASSIFY(**files(tmp_path, ROWS), tokens="characters", length=4)
    assert "".join(read(letters, in_order(letters, "train").inputs[0])) == "Good" and letters.inputs.kind == "ids"


def test_an_epoch_holds_every_example_with_its_label(tmp_path):
    task = CLASSIFY(**files(tmp_path, ROWS))
    drawn, whole = draw(task, size=4), held(task, "train")
    order = [
        int(np.flatnonzero((whole.inputs == ids).all(axis=1) & (whole.lengths == n))[0])
        for ids, n in zip(drawn.inputs, drawn.lengths)
    ]
    assert sorted(order) == [0, 1, 2, 3]
    np.testing.assert_array_equal(drawn.targets, whole.targets[order])


def test_texts_of_one_token_and_of_two_thousand(tmp_path):
    long = " ".join(["long"] * 2000)
    task = CLASSIFY(**files(tmp_path, [*ROWS, (long, "x"), ("word", "y")], test=[(long, "y"), ("word", "x")]))
    assert task.inputs.time == 2000 and in_order(task, "test").lengths.tolist() == [2000, 1]
    assert draw(task, size=6).lengths.max() == 2000
    assert task.data.arrays.ids.size < 2 * 2000 + 20  # no text is stored longer than it is
    short = CLASSIFY(**files(tmp_path, [*ROWS, (long, "x")]), length=10)
    assert short.inputs.time == 10 and held(short, "train").lengths.max() == 10


def test_fewer_examples_are_among_more_and_words_may_be_those_of_all(tmp_path):
    rows = [(f"word{n} word{n}", "xy"[n % 2]) for n in range(200)]
    few, more = (CLASSIFY(**files(tmp_path, rows), examples=count, tokens="characters") for count in (20, 60))
    texts = [
        {tuple(ids[:n]) for ids, n in zip(held(task, "train").inputs, held(task, "train").lengths)}
        for task in (few, more)
    ]
    assert list(map(len, texts)) == [20, 60] and texts[0] < texts[1]
    assert few.data.facts["training_examples"] == 20
    own, whole = (CLASSIFY(**files(tmp_path, rows), examples=20, whole_vocabulary=flag) for flag in (False, True))
    assert own.inputs.size == 21 and whole.inputs.size == 201
    with pytest.raises(ValueError, match=r"no example of '.' is among 1; take more"):
        CLASSIFY(**files(tmp_path, rows), examples=1)


def test_a_text_of_the_user_that_has_changed_is_read_again(tmp_path):
    paths = files(tmp_path, ROWS)
    before = CLASSIFY(**paths)
    write(tmp_path / "train.jsonl", [*ROWS, ("one more text", "x")])
    assert CLASSIFY(**paths).data.facts["training_examples"] == before.data.facts["training_examples"] + 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"length": -1}, "length must be 0"),
        ({"metric": "f1"}, "metric must be one of accuracy, macro_f1, not 'f1'"),
        ({"metric": "macro_f1_pn"}, "metric must be one of accuracy, macro_f1,"),
        ({"tokens": "word"}, "unknown tokeniser 'word'"),
        ({"test": "nothing.csv"}, "nothing.csv"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        CLASSIFY(**files(tmp_path, ROWS) | options)


@pytest.mark.parametrize("tokens", ["bare_words", "characters", "bpe"])
def test_the_codec_stands_by_itself(tmp_path, tokens):
    """Read again from JSON, it makes the batches of the task of a file, and writes the file back."""
    task = CLASSIFY(**files(tmp_path, ROWS, test=[*ROWS, ("Ünknown words", "x")]), tokens=tokens, lower=True, length=9)
    codec = from_json(json.loads(json.dumps(to_json(task.data.codec))))
    assert isinstance(codec, Labeller)
    data = (tmp_path / "test.jsonl").read_bytes()
    examples = codec.read(data, "test.jsonl")
    ids, lengths = codec.encode(examples)
    batch = in_order(task, "test")
    np.testing.assert_array_equal(lengths, batch.lengths)
    np.testing.assert_array_equal(ids, batch.inputs[:, : ids.shape[1]])
    assert (ids.dtype, lengths.dtype) == (batch.inputs.dtype, batch.lengths.dtype)
    rows = [json.loads(line) for line in codec.write(examples, 1 - batch.targets).decode().splitlines()]
    original = [json.loads(line) for line in data.decode().splitlines()]
    assert [row["text"] for row in rows] == [row["text"] for row in original]
    assert all(row["label"] != before["label"] for row, before in zip(rows, original))
    unlabelled = codec.read(b"text\nGood\n", "more.csv")
    assert codec.write(unlabelled, np.array([1])) == b"text,label\nGood,y\n"
    assert codec.encode(unlabelled[:0])[0].shape == (0, 0)


def test_numbers_of_classes_stay_numbers_in_json(tmp_path):
    rows = [(text, "xy".index(label)) for text, label in ROWS]
    codec = CLASSIFY(**files(tmp_path, rows, test=[("a", 0)], valid=[("a", 1)])).data.codec
    codec = from_json(json.loads(json.dumps(to_json(codec))))
    unlabelled = codec.read(b'{"text": "Good"}\n', "standard input")
    assert json.loads(codec.write(unlabelled, np.array([1]))) == {"text": "Good", "label": 1}
    assert codec.write(codec.read(b"text\nGood\n", "-"), np.array([1])) == b"text,label\nGood,1\n"
    texts = CLASSIFY(**files(tmp_path, ROWS)).data.codec
    assert json.loads(texts.write(unlabelled, np.array([1])))["label"] == "y"
    before = {name: value for name, value in to_json(texts).items() if name != "bare"}
    assert from_json(before).bare is False


def test_a_table_is_no_file_of_lines(tmp_path):
    codec = CLASSIFY(**files(tmp_path, ROWS)).data.codec
    for header, form in (("id,label,text", "csv"), ('"text","label"', "csv"), ("text\tlabel", "tsv")):
        data = f"{header}\n1\n".encode()
        with pytest.raises(ValueError, match=rf"^a\.txt:1: the header of a table.*call it \.{form}"):
            codec.read(data, "a.txt")
    assert [one.text for one in codec.read(b"text, and a label\n", "a.txt")] == ["text, and a label"]


def test_vectors_are_of_the_words(tmp_path):
    task = CLASSIFY(**files(tmp_path, [(f"{text} and film", label) for text, label in ROWS]), lower=True)
    vectors, found = task.inputs.vectors("ppmi", 2)
    assert vectors.shape == (task.inputs.size, 2) and found[list(task.data.codec.tokeniser.names).index("film")]


def test_paragraphs_of_modules_need_no_download():
    task = CLASSIFY(length=20)
    assert task.target.size == 8 and task.goal.metric == "accuracy"
    batch = held(task, "test")
    assert jax.tree.leaves(batch)[0].shape[1] == 20 and set(task.goal.baseline) == {"loss", "accuracy", "macro_f1"}
    assert task.goal.baseline["accuracy"] == pytest.approx(
        np.mean([one.label == "_pydecimal" for one in load_labelled().splits["test"]])
    )
