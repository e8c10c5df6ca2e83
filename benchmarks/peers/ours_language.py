"""This project's language models: ``python -m benchmarks.peers.ours_language [--threads | --batch_devices=N]``.

Trained as the launcher trains them, one trial on each single-threaded device. With ``--batch_devices`` N devices share
a trial's batches, of as many devices as cores, two at least, and the tokens of one trial count. Texts are drawn by
``rnn_research.decoding.sample``: by one thread or, with ``--threads``, by as many as XLA takes.
"""

import argparse
import tempfile
from functools import partial
from itertools import count

import jax

from benchmarks.peers.language import CLIP_NORM, Job, zipf
from benchmarks.peers.worker import Form, serve
from rnn_research import models
from rnn_research.cores import available_cores
from rnn_research.decoding import sample
from rnn_research.execution import xla_settings
from rnn_research.experiment.choice import Choice, build
from rnn_research.experiment.config import ModelConfig, OptimizerConfig, TrainConfig, TrialConfig
from rnn_research.tasks import TASKS, Task
from rnn_research.training.devices import make_mesh, place
from rnn_research.training.program import Devices, compile_program
from rnn_research.training.step import training_data
from rnn_research.training.traced import traced_values


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", action="store_true")
    parser.add_argument("--batch_devices", type=int)
    args = parser.parse_args()
    if not args.threads:
        xla_settings.configure(max(args.batch_devices or 1, available_cores()))
    serve(partial(prepare, batch_devices=args.batch_devices), Job)


def prepare(job: Job, batch_devices: int | None) -> Form:
    return training(job, batch_devices) if job.work == "training" else sampling(job)


def training(job: Job, batch_devices: int | None) -> Form:
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
    mesh = make_mesh(batch_devices=batch_devices or 1)
    program = compile_program(config(0), task, model, training_data(config(0), task), Devices(mesh))
    traced = [traced_values(config(seed)) for seed in range(program.slots)]
    states = place([jax.device_get(program.init(values)) for values in traced], program.mesh)
    traced = place(traced, program.mesh)
    counted = 1 if batch_devices else program.slots

    def run():
        nonlocal states
        states, rows = program.advance(states, traced, program.data)
        jax.block_until_ready((states, rows))
        return job.chunk * counted * job.batch * job.time

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
    main()
