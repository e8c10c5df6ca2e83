"""Tokenisers: texts come back, characters add up, what a token does not tell has its price."""

import itertools
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnn_research.data.encoding import ANY_CHARACTER, UNKNOWN
from rnn_research.data.locate import find
from rnn_research.data.reductions import LANGUAGES, REDUCTIONS, STOP, reduction, stop_words
from rnn_research.data.spelling import spelling
from rnn_research.data.streams import prepare
from rnn_research.data.text import Corpus, load_text
from rnn_research.data.tokens import TOKENISERS, tokeniser
from rnn_research.data.words import DISCOUNT, classify
from rnn_research.ngrams import count, kneser_ney, log_probabilities

ROOT = Path(__file__).resolve().parents[2]
ENGLISH = "The houses were old.\nThe house, the old house!\n\tAn older house?  No: houses were the best.\n" * 3
RUSSIAN = "Дома были старые.\nДом, старый дом!\n\tВ старом доме?  Нет: это был новый дом.\n" * 3
OTHERS = "naïve 'façade' 𝕏 日本語 e\u0301 \r\x00 <unk> <eos>"
kinds = pytest.mark.parametrize("kind", TOKENISERS)
languages = pytest.mark.parametrize("language, text", [("english", ENGLISH), ("russian", RUSSIAN)])
anything = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffd"), max_size=60)


@pytest.fixture(scope="module")
def byte_pairs():
    return tokeniser("bpe", [ENGLISH, RUSSIAN], vocabulary=300)


def price(tokens, text):
    """Nats beyond the ids."""
    return float(tokens.encode(text).extra.astype(float).sum())


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
    assert np.all(encoded.extra == 0) or kind == "words"
    if kind != "words":  # which does not keep words seen once
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


# Words.


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


def test_classes_are_kept_by_frequency():
    text = "a a a b b c c d"
    assert tokeniser("words", [text]).names == (" a", " b", " c", UNKNOWN)  # those seen twice or more
    assert tokeniser("words", [text], vocabulary=1).names == (" a", UNKNOWN)
    assert tokeniser("words", [text], vocabulary=99).names == (" a", " b", " c", " d", "a", UNKNOWN)
    assert tokeniser("words", [text], vocabulary=2, reduce="lower").names == ("a", "b", UNKNOWN)


@pytest.mark.parametrize(
    "reduce, language, same, different",
    [
        ("lower", "english", ["The", " the", "THE", "the"], ["the", "house"]),
        ("lower", "russian", ["Дом", " дом", "ДОМ"], ["дом", "дома"]),
        ("stem", "english", [" house", "Houses", "housing"], ["house", "old"]),
        ("stem", "russian", ["старый", " Старые", "старом"], ["старый", "дом"]),
        ("lemma", "english", ["were", " is", "Be"], ["house", "old"]),
        ("lemma", "russian", ["Дома", " дом", "доме", "домом"], ["дом", "старый"]),
        ("stop", "english", ["The", " the", "and", "WAS"], ["house", " house"]),
        ("stop", "russian", ["Это", " и", "был"], ["дом", " дом"]),
        ("none", "english", ["the", "the"], ["the", " the"]),
    ],
)
def test_reductions(reduce, language, same, different):
    class_of = reduction(reduce, language)
    assert len({class_of(surface) for surface in same}) == 1
    assert len({class_of(surface) for surface in different}) == 2
    for blank in (" ", "\n", "\t", "\u00a0", "\u2003"):
        assert class_of(blank) == blank


def test_every_language_has_all_three_reductions():
    for language in LANGUAGES:
        for name in REDUCTIONS:
            assert reduction(name, language)(" 1999")
        assert len(stop_words(language)) > 50


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


def test_spelling_is_a_distribution_that_knows_its_words():
    known = ["house", "houses", "horse", "mouse", "дом"]
    nats = spelling(known)
    # Over the known characters, the end and the unknown one, one step at a time.
    letters = sorted(set("".join(known)))
    short = ["", *letters, *map("".join, itertools.product(letters, repeat=2))]
    total = np.exp(-nats(short)).sum()
    assert 0 < total < 1
    assert nats(["hous"])[0] < nats(["suoh"])[0] and nats(["mouses"])[0] < nats(["домses"])[0]
    assert nats(["ho日se"])[0] > nats(["hohse"])[0] + ANY_CHARACTER / 2
    np.testing.assert_allclose(nats(["house", "日"]), [nats(["house"])[0], nats(["日"])[0]])
    assert nats([]).shape == (0,)
    assert np.isfinite(spelling([])(["ab"])).all()


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


# Streams.


def test_a_stream_is_its_documents_one_after_another():
    corpus = Corpus("made", {"train": ("ab", "c", "bca"), "valid": ("a?",), "test": ()})
    streams = prepare(corpus, tokeniser("characters", corpus.documents["train"]))
    assert streams["train"].ids.tolist() == [0, 1, 2, 1, 2, 0]
    assert streams["train"].starts.tolist() == [True, False, True, True, False, False]
    assert streams["valid"].ids.tolist() == [0, 3] and streams["valid"].extra[1] == np.float32(ANY_CHARACTER)
    assert [field.shape for field in streams["test"]] == [(0,)] * 4
    assert [field.dtype for field in streams["train"]] == [np.int32, np.float32, np.float32, bool]


def test_a_document_without_tokens_leaves_no_trace():
    corpus = Corpus("made", {"train": ("  ", "a b", "  ", "c", " ")})
    stream = prepare(corpus, tokeniser("split", corpus.documents["train"]))["train"]
    assert len(stream.ids) == 3 and stream.starts.tolist() == [True, False, True]
