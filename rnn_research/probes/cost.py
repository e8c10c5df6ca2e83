"""What an update costs: time, and memory beside the parameters (C41)."""

import time
from typing import Any

import jax

from rnn_research.experiment.config import TrialConfig
from rnn_research.models import Weights
from rnn_research.probes.base import Look, Probe, Subject
from rnn_research.probes.networks import network_of
from rnn_research.tasks.base import Findings
from rnn_research.training.step import Setup, init_state, train_step
from rnn_research.training.traced import traced_values


def cost(updates: int = 20, repeats: int = 15) -> Probe:
    """One trial's updates alone, on one device, before the first of the run.

    What else the machine does meanwhile, other trials too, only adds to a time: the least of several counts.

    Row: ``update_ms``, the least of the repeats; ``update_mb``, the memory that XLA sets aside for what an update
    computes and keeps for backpropagation through time, in millions of bytes; it is alike for all seeds.

    Args:
      updates: in a program, one after another.
      repeats: how often they are timed.

    Raises:
      ValueError: none of one of them.
    """
    if updates < 1 or repeats < 1:
        raise ValueError(f"probe cost needs updates and repeats above 0, not {updates} and {repeats}")

    def make(subject: Subject) -> Look:
        setup, arrays = Setup(subject.config, subject.task, network_of(subject, "cost")), subject.task.data.arrays
        traced: Any = traced_values(TrialConfig())  # time and memory do not depend on values
        start = init_state(setup, traced)

        def several(state, data):
            def one(state, _):
                return train_step(setup, state, traced, {"train": data})[0], None

            return jax.lax.scan(one, state, length=updates)[0]

        program = jax.jit(several).lower(start, arrays).compile()
        analysis = program.memory_analysis()

        def look(weights: Weights) -> Findings:
            seconds = []
            for _ in range(1 + repeats):  # the first is not counted
                begun = time.perf_counter()
                jax.block_until_ready(program(start, arrays))
                seconds.append(time.perf_counter() - begun)
            numbers = {"update_ms": 1e3 * min(seconds[1:]) / updates}
            return Findings(numbers | {"update_mb": analysis.temp_size_in_bytes / 1e6} if analysis else numbers)

        return look

    def check(subject: Subject) -> None:
        network_of(subject, "cost")

    return Probe(lambda config, step: step == 0, make, check)
