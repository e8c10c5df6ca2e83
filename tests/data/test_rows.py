"""Sources of ``datasets``: their splits, their rows, what is refused and how it is said."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet as parquet
import pytest

from rnn_research.data.locate import DataNotFoundError
from rnn_research.data.rows import rows
from rnn_research.data.text import SPLITS, load_text, split_by_position
from tests.support.corpora import joined, lengths

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """Keeps what ``datasets`` makes of local files inside the test."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


AWKWARD = ["007", "1.50", "NA", "null", "None", "True", "2020-01-01", "  a ", "#x", 'he said "hi", twice', "", "x\ny"]
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
    if form == "csv":  # where all is text
        assert rows(f"{form}:{path}", "number") == {"train": list(map(str, range(300)))}
    else:
        with pytest.raises(ValueError, match=r"column 'number' of .* holds int(64)?, not text"):
            load_text(dataset=f"{form}:{path}", column="number")


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["", "marked"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["unix", "windows"])
def test_a_cell_is_the_text_that_stands_there(tmp_path, mark, newline):
    """Nothing is taken for a number or for nothing, whatever the newlines in and between cells."""
    wanted = {"train": [text for text in AWKWARD if text]}
    with open(tmp_path / "a.csv", "w", encoding="utf-8", newline="") as file:
        file.write(mark)
        writer = csv.writer(file, lineterminator=newline)
        writer.writerows([("text", "n"), *((text.replace("\n", newline), "1") for text in AWKWARD)])
    lines = [json.dumps({"n": 1, "text": text}) for text in AWKWARD]
    for name, content in (("b.json", newline.join(lines)), ("c.json", f"[{','.join(lines)}]")):
        (tmp_path / name).write_bytes((mark + content).encode())
    assert rows(f"csv:{tmp_path}/a.csv", "text") == wanted
    assert rows(f"json:{tmp_path}/b.json", "text") == rows(f"json:{tmp_path}/c.json", "text") == wanted
    (tmp_path / "d.txt").write_bytes((mark + f"мир{newline}").encode())
    assert rows(f"text:{tmp_path}/d.txt", "text") == {"train": ["мир\n"]}


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("a.csv", "text,n\na,1\nb,1,2\n", r"a\.csv, line 3: 3 cells, not 2 as in the first"),
        ("a.csv", 'text\n"a\n', r"a\.csv is not CSV: unexpected end of data"),
        ("a.csv", "", r"a\.csv has no column 'text'; there are none"),
        ("a.json", '{"text": "a"\n', r"a\.json is not JSON: .*line 2"),
        ("a.json", '{"text": "a"}\n{"text": 2}\n', "column 'text' of .* holds int, not text"),
        ("a.json", '{"text": "a"}\n{"text": "b \\ud83d"}\n', r"a\.json, row 2, holds half a character: \\ud83d$"),
        ("a.json", '{"text": "a"}\n3\n', r"a\.json holds a int where a row should be"),
        ("a.json", '{"txt": "a"}\n{"n": "b"}\n', "has no column 'text'; did you mean 'txt'"),
        ("a.parquet", "PAR1", r"cannot read .*a\.parquet: ArrowInvalid"),
        ("a.txt", "\ufeffмир".encode("utf-16-le"), r"not UTF-8: byte 0xff at offset 0; it begins as UTF-16 does"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_named(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    form = name[2:].replace("txt", "text")
    with pytest.raises(ValueError, match=message):
        rows(f"{form}:{tmp_path}/{name}", "text")


def test_a_whole_character_that_json_escapes_as_two_halves_is_one(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"text": "😀"}))  # "\\ud83d\\ude00"
    assert rows(f"json:{tmp_path}/a.json", "text") == {"train": ["😀"]}


def test_bytes_in_a_table_that_are_no_utf8_are_named(tmp_path):
    ends, content = np.array([0, 3, 5], np.int32), b"a\xe9bcd"  # pyarrow takes its writer's word for it
    cells = pyarrow.Array.from_buffers(pyarrow.string(), 2, [None, pyarrow.py_buffer(ends), pyarrow.py_buffer(content)])
    parquet.write_table(pyarrow.table({"text": cells}), tmp_path / "a.parquet")
    with pytest.raises(ValueError, match=r"column 'text' of .*a\.parquet is not UTF-8: byte 0xe9 in b'a\\xe9b'"):
        rows(f"parquet:{tmp_path}/a.parquet", "text")


@pytest.mark.parametrize("name", ["we[1]rd", "st*r", "qu?ck", "{a,b}", "a b", "имя"])
def test_what_a_file_is_called_is_no_pattern(tmp_path, monkeypatch, name):
    (tmp_path / name).mkdir()
    for file in (tmp_path / f"{name}.txt", tmp_path / name / "test.txt", tmp_path / "other.txt"):
        file.write_text(str(file.name))
    assert rows(f"text:{tmp_path}/{name}.txt", "text") == {"train": [f"{name}.txt"]}
    assert rows(f"text:{tmp_path}/{name}", "text") == {"test": ["test.txt"]}
    assert rows(f"text:{tmp_path}/{name}/*.txt", "text") == {"train": ["test.txt"]}
    monkeypatch.setenv("HOME", str(tmp_path))
    assert rows(f"text:~/{name}.txt", "text") == {"train": [f"{name}.txt"]}
    with pytest.raises(ValueError, match=r"^cannot read text:"):
        rows(f"text:{tmp_path}/{name}/*.md", "text")


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
    with pytest.raises(ValueError, match=r"^[^\n]*bad\.txt is not UTF-8: byte 0xff at offset 0[^\n]*$"):
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
