"""Files of texts with labels: what is read, what is written, what is refused and where it stands."""

import csv
import gzip
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_research.data.labelled_files import COLUMNS, Columns, bare_labels, form_of, parse, told_by, unparse

TEXTS = ["plain", "", 'he said "so", twice', "two\nlines", "  blanks ", "тест ёж", "a\u2028b", "007", "NA"]
ROWS = [{"id": str(number), "label": f"l{number % 2}", "text": text} for number, text in enumerate(TEXTS)]


def as_csv(rows):
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def as_json(rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("form", "write"), [("csv", as_csv), ("jsonl", as_json)])
def test_a_file_comes_back_with_other_labels(form, write, packed, newline):
    text = write(ROWS)
    data = text.replace("\n", newline).encode() if form == "csv" else text.encode()
    examples = parse(gzip.compress(data) if packed else data, "f", form, COLUMNS)
    assert [(one.text, one.label) for one in examples] == [(row["text"], row["label"]) for row in ROWS]
    found = unparse(examples, [f"new {n}" for n in range(len(ROWS))], COLUMNS).decode()
    assert found == write([row | {"label": f"new {number}"} for number, row in enumerate(ROWS)])


def test_cells_of_tsv_are_what_stands_between_tabs():
    data = b'text\tid\n"quoted" from here\t1\n"open\t2\n'
    examples = parse(data, "f", "tsv", COLUMNS)
    assert [(one.text, one.label, one.place) for one in examples] == [
        ('"quoted" from here', "", "f:2"),
        ('"open', "", "f:3"),
    ]
    assert unparse(examples, ["a", "b"], COLUMNS) == b'text\tid\tlabel\n"quoted" from here\t1\ta\n"open\t2\tb\n'


def test_texts_alone_are_a_line_each():
    examples = parse(b"one\n\ntwo", "f", "txt", Columns("body", "class"))
    assert [one.text for one in examples] == ["one", "", "two"]
    assert unparse(examples, ["a", "b", "c"], Columns("body", "class")) == b"one\ta\n\tb\ntwo\tc\n"
    assert parse(b"", "f", "txt", COLUMNS) == []


@pytest.mark.parametrize(
    ("form", "data", "written"),
    [
        ("csv", b"label,text\nx,one\n", "label,text,p(a)\na,one,0.666667\n"),
        ("tsv", b"text\tid\none\t1\n", "text\tid\tlabel\tp(a)\none\t1\ta\t0.666667\n"),
        ("jsonl", b'{"text": "one"}\n', '{"text": "one", "label": "a", "p(a)": 0.666667}\n'),
        ("txt", b"one\n", "one\ta\t0.666667\n"),
    ],
)
def test_numbers_stand_in_further_columns(form, data, written):
    examples = parse(data, "f", form, COLUMNS)
    assert unparse(examples, ["a"], COLUMNS, numbers=[{"p(a)": 2 / 3}]).decode() == written


def test_whole_numbers_are_labels_and_columns_have_names():
    rows = [{"body": "a", "class": 1}, {"body": "b", "class": True}, {"body": "c"}, {"body": "d", "class": None}]
    examples = parse(as_json(rows).encode(), "f", "jsonl", Columns("body", "class"))
    assert [one.label for one in examples] == ["1", "true", "", ""]


def test_numbers_come_back_as_numbers_where_all_are():
    rows = [{"text": "a", "label": 3}, {"text": "b", "label": True}]
    examples = parse(as_json(rows).encode(), "f", "jsonl", COLUMNS)
    assert bare_labels(examples, COLUMNS)
    assert unparse(examples, ["true", "3"], COLUMNS, bare=True).decode() == as_json(
        [{"text": "a", "label": True}, {"text": "b", "label": 3}]
    )
    mixed = parse(as_json([*rows, {"text": "c", "label": "3"}]).encode(), "f", "jsonl", COLUMNS)
    assert not bare_labels(mixed, COLUMNS)
    table = parse(b"text\tlabel\na\t3\n", "f", "tsv", COLUMNS)
    assert not bare_labels(table, COLUMNS)
    assert unparse(table, ["4"], COLUMNS, bare=True) == b"text\tlabel\na\t4\n"


@pytest.mark.parametrize(
    ("data", "trained", "form"),
    [
        (b'\n{"text": "a"}\n', "csv", "jsonl"),
        (gzip.compress(b'{"text": "a"}\n', mtime=0), "csv", "jsonl"),
        (b"id,text\n1,a\n", "jsonl", "csv"),
        (b"\xef\xbb\xbfid\ttext\n1\ta\n", "csv", "tsv"),
        (b"text\na\n", "jsonl", "csv"),
        (b"text\na\n", "tsv", "tsv"),
        (b"body\na\n", "csv", "csv"),
        (b"", "tsv", "tsv"),
    ],
)
def test_the_first_line_tells_the_form_where_no_name_does(data, trained, form):
    assert told_by(data, "standard input", trained, COLUMNS) == form


@pytest.mark.parametrize(
    ("form", "data", "message"),
    [
        ("csv", b"txt,label\na,b\n", r"^f:1: no column 'text'; did you mean 'txt'"),
        ("csv", b"", r"^f:1: no column 'text'; there are none"),
        (
            "csv",
            b"id;text;label\n1;a;b\n",
            r"^f:1: no column 'text'; ';' stands between its cells, where CSV has a comma",
        ),
        ("tsv", b"text,label\na,b\n", r"^f:1: no column 'text'; ',' stands between its cells, where CSV has a comma"),
        ("csv", b"text,label,text\na,b,c\n", r"^f:1: two columns are called 'text'"),
        ("csv", b'text,label\n"two\nlines",b\nc\n', r"^f:4: 1 cells, not 2 as in the first line"),
        ("csv", b'text,label\na,b\n"x" y,b\n', r"^f:3: no CSV: "),
        ("csv", b'text,label\na,b\n"open,b\n', r"^f:3: no CSV: "),
        ("tsv", b"text\tlabel\na\n", r"^f:2: 1 cells, not 2"),
        ("jsonl", b'{"text": "a"}\n\n{"text": \n', r"^f:3: no JSON: "),
        ("jsonl", b"[1]\n", r"^f:1: a list where an object should be"),
        ("jsonl", b'{"text": 3}\n', r"^f:1: 'text' is no text"),
        ("jsonl", b'{"body": "a"}\n', r"^f:1: no 'text'; known: body"),
        ("jsonl", b'{"text": "a", "label": [1]}\n', r"^f:1: 'label' is neither a text nor a whole number"),
        ("jsonl", b'{"text": "a\\ud800"}\n', r"^f:1: half a character: \\ud800"),
        ("jsonl", b'{"text": "a"}\n{"text": "a", "by": ["\\udcff"]}\n', r"^f:2: half a character: \\udcff"),
        ("txt", b"a\xff\n", r"^f is not UTF-8: byte 0xff at offset 1"),
    ],
)
def test_what_is_wrong_is_named_by_file_and_line(form, data, message):
    with pytest.raises(ValueError, match=message):
        parse(data, "f", form, COLUMNS)


@pytest.mark.parametrize(
    ("name", "form"),
    [("a.csv", "csv"), ("b.TSV.gz", "tsv"), ("x.y.json", "jsonl"), ("c.txt", "txt"), ("d", ""), ("-", "")],
)
def test_the_form_is_told_by_the_name(name, form):
    assert form_of(name) == form


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\ufeff")), min_size=1))
def test_any_texts_come_back_from_csv_and_json(texts):
    rows = [{"text": text, "label": "x"} for text in texts]
    for form, write in (("csv", as_csv), ("jsonl", as_json)):
        examples = parse(write(rows).encode(), "f", form, COLUMNS)
        assert [one.text for one in examples] == texts
        assert unparse(examples, ["x"] * len(texts), COLUMNS).decode() == write(rows)
