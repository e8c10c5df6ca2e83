"""Corpora of labelled texts: splits by hash, the user's files, data sets; what cannot be trained on."""

import pandas as pd
import pytest

from rnn_research.data.labelled_files import COLUMNS, Columns
from rnn_research.data.labelled_texts import Labelled, carve, load_labelled, place_of
from rnn_research.data.locate import DataNotFoundError, find


def some(number, label="a"):
    return tuple(Labelled(f"text number {n}", label, f"f:{n}") for n in range(number))


def test_near_copies_are_on_one_side_and_nothing_moves_when_texts_are_added():
    whole = carve({"train": some(2000)})
    assert {split: len(part) for split, part in whole.items()} == pytest.approx(
        {"train": 1600, "valid": 200, "test": 200}, abs=50
    )
    assert sorted(one.place for part in whole.values() for one in part) == sorted(one.place for one in some(2000))
    half = carve({"train": some(1000)})
    for split, part in half.items():
        assert set(part) <= set(whole[split])
    copies = ("Text NUMBER 7!", " text,number 7", "text number 7", "TEXT\nnumber 7 …")
    assert len({place_of(text) for text in copies}) == 1 != len({place_of("text number 7"), place_of("text number 8")})
    assert place_of(":-)") != place_of(":-(")  # where there is nothing but marks, they tell


def test_what_is_given_is_not_carved():
    test, valid = some(5, "b"), some(7, "c")
    found = carve({"train": some(2000), "test": test})
    assert found["test"] == test and len(found["train"]) + len(found["valid"]) == 2000
    assert set(found["valid"]) == set(carve({"train": some(2000)})["valid"])
    assert carve({"train": some(50), "test": test, "valid": valid}) == {"train": some(50), "valid": valid, "test": test}
    keyed = carve({"train": tuple(one._replace(key="one sentence") for one in some(30))})
    assert sorted(map(len, keyed.values())) == [0, 0, 30]


def table(count=60, labels=("a", "b")):
    return pd.DataFrame(
        {"text": [f"text {n}" for n in range(count)], "label": [labels[n % len(labels)] for n in range(count)]}
    )


def test_files_of_the_user(tmp_path):
    train, test = tmp_path / "train.csv", tmp_path / "test.jsonl"
    table().to_csv(train, index=False)
    table(6).to_json(test, orient="records", lines=True)
    found = load_labelled(train=str(train), test=str(test))
    assert found.labels == ("a", "b") and found.form == "csv" and found.name == "train.csv"
    assert [one.text for one in found.splits["test"]] == [f"text {n}" for n in range(6)]
    assert len(found.splits["train"]) + len(found.splits["valid"]) == 60
    assert found.splits["test"][1].place == f"{test}:2"


@pytest.mark.parametrize(
    ("rows", "held_out", "message"),
    [
        (table(), table(3, ("a", "c")), r"test\.csv:3: no training example is labelled 'c'; known: a, b"),
        (table(60, ("a",)), table(2), r"every example to train on is labelled 'a'; two labels are needed"),
        (table(60, ("a", "")), table(2), r"train\.csv:3: no label"),
        (table(), table(0), r"test\.csv:1: no column|test holds no example"),
    ],
)
def test_labels_that_cannot_be_are_refused(tmp_path, rows, held_out, message):
    for name, frame in (("train", rows), ("test", held_out)):
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    with pytest.raises(ValueError, match=message):
        load_labelled(train=str(tmp_path / "train.csv"), test=str(tmp_path / "test.csv"))


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("tr.csv", "text,klass\na,x\nb,y\n", r"tr\.csv:1: no column 'label'; known: klass, text"),
        ("tr.csv", "text,lable\na,x\nb,y\n", r"tr\.csv:1: no column 'label'; did you mean 'lable'"),
        ("tr.tsv", "text\tklass\na\tx\n", r"tr\.tsv:1: no column 'label'; known: klass, text"),
        ("tr.jsonl", '{"text": "a", "label": 1}\n{"text": "b"}\n', r"tr\.jsonl:2: no field 'label'; known: text"),
        ("tr.jsonl", '{"text": "a", "label": 1}\n{"text": "b", "label": null}\n', r"tr\.jsonl:2: no label"),
    ],
)
def test_a_file_without_labels_is_told_what_it_has(tmp_path, name, data, message):
    (tmp_path / name).write_text(data)
    with pytest.raises(ValueError, match=message):
        load_labelled(train=str(tmp_path / name))


def test_choices_that_cannot_be_are_refused(tmp_path):
    with pytest.raises(ValueError, match="valid and test need a file to train on"):
        load_labelled(test="a.csv")
    with pytest.raises(ValueError, match="files or a dataset, not both"):
        load_labelled(train="a.csv", dataset="b")
    with pytest.raises(ValueError, match=r"nothing\.csv"):
        load_labelled(train=str(tmp_path / "nothing.csv"))
    with pytest.raises(ValueError, match=r"a\.dat: texts with labels are read from \.csv, \.tsv and \.jsonl"):
        load_labelled(train="a.dat")
    with pytest.raises(ValueError, match="name columns of files or of a dataset"):
        load_labelled(columns=Columns("body"))
    with pytest.raises(ValueError, match="unknown corpus 'rusent'; did you mean 'rusentne'"):
        load_labelled("rusent")


@pytest.mark.slow
def test_a_folder_that_datasets_reads(monkeypatch, tmp_path):
    """Classes have names, hidden ones are left out with their split."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["bad", "good"])}
    )
    folder = tmp_path / "folder"
    folder.mkdir()
    for split, labels in (("train", [0, 1] * 30), ("validation", [0, 1]), ("test", [-1, -1])):
        rows = {"text": [f"{split} {n}" for n in range(len(labels))], "label": labels}
        datasets.Dataset.from_dict(rows, features=features).to_parquet(folder / f"{split}.parquet")
    found = load_labelled(dataset=str(folder))
    assert found.labels == ("bad", "good")
    assert [(one.text, one.label) for one in found.splits["valid"]] == [
        ("validation 0", "bad"),
        ("validation 1", "good"),
    ]
    assert all(one.text.startswith("train") for split in ("train", "test") for one in found.splits[split])
    with pytest.raises(ValueError, match="has no column 'body'"):
        load_labelled(dataset=str(folder), columns=Columns("body"))
    monkeypatch.setenv("RNN_RESEARCH_DATA", str(tmp_path))
    assert load_labelled(dataset="folder").splits == {
        split: tuple(one._replace(place=one.place.replace(str(folder), "folder")) for one in part)
        for split, part in found.splits.items()
    }


def test_paragraphs_of_the_standard_library():
    found = load_labelled()
    assert len(found.labels) == 8 and found.columns == COLUMNS
    sizes = {split: len(part) for split, part in found.splits.items()}
    assert sizes["train"] > 2000 and min(sizes.values()) > 200
    texts = [one.text for part in found.splits.values() for one in part]
    assert len(set(texts)) == len(texts) and all(texts)


def test_ratings_of_snippets(data_directory):
    if not find("vader_groundtruth/tweets_GroundTruth.txt"):
        pytest.skip("no vader_groundtruth in RNN_RESEARCH_DATA")
    found = load_labelled("vader_groundtruth")
    everything = [one for part in found.splits.values() for one in part]
    assert len(everything) == 23_070 and found.labels == ("negative", "positive")
    first = next(one for one in everything if one.place == "vader_groundtruth/tweets_GroundTruth.txt:5")
    assert first.text.startswith("Two words that should die") and first.label == "negative"
    sides = {}
    for split, part in found.splits.items():
        for one in part:
            assert sides.setdefault(place_of(one.text), split) == split
            assert not one.key or sides.setdefault(one.key, split) == split


def test_sentiment_towards_entities(data_directory):
    if not find("rusentne/train_data.csv"):
        pytest.skip("no rusentne in RNN_RESEARCH_DATA")
    found = load_labelled("rusentne")
    sizes = {split: len(part) for split, part in found.splits.items()}
    assert sizes["test"] == 2845 and sizes["train"] + sizes["valid"] == 6637 and found.neutral == "neutral"
    assert not {one.key for one in found.splits["train"]} & {one.key for one in found.splits["valid"]}
    marked = next(one for one in found.splits["test"] if "туре" in one.text)
    assert "во втором туре [ президентских ] выборов" in marked.text
    whole = found.splits["train"] + found.splits["valid"]
    assert [sum(one.label == name for one in whole) for name in found.labels] == [1007, 4774, 856]


def test_corpora_that_are_not_there(nowhere):
    for corpus in ("vader_groundtruth", "rusentne"):
        with pytest.raises(DataNotFoundError, match=f"{corpus} not found"):
            load_labelled(corpus)
