"""Labellings out of frames, against all paths counted out."""

import jax
import numpy as np
import pytest
from scipy.special import log_softmax

from rnn_research.decoding.labellings import best_path, prefix_beam
from tests.support.paths import by_labelling, labelling_of

ROWS, TIME, CLASSES, MOST = 40, 4, 3, 4
ALL = 31  # labellings of at most 4 labels of 2
beam = jax.jit(prefix_beam, static_argnames=("most", "width"))


@pytest.fixture(scope="module")
def frames():
    """Sharp and flat rows, every length from 0 on; what is padding holds anything."""
    rng = np.random.default_rng(0)
    scale = rng.uniform(0.2, 4, (ROWS, 1, 1))
    scores = log_softmax(rng.normal(size=(ROWS, TIME, CLASSES)) * scale, axis=-1).astype(np.float32)
    lengths = np.where(np.arange(ROWS) % 2, TIME, np.arange(ROWS) // 2 % (TIME + 1))
    valid = np.arange(TIME) < lengths[:, None]
    return np.where(valid[..., None], scores, np.log(np.float32(0.9))), valid, lengths


def kept(ids, lengths):
    """The labellings; what stands past their ends is 0."""
    for row, length in zip(ids, lengths):
        assert not row[length:].any()
    return [tuple(row[:length].tolist()) for row, length in zip(np.asarray(ids), lengths)]


def test_the_best_path_is_the_labelling_of_every_frame_s_likeliest_class(frames):
    scores, valid, lengths = frames
    found = kept(*best_path(scores, valid, MOST))
    expected = [
        labelling_of(row[:length].argmax(axis=-1).tolist(), CLASSES - 1) for row, length in zip(scores, lengths)
    ]
    assert found == expected
    assert len(set(found)) > 6
    assert kept(*best_path(scores, valid, 1)) == [labelling[:1] for labelling in expected]


def test_a_beam_that_holds_all_labellings_finds_the_likeliest(frames):
    scores, valid, lengths = frames
    ids, counts, found = beam(scores, valid, most=MOST, width=ALL)
    greedy = kept(*best_path(scores, valid, MOST))
    better = 0
    for row, (labelling, score) in enumerate(zip(kept(ids, counts), np.asarray(found))):
        exact = by_labelling(scores[row, : lengths[row]])
        assert np.exp(score) == pytest.approx(exact[labelling], rel=1e-5)
        assert exact[labelling] == pytest.approx(max(exact.values()), rel=1e-5)
        better += exact[labelling] > exact[greedy[row]] * (1 + 1e-4)
    assert better > 2  # or the search would not be seen to do anything


def test_a_labelling_that_is_too_long_is_not_looked_for(frames):
    scores, valid, lengths = frames
    ids, counts, found = beam(scores, valid, most=1, width=3)
    for row, (labelling, score) in enumerate(zip(kept(ids, counts), np.asarray(found))):
        exact = {key: value for key, value in by_labelling(scores[row, : lengths[row]]).items() if len(key) <= 1}
        assert exact[labelling] == pytest.approx(max(exact.values()), rel=1e-5)
        assert np.exp(score) == pytest.approx(exact[labelling], rel=1e-5)


def test_a_narrow_beam_says_no_more_than_there_is(frames):
    """A score is a sum over some of the labelling's paths, each counted once."""
    scores, valid, lengths = frames
    for width in (1, 3):
        ids, counts, found = beam(scores, valid, most=MOST, width=width)
        for row, (labelling, score) in enumerate(zip(kept(ids, counts), np.asarray(found))):
            assert np.exp(score) <= by_labelling(scores[row, : lengths[row]])[labelling] * (1 + 1e-5)


def test_padding_changes_nothing(frames):
    scores, valid, _ = frames
    longer = np.concatenate([scores, np.full((ROWS, 2, CLASSES), -0.1, np.float32)], axis=1)
    more = np.pad(valid, ((0, 0), (0, 2)))
    for short, long in (
        (best_path(scores, valid, MOST), best_path(longer, more, MOST)),
        (beam(scores, valid, most=MOST, width=5), beam(longer, more, most=MOST, width=5)),
    ):
        for a, b in zip(short, long):
            np.testing.assert_array_equal(a, b)
