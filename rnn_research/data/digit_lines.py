"""Lines of digits, put side by side from single ones on the device: pictures, and what a pen wrote (S24).

A line draws how many digits it has, which ones, the gaps between them (some of them negative: digits touch and overlap)
and how far each stands above or below the others, all from numbers that are uniform on [0, 1). All its digits come from
one group: of those of one writer, or of a part of a split, so that lines of different parts share nothing.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.data.images import Images
from rnn_research.data.pen_digits import Digit, lifts, normalised

PARTS = 30  # of a held-out split of pictures
NEAREST = 0.25  # of a digit whose longer side is 2: points of a stroke are at least so far apart
FLATTEST = 50  # times as wide as high: what is flatter, as a dash is, has no height to go by
GAPS, SHIFTS = (-0.2, 0.6), (-0.5, 0.5)  # between written digits, on that scale


class Groups(NamedTuple):
    """Which digits may stand in one line.

    Attributes:
      members: numbers of digits, ``[groups, most]``; a row's first ``sizes`` count.
      sizes: ``[groups]``.
    """

    members: Any
    sizes: Any


class Pictures(NamedTuple):
    """Single digits: ``pixels [n, side, side]`` uint8, ``labels [n]``, and the groups that they come in."""

    pixels: Any
    labels: Any
    groups: Groups


class Strokes(NamedTuple):
    """Written digits, the longer side of each 2, its left edge at x = 0 and its middle at y = 0.

    Attributes:
      points: ``[n, most, 2]``, x to the right, y upwards; ``counts [n]`` of them count.
      lifts: 1 where the pen is lifted after the point, ``[n, most]``.
      widths, labels: ``[n]``.
      groups: by writer.
    """

    points: Any
    lifts: Any
    counts: Any
    widths: Any
    labels: Any
    groups: Groups


class Lines(NamedTuple):
    """Composed lines.

    Attributes:
      frames: what is read step by step, ``[lines, time, features]``, zeros past the end.
      times: steps of each, ``[lines]``.
      ids: the labels from left to right, ``[lines, digits]``, 0 past the end.
      lengths: how many there are, ``[lines]``.
    """

    frames: jax.Array
    times: jax.Array
    ids: jax.Array
    lengths: jax.Array


def grouped(numbers: Sequence[int] | np.ndarray) -> Groups:
    """Digits by the number of their group, whatever the numbers are; the groups in the order of those."""
    rows = [np.flatnonzero(np.asarray(numbers) == number) for number in np.unique(numbers)]
    sizes = np.array([len(row) for row in rows], np.int32)
    members = np.zeros((len(rows), sizes.max()), np.int32)
    for member, row in zip(members, rows, strict=True):
        member[: len(row)] = row
    return Groups(members, sizes)


def pictures(images: Images, split: str) -> Pictures:
    """A split's digits: those of training in one group, others dealt out to ``PARTS`` of them."""
    labels = images.labels[split]
    groups = np.arange(len(labels)) % (1 if split == "train" else PARTS)
    return Pictures(images.pixels[split], labels.astype(np.int32), grouped(groups))


def strokes(digits: Sequence[Digit]) -> Strokes:
    """Digits by their writers."""
    kept = []
    for digit in digits:
        points = normalised(digit.points)
        few = thinned(points, digit.strokes, NEAREST)
        kept.append((points[few] - [points[:, 0].min(), 0], digit.strokes[few]))
    counts = np.array([len(points) for points, _ in kept], np.int32)
    padded = np.zeros((len(kept), counts.max(), 2), np.float32)
    lifted = np.zeros(padded.shape[:2], np.float32)
    for row, (points, own) in enumerate(kept):
        padded[row, : len(points)], lifted[row, : len(points)] = points, lifts(own)
    return Strokes(
        padded,
        lifted,
        counts,
        padded[..., 0].max(axis=1),
        np.array([digit.label for digit in digits], np.int32),
        grouped([digit.writer for digit in digits]),
    )


def thinned(points: np.ndarray, stroke: np.ndarray, nearest: float) -> np.ndarray:
    """Which points to keep, whole numbers: of every stroke the first, each that is at least ``nearest`` from the one
    kept before it, and the last. To thin what is kept again leaves all of it.

    Args:
      points: ``[n, 2]``.
      stroke: which stroke each belongs to, ``[n]``.
    """
    places, own, kept = points.tolist(), stroke.tolist(), [0]
    for index in range(1, len(places)):
        begins = own[index] != own[index - 1]
        ends = index + 1 == len(own) or own[index + 1] != own[index]
        if begins or ends or math.dist(places[index], places[kept[-1]]) >= nearest:
            kept.append(index)
    return np.array(kept)


def numbers_drawn(digits: int) -> int:
    """How many numbers a line of up to so many digits is made of."""
    return 3 * digits + 3


class _Draws(NamedTuple):
    rows: jax.Array
    lengths: jax.Array
    counts: jax.Array
    gaps: jax.Array
    shifts: jax.Array
    margin: jax.Array


def _shared_out(groups: Groups, draws: jax.Array, group: jax.Array | None) -> _Draws:
    """The numbers of every line by what they are for; those for places stay uniform on [0, 1)."""
    digits = (draws.shape[1] - 3) // 3
    which, gaps, shifts, (number, own, margin) = (
        *(draws[:, part * digits : (part + 1) * digits] for part in range(3)),
        draws[:, -3:].T,
    )
    if group is None:
        group = whole(own, 0, len(groups.sizes))
    rows = groups.members[group[:, None], whole(which, 0, groups.sizes[group][:, None])]
    lengths = 1 + whole(number, 0, digits)
    return _Draws(rows, lengths, jnp.arange(digits)[None] < lengths[:, None], gaps, shifts, margin)


def whole(uniform: jax.Array, low: int | jax.Array, high: int | jax.Array) -> jax.Array:
    """Numbers uniform on [0, 1) as whole numbers uniform on [low, high)."""
    return low + jnp.floor(uniform * (high - low)).astype(jnp.int32)


def picture_size(side: int, digits: int) -> tuple[int, int]:
    """Columns of the widest line of so many pictures, and rows of every line."""
    slack = side // 4
    return digits * (side + slack) + slack, side + 2 * slack


def compose_pictures(pool: Pictures, draws: jax.Array, brightest: float, group: jax.Array | None = None) -> Lines:
    """Lines whose frames are the columns of a picture from left to right, ink 1 on 0.

    With a quarter of the side as slack, gaps and shifts up and down are whole numbers from −slack to slack, and margins
    on the left and on the right from 0 to slack. Ink that overlaps adds up to at most 1.

    Args:
      pool: whose digits; its arrays may be NumPy's.
      draws: uniform on [0, 1), ``[lines, numbers_drawn(digits)]``.
      brightest: the value of a pixel that is all ink.
      group: of each line, ``[lines]``; None: drawn.
    """
    pool = jax.tree.map(jnp.asarray, pool)
    drawn = _shared_out(pool.groups, draws, group)
    side, digits = pool.pixels.shape[1], drawn.rows.shape[1]
    slack = side // 4
    columns, height = picture_size(side, digits)
    least = jnp.where(jnp.arange(digits) == 0, 0, -slack)[None]
    starts = jnp.cumsum(whole(drawn.gaps, least, slack + 1), axis=1) + side * jnp.arange(digits)[None]
    last = jnp.take_along_axis(starts, drawn.lengths[:, None] - 1, axis=1)[:, 0]
    times = last + side + whole(drawn.margin, 0, slack + 1)
    ink = pool.pixels[drawn.rows].astype(jnp.float32) / brightest * drawn.counts[..., None, None]
    # As products with matrices of ones and zeros, which all devices multiply fast.
    pixels, shifts = jnp.arange(side)[None, None, None], whole(drawn.shifts, 0, 2 * slack + 1)
    down = jnp.arange(height)[None, None, :, None] == pixels + shifts[..., None, None]
    across = jnp.arange(columns)[None, None, :, None] == pixels + starts[..., None, None]
    moved = jnp.einsum("bnhr,bnrc->bnhc", down.astype(jnp.float32), ink)
    frames = jnp.einsum("bntc,bnhc->bth", across.astype(jnp.float32), moved)
    ids = jnp.where(drawn.counts, pool.labels[drawn.rows], 0)
    return Lines(jnp.minimum(frames, 1), times, ids, drawn.lengths)


def compose_strokes(pool: Strokes, draws: jax.Array, group: jax.Array | None = None) -> Lines:
    """Lines whose frames are points in the order of writing: how far each lies from the one before, to the right and
    upwards, on a scale on which the line is 2 high; and 1 where the pen is lifted after it. See ``line_features``.

    Args:
      pool, draws, group: as for ``compose_pictures``.
    """
    pool = jax.tree.map(jnp.asarray, pool)
    drawn = _shared_out(pool.groups, draws, group)
    digits, most = drawn.rows.shape[1], pool.points.shape[1]
    gaps = GAPS[0] + drawn.gaps * (GAPS[1] - GAPS[0])
    widths = pool.widths[drawn.rows]
    left = jnp.cumsum(widths + gaps, axis=1) - widths
    up = SHIFTS[0] + drawn.shifts * (SHIFTS[1] - SHIFTS[0])
    counts = jnp.where(drawn.counts, pool.counts[drawn.rows], 0)
    ends = jnp.cumsum(counts, axis=1)
    times = ends[:, -1]
    frame = jnp.arange(digits * most)[None]
    place = jnp.minimum((frame[..., None] >= ends[:, None]).sum(axis=-1), digits - 1)

    def of_frame(values):
        return jnp.take_along_axis(values, place, axis=1)

    rows, within = of_frame(drawn.rows), jnp.clip(frame - of_frame(ends - counts), 0, most - 1)
    points = pool.points[rows, within] + jnp.stack([of_frame(left), of_frame(up)], axis=-1)
    valid = frame < times[:, None]
    heights = jnp.where(valid, points[..., 1], -jnp.inf).max(axis=1) - jnp.where(valid, points[..., 1], jnp.inf).min(1)
    steps = jnp.diff(points, axis=1, prepend=points[:, :1]) * (2 / heights)[:, None, None]
    frames = jnp.concatenate([steps, pool.lifts[rows, within][..., None]], axis=-1)
    ids = jnp.where(drawn.counts, pool.labels[drawn.rows], 0)
    return Lines(jnp.where(valid[..., None], frames, 0), times, ids, drawn.lengths)


def line_scale(points: np.ndarray) -> float:
    """What to multiply points ``[n, 2]`` by so that their line is 2 high; or 2 wide, where it is flatter than
    ``FLATTEST``. 1 for points of one place."""
    width, height = np.ptp(points, axis=0).tolist()
    size = width if height * FLATTEST < width else height
    return 2 / size if size else 1.0


def line_features(points: np.ndarray, stroke: np.ndarray) -> np.ndarray:
    """A written line as ``compose_strokes`` gives its frames, ``[n, 3]`` float32; all of its points are kept.

    Args:
      points: ``[n, 2]``, on any scale; see ``line_scale``.
      stroke: which stroke each belongs to, ``[n]``.
    """
    steps = np.diff(points, axis=0, prepend=points[:1]) * line_scale(points)
    return np.concatenate([steps, lifts(stroke)[:, None]], axis=1).astype(np.float32)
