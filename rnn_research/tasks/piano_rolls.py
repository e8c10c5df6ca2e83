"""Predict the next frame of a piece of music: which keys sound (Boulanger-Lewandowski, Bengio and Vincent 2012)."""

import hashlib
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.data.batching import LARGEST, batch_indices
from rnn_research.data.piano_rolls import KEYS, piano_rolls_of
from rnn_research.tasks.base import SPLITS, Batch, Data, Inputs, Mean, Target, Task, Terms, lower
from rnn_research.tasks.measures import weighted


class Rolls(NamedTuple):
    """The pieces of a split, end to end, and the parts that are read in training.

    Attributes:
      before: the frame before each, of the same piece, ``[frames, 88]`` uint8; silence before the first.
      frames: ``[frames, 88]`` uint8.
      first, count: of each part, its first frame and how many it has, ``[parts]``.
    """

    before: Any
    frames: Any
    first: Any
    count: Any


def piano_rolls(corpus: str = "JSB_Chorales", length: int = 200) -> Task:
    """The keys that sound next, given all frames before, scored in nats a frame: ``−ln p`` summed over the 88 keys,
    each a Bernoulli variable of its own, and averaged over all frames of the split, so that a long piece counts for
    more than a short one. The first frame of a piece counts too; what is read before it is silence.
    ``nats_after_first`` leaves it out, as the programs do that read ``x[:-1]`` and predict ``x[1:]``.

    Training reads the pieces in random order, each from the initial state and padded to the longest, cut into parts of
    ``length`` frames where it is longer. Held-out pieces are read whole whatever the length is: they lie end to end in
    the rows of several batches, through which the state is carried, and put back where a piece begins.

    Baseline: each key's frequency in the training split, as if it had sounded and been silent once more.

    Args:
      corpus: ``JSB_Chorales`` or ``Nottingham``: any file in ``poly_music/`` of the data directory, without ``.mat``.
      length: frames of a part in training, the longest that errors are sent back.

    Raises:
      ValueError: a length below 1, or a file that holds no piano rolls.
      DataNotFoundError: the corpus is not to be had.
    """
    if length < 1:
        raise ValueError(f"piano_rolls needs length 1 or more, not {length}")
    pieces = piano_rolls_of(corpus)
    time = min(length, max(map(len, pieces["train"])))
    rolls = {split: end_to_end(pieces[split], time) for split in SPLITS}

    def train(arrays: Rolls, key: jax.Array, step: jax.Array, size: int) -> Batch:
        parts, _ = batch_indices(len(arrays.first), key, "train", step, size)
        steps = jnp.arange(time)[None]
        counts = steps < arrays.count[parts][:, None]
        place = jnp.where(counts, arrays.first[parts][:, None] + steps, 0)
        starts = jnp.broadcast_to(steps == 0, counts.shape)
        return _batch(arrays.before[place], arrays.frames[place], counts, starts)

    @lru_cache(maxsize=8)
    def held_out(split: str, examples: int) -> Batch:
        place, starts = laid_out([len(piece) for piece in pieces[split]][:examples], time)
        found = _batch(rolls[split].before[place], rolls[split].frames[place], place >= 0, starts)
        return jax.tree.map(np.asarray, found)

    return Task(
        data=Data(
            arrays=jax.tree.map(jnp.asarray, rolls["train"]),
            train=train,
            held_out=held_out,
            carries=True,
            digest=_digest(rolls),
            facts={"training_examples": len(pieces["train"])},
        ),
        inputs=Inputs("numbers", KEYS, time),
        target=Target("bernoulli", KEYS, each_step=True),
        goal=lower("nats_per_frame", _frequencies(rolls["train"].frames, pieces["test"])),
        measure=nats,
    )


def _batch(before: Any, frames: Any, counts: Any, starts: Any) -> Batch:
    """Of uint8 frames; those that do not count are silence."""
    xp = counts.__array_namespace__()
    inputs, targets = (xp.where(counts[..., None], rolls, 0).astype(np.float32) for rolls in (before, frames))
    return Batch(inputs, targets, counts.astype(np.float32), starts=starts)


def nats(terms: Terms, batch: Batch) -> dict[str, Mean]:
    """A frame, with the first of each piece and without. A part in the middle of a piece begins anew, too."""
    loss = weighted(terms.loss, terms.weight)
    xp = terms.weight.__array_namespace__()
    later = weighted(terms.loss, xp.where(batch.starts, 0, terms.weight))
    return {"loss": loss, "nats_per_frame": loss, "nats_after_first": later}


def end_to_end(pieces: list[np.ndarray], length: int) -> Rolls:
    """Pieces one after another, in parts of at most ``length`` frames."""
    ends = np.cumsum([len(piece) for piece in pieces])
    parts = [
        (first, min(length, end - first))
        for piece, end in zip(pieces, ends, strict=True)
        for first in range(end - len(piece), end, length)
    ]
    before = [np.pad(piece[:-1], ((1, 0), (0, 0))) for piece in pieces]
    first, count = np.array(parts, np.int32).T
    return Rolls(np.concatenate(before), np.concatenate(pieces), first, count)


def laid_out(lengths: list[int], length: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the frames of whole pieces lie in batches of rows that go on from one batch to the next.

    The longest piece that is left goes to the row that is the shortest.

    Returns:
      ``[batches, rows, length]``: the frame's place among all end to end, −1 where there is none, and whether a piece
      begins with it.
    """
    rows = min(max(sum(lengths) // max(lengths), 1), LARGEST)
    ends = np.cumsum(lengths)
    places: list[list[int]] = [[] for _ in range(rows)]
    begins: list[list[bool]] = [[] for _ in range(rows)]
    for piece in sorted(range(len(lengths)), key=lambda piece: -lengths[piece]):
        row = min(range(rows), key=lambda row: len(places[row]))
        places[row] += range(ends[piece] - lengths[piece], ends[piece])
        begins[row] += [True] + [False] * (lengths[piece] - 1)
    batches = -(-max(map(len, places)) // length)
    place = np.full((rows, batches * length), -1)
    starts = np.zeros(place.shape, bool)
    for row in range(rows):
        place[row, : len(places[row])] = places[row]
        starts[row, : len(begins[row])] = begins[row]
    place, starts = (np.swapaxes(leaf.reshape(rows, batches, length), 0, 1) for leaf in (place, starts))
    return place, starts


def _digest(rolls: dict[str, Rolls]) -> str:
    found = hashlib.sha256()
    for split in SPLITS:
        for leaf in rolls[split]:
            found.update(np.ascontiguousarray(leaf).tobytes())
    return found.hexdigest()[:16]


def _frequencies(train: np.ndarray, test: list[np.ndarray]) -> dict[str, float]:
    """Test scores of the training split's frequencies."""
    share = (train.sum(axis=0) + 1.0) / (len(train) + 2)
    later = np.concatenate([piece[1:] for piece in test])

    def nats_of(frames: np.ndarray) -> float:
        return float(-np.where(frames > 0, np.log(share), np.log1p(-share)).sum(axis=1).mean())

    loss = nats_of(np.concatenate(test))
    return {"loss": loss, "nats_per_frame": loss, "nats_after_first": nats_of(later)}
