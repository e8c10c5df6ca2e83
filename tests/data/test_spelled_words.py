"""Words and letters as numbers: case, suffix, unknown words, padding; and the codec that labels files."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.data.codec import Labeller, from_json, to_json
from rnn_research.data.labelled_sentences import layout, read_sentences, resolved
from rnn_research.data.spelled_words import LabelledWords, label_ids, label_names, padded, vocabulary_of

TRAIN = (("The", "cat", "the", "CAT", "the"), ("a", "catamaran"), ())
OTHER = (("dog", "Cat", "zebu"),)
WORDS = vocabulary_of(TRAIN, OTHER, letters=5)
FORM = layout("columns")
CODEC = LabelledWords(WORDS, ("N", "V"), FORM)


def test_words_are_numbered_in_lower_case_and_others_come_after_those_of_training():
    assert WORDS.surfaces[0] == "the" and set(WORDS.surfaces) == {"The", "the", "cat", "CAT", "a", "catamaran"}
    assert WORDS.size[:2] == (5, 7)
    assert WORDS.names[0] == "" and set(WORDS.names[1:5]) == {"the", "cat", "a", "catamaran"}
    assert WORDS.names[5:] == ("dog", "zebu")
    flat = WORDS.flat([("THE", "the", "Cat", "dog", "ant", "ant")])
    assert [WORDS.names[word] for word in flat.words] == ["the", "the", "cat", "dog", "", ""]
    known = len(WORDS.surfaces)
    assert (flat.surfaces > known).tolist() == [True, False, True, True, True, True]
    assert flat.surfaces[4] == flat.surfaces[5] != flat.surfaces[3]
    counts = dict(zip(WORDS.names, WORDS.word_counts))
    assert counts == {"": 0, "the": 3, "cat": 2, "a": 1, "catamaran": 1}


def test_letters_keep_case_and_the_ends_of_long_words():
    letters = {number: letter for letter, number in WORDS.characters.items()} | {0: "·", 1: "?"}

    def spelled(word):
        return "".join(letters[number] for number in WORDS.spell([word])[0])

    assert spelled("hat") == "hat··"
    assert spelled("cat") == "cat··" and spelled("CAT") == "??T··"  # a letter of one training word is unknown
    assert spelled("catamaran") == "cat" + "a?"  # n is in one word
    assert spelled("xthexxxat") == "?th" + "at"
    assert spelled("") == "·····"
    assert WORDS.size[2] == len(letters)
    with pytest.raises(ValueError, match="letters must be 2 or more, not 1"):
        vocabulary_of(TRAIN, OTHER, 1)


@pytest.mark.parametrize("xp", [np, jnp])
def test_sentences_side_by_side(xp):
    flat = WORDS.flat(TRAIN, np.arange(1, 8, dtype=np.int32))
    flat = jax.tree.map(xp.asarray, flat)
    inputs, labels, valid, lengths = padded(flat, xp.asarray([1, 0, 2]), 6)
    assert labels.tolist() == [[6, 7, 0, 0, 0, 0], [1, 2, 3, 4, 5, 0], [0] * 6]
    assert lengths.tolist() == [2, 5, 0] == valid.sum(axis=1).tolist()
    assert inputs.words.shape == inputs.surfaces.shape == (3, 6) and inputs.characters.shape == (3, 6, 5)
    assert {leaf.dtype.name for leaf in inputs} == {"int32"}
    assert not any(np.asarray(leaf)[~np.asarray(valid)].any() for leaf in inputs)
    for row, sentence in zip(range(3), (TRAIN[1], TRAIN[0], TRAIN[2])):
        assert np.array_equal(inputs.characters[row, : len(sentence)], WORDS.spell(sentence))


def test_the_codec_labels_files_by_itself():
    text = "The\tX\ncats\tX\n\ndog\tX\n"
    again = from_json(json.loads(json.dumps(to_json(CODEC))))
    assert isinstance(CODEC, Labeller) and again == CODEC and again.names == ("N", "V")
    for codec in (CODEC, again):
        examples = codec.read(text.encode(), "x")
        inputs, lengths = codec.encode(examples)
        assert lengths.tolist() == [2, 1] and inputs.words.shape == (2, 2)
        assert [WORDS.names[word] for word in inputs.words.ravel()] == ["the", "", "dog", ""]
        assert codec.write(examples, np.array([[1, 0, 0], [0, 1, 1]])) == b"The\tV\ncats\tN\n\ndog\tN\n"


def test_answers_agree_with_the_labels_that_are_there():
    answers = [np.array([1, 0, 0]), np.array([0, 1, 1])]
    for text, agreement in (
        ("The\tV\ncats\tV\n\ndog\tN\n", {"accuracy": 2 / 3}),
        ("The\tV\ncats\tX\n\ndog\tX\n", {"accuracy": 1 / 3}),
        ("The\tX\ncats\tX\n\ndog\tX\n", {}),
        ("The\ncats\n\ndog\n", {}),
    ):
        assert CODEC.agreement(CODEC.read(text.encode(), "x"), answers) == pytest.approx(agreement)


def test_a_file_of_other_columns_than_those_of_training_is_not_labelled():
    codec = LabelledWords(WORDS, ("N", "V"), layout("columns")._replace(column=2, width=2))
    again = from_json(json.loads(json.dumps(to_json(codec))))
    assert isinstance(again, LabelledWords) and again == codec
    with pytest.raises(ValueError, match=r"^x:1: 3 columns, not 2 as in training, or 1 without labels$"):
        again.read(b"the cat sat\n", "x")
    before = to_json(CODEC) | {"layout": ["columns", 0]}  # as trials of before have it
    assert from_json(before) == CODEC


def test_a_text_of_two_words_a_line_is_no_column_of_labels():
    for text in ("a dog\nthe cat\n", "dog\tzebu\n"):
        with pytest.raises(
            ValueError, match=r"^x:1: '\w+' stands where the label does in training, and no label of the"
        ):
            CODEC.read(text.encode(), "x")
    for text in ("a NN\nthe N\n", "a _\nthe _\n", "a X\nthe Y\n", "a\nthe\n"):
        assert len(CODEC.read(text.encode(), "x")) == 1


def test_nor_is_it_one_of_what_stood_beside_the_words_in_training():
    trained = resolved(FORM, read_sentences("The DT N\ncat NN N\n", "x", FORM))
    codec = from_json(json.loads(json.dumps(to_json(LabelledWords(WORDS, ("N", "V"), trained)))))
    assert isinstance(codec, LabelledWords) and codec.layout == trained
    with pytest.raises(ValueError, match=r"^x:1: 'dog' stands where 'DT' does in training, and nothing in that column"):
        codec.read(b"a dog\nthe cat\n", "x")
    for text in ("a DT\ndog XY\n", "a _\ndog _\n", "a XY N\n"):
        assert len(codec.read(text.encode(), "x")) == 1
    # Lemmas are of too many kinds to know one by.
    lemmas = "".join(f"{word} lemma{number} N\n" for number, word in enumerate(["cat"] * 201))
    assert resolved(FORM, read_sentences(lemmas, "x", FORM)).beside == ()


def test_labels_that_training_lacks_are_named():
    found = read_sentences("a\tN\nb\tV\n\nc\tN\n", "x", FORM)
    assert label_names(found, "x") == ("N", "V")
    with pytest.raises(ValueError, match=r"^x: every word to train on is labelled 'N'; two labels are needed$"):
        label_names(found[1:], "x")
    assert label_ids(found, ("N", "V"), "x").tolist() == [0, 1, 0]
    with pytest.raises(ValueError, match=r"^x:2: the training sentences hold no label 'V'; known: N$"):
        label_ids(found, ("N",), "x")
    for text in ("a\tN\nb\t\n", "a\nb\n"):
        missing = read_sentences(text, "x", FORM)
        line = 2 if "N" in text else 1
        with pytest.raises(ValueError, match=f"^x:{line}: no label$"):
            label_names(missing, "x")
        with pytest.raises(ValueError, match=f"^x:{line}: no label$"):
            label_ids(missing, ("N",), "x")
