"""What a model makes of a class (S23): is it recognised, and how unlike are two of a class?"""

from collections.abc import Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.decoding.unfold import unfold
from rnn_research.exhibits import Drawings
from rnn_research.models import Model
from rnn_research.probes.base import Look, Probe, Subject, at_end
from rnn_research.tasks.base import Findings, OneToMany, Row

SEED = 20130804
NEIGHBOURS = 3
DECIMALS = 2  # of what is drawn
CAPTION = "A line for each class: one of the test split, then what was drawn at each temperature T."


def drawings(temperatures: tuple[float, ...] = (0.25, 0.5, 1.0), samples: int = 20, shown: int = 3) -> Probe:
    """Samples of every class at every temperature T, when training is over.

    Row: ``recognised@T``, the share whose class three nearest neighbours among the training examples tell, and
    ``recognised@real``, that of the test split; ``recognised_gain``, that at the lowest temperature less that at the
    highest; ``spread@T``, the mean distance of two samples of a class as a share of
    that of two test examples of it: 0 where all are alike. Exhibit: some samples.

    Args:
      temperatures: above 0; below 1 what is likely becomes likelier.
      samples: of each class and temperature, 2 or more.
      shown: how many of them are drawn.

    Raises:
      ValueError: no temperature or one that is not above 0, too few samples.
    """
    if not temperatures or min(temperatures) <= 0 or samples < 2 or shown < 1:
        raise ValueError(
            f"probe drawings needs temperatures above 0, 2 samples or more and 1 to show, not {temperatures}, "
            f"{samples} and {shown}"
        )

    def check(subject: Subject) -> None:
        drawer_of(subject)

    def make(subject: Subject) -> Look:
        from sklearn.neighbors import KNeighborsClassifier  # takes a second

        _, task = drawer_of(subject)
        classes = np.repeat(np.arange(len(task.names)), samples)
        known, (real, of_real) = task.examples("train"), task.examples("test")
        neighbours = KNeighborsClassifier(NEIGHBOURS).fit(_features(task, known[0]), known[1])
        of_test = _features(task, real)
        first = np.concatenate([np.flatnonzero(of_real == one)[:samples] for one in range(len(task.names))])
        apart = spread(of_test[first], of_real[first])

        def look(weights: Any) -> Findings:
            row: Row = {"recognised@real": float(neighbours.score(of_test, of_real))}
            columns = [("real", _lines(task, real, [np.argmax(of_real == one) for one in range(len(task.names))]))]
            for temperature in temperatures:
                found = drawn_by(subject, weights, classes, temperature)
                features = _features(task, found)
                row[f"recognised@{temperature:g}"] = float(neighbours.score(features, classes))
                row[f"spread@{temperature:g}"] = spread(features, classes) / apart
                for number in range(min(shown, samples)):
                    heading = "" if number else f"T = {temperature:g}"
                    columns.append((heading, _lines(task, found, range(number, len(classes), samples))))
            coldest, warmest = (f"recognised@{pick(temperatures):g}" for pick in (min, max))
            row["recognised_gain"] = row[coldest] - row[warmest]
            return Findings(row, (_exhibit(task, columns),))

        return look

    return Probe(at_end, make, check)


def drawer_of(subject: Subject) -> tuple[Model, OneToMany]:
    """The subject's network, and how its task makes sequences of a class.

    Raises:
      ValueError: one of them does not.
    """
    task = subject.task.one_to_many
    if task is None:
        raise ValueError(f"probe drawings is for tasks that make much of a class, not for {subject.config.task.name!r}")
    if subject.model is None:
        raise ValueError(f"probe drawings is for networks, not for learner {subject.config.learner.name!r}")
    if subject.model.draw is None:
        raise ValueError("probe drawings: a network that reads both ways cannot draw: it would have to know what comes")
    return subject.model, task


def drawn_by(subject: Subject, weights: Any, classes: np.ndarray, temperature: float) -> Any:
    """Examples that a network makes, NumPy leaves ``[rows, length, ...]``, one of each of ``classes [rows]``."""
    model, task = drawer_of(subject)
    assert model.draw is not None
    state, key = model.start(len(classes)).state, jax.random.key(SEED)
    found = unfold(
        model.draw, task.feed, weights.params, state, jnp.asarray(classes), key, temperature, length=task.length
    )
    return jax.device_get(found)


def spread(features: np.ndarray, classes: np.ndarray) -> float:
    """The mean distance of two examples of a class, over the classes that have two."""
    means = []
    for one in np.unique(classes):
        found = features[classes == one]
        distances = np.sqrt(((found[:, None] - found[None]) ** 2).sum(axis=-1))
        if len(found) > 1:
            means.append(distances.sum() / (len(found) * (len(found) - 1)))
    return float(np.mean(means))


def _features(task: OneToMany, examples: Any) -> np.ndarray:
    return np.stack([task.features(_at(examples, place)) for place in range(len(jax.tree.leaves(examples)[0]))])


def _at(examples: Any, place: Any) -> Any:
    return jax.tree.map(lambda leaf: leaf[place], examples)


def _lines(task: OneToMany, examples: Any, places: Iterable[Any]) -> list[list[np.ndarray]]:
    return [task.polylines(_at(examples, place)) for place in places]


def _exhibit(task: OneToMany, columns: Sequence[tuple[str, list[list[np.ndarray]]]]) -> Drawings:
    """A row for each class, a column for each list, by its heading."""

    def plain(lines: Sequence[np.ndarray]) -> list[list[list[float]]]:
        return [np.round(np.asarray(line, np.float64), DECIMALS).tolist() for line in lines]

    headings, found = zip(*columns, strict=True)
    rows = [[plain(lines) for lines in of_class] for of_class in zip(*found, strict=True)]
    return Drawings("drawings", "What it drew", rows, task.names, headings, CAPTION)
