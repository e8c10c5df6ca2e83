"""Treebanks: where they are looked for, official sizes, the form that the hub has."""

import os
from pathlib import Path

import datasets
import pytest

from rnn_research.data.labelled_sentences import layout, read_sentences, write_sentences
from rnn_research.data.locate import VARIABLE, DataNotFoundError
from rnn_research.data.treebanks import of_rows, state_of, treebank

DATA = os.environ.get(VARIABLE, "")
SIZES = {  # sentences and words, as the treebanks' own notes count them
    "ud_english_ewt": {"train": (12544, 204577), "valid": (2001, 25147), "test": (2077, 25094)},
    "ud_russian_taiga": {"train": (3138, 43557), "valid": (945, 10094), "test": (881, 10269)},
}


@pytest.mark.parametrize("name", SIZES)
def test_official_splits_have_their_sizes(name):
    if not Path(DATA, name).is_dir():
        pytest.skip(f"{name} is not in the data directory")
    found = treebank(name, layout("conllu"))
    assert {
        split: (len(part.sentences), sum(len(one.words) for one in part.sentences)) for split, part in found.items()
    } == SIZES[name]
    assert found["test"].name.endswith("-ud-test.conllu.gz")
    assert all(label for part in found.values() for one in part.sentences for label in one.labels)


def test_a_treebank_that_is_not_to_be_had(monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    monkeypatch.setattr(datasets, "load_dataset", lambda *args: (_ for _ in ()).throw(ConnectionError("no net")))
    with pytest.raises(DataNotFoundError, match=r"put ud_english_ewt/en_ewt-ud-\{train,dev,test\}\.conllu, "):
        treebank("ud_english_ewt", layout("conllu"))


def test_rows_of_the_hub_are_sentences():
    tags = ["NOUN", "_", "VERB", "ADP"]
    features = datasets.Features(
        {
            "tokens": datasets.Sequence(datasets.Value("string")),
            "upos": datasets.Sequence(datasets.ClassLabel(names=tags)),
            "xpos": datasets.Sequence(datasets.Value("string")),
        }
    )
    rows = {
        "tokens": [["go", "al", "a", "el"], ["x"]],
        "upos": [[2, 1, 3, 0], [0]],
        "xpos": [["VB", None, "IN", None], ["NN"]],
    }
    table = datasets.Dataset.from_dict(rows, features=features)
    splits = {"train": table, "validation": table, "test": table}
    found = of_rows(splits, "hub", layout("conllu"))
    assert set(found) == {"train", "valid", "test"} and found["valid"].name == "hub (validation)"
    one, two = found["train"].sentences
    assert (one.words, one.labels) == (("go", "a", "el"), ("VERB", "ADP", "NOUN"))
    assert (two.words, two.labels) == (("x",), ("NOUN",))
    assert of_rows(splits, "hub", layout("conllu", "XPOS"))["test"].sentences[0].labels == ("VB", "IN", "")
    text = write_sentences([one, two], [one.labels, two.labels], layout("conllu"))
    assert [again.first for again in read_sentences(text, "x", layout("conllu"))] == [one.first, two.first]


def test_a_file_that_has_changed_has_another_state(tmp_path):
    path = tmp_path / "a"
    path.write_text("x")
    before = state_of({"train": str(path)})
    path.write_text("xy")
    assert state_of({"train": str(path)}) != before
