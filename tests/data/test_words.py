"""Words as tokens: which classes are kept, and what it costs to tell a surface from its class."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given

from rnn_research.data.encoding import UNKNOWN
from rnn_research.data.locate import find
from rnn_research.data.reductions import REDUCTIONS, STOP, reduction
from rnn_research.data.spelling import spelling
from rnn_research.data.streams import prepare
from rnn_research.data.text import load_text
from rnn_research.data.tokens import tokeniser
from rnn_research.data.words import DISCOUNT, classify
from tests.support.texts import ENGLISH, anything, languages, price


@given(anything)
def test_surfaces_are_the_text(text):
    tokens = tokeniser("words", [text + " .."])
    twice = tokeniser("words", [text + " ..", text + " .."])  # so that every surface is kept
    assert twice.decode(twice.encode(text).ids) == text
    assert np.all(twice.encode(text).extra == 0)
    assert tokens.encode(text).characters.sum() == len(text)


def test_a_word_takes_the_space_before_it():
    tokens = tokeniser("words", [ENGLISH])
    ids = tokens.encode("The house,  the\n(old) house").ids
    names = [tokens.names[i] for i in ids]
    assert names == ["The", " house", ",", " ", " the", "\n", UNKNOWN, UNKNOWN, UNKNOWN, " house"]
    assert tokens.unknown("The house,  the\n(old) house") == ["(", "old", ")"]


def test_bare_words_have_no_blanks_and_pay_for_them():
    """Class "a": "a", " a" twice and "\\n  a" once; of each the price is that of ``p(surface | class)``."""
    text = "a, a, a,\n  a,  \n"
    tokens = tokeniser("bare_words", [text])
    assert tokens.names == (",", "a", UNKNOWN)
    encoded = tokens.encode(text)
    assert encoded.ids.tolist() == [1, 0] * 4
    assert encoded.characters.tolist() == [1, 1, 2, 1, 2, 1, 4, 4]
    counts = [1, 3, 2, 3, 2, 3, 1, 1]  # of each surface, of the four of its class
    np.testing.assert_allclose(encoded.extra, [math.log(4 / (n - DISCOUNT)) for n in counts], rtol=1e-6)
    # A blank that was not seen before the word is a surface that was not seen.
    assert price(tokens, "\ta") == pytest.approx(
        -math.log(3 * DISCOUNT / 4) + spelling(list({"a", " a", "\n  a", ",", ",  \n"}))(["\ta"])[0], rel=1e-6
    )
    assert tokens.unknown("a \n b") == ["b"]
    assert tokeniser("bare_words", ["The the\nTHE"], reduce="lower").names == ("the", UNKNOWN)


@given(anything)
def test_bare_words_and_their_blanks_are_the_text(text):
    tokens = tokeniser("bare_words", [text + " .."])
    assert tokens.encode(text).characters.sum() == len(text)
    if text.strip():
        assert not any(name.isspace() for name in (tokens.names[i] for i in tokens.encode(text).ids))


def test_classes_are_kept_by_frequency():
    text = "a a a b b c c d"
    assert tokeniser("words", [text]).names == (" a", " b", " c", UNKNOWN)  # those seen twice or more
    assert tokeniser("words", [text], vocabulary=1).names == (" a", UNKNOWN)
    assert tokeniser("words", [text], vocabulary=99).names == (" a", " b", " c", " d", "a", UNKNOWN)
    assert tokeniser("words", [text], vocabulary=2, reduce="lower").names == ("a", "b", UNKNOWN)


@languages
@pytest.mark.parametrize("reduce", REDUCTIONS)
def test_the_surfaces_of_a_class_and_its_escape_sum_to_one(reduce, language, text):
    surfaces = Counter(text.replace("\n", " \n").replace(",", " ,").split(" "))
    surfaces.pop("")
    class_of = reduction(reduce, language)
    for keep in (0, 1, 5):
        classes = classify(surfaces, class_of, lambda name: False, keep, least=2)
        assert set(classes.ids) == set(classes.costs) == set(surfaces)
        sums = np.exp(-classes.escapes)
        for surface, cost in classes.costs.items():
            sums[classes.ids[surface]] += math.exp(-cost)
        np.testing.assert_allclose(sums, 1)
        for surface, number in classes.ids.items():
            assert classes.names[number] in (class_of(surface), UNKNOWN)


def test_surfaces_cost_what_their_counts_say():
    # Class "a": "a" once, " a" three times, " A" twice. Class "<unk>": " b" once. The space is kept: it is seen twice.
    text = "a a a a A A b" + "  "
    tokens = tokeniser("words", [text], reduce="lower")
    assert tokens.names == ("a", " ", UNKNOWN)
    encoded = tokens.encode("a a A b ")
    assert encoded.ids.tolist() == [0, 0, 0, 2, 1]
    expected = [math.log(6 / 0.5), math.log(6 / 2.5), math.log(6 / 1.5), math.log(1 / 0.5), 0]
    np.testing.assert_allclose(encoded.extra, expected, rtol=1e-6)
    assert tokens.decode([0, 2, 1]) == " a<unk> "
    # Unseen surfaces: the escape of their class and their spelling.
    spell = spelling(["a", " a", " A", " b", " "])
    cases = {"A": (0, 3 * DISCOUNT / 6), "b": (2, DISCOUNT / 1), " zz": (2, DISCOUNT / 1)}
    for surface, (number, escape) in cases.items():
        ids, _, extra = tokens.encode(surface)
        assert ids.tolist() == [number]
        assert extra[0] == pytest.approx(-math.log(escape) + spell([surface])[0], rel=1e-6)


@pytest.mark.parametrize("reduce", ["none", "stop"])
def test_a_class_that_can_hold_one_surface_tells_it_for_nothing(reduce):
    tokens = tokeniser("words", [ENGLISH + " unique"], reduce=reduce)
    encoded = tokens.encode(ENGLISH)
    reads = [tokens.names[i] for i in encoded.ids]
    shared = np.isin(reads, [STOP, UNKNOWN])
    assert np.all(encoded.extra[~shared] == 0) and np.all(encoded.extra[shared] > 0)
    assert shared.any() == (reduce == "stop")
    assert tokens.encode(" unique").ids[0] == tokens.size - 1


def test_without_unknown_words_in_training_an_unknown_word_is_only_spelled():
    tokens = tokeniser("words", ["ab ab ab\nab\n"], vocabulary=99)
    assert price(tokens, "xy") == pytest.approx(spelling(["ab", " ab", "\n"])(["xy"])[0], rel=1e-6)


# Words split beforehand.


def test_split_words_and_newlines():
    text = " \n = A title = \n \n a b , a \n"
    tokens = tokeniser("split", [text])
    encoded = tokens.encode(text)
    reads = [tokens.names[i] for i in encoded.ids]
    assert " ".join(reads) == "<eos> = A title = <eos> <eos> a b , a <eos>"
    assert encoded.characters.tolist() == [3, 2, 2, 6, 2, 2, 2, 2, 2, 2, 2, 1]
    assert not encoded.extra.any()
    assert tokens.decode(encoded.ids) == "\n= A title =\n\na b , a\n"
    assert tokens.names[-1] == UNKNOWN and set(tokens.names) == {"<eos>", "=", "A", "title", "a", "b", ",", UNKNOWN}
    np.testing.assert_array_equal(tokens.encode("a   b  \n  a").ids, tokens.encode("a b\na").ids)
    assert tokens.encode("a   b  \n  a").characters.sum() == len("a b \n a")


def test_split_knows_the_unknown_words_of_its_corpus_and_prices_others():
    tokens = tokeniser("split", ["a <unk> a <unk> a <unk> b\n"])
    assert tokens.names == ("a", "<eos>", "b", UNKNOWN)
    encoded = tokens.encode("a <unk> z <eos>\n")
    assert encoded.ids.tolist() == [0, 3, 3, 3, 1]
    spell = spelling(["a", "<unk>", "b", "\n"])
    unseen = math.log(3 / DISCOUNT) + spell(["z", "<eos>"])
    np.testing.assert_allclose(encoded.extra, [0, math.log(3 / 2.5), *unseen, 0], rtol=1e-6)
    assert tokens.unknown("a <unk> z <eos>\n") == ["z", "<eos>"]
    assert tokeniser("split", ["a <unk> a <unk> b\n"], vocabulary=1).names == ("a", UNKNOWN)


@pytest.mark.slow
def test_wikitext_has_the_tokens_and_types_that_its_authors_count(data_directory):
    if not find("wikitext2/wiki.train.tokens.gz"):
        pytest.skip("no wikitext2 in the data directory")
    corpus = load_text("wikitext2")
    tokens = tokeniser("split", corpus.documents["train"])
    streams = prepare(corpus, tokens)
    assert tokens.size == 33_278
    assert [len(streams[split].ids) for split in ("train", "valid", "test")] == [2_088_628, 217_646, 245_569]
    for split, stream in streams.items():
        assert stream.characters.sum(dtype=float) == sum(map(len, corpus.documents[split]))
    assert tokens.unknown("".join(corpus.documents["test"])) == []


@pytest.mark.parametrize(
    ("kind", "prompt", "more", "wanted"),
    [
        ("split", "the cat", "on a", "the cat on a"),
        ("split", "the cat ", "on", "the cat on"),
        ("split", "the cat\n", "on", "the cat\non"),
        ("split", "the cat", "\non", "the cat\non"),
        ("split", "", "on", "on"),
        ("words", "the cat", " on a", "the cat on a"),
        ("characters", "the c", "at", "the cat"),
    ],
)
def test_a_text_goes_on_as_its_tokens_stand(kind, prompt, more, wanted):
    found = tokeniser(kind, ["the cat on a cat\non a the cat on a\n"] * 2)
    assert found.continued(prompt, found.encode(more).ids) == wanted
