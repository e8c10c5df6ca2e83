"""F1 of spans on the device, against seqeval and nervaluate, on label sequences legal and not."""

import random

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.data.spans import convert, names_of
from rnn_research.tasks.base import Batch, Terms
from rnn_research.tasks.bucketed import Origin
from rnn_research.tasks.span_measures import span_means
from rnn_research.tasks.span_scores import span_numbers, spans_in

ROWS, TIME, TYPES = 40, 9, ("a", "b")


def drawn(scheme, seed, legal):
    """Targets that the scheme allows, and answers that differ from them here and there; as labels, and as a batch."""
    rng = random.Random(seed)
    names = names_of(TYPES, scheme)
    lengths = [rng.randrange(TIME + 1) for _ in range(ROWS)]
    targets = [convert(rng.choices(names, k=length), scheme) for length in lengths]
    answers = [[label if rng.random() < 0.7 else rng.choice(names) for label in row] for row in targets]
    if legal:
        answers = [convert(row, scheme) for row in answers]

    def ids(rows):  # what is past the end is anything
        return np.array([[names.index(label) for label in row] + [1] * (TIME - len(row)) for row in rows])

    weights = (np.arange(TIME)[None] < np.array(lengths)[:, None]).astype(np.float32)
    return names, targets, answers, Batch(None, ids(targets), weights, about=Origin(None, ids(targets))), ids(answers)


@pytest.mark.parametrize("legal", [True, False])
@pytest.mark.parametrize("scheme", ["bio", "iob1", "bioes", "io"])
def test_f1_is_that_of_seqeval_and_of_nervaluate(scheme, legal):
    seqeval = pytest.importorskip("seqeval.metrics")
    for seed in range(3):
        names, targets, answers, batch, ids = drawn(scheme, seed, legal)
        terms = Terms(jnp.zeros((ROWS, TIME)), batch.weights, ids == batch.targets, ids)
        found = jax.jit(span_means(names, names))(terms, batch)["span_f1"]
        assert float(found.total / found.weight) == pytest.approx(seqeval.f1_score(targets, answers), rel=1e-6)
        counts = batch.weights > 0
        numbers = span_numbers(*(spans_in(leaf, counts, names) for leaf in (batch.targets, ids)), TYPES)
        for name, theirs in (("precision", "precision"), ("recall", "recall"), ("span_f1", "f1")):
            assert numbers[name] == pytest.approx(getattr(seqeval, f"{theirs}_score")(targets, answers)), name
        assert numbers["macro_f1"] == pytest.approx(seqeval.f1_score(targets, answers, average="macro"))
        by_type = seqeval.f1_score(targets, answers, average=None)
        assert [numbers[f"f1/{kind}"] for kind in TYPES] == pytest.approx(by_type)


def test_an_illegal_answer_is_one_that_strict_seqeval_leaves_out_and_we_read():
    """The convention: an I that nothing precedes begins a span, as conlleval has it."""
    seqeval = pytest.importorskip("seqeval.metrics")
    scheme = pytest.importorskip("seqeval.scheme").IOB2
    names, target, answer = ("O", "B-a", "I-a"), ["O", "B-a", "I-a"], ["O", "I-a", "I-a"]
    true = np.array([[names.index(label) for label in target]])
    batch = Batch(None, true, np.ones((1, 3), np.float32), about=Origin(None, true))
    ids = np.array([[names.index(label) for label in answer]])
    found = span_means(names, names)(Terms(jnp.zeros((1, 3)), batch.weights, ids == batch.targets, ids), batch)[
        "span_f1"
    ]
    assert float(found.total / found.weight) == 1 == seqeval.f1_score([target], [answer])
    assert seqeval.f1_score([target], [answer], mode="strict", scheme=scheme) == 0


def test_sums_over_batches_are_those_of_the_whole():
    names, _, _, batch, ids = drawn("bio", 0, legal=False)

    def means(rows):
        part = Batch(None, batch.targets[rows], batch.weights[rows], about=Origin(None, batch.about.about[rows]))
        terms = Terms(jnp.zeros(part.weights.shape), part.weights, ids[rows] == part.targets, ids[rows])
        return span_means(names, names)(terms, part)["span_f1"]

    whole, parts = means(slice(None)), [means(slice(row, row + 10)) for row in range(0, ROWS, 10)]
    assert [float(sum(leaf)) for leaf in zip(*parts)] == [float(leaf) for leaf in whole]


def test_answers_of_another_scheme_are_held_against_the_true_spans():
    """In IO two neighbours are one span, which is none of the true ones."""
    true_names, names = names_of(TYPES, "bio"), names_of(TYPES, "io")
    true, answer = ["B-a", "B-a", "O", "B-b", "I-b"], ["I-a", "I-a", "O", "I-b", "I-b"]
    about, ids = (
        np.array([[every.index(label) for label in row]]) for every, row in ((true_names, true), (names, answer))
    )
    batch = Batch(None, ids, np.ones((1, 5), np.float32), about=Origin(None, about))
    found = span_means(true_names, names)(Terms(jnp.zeros((1, 5)), batch.weights, ids == ids, ids), batch)["span_f1"]
    assert (float(found.total), float(found.weight)) == (2, 3 + 2)
