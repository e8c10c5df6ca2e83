"""Learners and their compiled programs, made when a trial first needs them."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from rnn_research.execution.display import Display
from rnn_research.experiment.choice import Choice, build
from rnn_research.experiment.config import TrialConfig, signature, to_dict
from rnn_research.learners import LEARNERS, Learner
from rnn_research.lookup import lookup
from rnn_research.tasks import Task
from rnn_research.training.devices import make_mesh
from rnn_research.training.program import PACKS, Devices, Pack, in_turn

AHEAD = 2  # programs that are compiled while others train
Key = tuple[str, int]  # signature, trials on each device


class ProgramCache:
    """Keeps the latest learner, and those made ahead of their time.

    Args:
      tasks: the built task of every arm, by its ``Choice``.
      batch_devices: devices that share each batch of a trial.
      pack: how a device runs its trials, see ``Options``.
    """

    def __init__(self, tasks: Mapping[Choice, Task], batch_devices: int = 1, pack: str = "auto"):
        self.tasks = tasks
        self.pack: Pack = lookup(PACKS, pack, "pack")
        self.mesh = make_mesh(batch_devices=batch_devices)
        self.made: dict[Key, Future[Learner]] = {}
        self.background = ThreadPoolExecutor(1, "compile")  # one by one: the first is waited for, and it alone

    def close(self) -> None:
        """Make nothing more ahead; what is being compiled is waited for."""
        self.background.shutdown(cancel_futures=True)

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
        key = self._key(config, trials)
        if key not in self.made:
            self.made = {}  # their memory may be needed
            learner, future = make_learner(config, self.tasks[config.task], self._devices(key)), Future()
            if learner.prepare:
                with display.compiling():
                    learner.prepare()
            future.set_result(learner)
            self.made[key] = future
        elif not self.made[key].done():
            with display.compiling():
                wait([self.made[key]])
        try:
            return self.made[key].result()
        except Exception:
            del self.made[key]  # another attempt makes it anew
            raise

    def ahead(self, coming: Sequence[tuple[TrialConfig, int]]) -> None:
        """Begin to make the learners of trials that come next, the first of them first, each with how many there are.

        What is made already and not among them is forgotten.
        """
        wanted = {self._key(config, trials): config for config, trials in coming}
        for key in self.made.keys() - wanted.keys():
            self.made.pop(key).cancel()
        for key, config in wanted.items():
            if key not in self.made:
                self.made[key] = self.background.submit(self._make, config, key)

    def _key(self, config: TrialConfig, trials: int) -> Key:
        return signature(config), 1 if self.one_by_one else -(-trials // self.groups)

    def _devices(self, key: Key) -> Devices:
        return Devices(self.mesh, key[1], self.pack)

    def _make(self, config: TrialConfig, key: Key) -> Learner:
        learner = make_learner(config, self.tasks[config.task], self._devices(key))
        if learner.prepare:
            learner.prepare()
        return learner


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
