"""Write a digit with a pen, given which (S23): where the pen goes next, and whether it is lifted there."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.data.pen_digits import CLASSES, Digit, digest, lifts, normalised, pen_digits, resampled
from rnn_research.data.strokes import DOWN, OVER, PEN, Move, drawn, moves
from rnn_research.tasks.base import Batch, Goal, Inputs, Mean, OneToMany, Target, Task, Terms
from rnn_research.tasks.bucketed import bucketed
from rnn_research.tasks.measures import weighted

UNIT = 0.1  # of half the longer side of a digit: the size of an offset
COMPARED = 16  # points by which digits are compared
NAMES = tuple(map(str, range(CLASSES)))


class Written(NamedTuple):
    """Digits of a split: ``moves`` with leaves ``[n, time, ...]``, ``lengths [n]``, ``classes [n]``."""

    moves: Any
    lengths: Any
    classes: Any


def pen_drawing(every: int = 2, components: int = 10) -> Task:
    """The next move of the pen in a digit of a known class, given all moves before it, in nats a point: the density of
    the offset, in units of 1/20 of the digit's longer side, and the probability of what the pen does after it: draw on,
    be lifted, or be done. Digits are those of ``pen_digits``, validated and tested on people whom training does not
    know.

    A step reads the move before (zeros at first), the state of the pen as three numbers, and the class as ten, at every
    step. Coordinates are whole numbers of the tablet: a density could be as large as it liked on their lattice, so to
    each point a uniform random number within its unit is added, once, the same in every run (Uria, Murray and
    Larochelle 2013).

    Baseline: a Gaussian of the training split's offsets, and its frequencies of the pen's states. Perfect: the pen is
    known to a unit of the tablet, within which that number leaves nothing to be known; below 0, as a density may be.

    Args:
      every: of the points of a stroke each ``every``-th is kept, and the last.
      components: Gaussians of the mixture.

    Raises:
      ValueError: a number below 1, a file that holds no pen digits.
      DataNotFoundError: there are none in the data directory.
    """
    if every < 1 or components < 1:
        raise ValueError(f"pen_drawing needs every and components of 1 or more, not {every} and {components}")
    digits = pen_digits()
    known = {split: [as_moves(digit, every, row) for row, digit in enumerate(digits[split])] for split in digits}
    time = max(len(move.pen) for split in known.values() for move in split)
    written = {split: padded(known[split], [digit.label for digit in digits[split]], time) for split in digits}
    read = jax.jit(lambda of: batch_of(of.moves, of.classes, jnp.ones(len(of.classes)), of.lengths))
    data = bucketed({split: jax.tree.map(np.asarray, read(of)) for split, of in written.items()})
    return Task(
        data=data._replace(digest=digest(digits), facts={"training_examples": len(digits["train"])}),
        inputs=Inputs("numbers", 2 + PEN + CLASSES, time),
        target=Target("mixture", PEN, each_step=True, options=(("components", components),)),
        goal=Goal(
            "nats_per_point",
            "lower",
            baseline=_gaussian(known["train"], known["test"]),
            perfect=_unit(digits["test"], known["test"]),
        ),
        measure=nats,
        one_to_many=OneToMany(
            feed=feed,
            length=time,
            names=NAMES,
            polylines=lambda move: [UNIT * stroke for stroke in drawn(move)],
            features=features,
            examples=lambda split: jax.tree.map(np.asarray, (written[split].moves, written[split].classes)),
        ),
    )


def as_moves(digit: Digit, every: int, row: int) -> Move:
    """The moves of a digit, at least one; ``row`` is that of the random numbers."""
    noise = np.random.default_rng((row, len(digit.points))).uniform(-0.5, 0.5, digit.points.shape)
    points = normalised(digit.points + noise) / UNIT
    place = np.arange(len(points)) - np.searchsorted(digit.strokes, digit.strokes)  # within the stroke
    kept = (place % every == 0) | (lifts(digit.strokes) > 0)
    if kept.sum() < 2:
        return moves(np.repeat(points, 2, axis=0), np.zeros(2, int))
    return moves(points[kept], digit.strokes[kept])


def padded(found: list[Move], classes: list[int], time: int) -> Written:
    """Moves of unlike number; past the end offsets are 0 and the pen stays where it was, ``OVER``."""
    offset, pen = np.zeros((len(found), time, 2), np.float32), np.full((len(found), time), OVER, np.int32)
    for row, move in enumerate(found):
        offset[row, : len(move.pen)], pen[row, : len(move.pen)] = move
    lengths = jnp.asarray([len(move.pen) for move in found], jnp.int32)
    return Written(Move(jnp.asarray(offset), jnp.asarray(pen)), lengths, jnp.asarray(classes, jnp.int32))


def batch_of(move: Move, classes: jax.Array, weights: jax.Array, lengths: jax.Array) -> Batch:
    """Of moves ``[batch, time, ...]``: before each the one before it is read."""
    time = move.pen.shape[1]
    counts = jnp.arange(time)[None] < lengths[:, None]
    before = Move(
        jnp.pad(move.offset[:, :-1], ((0, 0), (1, 0), (0, 0))),
        jnp.pad(move.pen[:, :-1], ((0, 0), (1, 0)), constant_values=DOWN),
    )
    inputs = as_numbers(before, jnp.broadcast_to(classes[:, None], counts.shape))
    return Batch(jnp.where(counts[..., None], inputs, 0), move, jnp.where(counts, weights[:, None], 0), lengths)


def as_numbers(move: Move, classes: jax.Array) -> jax.Array:
    """``[..., 15]``: offset, state of the pen, class."""
    one_hot = jax.nn.one_hot
    return jnp.concatenate([move.offset, one_hot(move.pen, PEN), one_hot(classes, CLASSES)], axis=-1)


def feed(move: Move | None, classes: jax.Array) -> jax.Array:
    """What is read after a move of each row."""
    rows = len(classes)
    return as_numbers(move or Move(jnp.zeros((rows, 2)), jnp.full(rows, DOWN, jnp.int32)), classes)


def features(move: Move) -> np.ndarray:
    """Of one digit, ``[48]``: ``COMPARED`` points at even distances along its ink, in its box, and lifts of the pen."""
    strokes = drawn(move)
    points, of = np.concatenate(strokes), np.repeat(np.arange(len(strokes)), [len(stroke) for stroke in strokes])
    points, of = resampled(normalised(points), of, COMPARED)
    return np.column_stack([points, lifts(of)]).ravel()


def nats(terms: Terms, batch: Batch) -> dict[str, Mean]:
    """A point, which is the loss."""
    loss = weighted(terms.loss, terms.weight)
    return {"loss": loss, "nats_per_point": loss}


def _unit(digits: list[Digit], test: list[Move]) -> float:
    """Nats a point of a density that is 1 over the very unit of the tablet that the point lies in."""
    sides = np.array([max(np.ptp(digit.points, axis=0).max(), 1) for digit in digits])
    return float(np.average(-2 * np.log(sides / 2 * UNIT), weights=[len(move.pen) for move in test]))


def _gaussian(train: list[Move], test: list[Move]) -> dict[str, float]:
    """Test scores of one Gaussian for all offsets and the states' frequencies."""
    offsets, pens = (np.concatenate(leaves) for leaves in zip(*train, strict=True))
    wanted, states = (np.concatenate(leaves) for leaves in zip(*test, strict=True))
    inverse = np.linalg.inv(np.cov(offsets.T))
    apart = wanted - offsets.mean(axis=0)
    of_offset = 0.5 * np.einsum("ni,ij,nj->n", apart, inverse, apart) + np.log(2 * np.pi)
    of_offset -= 0.5 * np.log(np.linalg.det(inverse))
    shares = (np.bincount(pens, minlength=PEN) + 1) / (len(pens) + PEN)
    loss = float((of_offset - np.log(shares[states])).mean())
    return {"loss": loss, "nats_per_point": loss}
