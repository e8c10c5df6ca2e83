"""The CTC head: its loss by all paths counted out, its answers, what padding may hold."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import log_softmax

from rnn_research.data.own_lines import frames_needed
from rnn_research.decoding.labellings import best_path, prefix_beam
from rnn_research.experiment.config import ModelConfig
from rnn_research.heads import HEADS, Read
from rnn_research.tasks.base import Batch, Labelling, Target
from tests.support.heads import head_of, passing
from tests.support.paths import by_labelling

LABELS, TIME, MOST = 2, 4, 3
TARGET = Target("ctc", LABELS, each_step=False, time=MOST)
# A length of frames and a labelling that fits it: repeats, nothing at all, all that there is room for.
FITS = [(4, ()), (4, (0,)), (4, (1, 0, 1)), (4, (0, 0)), (3, (1, 1)), (4, (0, 0, 1)), (2, (1, 0)), (1, (1,)), (0, ())]


def batch_of(cases, weights=None):
    ids = np.zeros((len(cases), MOST), np.int32)
    for row, (_, labelling) in enumerate(cases):
        ids[row, : len(labelling)] = labelling
    lengths = np.array([len(labelling) for _, labelling in cases], np.int32)
    times = np.array([time for time, _ in cases], np.int32)
    weights = np.ones(len(cases), np.float32) if weights is None else weights
    return jax.tree.map(jnp.asarray, Batch(None, Labelling(ids, lengths), weights, times))


def read_of(scores):
    return Read(jnp.swapaxes(jnp.asarray(scores), 0, 1), None)  # type: ignore


@jax.jit
def terms_of(scores, batch):
    return head_of(TARGET).terms(passing(LABELS + 1), read_of(scores), batch, None)


@pytest.fixture(scope="module")
def scores():
    return np.random.default_rng(0).normal(size=(len(FITS), TIME, LABELS + 1)).astype(np.float32) * 2


def test_the_loss_is_the_sum_over_all_paths(scores):
    terms = terms_of(scores, batch_of(FITS))
    for row, (time, labelling) in enumerate(FITS):
        exact = by_labelling(log_softmax(scores[row, :time], axis=-1))[labelling]
        assert terms.loss[row] == pytest.approx(-np.log(exact), rel=1e-4, abs=1e-5)
        assert frames_needed(labelling) <= time


def test_with_a_delay_the_paths_that_write_earlier_do_not_count(scores):
    delay = 1
    head = head_of(TARGET._replace(options=(("delay", delay),)))
    fits = [case for case in FITS if frames_needed(case[1]) <= case[0] - delay and case[0]]
    batch, used = batch_of(fits), scores[: len(fits)]
    terms = head.terms(passing(LABELS + 1), read_of(used), batch, None)
    for row, (time, labelling) in enumerate(fits):
        late = log_softmax(used[row, :time], axis=-1)
        late[:delay] = [-np.inf] * LABELS + [0]
        assert terms.loss[row] == pytest.approx(-np.log(by_labelling(late)[labelling]), rel=1e-4, abs=1e-5)
    eager = np.where(np.arange(LABELS + 1) == 0, 9.0, 0.0) * np.ones((1, TIME, 1))
    answer = head.answer(passing(LABELS + 1), read_of(eager), batch_of([(1, ())]))
    assert int(answer.lengths[0]) == 0  # of one frame, which the delay takes


def test_a_labelling_that_does_not_fit_has_a_loss_that_is_finite_and_trained_on():
    """Which is why it has to be refused."""
    cases = [(2, (0, 0)), (2, (1, 0, 1)), (0, (1,)), (4, (1, 0))]
    scores = np.zeros((len(cases), TIME, LABELS + 1), np.float32)
    losses = np.asarray(terms_of(scores, batch_of(cases)).loss)
    assert [frames_needed(labelling) > time for time, labelling in cases] == [True, True, True, False]
    assert (losses[:3] > 9e4).all() and np.isfinite(losses).all() and losses[3] < 10


def test_right_is_whether_the_likeliest_path_is_the_labelling(scores):
    batch = batch_of(FITS)
    found, lengths = best_path(scores, np.arange(TIME) < np.asarray(batch.lengths)[:, None], MOST)
    expected = [tuple(ids[:length].tolist()) == labelling for ids, length, (_, labelling) in zip(found, lengths, FITS)]
    np.testing.assert_array_equal(terms_of(scores, batch).right, expected)
    answered = Labelling(found, lengths)
    np.testing.assert_array_equal(terms_of(scores, batch._replace(targets=answered)).right, True)


@pytest.mark.parametrize("width", [0, 16])
def test_answers_are_the_best_path_or_those_of_a_beam(scores, width):
    batch = batch_of(FITS)._replace(targets=None, weights=None)
    head = head_of(TARGET._replace(options=(("beam", width),)))
    found = head.answer(passing(LABELS + 1), read_of(scores), batch)
    valid = np.arange(TIME) < np.asarray(batch.lengths)[:, None]
    by_beam = prefix_beam(log_softmax(scores, axis=-1), valid, MOST, width)[:2] if width else None
    expected = Labelling(*(by_beam or best_path(scores, valid, MOST)))
    jax.tree.map(np.testing.assert_array_equal, found, expected)


def test_padding_may_hold_anything(scores):
    """Neither the loss nor its gradient know what lies past the lengths, nor in rows of weight 0."""
    weights = (np.arange(len(FITS)) % 3 > 0).astype(np.float32)
    batch = batch_of(FITS, weights)
    counts = (np.arange(TIME) < np.asarray(batch.lengths)[:, None]) & (weights > 0)[:, None]
    unread = np.arange(MOST) >= np.asarray(batch.targets.lengths)[:, None]

    @jax.jit
    def run(scores, batch):
        def of(params):
            terms = head_of(TARGET).terms(params, read_of(scores), batch, None)
            return jnp.sum(jnp.where(batch.weights > 0, terms.loss, 0)), terms.right

        return jax.value_and_grad(of, has_aux=True)(passing(LABELS + 1))

    (value, right), gradient = run(scores, batch)
    spoiled = np.where(counts[..., None], scores, np.float32(np.nan))
    spoiled[weights == 0] = 7.0  # the layers below keep these finite
    ids = np.where(unread, 1, batch.targets.ids)
    (value_2, right_2), gradient_2 = run(spoiled, batch._replace(targets=batch.targets._replace(ids=ids)))
    assert value == value_2
    np.testing.assert_array_equal(right[weights > 0], right_2[weights > 0])
    np.testing.assert_array_equal(gradient["bias"], gradient_2["bias"])
    assert np.isfinite(gradient_2["bias"]).all()


@pytest.mark.parametrize("target", [TARGET, Target("flattened", 3, each_step=False, time=TIME)])
def test_pooling_that_nothing_reads_is_refused(target):
    with pytest.raises(ValueError, match=r"model\.pooling=max is not for the head"):
        HEADS[target.head](ModelConfig(pooling="max"), target)


@pytest.mark.parametrize("target", [TARGET._replace(time=0), TARGET._replace(each_step=True)])
def test_targets_that_it_cannot_have_are_refused(target):
    with pytest.raises(ValueError, match="ctc needs"):
        head_of(target)
