"""Packs of small trials: a compiled program, what comes of its trials, and whether that is the same to the bit."""

from typing import Any, NamedTuple

import jax
import numpy as np

from rnn_research.experiment.choice import build
from rnn_research.models import Model, network
from rnn_research.tasks import TASKS, Task
from rnn_research.training.devices import make_mesh
from rnn_research.training.pack import run_pack
from rnn_research.training.program import Devices, Program, compile_program
from rnn_research.training.step import training_data


class Compiled(NamedTuple):
    """A program and what it was compiled of."""

    program: Program
    task: Task
    model: Model


class Outcome(NamedTuple):
    """What came of a trial: how it ended, ``(step, rows)`` of its events, its last state and its reason."""

    kind: str
    rows: list
    state: Any
    reason: str


def parts(config):
    """The task and the network of a config."""
    task = build(config.task, TASKS, "task")
    return task, network(config.model, task.inputs, task.target)


def two_devices(per_device=1, pack="auto", batch_devices=1):
    return Devices(make_mesh(jax.devices()[:2], batch_devices), per_device, pack)


def compiled(config, devices=None):
    """The program of a config, on two devices if none are given."""
    task, model = parts(config)
    program = compile_program(config, task, model, training_data(config, task), devices or two_devices())
    return Compiled(program, task, model)


def run(made, configs, starts=None, **options):
    """What came of every trial."""
    rows, ends = [[] for _ in configs], {}
    for event in run_pack(made.program, configs, starts, **options):
        if event.rows:
            rows[event.trial].append((event.step, event.rows))
        if event.kind in ("done", "diverged", "paused"):
            ends[event.trial] = event
    return [Outcome(ends[i].kind, rows[i], ends[i].state, ends[i].reason) for i in range(len(configs))]


def stopped_and_gone_on_with(made, configs, chunks):
    """The same of a pack that stops after every few chunks and goes on in a new one."""
    rows, ends, starts = [[] for _ in configs], {}, {}
    left = list(range(len(configs)))
    while left:
        rounds = iter(range(1, chunks + 1))
        found = run_pack(
            made.program,
            [configs[i] for i in left],
            {left.index(i): state for i, state in starts.items() if i in left},
            stopping=lambda rounds=rounds: next(rounds) == chunks,
        )
        for event in found:
            trial = left[event.trial]
            if event.rows:
                rows[trial].append((event.step, event.rows))
            if event.kind in ("done", "diverged"):
                ends[trial] = event
            elif event.state is not None:
                starts[trial] = event.state
        left = [i for i in left if i not in ends]
    return [Outcome(ends[i].kind, rows[i], ends[i].state, ends[i].reason) for i in range(len(configs))]


def bits(tree):
    return [np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(tree)]


def exactly(outcome):
    """An outcome to the last bit."""
    return outcome.kind, repr(outcome.rows), bits(outcome.state), outcome.reason
