"""The codec of pairs: ids and texts, its state, files answered."""

import json
from itertools import product

import numpy as np
import pytest

from rnn_research.data.codec import Labeller, from_json, to_json
from rnn_research.data.labelled_files import Columns
from rnn_research.data.pair_labeller import PairLabeller
from rnn_research.data.pairs import END, Pair
from rnn_research.data.tokens import TOKENISERS, tokeniser
from rnn_research.decoding.n_best import NBest
from rnn_research.tasks.base import Labelling

SOURCES = ["ein Hund läuft", "zwei Hunde  laufen", "", "kein Hund, keine Katze", "ein\nHund"]
TARGETS = ["a dog runs", "two dogs run", "", "no dog, no cat", "a\ndog"]


def codec(source="characters", target="split", **fields):
    return PairLabeller(tokeniser(source, SOURCES * 2), tokeniser(target, TARGETS * 2), **fields)


def each(ids, lengths):
    """A labelling of every example."""
    return [Labelling(*one) for one in zip(ids, lengths)]


@pytest.mark.parametrize("kind", TOKENISERS)
def test_ids_are_those_of_each_text_by_itself(kind):
    both = codec(kind, kind)
    sources, lengths = both.encode([Pair(text) for text in SOURCES])
    ids, tokens = both.encode_targets(TARGETS)
    assert sources.dtype == lengths.dtype == ids.dtype == tokens.dtype == np.int32
    for row, (source, target) in enumerate(zip(SOURCES, TARGETS)):
        assert sources[row, : lengths[row]].tolist() == both.source.encode(source).ids.tolist()
        assert ids[row, : tokens[row]].tolist() == [*(both.target.encode(target).ids + 1).tolist(), END]
        assert not sources[row, lengths[row] :].any() and not ids[row, tokens[row] :].any()
    assert lengths[2] == 0 and tokens[2] == 1 and sources.shape[1] == lengths.max() and ids.shape[1] == tokens.max()
    assert both.encode_targets(TARGETS, 40)[0].shape == (5, 40)
    assert len(both.names) == both.target.size + 1 and both.names[END] == "<EOS>"
    assert both.encode([])[0].shape == (0, 0)


def test_texts_end_where_the_answers_do():
    chars = codec("characters", "characters")
    ids, lengths = chars.encode_targets(TARGETS)
    assert chars.texts(each(ids, lengths)) == TARGETS
    assert chars.texts(each(ids, lengths - (lengths > 1))) == TARGETS  # cut off before it ended
    after = np.where(np.arange(ids.shape[1])[None] >= lengths[:, None], 3, ids)
    assert chars.texts(each(after, np.full(5, ids.shape[1]))) == TARGETS  # what follows the end is not read


@pytest.mark.parametrize(("source", "target"), [*product(("characters", "bpe"), ("split", "words"))])
def test_the_state_says_all(source, target):
    first = codec(source, target, lower=True, columns=Columns("de", "en"), form="tsv")
    assert isinstance(first, Labeller)
    again = from_json(json.loads(json.dumps(to_json(first))))
    assert isinstance(again, PairLabeller) and to_json(again) == to_json(first) and again.names == first.names
    texts = [*SOURCES, "NEUE Wörter", "ein HUND"]
    for a, b in zip(first.encode(list(map(Pair, texts))), again.encode(list(map(Pair, texts)))):
        np.testing.assert_array_equal(a, b)
    upper, plain = (again.encode([Pair(text)])[0] for text in ("ein HUND", "ein hund"))
    np.testing.assert_array_equal(upper, plain)
    data = b"n\tde\n1\tein Hund\n"  # in training there was a line of names
    assert again.write(again.read(data, "a.tsv"), each(*again.encode_targets(["a dog"]))) == (
        b"n\tde\ten\n1\tein Hund\ta dog\n"
    )


def test_a_state_that_is_none_is_refused():
    value = to_json(codec())
    for part in ("source", "lower", "columns"):
        with pytest.raises(ValueError, match=f"lacks '{part}'"):
            from_json({name: field for name, field in value.items() if name != part})
    with pytest.raises(ValueError, match="'labels' is no tokeniser"):
        from_json(value | {"target": {"kind": "labels", "names": ["a"]}})


def test_files_are_answered():
    chars = codec("characters", "characters")
    answers = each(*chars.encode_targets(["two dogs", "a dog"]))
    for name, data, wanted in (
        ("standard input", "zwei Hunde\nein Hund\n", "two dogs\na dog\n"),
        ("a.tsv", "zwei Hunde\ttwo dogs\nein Hund\tdog\n", "zwei Hunde\ttwo dogs\nein Hund\ta dog\n"),
        ("a.csv", "source\nzwei Hunde\nein Hund\n", "source,target\nzwei Hunde,two dogs\nein Hund,a dog\n"),
    ):
        examples = chars.read(data.encode(), name)
        assert chars.write(examples, answers).decode() == wanted
        assert chars.agreement(examples, answers) == ({"exact_match": 0.5} if name == "a.tsv" else {})
    with pytest.raises(ValueError, match=r"a\.csv:1: no column 'source'"):
        chars.read(b"german\nein\n", "a.csv")


def test_a_blank_source_is_answered_by_nothing():
    """A network that never read an empty source would make something up, and lines of two files are to stay in step."""
    chars = codec("characters", "characters")
    examples = chars.read(b"zwei Hunde\n\n  \nein Hund\n", "standard input")
    answers = each(*chars.encode_targets(["two dogs", "a dog", "no cat", "a dog"]))
    assert chars.write(examples, answers) == b"two dogs\n\n\na dog\n"
    given = chars.read(b"zwei Hunde\ttwo dogs\n \ta dog\n", "a.tsv")  # judged by what is written
    assert chars.agreement(given, answers[:2]) == {"exact_match": 0.5}


@pytest.mark.parametrize(
    ("name", "data", "wanted"),
    [
        ("a.txt", "ein\nHund\n", "a dog\n dog \n"),
        ("a.tsv", "ein\t\nHund\t\n", "ein\ta dog\nHund\t dog \n"),
        ("a.csv", "source\nein\nHund\n", 'source,target\nein,"a\ndog"\nHund,"\ndog\n"\n'),
    ],
)
def test_an_answer_of_any_bytes_breaks_no_line(name, data, wanted):
    """Byte pairs can write a carriage return, though no target that is read holds one."""
    pieces = codec("characters", "bpe")
    answers = each(*pieces.encode_targets(["a\r\ndog", "\rdog\r"]))
    examples = pieces.read(data.encode(), name)
    assert pieces.write(examples, answers).decode() == wanted


def test_it_is_said_what_training_did_not_hold_and_which_answers_were_cut_off():
    chars = codec("characters", "characters")
    whole, _ = chars.encode_targets(["two dogs", "a dog", "", "two dogs"])
    answers = each(whole, [9, 6, 0, 8])  # of the last the end did not come
    sources = ["zwei Hunde", "zwei \u6f22 \u00f1", "", "ein Hu\u6f22d"]
    found = chars.remarks(list(map(Pair, sources)), answers)
    assert found == [
        "not in the vocabulary: '\u6f22', '\u00f1' (2 sources, read as unknown)",
        "1 answer cut off at the length of the longest target of all splits",
    ]
    several = [NBest(ids[None], np.array([length]), np.zeros(1)) for ids, length in zip(whole, [9, 6, 0, 8])]
    assert chars.remarks(list(map(Pair, sources)), several) == found
    assert chars.remarks(list(map(Pair, SOURCES[:2])), answers[:2]) == []
    many = chars.remarks([Pair("0123456789")], answers[:1])
    assert many == ["not in the vocabulary: '0', '1', '2', '3', '4', '5', '6', '7', … (1 source, read as unknown)"]
    assert chars.remarks([Pair("la\u0308uft")], answers[:1]) == []  # as training has it, in other characters
    assert chars.remarks([Pair("\t"), Pair("\u3000")], answers[:2]) == []  # they are not read
    once = chars._replace(source=tokeniser("bare_words", ["zwei Hunde zwei Hunde ein Hund"]))
    assert once.remarks([Pair("zwei Hunde ein")], answers[:1]) == [
        "not in the vocabulary: 'ein' (1 source, read as unknown)"  # though training had it
    ]


def test_an_escaped_newline_is_one_whatever_system_wrote_it():
    (one,) = codec().read(b'{"source": "ein\\r\\nHund", "target": "a\\r\\ndog"}', "a.jsonl")
    assert (one.source, one.target) == ("ein\nHund", "a\ndog")
