"""``flax.linen.RNN``."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from benchmarks.peers.jitted import trained
from benchmarks.peers.worker import Form, Job, serve

CELLS = {"elman": nn.SimpleCell, "lstm": nn.OptimizedLSTMCell, "gru": nn.GRUCell}


class Network(nn.Module):
    """A recurrent layer and a dense head on its last output."""

    cell: str
    hidden: int

    @nn.compact
    def __call__(self, inputs):
        outputs: Any = nn.RNN(CELLS[self.cell](self.hidden))(inputs)
        return nn.Dense(1)(outputs[:, -1])[:, 0]


def prepare(job: Job) -> Form:
    network = Network(job.cell, job.hidden)
    return trained(job, network.init(jax.random.key(0), jnp.zeros((job.batch, job.time, 2))), network.apply)


if __name__ == "__main__":
    serve(prepare)
