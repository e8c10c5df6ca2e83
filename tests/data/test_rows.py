"""Sources of ``datasets``: their splits, their rows, what is refused and how it is said."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from rnn_research.data.locate import DataNotFoundError
from rnn_research.data.text import SPLITS, load_text, split_by_position
from tests.support.corpora import joined, lengths

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """Keeps what ``datasets`` makes of local files inside the test."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


TABLE = pd.DataFrame({"text": [f"строка {n}\nrow, {n}\n" for n in range(300)], "number": range(300)})


@pytest.mark.parametrize("form", ["json", "csv", "parquet"])
def test_rows_of_local_files_are_documents(cache, tmp_path, form):
    path = tmp_path / f"rows.{form}"
    match form:
        case "json":
            TABLE.to_json(path, orient="records", lines=True)
        case "csv":
            TABLE.to_csv(path, index=False)
        case "parquet":
            TABLE.to_parquet(path)
    corpus = load_text(dataset=f"{form}:{path}")
    assert joined(corpus) == "".join(TABLE.text)
    assert corpus.documents["train"][:270] == tuple(TABLE.text[:270])[: len(corpus.documents["train"]) - 1]
    assert lengths(corpus)[0] == round(len(joined(corpus)) * 90 / 100)
    with pytest.raises(ValueError, match="has no column 'txt'; did you mean 'text'"):
        load_text(dataset=f"{form}:{path}", column="txt")
    with pytest.raises(ValueError, match=r"column 'number' of .* holds int64, not text"):
        load_text(dataset=f"{form}:{path}", column="number")


def test_text_files_of_a_pattern_are_documents_with_their_newlines(cache, tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.txt").write_text(f"line {name}\r\nanother\n\n" * 100, newline="")
    corpus = load_text(dataset=f"text:{tmp_path}/*.txt")
    assert joined(corpus) == "line a\nanother\n\n" * 100 + "line b\nanother\n\n" * 100
    assert len(corpus.documents["train"]) == 2


@pytest.mark.parametrize(
    "files, shares",
    [
        ({"train": 200, "validation": 50, "test": 50}, None),
        ({"train": 200, "test": 100}, (95, 5)),
        ({"train": 200, "validation": 100}, (95, 5)),
        ({"test": 300}, (90, 5, 5)),
    ],
)
def test_splits_of_a_dataset_are_kept_and_what_it_lacks_comes_off_train(cache, tmp_path, files, shares):
    (tmp_path / "set").mkdir()
    own, start = {}, 0
    for name, size in files.items():
        table = TABLE[start : start + size]
        table.to_parquet(tmp_path / "set" / f"{name}.parquet")
        own[name.replace("validation", "valid")], start = tuple(table.text), start + size
    corpus = load_text(dataset=f"parquet:{tmp_path}/set")
    if shares is None:
        assert corpus.documents == own
    elif len(shares) == 3:
        assert [corpus.documents[split] for split in SPLITS] == split_by_position(own["test"], shares)
    else:
        lacking = next(split for split in SPLITS if split not in own)
        kept = next(split for split in ("valid", "test") if split in own)
        assert corpus.documents[kept] == own[kept]
        assert [corpus.documents["train"], corpus.documents[lacking]] == split_by_position(own["train"], shares)


def test_rows_without_text_are_left_out(cache, tmp_path):
    pd.DataFrame({"text": ["a" * 1500, None, "", "b" * 1500]}).to_parquet(tmp_path / "holes.parquet")
    corpus = load_text(dataset=f"parquet:{tmp_path}/holes.parquet")
    assert joined(corpus) == "a" * 1500 + "b" * 1500 and len(corpus.documents["train"]) == 2


def test_local_files_that_cannot_be_read(cache, tmp_path):
    with pytest.raises(ValueError, match=r"^cannot read json:.*none\.json: FileNotFoundError: .*none\.json"):
        load_text(dataset=f"json:{tmp_path}/none.json")
    (tmp_path / "bad.txt").write_bytes(b"\xff" * 3000)
    with pytest.raises(ValueError, match=r"^cannot read text:.*bad\.txt: UnicodeDecodeError: [^\n]*0xff[^\n]*$"):
        load_text(dataset=f"text:{tmp_path}/bad.txt")


def test_a_split_of_a_dataset_that_is_too_short_is_refused(cache, tmp_path):
    for name, size in {"train": 3000, "validation": 99, "test": 200}.items():
        (tmp_path / f"{name}.txt").write_text("x" * size)
    with pytest.raises(ValueError, match="valid holds 99 characters; at least 100 are needed"):
        load_text(dataset=f"text:{tmp_path}")


def test_a_dataset_of_the_data_directory_needs_no_hub(cache, monkeypatch, tmp_path):
    (tmp_path / "owner" / "name").mkdir(parents=True)
    TABLE[:200].to_parquet(tmp_path / "owner" / "name" / "train.parquet")
    TABLE[200:].to_parquet(tmp_path / "owner" / "name" / "test.parquet")
    monkeypatch.setenv("RNN_RESEARCH_DATA", str(tmp_path))
    corpus = load_text(dataset="owner/name")
    assert corpus.name == "owner/name" and corpus.documents["test"] == tuple(TABLE.text[200:])


@pytest.mark.parametrize(
    "dataset, asked",
    [
        ("a", [("a", None)]),
        ("a/b", [("a/b", None), ("a", "b")]),
        ("a/b/c", [("a/b", "c")]),
    ],
)
def test_names_on_the_hub_are_read_as_owner_name_and_configuration(monkeypatch, nowhere, dataset, asked):
    import datasets

    calls = []

    def load_dataset(*reading):
        calls.append(reading if len(reading) == 2 else (*reading, None))
        raise datasets.exceptions.DatasetNotFoundError("no such dataset")

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    with pytest.raises(DataNotFoundError) as error:
        load_text(dataset=dataset)
    assert calls == asked
    assert f"hub: {dataset} (DatasetNotFoundError)): put {dataset}/train.parquet into" in str(error.value)


def test_what_the_hub_says_of_configurations_is_passed_on(monkeypatch, nowhere):
    import datasets

    def load_dataset(*reading):
        raise ValueError("Config name is missing.\nPlease pick one")

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    with pytest.raises(ValueError, match=r"^cannot read a/b: ValueError: Config name is missing\.$"):
        load_text(dataset="a/b")


@pytest.mark.slow
def test_a_hub_that_cannot_be_reached(monkeypatch, tmp_path, nowhere):
    """In a process of its own: the hub's client reads its settings when it is imported."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    script = "from rnn_research.data.text import load_text; load_text(dataset='owner/name')"
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 1
    last = result.stderr.strip().splitlines()[-1]
    assert "DataNotFoundError: owner/name not found" in last
    assert str(nowhere) in last and "put owner/name/train.parquet into --data_dir" in last
