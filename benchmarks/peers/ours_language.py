"""This project's language models: ``python -m benchmarks.peers.ours_language [--threads]``.

Trained as the launcher trains them, one trial on each single-threaded device. Texts are drawn by
``rnn_research.decoding.sample``: by one thread or, with ``--threads``, by as many as XLA takes.
"""

import sys
import tempfile
from itertools import count

from benchmarks.peers.language import CLIP_NORM, Job, zipf
from benchmarks.peers.worker import Form, serve
from rnn_research.execution import xla_settings

if "--threads" not in sys.argv:
    xla_settings.configure()

import jax

from rnn_research import models
from rnn_research.decoding import sample
from rnn_research.experiment.choice import Choice, build
from rnn_research.experiment.config import ModelConfig, OptimizerConfig, TrainConfig, TrialConfig
from rnn_research.tasks import TASKS, Task
from rnn_research.training.devices import make_mesh, place
from rnn_research.training.program import Devices, compile_program
from rnn_research.training.step import training_data
from rnn_research.training.traced import traced_values


def prepare(job: Job) -> Form:
    return {"training": training, "sampling": sampling}[job.work](job)


def training(job: Job) -> Form:
    """The packed program; every chunk ends with a validation split of one sequence, which counts against us."""

    def config(seed: int) -> TrialConfig:
        return TrialConfig(
            model=network(job),
            optimizer=OptimizerConfig(job.optimizer, job.learning_rate, clip_norm=CLIP_NORM),
            train=TrainConfig(
                steps=job.chunk, batch=job.batch, eval_every=job.chunk, valid_examples=1, test_examples=1
            ),
            seed=seed,
        )

    task = text_task(job)
    model = models.network(network(job), task.inputs, task.target)
    program = compile_program(config(0), task, model, training_data(config(0), task), Devices(make_mesh()))
    traced = [traced_values(config(seed)) for seed in range(program.slots)]
    states = place([jax.device_get(program.init(values)) for values in traced], program.mesh)
    traced = place(traced, program.mesh)

    def run():
        nonlocal states
        states, rows = program.advance(states, traced, program.data)
        jax.block_until_ready((states, rows))
        return job.chunk * program.slots * job.batch * job.time

    return Form("packed", run)


def sampling(job: Job) -> Form:
    task = text_task(job)
    model = models.network(network(job), task.inputs, task.target)
    params = jax.jit(model.init)(jax.random.key(0))
    stream, seeds = model.stream, count()
    assert stream is not None

    def run():
        ids = sample(stream, params, [], job.time, jax.random.key(next(seeds)), batch=job.batch)
        return jax.block_until_ready(ids).size

    return Form("sample", run)


def text_task(job: Job) -> Task:
    """``language_model`` on a text of as many words as the job's vocabulary has, less the one for unknown words."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        file.write(" ".join(map(str, zipf(job.vocabulary - 1))))
        file.flush()
        return build(Choice("language_model", path=file.name, tokens="split", length=job.time), TASKS, "task")


def network(job: Job) -> ModelConfig:
    initial = "uniform(0.1)"  # Zaremba's, for all weights
    cell = Choice("lstm", hidden=job.hidden, input_init=initial, recurrent_init=initial)
    return ModelConfig(cell, job.layers, embedding=job.embedding, embedding_init=initial, head_init=initial)


if __name__ == "__main__":
    serve(prepare, Job)
