"""The test score by parts of its split, against sums by hand and against draws of whole test splits."""

import numpy as np
import pytest

from rnn_research.exhibits import TEST_PARTS
from rnn_research.tasks.parts import MOST, STRETCH, scores_by_part, split_score


def test_the_parts_have_the_score_for_their_mean():
    rng = np.random.default_rng(0)
    total, weight = rng.exponential(size=(2, 40, 32))
    (curve,) = scores_by_part((total, weight), text=False)
    assert curve.name == TEST_PARTS and not curve.views
    assert len(curve.y) == MOST
    assert np.mean(curve.y) == pytest.approx(total.sum() / weight.sum(), rel=1e-12)


def test_parts_of_equal_weight_are_their_own_scores():
    """Two examples a part, in the order of the split: of one row batch after batch, then of the next."""
    total = np.arange(128.0).reshape(64, 2)  # [batches, rows]
    (curve,) = scores_by_part((total, np.ones((64, 2))), text=False)
    np.testing.assert_allclose(curve.y, total.T.reshape(64, 2).mean(axis=1))


def test_parts_of_a_text_are_long_stretches():
    """A part of a text is at least so many characters, as far as pieces of 50 allow; what fills up weighs nothing."""
    weight = np.full((30, 8), 50.0)
    weight[-3:, -1] = 0
    (curve,) = scores_by_part((weight * 2, weight), text=True)
    assert len(curve.y) == int(weight.sum() // STRETCH) == 5
    np.testing.assert_allclose(curve.y, 2)


def test_parts_of_many_documents_are_whole_ones():
    """Thirty-two documents over the rows of a batch: a piece belongs to the document that its first step is in."""
    rng = np.random.default_rng(0)
    total = rng.exponential(size=(4, 32))  # [batches, rows]; each row is the next stretch of the text
    weight = np.full((4, 32), 100.0)
    starts = np.zeros((4, 32, 10), bool)
    starts[0, :, 0] = True
    starts[2, 3, 5] = True  # a document that begins within a piece: what comes after belongs to it
    (curve,) = scores_by_part((total, weight), text=True, starts=starts)
    assert len(curve.y) == 33
    assert np.mean(curve.y) == pytest.approx(total.sum() / weight.sum())
    sums = [*total.sum(axis=0)]
    sums[3:4] = [total[:3, 3].sum(), total[3, 3]]
    sizes = [400, 400, 400, 300, 100, *[400] * 28]
    score, whole = total.sum() / weight.sum(), weight.sum()
    expected = [score + (s - score * w) * 33 / whole for s, w in zip(sums, sizes, strict=True)]
    np.testing.assert_allclose(curve.y, expected)


@pytest.mark.parametrize("sizes", [[4] * 6, [4] * 29, [160, *[4] * 60]], ids=["6", "29", "one large"])
def test_few_documents_say_nothing(sizes):
    """Documents of 40 steps in stretches of 10: too few, or worth too few of equal size; 30 alike are enough."""
    rng = np.random.default_rng(0)

    def parts(sizes):
        starts = np.zeros((sum(sizes), 1, 10), bool)  # [batches, rows, time]
        starts[np.cumsum([0, *sizes[:-1]]), 0, 0] = True
        return scores_by_part((rng.exponential(size=(sum(sizes), 1)), np.ones((sum(sizes), 1))), True, starts)

    assert parts(sizes) == ()
    assert len(parts([4] * 30)[0].y) == 30


def test_many_documents_are_put_together_and_none_is_cut():
    starts = np.ones((1, 640, 1), bool)
    (curve,) = scores_by_part((np.ones((1, 640)), np.ones((1, 640))), text=True, starts=starts)
    assert len(curve.y) == MOST


def test_what_fills_up_a_batch_is_no_part():
    weight = np.ones((2, 40))
    weight[1, 20:] = 0
    (curve,) = scores_by_part((weight * 3, weight), text=False)
    assert len(curve.y) == 60 and np.allclose(curve.y, 3)


def test_too_short_a_split_says_nothing():
    assert scores_by_part((np.ones((2, 2)), np.ones((2, 2))), text=False) == ()
    assert scores_by_part((np.ones((20, 2)), np.full((20, 2), 100.0)), text=True) == ()  # 4,000 characters
    assert scores_by_part((np.full((20, 2), np.inf), np.ones((20, 2))), text=False) == ()
    assert scores_by_part((np.zeros((20, 2)), np.zeros((20, 2))), text=False) == ()


def test_their_spread_is_that_of_scores_of_other_test_splits():
    """The standard error that they give, on average over splits, is the spread of the scores of the splits."""
    rng, scores, errors = np.random.default_rng(1), [], []
    for _ in range(400):
        weight = rng.integers(1, 6, 512).astype(float)
        total = weight * rng.normal(1, 0.5, 512) + rng.normal(size=512)
        parts = split_score(total, weight, 0)
        scores.append(parts.mean())
        errors.append(parts.var(ddof=1) / len(parts))
    assert np.sqrt(np.mean(errors)) == pytest.approx(np.std(scores), rel=0.1)
