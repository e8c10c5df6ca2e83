"""Lines put together on the device, against pasting them pixel by pixel and point by point."""

import jax
import numpy as np
import pytest

from rnn_research.data.digit_lines import (
    NEAREST,
    PARTS,
    Pictures,
    _shared_out,
    compose_pictures,
    compose_strokes,
    grouped,
    line_features,
    numbers_drawn,
    picture_size,
    pictures,
    strokes,
    thinned,
)
from rnn_research.data.images import digits
from rnn_research.data.pen_digits import Digit

SIDE, DIGITS, LINES = 8, 3, 64
BRIGHTEST = 16.0


@pytest.fixture(scope="module")
def drawn():
    """A pool of 20 pictures in 4 groups whose labels are their numbers, draws, and the lines they make."""
    pixels = np.random.default_rng(0).integers(0, 17, (20, SIDE, SIDE)).astype(np.uint8)
    pool = Pictures(pixels, np.arange(20, dtype=np.int32), grouped(np.arange(20) % 4))
    draws = jax.random.uniform(jax.random.key(1), (LINES, numbers_drawn(DIGITS)))
    return pool, draws, jax.device_get(jax.jit(compose_pictures, static_argnums=2)(pool, draws, BRIGHTEST))


def test_a_picture_is_its_digits_pasted_side_by_side(drawn):
    pool, draws, lines = drawn
    columns, height = picture_size(SIDE, DIGITS)
    assert lines.frames.shape == (LINES, columns, height)
    parts = jax.device_get(_shared_out(pool.groups, draws, None))
    overlaps = apart = 0
    for line in range(LINES):
        pasted, right = np.zeros((height, columns)), 0
        for digit in range(lines.lengths[line]):
            # The first margin is from 0 to a quarter of the side, the gaps from minus that on, in whole numbers.
            gap = int(parts.gaps[line, digit] * 3) if digit == 0 else int(parts.gaps[line, digit] * 5) - 2
            down, left = int(parts.shifts[line, digit] * 5), right + gap
            pasted[down : down + SIDE, left : left + SIDE] += pool.pixels[lines.ids[line, digit]] / BRIGHTEST
            right = left + SIDE
            overlaps, apart = overlaps + (gap < 0), apart + (digit > 0 and gap > 0)
        np.testing.assert_allclose(lines.frames[line].T, np.minimum(pasted, 1), atol=1e-6)
        assert right <= lines.times[line] <= right + 2 and lines.times[line] <= columns
    assert overlaps > LINES / 8 and apart > LINES / 8


def test_lines_have_every_length_and_digits_of_one_group(drawn):
    _, _, lines = drawn
    assert set(lines.lengths.tolist()) == {1, 2, 3}
    groups = [set((ids[:length] % 4).tolist()) for ids, length in zip(lines.ids, lines.lengths)]
    assert all(len(found) == 1 for found in groups) and len(set.union(*groups)) == 4
    assert set(lines.ids.ravel().tolist()) == set(range(20))
    assert all(not ids[length:].any() for ids, length in zip(lines.ids, lines.lengths))


def test_the_group_of_a_line_can_be_given(drawn):
    pool, draws, _ = drawn
    rows = jax.jit(lambda groups, draws, group: _shared_out(groups, draws, group).rows)
    assert (rows(pool.groups, draws, np.arange(LINES) % 4) % 4 == np.arange(LINES)[:, None] % 4).all()


def test_held_out_parts_share_no_picture_and_training_has_no_parts():
    images = digits()
    groups = pictures(images, "test").groups
    assert (groups.sizes == 300 // PARTS).all()
    assert sorted(groups.members.ravel().tolist()) == list(range(300))
    assert pictures(images, "train").groups.sizes.tolist() == [1197]


def test_groups_of_unlike_sizes():
    groups = grouped([7, 3, 7, 7])
    assert groups.sizes.tolist() == [1, 3]
    assert groups.members.tolist() == [[1, 0, 0], [0, 2, 3]]


def written(seed, count, writer, label):
    """A digit of two strokes, of random points on a random scale."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, rng.uniform(50, 300), (count, 2))
    return Digit(points, (np.arange(count) >= count // 2).astype(int), label, writer)


def test_a_written_line_is_its_digits_points_one_after_another():
    pool = strokes([written(seed, 9 + seed, seed % 2, seed) for seed in range(6)])
    draws = jax.random.uniform(jax.random.key(0), (16, numbers_drawn(DIGITS)))
    lines = jax.device_get(jax.jit(compose_strokes)(pool, draws))
    parts = jax.device_get(_shared_out(jax.tree.map(jax.numpy.asarray, pool.groups), draws, None))
    for line in range(16):
        points, own, left = [], [], 0.0
        for digit in range(lines.lengths[line]):
            row = lines.ids[line, digit]  # here a label is the digit's number
            left += parts.gaps[line, digit] * 0.8 - 0.2
            count = pool.counts[row]
            points.append(pool.points[row, :count] + [left, parts.shifts[line, digit] - 0.5])
            own.append(2 * digit + (np.cumsum(pool.lifts[row, :count]) - pool.lifts[row, :count]))
            left += pool.widths[row]
        expected = line_features(np.concatenate(points), np.concatenate(own))
        assert lines.times[line] == len(expected)
        np.testing.assert_allclose(lines.frames[line, : len(expected)], expected, atol=1e-5)
        assert not lines.frames[line, len(expected) :].any()
        assert len(set((lines.ids[line, : lines.lengths[line]] % 2).tolist())) == 1  # one writer


def test_thinning_leaves_ends_and_what_is_far_apart_and_nothing_to_thin():
    rng = np.random.default_rng(0)
    points, stroke = np.cumsum(rng.normal(size=(200, 2)) * 0.1, axis=0), np.arange(200) // 40
    kept = thinned(points, stroke, NEAREST)
    assert {0, 39, 40, 79, 80, 119, 120, 159, 160, 199} <= set(kept.tolist())
    inner = [i for i in range(1, len(kept)) if (kept[i] % 40) not in (0, 39)]
    distances = np.hypot(*(points[kept[inner]] - points[kept[np.array(inner) - 1]]).T)
    assert (distances >= NEAREST).all() and len(kept) < 150
    np.testing.assert_array_equal(thinned(points[kept], stroke[kept], NEAREST), np.arange(len(kept)))
