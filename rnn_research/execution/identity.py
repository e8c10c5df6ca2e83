"""The identity of trials: digests of the code and the data that their numbers come from, and the settings of this
process. How it is kept and compared is in ``runs.identity``.

The code is that of what a configuration chooses from tables: cell, task, head, embedding, norm, learner, probes,
wherever it lies: a cell may be added to this package's own folders. What all trials share, the package's other
folders, has a version, as jax has: that is recorded (``made_on``, and in ``experiment.json``) and not compared, or
nobody could go on after an update that changes nothing.
"""

import hashlib
import os
import platform
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jax
import numpy as np

from rnn_research.cores import processor
from rnn_research.data.vectors import digest_of
from rnn_research.execution import ambient
from rnn_research.execution.options import Options
from rnn_research.experiment.choice import Choice, build, parameters
from rnn_research.experiment.config import NO_CHARACTERS, PRETRAINED, TrialConfig
from rnn_research.experiment.experiment import Experiment
from rnn_research.heads import HEADS
from rnn_research.models.embedding import EMBEDDINGS
from rnn_research.models.norms import NORMS
from rnn_research.runs.identity import Identity
from rnn_research.runs.provenance import versions
from rnn_research.source import DIGITS, acts_of, code_of
from rnn_research.tables import TABLES
from rnn_research.tasks import TASKS, Task
from rnn_research.training.devices import make_mesh
from rnn_research.training.program import PACKS, in_turn

Identify = Callable[[TrialConfig], Identity]
KINDS: Mapping[str, Mapping[str, Any]] = TABLES | {"head": HEADS, "embedding": EMBEDDINGS, "norm": NORMS}


def identifier(experiment: Experiment, tasks: Mapping[Choice, Task], options: Options) -> Identify:
    """The identity of every trial of an experiment, by its configuration.

    Args:
      tasks: the built task of every arm.
      options: with an executor other than ``inline``, trials run in other processes, whose devices are not known here.
    """
    file = Path(experiment.file).resolve() if experiment.file else None
    here = ambient.settings(os.environ, jax.config.values) | (
        place(options) if options.executor == "inline" or options.launch else {}
    )
    acts = {f"experiment {experiment.name}": acts_of(file)} if file else {}

    @cache
    def code(kind: str, name: str) -> str:
        return code_of(name, KINDS[kind][name], file)

    @cache
    def vectors(source: str) -> str:
        return digest_of(source)

    @cache
    def data(choice: Choice) -> str:
        return data_digest(tasks[choice])

    def identify(config: TrialConfig) -> Identity:
        task = tasks[config.task]
        chosen = [(kind, name) for kind, name in entries(config, task) if name in KINDS[kind]]
        name = short(config.task)
        read = {name: data(config.task)} if data(config.task) else {}
        source = config.model.embedding_init
        if source in PRETRAINED and vectors(source) and ("cell", config.model.cell.name) in chosen:
            read |= {source: vectors(source)}
        return {
            "code": acts | {f"{kind} {name}": code(kind, name) for kind, name in chosen},
            "data": read,
            "settings": here,
        }

    return identify


def entries(config: TrialConfig, task: Task) -> list[tuple[str, str]]:
    """What a configuration and its task choose, as (table, name)."""
    found = [("task", config.task.name), ("learner", config.learner.name)]
    found += [("probe", probe.name) for probe in config.probes]
    if build(config.learner, TABLES["learner"], "learner").model:
        found += [("cell", config.model.cell.name), ("head", task.target.head), ("embedding", task.inputs.kind)]
        found += [("norm", config.model.norm)]
        if config.model.characters != NO_CHARACTERS:
            found += [("characters", config.model.characters.name)]
    return found


def place(options: Options) -> dict[str, Any]:
    """Where this process trains, as far as numbers depend on it: on a CPU the count of devices matters only where it is
    one, see ``xla_settings.configure``."""
    mesh = make_mesh(batch_devices=options.batch_devices)
    found: dict[str, Any] = {"platform": jax.default_backend()}
    if found["platform"] == "cpu" and jax.device_count() == 1:
        found["devices"] = 1
    if options.batch_devices > 1:
        found["batch_devices"] = options.batch_devices
    if in_turn(mesh, PACKS[options.pack]) != in_turn(mesh, "auto"):
        found["pack"] = options.pack
    return found


def made_on() -> dict[str, Any]:
    """Versions and the machine, which may change the last digits: recorded with each trial, not compared."""
    return {
        "python": platform.python_version(),
        **versions(),
        "machine": platform.machine(),
        "processor": processor(),
        "device": jax.devices()[0].device_kind,
    }


def data_digest(task: Task) -> str:
    """What a task says its data are, else a digest of the arrays that it cuts batches from; ``""`` without any."""
    if task.data.digest:
        return task.data.digest
    leaves = jax.tree.leaves(task.data.arrays)
    if not leaves:
        return ""
    found = hashlib.sha256()
    for leaf in leaves:
        array = np.ascontiguousarray(leaf)
        found.update(f"{array.dtype} {array.shape} ".encode())
        found.update(array.tobytes())
    return found.hexdigest()[:DIGITS]


def short(choice: Choice) -> str:
    """A task with the options that are not its defaults."""
    known = parameters(TASKS, choice.name, "task") if choice.name in TASKS else {}
    usual = {name: parameter.default for name, parameter in known.items()}
    return str(Choice(choice.name, **{k: v for k, v in choice.options if k not in usual or usual[k] != v}))
