"""Reading lines of handwriting: columns of a picture or points of a pen in, characters out (S24)."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.data import pen_digits as pen
from rnn_research.data.batching import stack_batches
from rnn_research.data.buckets import TOGETHER, by_length, cuts_of_shares, share_out
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
from rnn_research.data.line_files import PictureLines, StrokeLines, line_errors, texts_of
from rnn_research.data.own_lines import Split, own_lines
from rnn_research.exhibits import Images
from rnn_research.tasks.base import SPLITS, Batch, Data, Findings, Inputs, Labelling, Seen, Target, Task, Terms, lower
from rnn_research.tasks.bucketed import COUNT, Origin, bucketed, cut_steps
from rnn_research.tasks.measures import weighted
from rnn_research.tasks.parts import scores_by_part

DIGITS = tuple("0123456789")
READERS = PictureLines, StrokeLines  # codecs of handwriting
SHOWN = 4  # lines in the report, the first ones, and as many of those that were misread
ROOM = 2  # an answer may be so many times as long as the longest line
ERROR = "character_error_rate"
KEY = 20061001  # of held-out lines
SAMPLE = 16, 32  # updates drawn together, and lines of a batch, that tell what to cut batches to


def handwriting(
    images: Literal["digits", "mnist"] = "digits",
    digits: int = 6,
    beam: int = 0,
    delay: int = 0,
    train: str = "",
    valid: str = "",
    test: str = "",
) -> Task:
    """Read lines of 1 to ``digits`` digits, column by column, from the left (``data.digit_lines``); or lines of files.

    The digits are scikit-learn's, 8×8, embedded; or MNIST's, 28×28, from ``--data_dir`` or the hub. Lines of training,
    validation and test are composed of different pictures, as ``sequential_digits`` splits them; each line draws its
    length, the gaps, in which digits may overlap, and how far each digit stands up or down. Training lines never end:
    those of ``data.buckets.TOGETHER`` updates are drawn together and shared out by length; held-out ones are the same
    for all trials, in 30 parts that share no picture.

    Metric: the character error rate, insertions, deletions and substitutions over the digits there are. Baseline:
    an empty line; its loss is that of who knows nothing, ``ln digits`` for the length, as if all were as likely,
    and ln 10 for every digit.

    Args:
      images: which.
      digits: in the longest line.
      beam: what the answers are searched for with; 0: the best path. See ``heads.ctc``.
      delay: frames, columns or points, at the beginning in which nothing is written; see ``heads.ctc``.
      train, valid, test: files of lines with their texts, pictures or strokes (``data.line_files``), in the place of
        composed ones; all three or none.

    Raises:
      ValueError: no digits, a negative beam or delay, a delay that leaves a line too few columns, one file without the
        others, or one that cannot be learned from; see ``data.own_lines``.
      DataNotFoundError: MNIST is not to be had; the message says what was looked for.
    """
    _check(digits, beam, delay)
    if train or valid or test:
        return _own({"train": train, "valid": valid, "test": test}, beam, delay)
    found = {"digits": embedded, "mnist": mnist}[images]()
    pools = {split: pictures(found, split) for split in SPLITS}
    side = found.pixels["train"].shape[1]
    columns, height = picture_size(side, digits)
    return _composed(
        pools,
        partial(compose_pictures, brightest=found.brightest),
        digits,
        beam,
        delay,
        digest=found.digest,
        frames=(columns, height),
        codec=PictureLines(DIGITS, height, columns),
    )


def pen_lines(digits: int = 4, beam: int = 0, delay: int = 0) -> Task:
    """Read lines of 1 to ``digits`` digits that were written with a pen, point by point (``data.digit_lines``).

    The digits are those of ``pendigits_orig`` in ``--data_dir``; a line is by one writer, and those of validation and
    test are people whom training does not know. Gaps, in which digits may overlap, and shifts up and down are drawn.
    Metric and baseline as in ``handwriting``.

    Args:
      digits: in the longest line.
      beam: what the answers are searched for with; 0: the best path. See ``heads.ctc``.
      delay: frames, columns or points, at the beginning in which nothing is written; see ``heads.ctc``.

    Raises:
      ValueError: no digits, a negative beam or delay, or one that leaves a line too few points.
      DataNotFoundError: the data are not there; the message says what was looked for.
    """
    _check(digits, beam, delay)
    found = pen.pen_digits()
    pools = {split: strokes(found[split]) for split in SPLITS}
    most = max(pool.points.shape[1] for pool in pools.values())
    pools = {split: _widened(pool, most) for split, pool in pools.items()}
    return _composed(
        pools,
        compose_strokes,
        digits,
        beam,
        delay,
        digest=pen.digest(found),
        frames=(digits * most, 3),
        codec=StrokeLines(DIGITS, digits * most),
    )


def _check(digits: int, beam: int, delay: int) -> None:
    if digits < 1 or beam < 0 or delay < 0:
        raise ValueError(f"lines need digits from 1 on, a beam and a delay from 0 on, not {digits}, {beam} and {delay}")


def _check_delay(delay: int, times: np.ndarray, ids: np.ndarray, lengths: np.ndarray) -> None:
    """Refuse one after which a composed line has too few frames for its digits: its loss would be trained on."""
    pairs = np.arange(1, ids.shape[1])[None] < lengths[:, None]
    room = times - lengths - ((ids[:, 1:] == ids[:, :-1]) & pairs).sum(axis=1)
    if delay > room.min():
        raise ValueError(f"a delay of {delay} frames leaves the shortest lines too few; at most {room.min()} fit here")


def _widened(pool, most: int):
    more = ((0, 0), (0, most - pool.points.shape[1]))
    return pool._replace(points=np.pad(pool.points, (*more, (0, 0))), lifts=np.pad(pool.lifts, more))


def _own(paths: dict[str, str], beam: int, delay: int) -> Task:
    """The task of lines that files hold."""
    missing = [split for split, path in paths.items() if not path]
    if missing:
        raise ValueError(f"handwriting: files for train, valid and test belong together; {missing[0]} is missing")
    splits, codec, digest = own_lines(paths, delay)
    most = splits["train"].ids.shape[1]
    lines = {
        split: _batch(found, np.ones(len(found.times), np.float32), ROOM * most) for split, found in splits.items()
    }
    facts = {"training_examples": len(splits["train"].times)}
    data = bucketed(jax.tree.map(np.asarray, lines))._replace(codec=codec, digest=digest, facts=facts)
    return _task(data, splits["train"].frames.shape[1:], most, beam, delay)


def _composed(
    pools: Mapping[str, Any],
    compose: Callable[..., Lines],
    digits: int,
    beam: int,
    delay: int,
    *,
    digest: str,
    frames: tuple[int, int],
    codec: PictureLines | StrokeLines,
) -> Task:
    """The task of lines that are composed of a pool of digits for each split."""
    numbers = numbers_drawn(digits)
    updates, lines_of_each = SAMPLE
    draws = jax.random.uniform(jax.random.key(KEY), (updates * TOGETHER * lines_of_each, numbers))
    sample = jax.jit(lambda pool, draws: compose(pool, draws)._replace(frames=None))(pools["train"], draws)
    _check_delay(delay, *map(np.asarray, sample[1:]))
    times, mean_time = cuts_of_shares(np.asarray(sample.times), COUNT - 1, lines_of_each)

    def draw(arrays: Any, key: jax.Array, step: jax.Array, size: int) -> Batch:
        draws = jax.random.uniform(jax.random.fold_in(key, step // TOGETHER), (TOGETHER * size, numbers))
        # Of all of them only the times are read, so no frames are made of them.
        rows = share_out(compose(arrays["train"], draws).times, step)
        lines = compose(arrays["train"], draws[rows])
        return _batch(lines, jnp.ones(size), ROOM * digits)._replace(about=Origin(rows))

    @lru_cache(maxsize=8)
    def held_out(split: str, examples: int) -> Batch:
        key = jax.random.fold_in(jax.random.key(KEY), SPLITS.index(split))

        def one(index, size):
            line = index * size + jnp.arange(size)
            draws = jax.vmap(lambda number: jax.random.uniform(jax.random.fold_in(key, number), (numbers,)))(line)
            lines = compose(pools[split], draws, group=line % len(pools[split].groups.sizes))
            return _batch(lines, jnp.ones(size), ROOM * digits)._replace(about=Origin(line))

        found = jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), stack_batches(one, examples))
        rows, counted = by_length(found.lengths, examples)
        return jax.tree.map(lambda leaf: leaf[rows], found)._replace(weights=counted)

    data = Data(
        {"train": jax.tree.map(jnp.asarray, pools["train"])},
        draw,
        held_out,
        codec=codec,
        digest=digest,
        facts={"training_examples": len(pools["train"].labels)},
        times=tuple(sorted({*times, frames[0]})),
        cut=cut_steps,
        place=lambda batches: batches.about.row,
        mean_time=mean_time,
        mean_weight=1.0,
    )
    return _task(data, frames, digits, beam, delay, parts=len(pools["test"].groups.sizes))


def _batch(lines: Lines | Split, weights: Any, room: int) -> Batch:
    ids = jnp.pad(lines.ids, ((0, 0), (0, room - lines.ids.shape[1])))
    return Batch(lines.frames, Labelling(ids, lines.lengths), weights, lines.times)


def _task(data: Data, frames: tuple[int, ...], longest: int, beam: int, delay: int, parts: int = 0) -> Task:
    """Args:
    frames: steps of the longest line, and features of each.
    longest: labels in a line.
    parts: see ``score_lines``.
    """
    names = data.codec.names
    nothing_known = float(np.log(longest) + (longest + 1) / 2 * np.log(len(names)))
    return Task(
        data=data,
        inputs=Inputs("numbers", frames[1], frames[0]),
        target=Target(
            "ctc",
            len(names),
            each_step=False,
            names=names,
            time=ROOM * longest,
            options=(("beam", beam), ("delay", delay)),
        ),
        goal=lower(ERROR, {ERROR: 1.0, "loss": nothing_known})._replace(chosen="misread_lines"),
        measure=read_lines,
        score=partial(score_lines, codec=data.codec, parts=parts),
    )


def read_lines(terms: Terms, batch: Batch) -> dict:
    """The loss of a line in nats, and the shares of lines whose best path is right as a whole, and of those where it is
    not. By the latter parameters are chosen: as digits are learned by heart the loss of the few that are misread grows,
    while still fewer are."""
    right = terms.right.astype(terms.loss.dtype)
    return {
        "loss": weighted(terms.loss, terms.weight),
        "exact_lines": weighted(right, terms.weight),
        "misread_lines": weighted(1 - right, terms.weight),
    }


def score_lines(seen: Mapping[str, Seen], *, codec: PictureLines | StrokeLines, parts: int = 0) -> Findings:
    """The character error rate and the lines that were read without an error, by the answers; and some lines.

    Args:
      seen: as ``Task.score`` gets it.
      codec: how lines look, and what the labels are.
      parts: how many parts of the test split have nothing in common: lines belong to them in turn; 0: each is one.
    """
    examples = seen["test"].examples
    counted = examples.weights > 0
    order = np.argsort(examples.about.row[counted])  # of the split: batches are by length
    written, found = (
        [texts[line] for line in order]
        for texts in (
            counted_texts(one, examples.weights, codec.names) for one in (examples.targets, seen["test"].answers())
        )
    )
    errors, lengths = line_errors(written, found), np.array([len(text) for text in written])
    part = np.arange(len(written)) % (parts or len(written))
    by_part = scores_by_part((np.bincount(part, errors)[:, None], np.bincount(part, lengths)[:, None]), text=False)
    inputs, times = examples.inputs[counted][order], examples.lengths[counted][order]
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


def caption(written: str, found: str) -> str:
    """What stands under a line: what was read, and what it is where that is something else."""
    read = f"read {found or 'nothing'}"
    return read if found == written else f"{read}, is {written}"
