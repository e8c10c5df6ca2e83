"""This project: the packed program that the launcher runs, one trial on each single-threaded device."""

from benchmarks.peers.worker import Form, Job, serve
from rnn_research.execution import xla_settings

xla_settings.configure()

import jax  # noqa: E402

from rnn_research.experiment.choice import Choice, build  # noqa: E402
from rnn_research.experiment.config import ModelConfig, TrainConfig, TrialConfig  # noqa: E402
from rnn_research.models import sequence_model  # noqa: E402
from rnn_research.tasks import TASKS  # noqa: E402
from rnn_research.training.devices import make_mesh, place  # noqa: E402
from rnn_research.training.optimizer import lane_of  # noqa: E402
from rnn_research.training.program import compile_program  # noqa: E402
from rnn_research.training.step import training_data  # noqa: E402


def prepare(job: Job) -> Form:
    """Compile the program; every chunk ends with a validation split of one example, which counts against us."""

    def config(seed: int) -> TrialConfig:
        return TrialConfig(
            task=Choice("adding", length=job.time),
            model=ModelConfig(cell=Choice(job.cell, hidden=job.hidden)),
            train=TrainConfig(
                steps=job.chunk, batch=job.batch, eval_every=job.chunk, valid_examples=1, test_examples=1
            ),
            seed=seed,
        )

    task = build(config(0).task, TASKS, "task")
    model = sequence_model(config(0).model, task)
    program = compile_program(config(0), task, model, training_data(config(0), task), make_mesh())
    lanes = place([lane_of(config(seed)) for seed in range(program.slots)], program.mesh)
    states = place([jax.device_get(program.init(lane_of(config(s)))) for s in range(program.slots)], program.mesh)

    def run():
        nonlocal states
        states, rows = program.advance(states, lanes, program.data)
        jax.block_until_ready((states, rows))
        return job.chunk * program.slots

    return "packed", run


if __name__ == "__main__":
    serve(prepare)
