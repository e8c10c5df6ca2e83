"""Scores at other lengths of the task than those it was trained on."""

from rnn_research.experiment.choice import build
from rnn_research.experiment.config import TrialConfig, static
from rnn_research.models import Weights
from rnn_research.probes.base import Look, Probe, Subject, at_end
from rnn_research.probes.networks import compiled, network_of
from rnn_research.tasks import TASKS, Task
from rnn_research.tasks.base import Findings
from rnn_research.training.step import Setup, evaluate


def lengths(lengths: tuple[int, ...] = ()) -> Probe:
    """Every metric on the test split of the task with sequences of each length, after the last update.

    Row: ``METRIC@LENGTH``, as in ``accuracy@200``.

    Args:
      lengths: which; the task must have an option ``length``.

    Raises:
      ValueError: none given.
    """
    if not lengths:
        raise ValueError("probe lengths needs the lengths to score, as in lengths(lengths=(200,1000))")

    def check(subject: Subject) -> None:
        network_of(subject, "lengths")
        for length in lengths:
            task_of_length(subject.config, length)

    def make(subject: Subject) -> Look:
        check(subject)
        examples = subject.config.train.test_examples
        scores = {length: _scorer(subject, task_of_length(subject.config, length), examples) for length in lengths}

        def look(weights: Weights) -> Findings:
            found = {length: score(weights) for length, score in scores.items()}
            return Findings({f"{name}@{at}": float(v) for at, row in found.items() for name, v in row.items()})

        return look

    return Probe(at_end, make, check)


def task_of_length(config: TrialConfig, length: int) -> Task:
    """The trial's task with every sequence of one length.

    Raises:
      ValueError: a task, or a length, for which there is none.
    """
    options = dict(config.task.options)
    if "length" not in options:
        raise ValueError(f"sequences of {length} steps are looked at: task {config.task.name!r} has no option 'length'")
    fixed = {name: 0 for name in ("shortest", "tested_to") if name in options}
    return build(config.task.with_options(length=length, **fixed), TASKS, "task")


def _scorer(subject: Subject, task: Task, examples: int):
    batches = task.data.held_out("test", examples)
    setup = Setup(static(subject.config), task, subject.model)
    return compiled(lambda weights: evaluate(setup, weights, batches), subject)
