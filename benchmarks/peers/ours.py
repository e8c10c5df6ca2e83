"""This project: the packed program that the launcher runs, on single-threaded devices.

``python -m benchmarks.peers.ours [--padded] [--pack=N]``: with the first, every example has a random length; with the
second, each device has N trials, one after another.
"""

import argparse
import time

from benchmarks.peers.worker import Form, Job, serve
from rnn_research.execution import xla_settings

xla_settings.configure()

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402

from rnn_research.experiment.choice import Choice, build  # noqa: E402
from rnn_research.experiment.config import ModelConfig, TrainConfig, TrialConfig  # noqa: E402
from rnn_research.models import network  # noqa: E402
from rnn_research.tasks import TASKS, Batch, Task  # noqa: E402
from rnn_research.training.devices import make_mesh, place  # noqa: E402
from rnn_research.training.program import Devices, compile_program  # noqa: E402
from rnn_research.training.step import training_data  # noqa: E402
from rnn_research.training.traced import traced_values  # noqa: E402

BATCHES = 64  # whose lengths differ


def main() -> None:
    xla_settings.start_devices()
    parser = argparse.ArgumentParser()
    parser.add_argument("--padded", action="store_true")
    parser.add_argument("--pack", type=int, default=1)
    args = parser.parse_args()
    serve(lambda job: prepare(job, args.padded, args.pack))


def steps_of(chunk: int, pack: int) -> int:
    """Steps in a dispatch of so many trials: fewer, so that it stays short, but more than the scoring at its end."""
    return max(chunk // min(pack, 8), min(chunk, 4))


def prepare(job: Job, pad: bool, pack: int) -> Form:
    """Compile the program; every chunk ends with a validation split of one example, which counts against us."""
    chunk = steps_of(job.chunk, pack)

    def config(seed: int) -> TrialConfig:
        return TrialConfig(
            task=Choice("adding", length=job.time),
            model=ModelConfig(cell=Choice(job.cell, hidden=job.hidden)),
            train=TrainConfig(steps=chunk, batch=job.batch, eval_every=chunk, valid_examples=1, test_examples=1),
            seed=seed,
        )

    task = build(config(0).task, TASKS, "task")
    task = padded(task) if pad else task
    model = network(config(0).model, task.inputs, task.target)
    data = training_data(config(0), task)
    started = time.perf_counter()
    program = compile_program(config(0), task, model, data, Devices(make_mesh(), pack))
    compiling = time.perf_counter() - started
    traced = [traced_values(config(seed)) for seed in range(program.slots)]
    states = place([jax.device_get(program.init(values)) for values in traced], program.mesh)
    traced = place(traced, program.mesh)

    def run():
        nonlocal states
        states, rows = program.advance(states, traced, program.data)
        jax.block_until_ready((states, rows))
        return chunk * program.slots

    return Form("packed", run, compiling)


def padded(task: Task) -> Task:
    """The task with examples of lengths uniform from 1 to all steps: for time alone, as what is cut off is missing from
    what was to be added. The lengths are drawn beforehand, as those of a corpus are known."""

    def train(arrays, key: jax.Array, step: jax.Array, size: int) -> Batch:
        lengths = np.random.default_rng(0).integers(1, task.inputs.time + 1, (BATCHES, size), np.int32)
        return task.data.train(arrays, key, step, size)._replace(lengths=jnp.asarray(lengths)[step % BATCHES])

    return task._replace(data=task.data._replace(train=train))


if __name__ == "__main__":
    main()
