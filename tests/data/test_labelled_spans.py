"""Files of labelled spans: checked against their scheme, encoded and written without the corpus."""

import json

import numpy as np
import pytest

from rnn_research.data.codec import Labeller, from_json, to_json
from rnn_research.data.labelled_sentences import layout, read_sentences
from rnn_research.data.labelled_spans import LabelledSpans, check_spans, check_types, converted, types_of
from rnn_research.data.spans import names_of
from rnn_research.data.spelled_words import LabelledWords, vocabulary_of

FORM = layout("columns")
TEXT = "Anna\tB-person\nlives\tO\n\nin\tO\nNew\tB-place\nYork\tI-place\n"
SENTENCES = read_sentences(TEXT, "file", FORM)


def codec(labels, scheme):
    words = vocabulary_of([one.words for one in SENTENCES], [], letters=4)
    return LabelledSpans(LabelledWords(words, names_of(types_of(SENTENCES), labels), FORM), scheme)


@pytest.mark.parametrize("labels", ["bio", "iob1", "bioes", "io"])
def test_answers_of_any_scheme_are_written_in_that_of_the_files(labels):
    labeller = from_json(json.loads(json.dumps(to_json(codec(labels, "bio")))))
    assert isinstance(labeller, Labeller) and labeller == codec(labels, "bio")
    examples = labeller.read(b"Anna\nlives\n\nin\nNew\nYork\n", "standard input")
    inputs, lengths = labeller.encode(examples)
    assert lengths.tolist() == [2, 3] and inputs.words.shape == (2, 3)
    answers = np.zeros((2, 5), int)
    for row, one in enumerate(converted(SENTENCES, labels)):
        answers[row, : len(one.labels)] = [labeller.names.index(label) for label in one.labels]
    assert labeller.write(examples, answers).decode() == TEXT


def test_labels_of_known_types_are_a_column_of_labels_in_any_scheme():
    labeller = codec("io", "bio")
    for text in ("Anna\tS-person\n", "Anna\tO\n", "Anna\tB-thing\nin\tO\n"):
        assert len(labeller.read(text.encode(), "x")) == 1
    for text in ("Anna lives\nin York\n", "Anna\tB-thing\n"):
        with pytest.raises(ValueError, match=r"^x:1: '\S+' stands where the label does in training"):
            labeller.read(text.encode(), "x")


@pytest.mark.parametrize("labels", ["bio", "io"])
def test_agreement_is_the_f1_of_spans(labels):
    labeller = codec(labels, "bio")
    examples = labeller.read(TEXT.encode(), "x")
    letter = "I" if labels == "io" else "B"
    answers = [
        np.array([labeller.names.index(name) for name in (*found, "O")])  # the last is past the end
        for found in ((f"{letter}-person", "O"), ("O", "O", f"{letter}-place"))
    ]
    assert labeller.agreement(examples, answers) == {"span_f1": 2 * 1 / (2 + 2)}
    assert labeller.agreement(labeller.read(b"Anna\tO\nlives\tO\n", "x"), answers[:1]) == {}
    # What is to be filled in is no span that was missed, nor are spans found there wrong.
    for text in (b"Anna\nlives\n", b"Anna\t_\nlives\t_\n"):
        assert labeller.agreement(labeller.read(text, "x"), answers[:1]) == {}
    half = labeller.read(b"Anna\t_\nlives\t_\n" + TEXT[TEXT.index("\n\n") + 1 :].encode(), "x")
    assert labeller.agreement(half, answers) == {"span_f1": 0}
    right = [answers[0], np.array([labeller.names.index(name) for name in converted(SENTENCES, labels)[1].labels])]
    assert labeller.agreement(half, right) == {"span_f1": 1}


def test_what_a_scheme_forbids_is_named_by_file_and_line():
    check_spans(SENTENCES, "bio", "file")
    with pytest.raises(ValueError, match=r"^file:1: I-place cannot stand at the beginning in the scheme bio$"):
        check_spans(read_sentences("York\tI-place\n", "file", FORM), "bio", "file")
    with pytest.raises(ValueError, match=r"^file:3: no label$"):
        check_spans(read_sentences("a\tO\n\nb\t\n", "file", FORM), "bio", "file")
    with pytest.raises(ValueError, match=r"^file:2: O cannot stand after B-person in the scheme bioes$"):
        check_spans(SENTENCES, "bioes", "file")


def test_types_that_training_lacks_are_named():
    assert types_of(SENTENCES) == ("person", "place")
    check_types(SENTENCES, ("person", "place", "thing"), "file")
    with pytest.raises(ValueError, match=r"^file:5: the training sentences hold no spans of type 'place'"):
        check_types(SENTENCES, ("person",), "file")
