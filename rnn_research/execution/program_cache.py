"""Networks, their data and their compiled programs, made when a trial first needs them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from rnn_research.cells import CELLS, count_cell_parameters, count_parameters
from rnn_research.execution.display import Display
from rnn_research.experiment.choice import Choice, build
from rnn_research.experiment.config import TrialConfig
from rnn_research.experiment.experiment import signature
from rnn_research.models import match_width, sequence_model
from rnn_research.ngrams.fit import COUNTED
from rnn_research.tasks import Task


class Network(NamedTuple):
    """What a config describes: the task, the model, and the facts about them that the report needs."""

    task: Task
    model: Any  # a ``Model``, or None for n-grams
    facts: dict[str, Any]


class ProgramCache:
    """Keeps the latest of each kind.

    Args:
      tasks: the built task of every arm, by its ``Choice``.
      batch_devices: devices that share each batch of a trial.
    """

    def __init__(self, tasks: Mapping[Choice, Task], display: Display, batch_devices: int = 1):
        from rnn_research.training.devices import make_mesh

        self.tasks, self.display = tasks, display
        self.mesh = make_mesh(batch_devices=batch_devices)
        self.data: tuple[Any, Any] = (None, None)
        self.made: tuple[Any, Any] = (None, None)

    @property
    def groups(self) -> int:
        """Groups of devices: each has a trial at a time, or on an accelerator several."""
        return self.mesh.shape["trials"]

    @property
    def one_by_one(self) -> bool:
        """Whether a group of devices has one trial at a time, as on a CPU."""
        return self.mesh.devices.flat[0].platform == "cpu"

    def get(self, config: TrialConfig, trials: int) -> tuple[Network, Any]:
        """The network and program of a config, with room for as many trials as fit side by side."""
        per_device = 1 if self.one_by_one else -(-trials // self.groups)
        key = (signature(config), per_device)
        if self.made[0] != key:
            self.made = (None, None)  # its memory may be needed
            self.made = key, self._make(config, per_device)
        return self.made[1]

    def _make(self, config: TrialConfig, per_device: int) -> tuple[Network, Any]:
        from rnn_research.training.counting import Counting
        from rnn_research.training.program import compile_program
        from rnn_research.training.step import training_data

        task = self.tasks[config.task]
        if config.model.cell.name in COUNTED:
            return make_network(config, task), Counting(task, build(config.model.cell, COUNTED, "cell"))
        key = (config.task, config.train.valid_examples, config.train.test_examples)
        with self.display.compiling():
            if self.data[0] != key:
                self.data = key, training_data(config, task)
            network = make_network(config, task)
            program = compile_program(config, task, network.model, self.data[1], self.mesh, per_device)
        return network, program


def make_network(config: TrialConfig, task: Task) -> Network:
    """The model with its width solved for, and the facts about it, counted from the real trees; no model, and fewer
    facts, for n-grams.

    Raises:
      ValueError: n-grams of anything but text.
    """
    import jax

    scoring: dict[str, Any] = {"metric": task.metric, "better": task.better, "baseline": task.baseline}
    if task.text is not None:
        scoring |= {"vocabulary": task.output_size, "text": task.text.digest}
    if config.model.cell.name in COUNTED:
        if task.text is None:
            raise ValueError(f"{config.model.cell.name} is for language models, not for task {config.task.name!r}")
        return Network(task, None, scoring)
    model_config = match_width(config.model, task)
    model = sequence_model(model_config, task)
    cell = build(model_config.cell, CELLS, "cell")
    hidden, input_size = model_config.cell["hidden"], model_config.embedding or task.input_size
    facts = {
        "hidden": hidden,
        "parameters": count_parameters(jax.eval_shape(model.init, jax.random.key(0), 1.0)),
        "cell_parameters": count_cell_parameters(cell, input_size),
        "elman_parameters": count_cell_parameters(CELLS["elman"](hidden), input_size),
    }
    return Network(task, model, facts | scoring)
