"""``equinox.nn``'s cells in a ``lax.scan``, one example at a time under ``vmap``, as its documentation has it."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from benchmarks.peers.jitted import trained
from benchmarks.peers.worker import Form, Job, serve


class Elman(eqx.Module):
    """``h_t = tanh(W x_t + U h_{t-1} + b)``, which equinox has no cell for."""

    of_input: eqx.nn.Linear
    of_state: eqx.nn.Linear

    def __init__(self, inputs: int, hidden: int, key: jax.Array):
        input_key, state_key = jax.random.split(key)
        self.of_input = eqx.nn.Linear(inputs, hidden, key=input_key)
        self.of_state = eqx.nn.Linear(hidden, hidden, use_bias=False, key=state_key)

    def __call__(self, x, h):
        return jnp.tanh(self.of_input(x) + self.of_state(h))


class Network(eqx.Module):
    """A recurrent layer and a dense head on its last output."""

    cell: Any
    head: eqx.nn.Linear
    hidden: int = eqx.field(static=True)

    def __init__(self, name: str, hidden: int, key: jax.Array):
        cells: dict[str, Any] = {"elman": Elman, "lstm": eqx.nn.LSTMCell, "gru": eqx.nn.GRUCell}
        cell_key, head_key = jax.random.split(key)
        self.cell = cells[name](2, hidden, key=cell_key)
        self.head = eqx.nn.Linear(hidden, 1, key=head_key)
        self.hidden = hidden

    def __call__(self, inputs):
        zeros = jnp.zeros(self.hidden)
        first: Any = (zeros, zeros) if isinstance(self.cell, eqx.nn.LSTMCell) else zeros
        last, _ = jax.lax.scan(lambda state, x: (self.cell(x, state), None), first, inputs)
        return self.head(last[0] if isinstance(last, tuple) else last)[0]


def prepare(job: Job) -> Form:
    network = Network(job.cell, job.hidden, jax.random.key(0))
    params, rest = eqx.partition(network, eqx.is_array)
    return trained(job, params, lambda params, inputs: jax.vmap(eqx.combine(params, rest))(inputs))


if __name__ == "__main__":
    serve(prepare)
