"""What a task is: its data, what goes in, what comes out, and how that is scored. It knows no network."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol

import jax
import numpy as np

from rnn_research.exhibits import TEST_PARTS
from rnn_research.tasks.parts import scores_by_part

SPLITS = ("train", "valid", "test")
EVERYTHING = 10**9  # of a split, for ``Data.held_out``
NO_FACTS: Mapping[str, Any] = MappingProxyType({})

Row = dict[str, Any]  # numbers by name


class Batch(NamedTuple):
    """Examples read together; every leaf has the batch leading.

    Attributes:
      inputs: ``[batch, time, features]``, or ids ``[batch, time]``, or a tree of such arrays (words and characters).
      targets: what the head is to give: ``[batch, ...]``, ``[batch, time, ...]``, or a tree with lengths of its own.
      weights: ``[batch]`` or ``[batch, time]``; 0 leaves a term out of the loss and the metrics.
      lengths: steps that count in each example ``[batch]``, or None where all do.
      starts: steps ``[batch, time]`` before which the state is put back, as a document begins there; None for none.
      about: what neither model nor head reads, only the task's ``measure`` and ``score``.
    """

    inputs: Any
    targets: Any
    weights: Any
    lengths: Any = None
    starts: Any = None
    about: Any = None


class Labelling(NamedTuple):
    """Targets and answers that are sequences of ids with lengths of their own.

    Attributes:
      ids: ``[batch, Target.time]``; what stands past a length is not read.
      lengths: ``[batch]``.
    """

    ids: Any
    lengths: Any


class Mean(NamedTuple):
    """A mean in two parts, so that means over batches of unlike sizes add up exactly."""

    total: Any
    weight: Any


class Terms(NamedTuple):
    """What a head says of a batch, ``[batch]`` or ``[batch, time]`` each.

    Attributes:
      loss: the terms of the loss; nats, squared errors.
      weight: of each; 0 leaves it out.
      right: whether the likeliest answer is the target; None where nobody can say.
      answers: what ``Head.answer`` gives, where it is an array of the targets' shape, for metrics that depend on more
        than whether it is right, as F1 of spans does; None where the head does not say.
    """

    loss: Any
    weight: Any
    right: Any = None
    answers: Any = None


class Train(Protocol):
    """The batch of an update."""

    def __call__(self, arrays: Any, key: jax.Array, step: jax.Array, size: int) -> Batch:
        """A function of its arguments only, on the device: resuming needs one integer.

        Args:
          arrays: ``Data.arrays``.
          key: the trial's key for batches.
          step: updates made before, a whole number, traced.
          size: examples in a batch.
        """
        ...


class HeldOut(Protocol):
    """The batches that are scored."""

    def __call__(self, split: str, examples: int) -> Batch:
        """The first ``examples`` of a split (fewer where it is smaller), ``[batches, size, ...]``, NumPy; rows that
        fill up the last batch have weight 0. A task with a fixed set of training examples gives those, too, as
        ``train``, each once: what is fitted at once reads them so."""
        ...


class Cut(Protocol):
    """A batch with fewer steps."""

    def __call__(self, batch: Batch, time: int) -> Batch:
        """The first ``time`` steps of whatever has steps, on the device: inputs, starts, and where terms are per step
        targets and weights; no ``lengths`` of the batch is greater."""
        ...


class Data(NamedTuple):
    """Where batches come from.

    Attributes:
      arrays: NumPy or jax arrays that training batches are cut from; () for data drawn on the device.
      train, held_out: see ``Train`` and ``HeldOut``.
      tested: the splits scored at the end, with the chosen parameters; ``test`` is one of them, ``train`` and ``valid``
        are none.
      carries: whether each sequence of a batch goes on where that of the batch before ended, so that the state is
        carried over (truncated backpropagation through time).
      codec: between ids and what people read: a ``Tokeniser`` or ``Labels``; None where there is nothing to read.
      digest: of all that the numbers depend on here, held-out data too; empty for data that its settings determine, or
        that are all in ``arrays``.
      facts: what tables may show of it: the size of the vocabulary, the number of examples.
      remarks: what a user should know of it before training starts, a line each.
      times: the numbers of steps, ascending, to which batches may be cut, the last being that of the whole: each batch
        is cut to the least that its ``lengths`` allow, in training and in scoring; empty: none is cut.
      cut: see ``Cut``; wanted where there are ``times``.
      steps: ``(batch) -> [batch]``, steps that each example needs of a batch that is cut; its ``lengths`` if left out.
      place: ``(batches) -> [batches, size]``, of each held-out row its place in the split, where batches are in another
        order, by length for one; None where they are not.
      mean_time: steps of the average training batch as it is cut, to tell the cost by; 0: those of the inputs.
      mean_weight: of the average training example: where batches are of like lengths, an update's loss is divided by
        that of an average batch, not by the batch's own weight, by which terms of short sequences would count for more
        than those of long ones; 0: by its own.
    """

    arrays: Any
    train: Train
    held_out: HeldOut
    tested: tuple[str, ...] = ("test",)
    carries: bool = False
    codec: Any = None
    digest: str = ""
    facts: Mapping[str, Any] = NO_FACTS
    remarks: tuple[str, ...] = ()
    times: tuple[int, ...] = ()
    cut: Cut | None = None
    steps: Callable[[Batch], Any] | None = None
    place: Callable[[Batch], Any] | None = None
    mean_time: float = 0.0
    mean_weight: float = 0.0


def steps_of(data: Data, batch: Batch) -> Any:
    """Steps that each example of a batch needs, ``[batch]``."""
    return data.steps(batch) if data.steps else batch.lengths


class Inputs(NamedTuple):
    """What a model reads.

    Attributes:
      kind: a name in ``models.embedding.EMBEDDINGS``: ``numbers``, ``ids``, or ``words``, ids for which there are
        vectors.
      size: features of a step, or how many ids there are; for inputs that are a tree a tuple, a number for each array.
      time: steps in a sequence.
      vectors: of ids that stand for text, ``(source, width) -> (vectors [size, width], found [size])``; see
        ``data.vectors``.
    """

    kind: str
    size: Any
    time: int
    vectors: Callable[[str, int], tuple[Any, Any]] | None = None


class Target(NamedTuple):
    """What a model is to give.

    Attributes:
      head: a name in ``heads.HEADS``.
      size: of an output: classes, numbers.
      each_step: whether there is an output at every step, or one for the sequence.
      names: of the classes, for people; may be empty.
      time: steps of the longest target, where targets are sequences with lengths of their own; steps of a sequence,
        where the head reads all of them at once; else 0.
      options: what else the head is told, names and values of keyword arguments of its factory: of a mixture how many
        components, of labels of spans the scheme that answers keep to.
    """

    head: str
    size: int
    each_step: bool
    names: tuple[str, ...] = ()
    time: int = 0
    options: tuple[tuple[str, Any], ...] = ()


class Goal(NamedTuple):
    """The metric to report.

    Attributes:
      metric: its name in the rows: one that is measured at every look, or one that ``Task.score`` adds at the end; of
        the latter, models are compared on validation by their loss.
      better: which way it improves.
      baseline: the metrics of a trivial answer, ``metric`` among them, computed from the definition of the task.
      perfect: its value for a perfect answer.
      solved: the value from which on a run has solved the task, or not; None for a task of degrees.
      chosen: by what parameters and settings are chosen on validation: ``loss``, the lowest; ``metric`` itself, where
        it is measured at every look; or something else that is measured there, the lowest.
    """

    metric: str
    better: Literal["lower", "higher"]
    baseline: dict[str, float]
    perfect: float
    solved: float | None = None
    chosen: str = "loss"


def _none_said() -> Any:
    raise ValueError("this learner does not say the loss of every term, which the task's score asks for")


class Seen(NamedTuple):
    """A split as a trained model left it, on the host.

    Attributes:
      means: the metrics, NumPy scalars.
      answers: ``() -> `` the model's answers, NumPy leaves ``[batches, size, ...]`` beside the examples; computed when
        they are asked for.
      examples: the batches, as ``Data.held_out`` made them.
      by_row: the reported metric of every row of every batch, ``[batches, rows]``; None where nobody can say.
      losses: ``() -> `` the loss of every term, NumPy, of the shape of the examples' weights; computed when it is asked
        for.
    """

    means: Row
    answers: Callable[[], Any]
    examples: Batch
    by_row: Mean | None = None
    losses: Callable[[], Any] = _none_said


class Findings(NamedTuple):
    """Numbers for a row, each a scalar, and what a report draws (``rnn_research.exhibits``)."""

    numbers: Row
    exhibits: tuple = ()


class Measure(Protocol):
    """The metrics of a batch."""

    def __call__(self, terms: Terms, batch: Batch) -> dict[str, Mean]:
        """On the device (or of NumPy arrays); ``loss`` is always among them."""
        ...


class Score(Protocol):
    """What only the host can say, once, at the end: error rates, F1 of spans, BLEU."""

    def __call__(self, seen: Mapping[str, Seen]) -> Findings:
        """Args: seen: by split of ``Data.tested``."""
        ...


class OneToMany(NamedTuple):
    """How sequences are made of a class, an item at a time (S23), and how they are looked at.

    An item is what the head gives at a step, leaves ``[...]``; an example ``[length, ...]``.

    Attributes:
      feed: ``(items, classes [rows]) -> `` what the model reads next, leaves ``[rows, ...]``; items None: before the
        first.
      length: items of the longest example.
      names: of the classes.
      polylines: ``(example) -> `` lines ``[n, 2]`` that show it, x to the right, y upwards.
      features: ``(example) -> [d]``, by which examples are compared: nearest neighbours are to know their classes.
      examples: ``(split) -> (examples [n, length, ...], classes [n])``, real ones, NumPy.
    """

    feed: Callable[[Any, Any], Any]
    length: int
    names: tuple[str, ...]
    polylines: Callable[[Any], list[Any]]
    features: Callable[[Any], Any]
    examples: Callable[[str], tuple[Any, Any]]


class Task(NamedTuple):
    """What is to be learned.

    Attributes:
      data, inputs, target, goal: see there.
      measure: see ``Measure``.
      derive: ``(averages) -> further numbers`` made of the averaged metrics, as perplexity is.
      score: see ``Score``; None where the metrics say all.
      one_to_many: see there; None where nothing is made of a class.
    """

    data: Data
    inputs: Inputs
    target: Target
    goal: Goal
    measure: Measure
    derive: Callable[[Row], Row] = lambda averages: {}
    score: Score | None = None
    one_to_many: OneToMany | None = None


def averages(task: Task, means: Mapping[str, Mean]) -> Row:
    """The means as numbers, NaN of what weighs nothing, and what the task derives from them."""
    with np.errstate(invalid="ignore"):
        found = {name: total / weight for name, (total, weight) in means.items()}
    return found | task.derive(found)


def conclude(task: Task, seen: Mapping[str, Seen]) -> Findings:
    """The row of the test, and its exhibits: the test split's metrics, the reported one by parts of the split, and what
    the task's ``score`` adds; a score that makes the reported metric anew, as of answers that are searched for, gives
    the parts of that, too."""
    found, test = task.score(seen) if task.score else Findings({}), seen["test"]
    if any(exhibit.name == TEST_PARTS for exhibit in found.exhibits):
        return Findings(test.means | found.numbers, found.exhibits)
    place = task.data.place(test.examples) if task.data.place else None
    parts = scores_by_part(test.by_row, task.data.carries, test.examples.starts, place) if test.by_row else ()
    return Findings(test.means | found.numbers, (*found.exhibits, *parts))


def to_minimise(goal: Goal, row: Row) -> Any:
    """What parameters are chosen by, of a row of the validation split, as a number that is better the lower it is."""
    return -row[goal.chosen] if goal.chosen == goal.metric and goal.better == "higher" else row[goal.chosen]


def lower(metric: str, baseline: dict[str, float], solved: float | None = None) -> Goal:
    """A metric that is 0 for a perfect answer."""
    return Goal(metric, "lower", baseline, 0.0, solved)


def accuracy(baseline: dict[str, float], solved: float | None = None) -> Goal:
    """The share of right answers."""
    return Goal("accuracy", "higher", baseline, 1.0, solved)
