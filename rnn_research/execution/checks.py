"""What is refused before anything is written: settings that no trial can have, and cells and tasks with a bug."""

import dataclasses
from collections.abc import Mapping, Sequence

from rnn_research.cells import CELLS
from rnn_research.execution.blame import naming
from rnn_research.execution.program_cache import make_learner
from rnn_research.execution.shapes import check_cell, check_forward, check_task
from rnn_research.experiment.arms import Arm
from rnn_research.experiment.choice import Choice, build
from rnn_research.learners import LEARNERS
from rnn_research.models.embedding import make_embedding
from rnn_research.models.width import unmatched
from rnn_research.probes.looking import check_probes, make_probes
from rnn_research.tasks import Task
from rnn_research.training.devices import make_mesh
from rnn_research.training.program import Devices


def check_arm(arm: Arm, tasks: Mapping[Choice, Task]) -> None:
    """Make an arm's learner and probes, and evaluate the shapes of a step of its cell and of the loss of a batch,
    without compiling and without training; a network at the width that is asked for, as to solve for another takes long
    and has it refused for nothing else.

    Args:
      tasks: those that are built; what can only be seen from a task that is not among them is left out.

    Raises:
      ValueError: the first setting that is not valid; what a user's own code raises, with its line there.
    """
    make_probes(arm.config)
    task = tasks.get(arm.config.task)
    if task is None:
        return
    cell = arm.config.model.cell.name
    with naming(f"cell {cell}"):
        config = dataclasses.replace(arm.config, model=unmatched(arm.config.model))
    if build(config.learner, LEARNERS, "learner").model:
        features = make_embedding(config.model, task.inputs).width
        with naming(f"cell {cell}"):
            made = build(config.model.cell, CELLS, "cell")
        with naming(f"cell {cell}", always=True):
            check_cell(made, features)
    with naming(f"{config.learner.name} on task {config.task.name}"):
        subject = make_learner(config, task, Devices(make_mesh())).subject
        check_probes(subject)
    if subject.model is not None and subject.template is not None:
        with naming(f"task {config.task.name}, cell {cell}", always=True):
            check_forward(task, subject.model, subject.template.params, config.train.batch)


def check_tasks(found: Sequence[Arm], tasks: Mapping[Choice, Task]) -> None:
    """Refuse tasks whose batches are not what they say of them.

    Raises:
      ValueError: the first one; what a user's own code raises, with its line there.
    """
    sizes = {(arm.config.task, arm.config.train.batch, arm.config.train.valid_examples) for arm in found}
    for choice, batch, examples in sorted(sizes, key=str):
        with naming(f"task {choice.name}", always=True):
            check_task(tasks[choice], batch, examples)
