"""What is refused before anything is written: settings that no trial can have."""

import dataclasses
from collections.abc import Mapping

from rnn_research.execution.program_cache import make_learner
from rnn_research.experiment.arms import Arm
from rnn_research.experiment.choice import Choice
from rnn_research.models.width import unmatched
from rnn_research.probes.looking import check_probes, make_probes
from rnn_research.tasks import Task
from rnn_research.training.devices import make_mesh
from rnn_research.training.program import Devices


def check_arm(arm: Arm, tasks: Mapping[Choice, Task]) -> None:
    """Make an arm's learner and probes, without compiling and without training; a network at the width that is asked
    for, as to solve for another takes long and has it refused for nothing else.

    What else than a ValueError a user's own cell or task raises there is no setting to refuse: its trials will fail
    for it, and the others go on.

    Args:
      tasks: those that are built; what can only be seen from a task that is not among them is left out.

    Raises:
      ValueError: the first setting that is not valid.
    """
    make_probes(arm.config)
    task = tasks.get(arm.config.task)
    if task is None:
        return
    try:
        config = dataclasses.replace(arm.config, model=unmatched(arm.config.model))
        check_probes(make_learner(config, task, Devices(make_mesh())).subject)
    except ValueError:
        raise
    except Exception:  # see above
        return
