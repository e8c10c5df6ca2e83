"""``haiku.dynamic_unroll``, time leading."""

from typing import Any

import haiku as hk
import jax
import jax.numpy as jnp

from benchmarks.peers.jitted import trained
from benchmarks.peers.worker import Form, Job, serve

CELLS: dict[str, Any] = {"elman": hk.VanillaRNN, "lstm": hk.LSTM, "gru": hk.GRU}


def prepare(job: Job) -> Form:
    def network(inputs):
        """A recurrent layer and a dense head on its last output."""
        cell = CELLS[job.cell](job.hidden)
        outputs, _ = hk.dynamic_unroll(cell, jnp.swapaxes(inputs, 0, 1), cell.initial_state(len(inputs)))
        return hk.Linear(1)(outputs[-1])[:, 0]

    made = hk.without_apply_rng(hk.transform(network))
    return trained(job, made.init(jax.random.key(0), jnp.zeros((job.batch, job.time, 2))), made.apply)


if __name__ == "__main__":
    serve(prepare)
