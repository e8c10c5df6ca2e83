"""Sentences with labels: what is read, that writing gives the file back, and what is refused by file and line."""

import gzip
import os
from pathlib import Path

import conllu
import numpy as np
import pytest

from rnn_research.data.labelled_sentences import (
    Layout,
    layout,
    read_sentences,
    resolved,
    sentence_of,
    write_sentences,
)
from rnn_research.data.plain import decoded, read

CONLLU = """\
# sent_id = 1
# text = Vámonos al mar
1-2	Vámonos	_	_	_	_	_	_	_	_
1	Vamos	ir	VERB	V	_	0	root	_	_
2	nos	nosotros	PRON	P	Case=Acc	1	obj	_	_
3-4	al	_	_	_	_	_	_	_	SpaceAfter=No
3	a	a	ADP	E	_	5	case	_	_
4	el	el	DET	_	_	5	det	_	_
5	mar  y	mar	NOUN	N	_	1	obl	_	_
5.1	hay	haber	VERB	V	_	_	_	_	_

# another
1	#	#	SYM	S	_	0	root	_	_


"""
COLUMNS = """\
-DOCSTART- -X- O

EU  NNP  B-ORG
rejects VBZ O

-DOCSTART- -X- O

#1 CD I-X\x20
"""
UPOS, XPOS, LAST = layout("conllu"), layout("conllu", "XPOS"), layout("columns")


def test_conllu_holds_words_that_are_neither_multiword_tokens_nor_empty_nodes():
    one, two = read_sentences(CONLLU, "x", UPOS)
    assert one.words == ("Vamos", "nos", "a", "el", "mar  y")
    assert one.labels == ("VERB", "PRON", "ADP", "DET", "NOUN")
    assert (two.words, two.labels, two.line_of(0)) == (("#",), ("SYM",), 13)
    assert read_sentences(CONLLU, "x", XPOS)[0].labels == ("V", "P", "E", "", "N")


def test_columns_hold_words_and_the_labels_of_one():
    one, two = read_sentences(COLUMNS, "x", LAST)
    assert (one.words, one.labels) == (("EU", "rejects"), ("B-ORG", "O"))
    assert (two.words, two.labels, two.line_of(0)) == (("#1",), ("I-X",), 8)
    assert [one.labels for one in read_sentences(COLUMNS, "x", layout("columns", column=2))] == [
        ("NNP", "VBZ"),
        ("CD",),
    ]
    tabs = read_sentences("New York\tB\nis\tO\n\n\n\nit\tO", "x", LAST)
    assert [(one.words, one.labels) for one in tabs] == [(("New York", "is"), ("B", "O")), (("it",), ("O",))]


@pytest.mark.parametrize("text, form", [(CONLLU, UPOS), (CONLLU, XPOS), (COLUMNS, LAST), ("a\tX\n\nb\tY", LAST)])
def test_written_with_their_own_labels_they_are_the_file(text, form):
    found = read_sentences(text, "x", form)
    own = [[label or "_" for label in one.labels] for one in found]
    assert write_sentences(found, own, form) == text
    other = [[f"{label}Z" for label in labels] for labels in own]
    written = write_sentences(found, other, form)
    assert [list(one.labels) for one in read_sentences(written, "x", form)] == other
    assert [one.words for one in read_sentences(written, "x", form)] == [one.words for one in found]
    assert written.replace("Z", "") == text.replace("Z", "")


@pytest.mark.parametrize(
    "text, column, written",
    [
        ("a\nb\n\nc\n", 0, "a\tX\nb\tX\n\nc\tX\n"),
        ("a\n", 2, "a\tX\n"),
        ("a DT\n", 3, "a DT X\n"),
        ("a\tD\n", 3, "a\tD\tX\n"),
    ],
)
def test_a_column_of_labels_that_is_not_there_is_added(text, column, written):
    form = layout("columns", column=column)
    found = read_sentences(text, "x", form)
    assert all(label == "" for one in found for label in one.labels)
    assert write_sentences(found, [["X"] * len(one.words) for one in found], form) == written


@pytest.mark.parametrize("column, written", [(0, "cat NN O"), (3, "cat NN O"), (2, None)])
def test_files_to_label_have_the_columns_of_training_or_lack_the_last_where_it_holds_the_labels(column, written):
    asked = layout("columns", column=column)
    form = resolved(asked, read_sentences("EU NNP B-ORG\nrejects VBZ O\n", "train", asked))
    assert form == Layout("columns", column or 3, 3, () if column == 2 else ("NNP", "VBZ"))
    full = read_sentences("cat NN X\n", "x", form)
    assert write_sentences(full, [["O"]], form) == ("cat O X\n" if column == 2 else "cat NN O\n")
    if written:
        without = read_sentences("cat NN\n\ndog NN\n", "x", form)
        assert [one.labels for one in without] == [("",), ("",)]
        assert write_sentences(without, [["O"], ["O"]], form) == "cat NN O\n\ndog NN O\n"
    else:
        with pytest.raises(ValueError, match=r"^x:1: 2 columns, not 3 as in training$"):
            read_sentences("cat NN\n", "x", form)
    for text, count in (("\ncat\n", 1), ("\nthe cat sat down\n", 4)):
        with pytest.raises(ValueError, match=rf"^x:2: {count} columns, not 3 as in training(, or 2 without labels)?$"):
            read_sentences(text, "x", form)


def test_what_is_trained_on_has_its_column_of_labels():
    for text, column, missing in (("a DT O\n", 4, 4), ("a\n", 0, 2)):
        with pytest.raises(ValueError, match=rf"^x:1: \d columns, and no column {missing} for the labels$"):
            read_sentences(text, "x", layout("columns", column=column), labelled=True)
    assert read_sentences("a DT O\n", "x", layout("columns", column=3), labelled=True)[0].labels == ("O",)
    assert read_sentences(CONLLU, "x", UPOS, labelled=True) == read_sentences(CONLLU, "x", UPOS)
    assert resolved(UPOS, read_sentences(CONLLU, "x", UPOS)) == UPOS


@pytest.mark.parametrize("end", ["# end", "# end\n", "# one\n# two\n\n", "# one\n\n# two\n"])
def test_comments_may_end_a_file(end):
    found = read_sentences(CONLLU + end, "x", UPOS)
    assert [one.words for one in found] == [one.words for one in read_sentences(CONLLU, "x", UPOS)]
    assert write_sentences(found, [[label or "_" for label in one.labels] for one in found], UPOS) == CONLLU + end


@pytest.mark.parametrize("form", [UPOS, XPOS, LAST, layout("columns", column=3)])
def test_sentences_of_no_file_are_written_as_they_would_be_read(form):
    made = [sentence_of(("a", "b c"), ("X", "Y"), form), sentence_of(("d",), ("Z",), form)]
    text = write_sentences(made, [one.labels for one in made], form)
    assert [one[:2] for one in read_sentences(text, "x", form)] == [one[:2] for one in made]


@pytest.mark.parametrize(
    "text, form, message",
    [
        (CONLLU.replace("\tmar\t", "  "), UPOS, "x:9: 8 fields between tabs, not the 10 of CoNLL-U"),
        (CONLLU.replace("\n4\t", "\nvier\t"), UPOS, "x:8: 'vier' is not a valid ID"),
        (CONLLU.replace("\n4\t", "\n5\t"), UPOS, "x:8: a word with the number 5 where 4 should be"),
        (CONLLU.replace("\n3-4\t", "\n2-4\t"), UPOS, "x:6: the token 2-4 stands before word 3"),
        (CONLLU.replace("\t5\tdet", "\tfive\tdet"), UPOS, "x:8: 'five' is not a valid value"),
        (CONLLU.replace("\n1\t#\t", "\n1\t\t"), UPOS, "x:13: no word in field 2"),
        (CONLLU.replace("# another\n", "# another\n\n"), UPOS, "x:13: a sentence without words"),
        ("# only a comment", UPOS, "x holds no sentence"),
        ("\n\n", LAST, "x holds no sentence"),
        ("-DOCSTART- O\n\n", LAST, "x holds no sentence"),
        ("a\tX\nb\n", LAST, "x:2: 1 columns, not 2 as in line 1"),
        ("a\tX\n\tY\n", LAST, "x:2: no word in the first column"),
        ("\na\tX\n", Layout("columns", 4), "x:2: 2 columns, and no column 4"),
    ],
)
def test_what_is_malformed_is_named_by_file_and_line(text, form, message):
    with pytest.raises(ValueError, match=f"^{message.replace('(', '.')}"):
        read_sentences(text, "x", form)


def test_other_layouts_are_refused():
    for options in ({"format": "conll"}, {"format": "conllu", "labels": "upos"}, {"format": "columns", "column": 1}):
        with pytest.raises(ValueError):
            layout(**options)


def test_packed_files_are_read(tmp_path):
    path = tmp_path / "a.conllu.gz"
    path.write_bytes(gzip.compress(CONLLU.encode()))
    assert read(path) == CONLLU == decoded(path.read_bytes(), "a")


def test_random_sentences_come_back():
    rng = np.random.default_rng(0)
    words = ["a", "#b", "с-д", "1", "-DOCSTART", "\u2028x", "é"]
    made = [
        sentence_of([words[i] for i in rng.integers(0, len(words), n)], [f"L{i}" for i in rng.integers(0, 3, n)], LAST)
        for n in rng.integers(1, 9, 40)
    ]
    text = write_sentences(made, [one.labels for one in made], LAST)
    found = read_sentences(text, "x", LAST)
    assert [one[:2] for one in found] == [one[:2] for one in made]
    assert "\n".join(line for one in found for line in one.lines) == text


def test_a_treebank_reads_as_by_the_package():
    path = Path(os.environ.get("RNN_RESEARCH_DATA", ""), "ud_russian_taiga", "ru_taiga-ud-test.conllu.gz")
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    text = read(path)
    found, other = read_sentences(text, "x", UPOS), conllu.parse(text)
    assert [one.words for one in found] == [
        tuple(token["form"] for token in one if isinstance(token["id"], int)) for one in other
    ]
    assert [one.labels for one in found] == [
        tuple(token["upos"] for token in one if isinstance(token["id"], int)) for one in other
    ]
    assert write_sentences(found, [one.labels for one in found], UPOS) == text
