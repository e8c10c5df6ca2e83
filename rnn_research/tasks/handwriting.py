"""Reading lines of handwriting: columns of a picture or points of a pen in, characters out (S24)."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.data import pen_digits as pen
from rnn_research.data.batching import stack_batches
from rnn_research.data.digit_lines import (
    Lines,
    compose_pictures,
    compose_strokes,
    numbers_drawn,
    picture_size,
    pictures,
    strokes,
)
from rnn_research.data.images import digits as embedded
from rnn_research.data.images import mnist
from rnn_research.data.line_files import PictureLines, StrokeLines, texts_of
from rnn_research.exhibits import Images
from rnn_research.tasks.base import SPLITS, Batch, Data, Findings, Inputs, Labelling, Seen, Target, Task, Terms, lower
from rnn_research.tasks.measures import weighted
from rnn_research.tasks.parts import scores_by_part

DIGITS = tuple("0123456789")
READERS = PictureLines, StrokeLines  # codecs of handwriting
SHOWN = 4  # lines in the report, the first ones, and as many of those that were misread
ROOM = 2  # an answer may be so many times as long as the longest line
ERROR = "character_error_rate"
KEY = 20061001  # of held-out lines


def digit_lines(images: Literal["digits", "mnist"] = "digits", digits: int = 6, beam: int = 0) -> Task:
    """Read lines of 1 to ``digits`` digits, column by column, from the left (``data.digit_lines``).

    The digits are scikit-learn's, 8×8, embedded; or MNIST's, 28×28, from ``--data_dir`` or the hub. Lines of training,
    validation and test are composed of different pictures, as ``sequential_digits`` splits them; each line draws its
    length, the gaps, in which digits may overlap, and how far each digit stands up or down. Training lines never end;
    held-out ones are the same for all trials, in 30 parts that share no picture.

    Metric: the character error rate, insertions, deletions and substitutions over the digits there are. Baseline: an
    empty line; its loss is that of who knows nothing, ``ln digits`` for the length and ln 10 for every digit.

    Args:
      images: which.
      digits: in the longest line.
      beam: what the answers are searched for with; 0: the best path. See ``heads.ctc``.

    Raises:
      ValueError: no digits, a negative beam.
      DataNotFoundError: MNIST is not to be had; the message says what was looked for.
    """
    _check(digits, beam)
    found = {"digits": embedded, "mnist": mnist}[images]()
    pools = {split: pictures(found, split) for split in SPLITS}
    side = found.pixels["train"].shape[1]
    columns, height = picture_size(side, digits)
    return _task(
        pools,
        partial(compose_pictures, brightest=found.brightest),
        digits,
        beam,
        digest=found.digest,
        frames=(columns, height),
        codec=PictureLines(DIGITS, height, columns),
    )


def pen_lines(digits: int = 4, beam: int = 0) -> Task:
    """Read lines of 1 to ``digits`` digits that were written with a pen, point by point (``data.digit_lines``).

    The digits are those of ``pendigits_orig`` in ``--data_dir``; a line is by one writer, and those of validation and
    test are people whom training does not know. Gaps, in which digits may overlap, and shifts up and down are drawn.
    Metric and baseline as in ``digit_lines``.

    Args:
      digits: in the longest line.
      beam: what the answers are searched for with; 0: the best path. See ``heads.ctc``.

    Raises:
      ValueError: no digits, a negative beam.
      DataNotFoundError: the data are not there; the message says what was looked for.
    """
    _check(digits, beam)
    found = pen.pen_digits()
    pools = {split: strokes(found[split]) for split in SPLITS}
    most = max(pool.points.shape[1] for pool in pools.values())
    pools = {split: _widened(pool, most) for split, pool in pools.items()}
    return _task(
        pools,
        compose_strokes,
        digits,
        beam,
        digest=pen.digest(found),
        frames=(digits * most, 3),
        codec=StrokeLines(DIGITS, digits * most),
    )


def _check(digits: int, beam: int) -> None:
    if digits < 1 or beam < 0:
        raise ValueError(f"lines need digits from 1 on and a beam from 0 on, not {digits} and {beam}")


def _widened(pool, most: int):
    more = ((0, 0), (0, most - pool.points.shape[1]))
    return pool._replace(points=np.pad(pool.points, (*more, (0, 0))), lifts=np.pad(pool.lifts, more))


def _task(
    pools: Mapping[str, Any],
    compose: Callable[..., Lines],
    digits: int,
    beam: int,
    *,
    digest: str,
    frames: tuple[int, int],
    codec: PictureLines | StrokeLines,
) -> Task:
    """The task of lines that are composed of a pool of digits for each split."""
    room, numbers = ROOM * digits, numbers_drawn(digits)

    def batch_of(lines: Lines, weights: jax.Array) -> Batch:
        ids = jnp.pad(lines.ids, ((0, 0), (0, room - digits)))
        return Batch(lines.frames, Labelling(ids, lines.lengths), weights, lines.times)

    def train(arrays: Any, key: jax.Array, step: jax.Array, size: int) -> Batch:
        draws = jax.random.uniform(jax.random.fold_in(key, step), (size, numbers))
        return batch_of(compose(arrays["train"], draws), jnp.ones(size))

    @lru_cache(maxsize=8)
    def held_out(split: str, examples: int) -> Batch:
        key = jax.random.fold_in(jax.random.key(KEY), SPLITS.index(split))

        def one(index, size):
            line = index * size + jnp.arange(size)
            draws = jax.vmap(lambda number: jax.random.uniform(jax.random.fold_in(key, number), (numbers,)))(line)
            lines = compose(pools[split], draws, group=line % len(pools[split].groups.sizes))
            return batch_of(lines, (line < examples).astype(jnp.float32))

        return stack_batches(one, examples)

    return Task(
        data=Data(
            {"train": jax.tree.map(jnp.asarray, pools["train"])},
            train,
            held_out,
            codec=codec,
            digest=digest,
            facts={"training_examples": len(pools["train"].labels)},
        ),
        inputs=Inputs("numbers", frames[1], frames[0]),
        target=Target("ctc", len(DIGITS), each_step=False, names=DIGITS, time=room, beam=beam),
        goal=lower(ERROR, {ERROR: 1.0, "loss": float(np.log(digits) + (digits + 1) / 2 * np.log(len(DIGITS)))}),
        measure=read_lines,
        score=partial(score_lines, codec=codec, parts=len(pools["test"].groups.sizes)),
    )


def read_lines(terms: Terms, batch: Batch) -> dict:
    """The loss of a line in nats, and the share of lines whose best path is right as a whole."""
    return {
        "loss": weighted(terms.loss, terms.weight),
        "exact_lines": weighted(terms.right.astype(terms.loss.dtype), terms.weight),
    }


def score_lines(seen: Mapping[str, Seen], *, codec: PictureLines | StrokeLines, parts: int = 0) -> Findings:
    """The character error rate and the lines that were read without an error, by the answers; and some lines.

    Args:
      seen: as ``Task.score`` gets it.
      codec: how lines look, and what the labels are.
      parts: how many parts of the test split have nothing in common: lines belong to them in turn; 0: each is one.
    """
    examples = seen["test"].examples
    written, found = (
        counted_texts(one, examples.weights, codec.names) for one in (examples.targets, seen["test"].answers())
    )
    errors, lengths = line_errors(written, found), np.array([len(text) for text in written])
    part = np.arange(len(written)) % (parts or len(written))
    by_part = scores_by_part((np.bincount(part, errors)[:, None], np.bincount(part, lengths)[:, None]), text=False)
    counted = examples.weights > 0
    inputs, times = examples.inputs[counted], examples.lengths[counted]
    first = range(min(SHOWN, len(written)))
    shown = [*first, *[line for line in np.flatnonzero(errors) if line not in first][:SHOWN]]
    lines = Images(
        name="lines_read",
        title="Lines as they were read",
        values=[codec.picture(inputs[line, : times[line]]).tolist() for line in shown],
        captions=[caption(written[line], found[line]) for line in shown],
        marked=[bool(errors[line]) for line in shown],
        caption=f"The first {SHOWN} lines of the test, and the first {SHOWN} others that were misread.",
    )
    numbers = {ERROR: errors.sum() / lengths.sum(), "exact_lines": np.mean(errors == 0)}
    return Findings({name: float(value) for name, value in numbers.items()}, (lines, *by_part))


def counted_texts(labellings: Any, weights: np.ndarray, names: Sequence[str]) -> list[str]:
    """The texts of the lines that count, of batches: ``(ids, lengths)`` and weights ``[batches, size, ...]``."""
    ids, lengths = labellings
    return texts_of(ids[weights > 0], lengths[weights > 0], names)


def line_errors(written: Sequence[str], found: Sequence[str]) -> np.ndarray:
    """Insertions, deletions and substitutions (Levenshtein 1966) between the lines of two lists, ``[n]``."""
    from rapidfuzz.distance import Levenshtein

    return np.array([Levenshtein.distance(*pair) for pair in zip(written, found, strict=True)])


def caption(written: str, found: str) -> str:
    """What stands under a line: what was read, and what it is where that is something else."""
    read = f"read {found or 'nothing'}"
    return read if found == written else f"{read}, is {written}"
