"""Tokenisers: texts come back, characters add up, what a token does not tell has its price."""

import math

import numpy as np
import pytest
from hypothesis import given

from rnn_research.data.encoding import ANY_CHARACTER, UNKNOWN
from rnn_research.data.reductions import REDUCTIONS
from rnn_research.data.streams import prepare
from rnn_research.data.text import load_text
from rnn_research.data.tokens import TOKENISERS, tokeniser
from rnn_research.ngrams import count, kneser_ney, log_probabilities
from tests.support.texts import ENGLISH, OTHERS, RUSSIAN, anything, languages, price

kinds = pytest.mark.parametrize("kind", TOKENISERS)


@pytest.fixture(scope="module")
def byte_pairs():
    return tokeniser("bpe", [ENGLISH, RUSSIAN], vocabulary=300)


# Any tokeniser.


@kinds
@languages
def test_the_training_text_comes_back_and_its_characters_add_up(kind, language, text):
    tokens = tokeniser(
        kind, [text[:50], text[50:]], language=language, **({"vocabulary": 300} if kind == "bpe" else {})
    )
    assert len(tokens.names) == tokens.size
    encoded = tokens.encode(text)
    assert [field.dtype for field in encoded] == [np.int32, np.float32, np.float32]
    assert len({len(field) for field in encoded}) == 1
    assert encoded.ids.min() >= 0 and encoded.ids.max() < tokens.size
    assert encoded.characters.min() >= 0 and encoded.extra.min() >= 0
    whole = text if kind != "split" else text.replace("  ", " ")
    assert encoded.characters.sum() == len(whole)
    assert np.all(encoded.extra == 0) or kind in ("words", "bare_words")
    if kind not in ("words", "bare_words"):  # which does not keep words seen once
        assert tokens.decode(encoded.ids) == whole
        assert tokens.unknown(text) == []
    for field in tokens.encode(""):
        assert field.shape == (0,)
    assert tokens.decode([]) == "" and tokens.unknown("") == []
    assert tokens.encode("").ids.dtype == np.int32


@kinds
def test_characters_of_other_texts_add_up_and_what_is_unknown_has_a_price(kind):
    tokens = tokeniser(kind, [ENGLISH])
    for text in (RUSSIAN, OTHERS, "x", " ", "\n", "  \n "):
        encoded = tokens.encode(text)
        while kind == "split" and "  " in text:
            text = text.replace("  ", " ")
        if kind != "split" or text.strip(" "):
            assert encoded.characters.sum() == len(text)
        if kind != "bpe":
            unknown = encoded.ids == tokens.names.index(UNKNOWN)
            assert np.all(encoded.extra[unknown] > 0)
            assert bool(tokens.unknown(text)) == unknown.any()
        assert np.all(np.isfinite(encoded.extra))


@kinds
def test_two_trainings_agree(kind):
    one, two = (tokeniser(kind, [ENGLISH, RUSSIAN]) for _ in range(2))
    assert one.names == two.names
    for a, b in zip(one.encode(ENGLISH + OTHERS), two.encode(ENGLISH + OTHERS)):
        np.testing.assert_array_equal(a, b)


def test_options_that_make_no_sense():
    with pytest.raises(ValueError, match="unknown tokeniser 'character'; did you mean 'characters'"):
        tokeniser("character", ["a"])
    with pytest.raises(ValueError, match="unknown reduction 'lemmas'; did you mean 'lemma'"):
        tokeniser("words", ["a"], reduce="lemmas")
    with pytest.raises(ValueError, match="unknown language 'rusian'; did you mean 'russian'"):
        tokeniser("words", ["a"], reduce="stem", language="rusian")
    with pytest.raises(ValueError, match="unknown language 'rusian'"):  # where it is not read, too
        tokeniser("characters", ["a"], language="rusian")
    with pytest.raises(ValueError, match="unknown reduction 'lemm'; did you mean 'lemma'"):
        tokeniser("characters", ["a"], reduce="lemm")
    with pytest.raises(ValueError, match="'characters' have no choice of vocabulary"):
        tokeniser("characters", ["a"], vocabulary=9)
    with pytest.raises(ValueError, match="reduce='stem' is for words"):
        tokeniser("bpe", ["a"], reduce="stem")
    with pytest.raises(ValueError, match="vocabulary of 256"):
        tokeniser("bpe", ["a"], vocabulary=255)
    with pytest.raises(ValueError, match="not -1"):
        tokeniser("words", ["a"], vocabulary=-1)
    with pytest.raises(ValueError, match="no text"):
        tokeniser("words", [""])


def test_bits_per_character_of_one_text_are_comparable():
    """A unigram model of each kind of tokens, with its extra costs, is far from the others by no more than expected."""
    corpus = load_text(limit=100_000)
    bits = {}
    for name, kind, options in [
        ("characters", "characters", {}),
        ("bpe", "bpe", {}),
        *((f"words {reduce}", "words", {"reduce": reduce}) for reduce in REDUCTIONS),
        ("few words", "words", {"vocabulary": 100}),
    ]:
        tokens = tokeniser(kind, corpus.documents["train"], **options)
        streams = prepare(corpus, tokens)
        train, valid = streams["train"], streams["valid"]
        model = kneser_ney(count(train.ids, 2, tokens.size))
        nats = -log_probabilities(model, valid.ids).sum() + valid.extra.astype(float).sum()
        assert valid.characters.sum(dtype=float) == sum(map(len, corpus.documents["valid"]))
        bits[name] = nats / valid.characters.sum(dtype=float) / math.log(2)
    assert all(1.5 < value < 4 for value in bits.values()), bits
    assert bits["characters"] == max(bits.values())  # two characters tell least
    # To merge what differs and to tell it apart again without context can only cost.
    assert bits["words none"] < min(bits["words lower"], bits["words stem"], bits["words lemma"], bits["few words"])


# Characters.


def test_characters_are_sorted_and_others_are_unknown():
    tokens = tokeniser("characters", ["ca", "b\n"])
    assert tokens.names == ("\n", "a", "b", "c", UNKNOWN)
    encoded = tokens.encode("cab𝕏aя𝕏")
    assert encoded.ids.tolist() == [3, 1, 2, 4, 1, 4, 4]
    np.testing.assert_allclose(encoded.extra, np.log(1114112) * np.array([0, 0, 0, 1, 0, 1, 1]), rtol=1e-6)
    assert tokens.unknown("cab𝕏aя𝕏") == ["𝕏", "я"]
    assert tokens.decode(encoded.ids) == "cab<unk>a<unk><unk>"


@given(anything, anything)
def test_characters_of_any_text(train, text):
    tokens = tokeniser("characters", [train + "."])
    assert tokens.decode(tokens.encode(train).ids) == train
    assert tokens.unknown(text) == [c for c in dict.fromkeys(text) if c not in train + "."]
    assert price(tokens, text) == pytest.approx(sum(c not in train + "." for c in text) * ANY_CHARACTER, rel=1e-6)


# Byte pairs.


@given(anything)
def test_byte_pairs_lose_nothing(byte_pairs, text):
    encoded = byte_pairs.encode(text)
    assert byte_pairs.decode(encoded.ids) == text
    assert encoded.characters.sum() == len(text) and np.all(encoded.characters >= 0) and not encoded.extra.any()
    assert byte_pairs.unknown(text) == []
    for n in range(1, len(encoded.ids) + 1):
        begun = byte_pairs.decode(encoded.ids[:n])
        assert encoded.characters[:n].sum() == len(begun.removesuffix("\ufffd"))  # which stands for one cut off


def test_a_character_counts_for_the_token_that_completes_it():
    tokens = tokeniser("bpe", ["aaaa"], vocabulary=256)
    encoded = tokens.encode("aя日𝕏")
    assert len(encoded.ids) == 10
    assert encoded.characters.tolist() == [1, 0, 1, 0, 0, 1, 0, 0, 0, 1]
    assert [tokens.names[i] for i in encoded.ids[:3]] == ["a", "\\xd1", "\\x8f"]


def test_byte_pairs_learn_frequent_ones(byte_pairs):
    assert byte_pairs.size == 300
    assert " house" in byte_pairs.names and "\n" in byte_pairs.names
    assert len(byte_pairs.encode(ENGLISH).ids) < 0.6 * len(ENGLISH)
    assert tokeniser("bpe", [ENGLISH]).size < 1000  # no more pairs occur twice
