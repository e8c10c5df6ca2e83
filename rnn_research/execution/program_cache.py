"""Learners and their compiled programs, made when a trial first needs them."""

from collections.abc import Mapping
from typing import Any

from rnn_research.execution.display import Display
from rnn_research.experiment.choice import Choice, build
from rnn_research.experiment.config import TrialConfig, signature, to_dict
from rnn_research.learners import LEARNERS, Learner
from rnn_research.lookup import lookup
from rnn_research.tasks import Task
from rnn_research.training.devices import make_mesh
from rnn_research.training.program import PACKS, Devices, Pack, in_turn


class ProgramCache:
    """Keeps the latest learner.

    Args:
      tasks: the built task of every arm, by its ``Choice``.
      batch_devices: devices that share each batch of a trial.
      pack: how a device runs its trials, see ``Options``.
    """

    def __init__(self, tasks: Mapping[Choice, Task], batch_devices: int = 1, pack: str = "auto"):
        self.tasks = tasks
        self.pack: Pack = lookup(PACKS, pack, "pack")
        self.mesh = make_mesh(batch_devices=batch_devices)
        self.made: tuple[Any, Learner | None] = (None, None)

    @property
    def groups(self) -> int:
        """Groups of devices: each has a trial at a time, or several."""
        return self.mesh.shape["trials"]

    @property
    def one_by_one(self) -> bool:
        """Whether a group of devices has one trial at a time, as on a CPU."""
        return in_turn(self.mesh, self.pack)

    def get(self, config: TrialConfig, trials: int, display: Display) -> Learner:
        """The learner of a config, with room for as many trials as fit side by side."""
        devices = Devices(self.mesh, 1 if self.one_by_one else -(-trials // self.groups), self.pack)
        key = (signature(config), devices.per_device)
        if self.made[0] != key:
            self.made = (None, None)  # its memory may be needed
            learner = make_learner(config, self.tasks[config.task], devices)
            if learner.prepare:
                with display.compiling():
                    learner.prepare()
            self.made = key, learner
        assert self.made[1] is not None
        return self.made[1]


def make_learner(config: TrialConfig, task: Task, devices: Devices) -> Learner:
    """The learner that a config names; nothing is compiled.

    Raises:
      ValueError: one that cannot be, or not for this task.
    """
    return build(config.learner, LEARNERS, "learner").make(config, task, devices)


def card_of(config: TrialConfig, task: Task, learner: Learner) -> dict[str, Any]:
    """What is on record of a trial's learner and task, and what a trained one needs beside its parameters."""
    inputs, target = task.inputs, task.target
    return {
        **task.data.facts,
        **learner.facts,
        "learner": to_dict(config.learner),
        **task.goal._asdict(),
        "digest": task.data.digest or None,
        "inputs": {"kind": inputs.kind, "size": inputs.size, "time": inputs.time},
        "target": target._asdict(),
    }
