"""What the peers on jax have in common, the way users write it: one jitted program, one device that has all threads."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from benchmarks.peers.worker import Form, Job

Params = Any


def adding(key: jax.Array, batch: int, time: int) -> tuple[jax.Array, jax.Array]:
    """A batch of the adding problem: inputs ``[batch, time, 2]`` and targets ``[batch]``."""
    values_key, first_key, second_key = jax.random.split(key, 3)
    values = jax.random.uniform(values_key, (batch, time))
    first = jax.random.randint(first_key, (batch, 1), 0, time // 2)
    second = jax.random.randint(second_key, (batch, 1), time // 2, time)
    steps = jnp.arange(time)
    marks = ((steps == first) | (steps == second)).astype(values.dtype)
    return jnp.stack([values, marks], axis=-1), jnp.sum(values * marks, axis=1)


def trained(job: Job, params: Params, predict: Callable[[Params, jax.Array], Any]) -> Form:
    """A jitted scan over ``chunk`` training steps, so that the dispatch is no bottleneck.

    Args:
      params: the initial ones, a tree of arrays.
      predict: ``(params, inputs [batch, time, 2]) -> [batch]``.
    """
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(1e-3))

    def step(carry, _):
        params, opt_state, key = carry
        key, batch_key = jax.random.split(key)
        inputs, targets = adding(batch_key, job.batch, job.time)

        def loss_of(params):
            return jnp.mean((predict(params, inputs) - targets) ** 2)

        loss, gradients = jax.value_and_grad(loss_of)(params)
        updates, opt_state = optimizer.update(gradients, opt_state, params)
        return (optax.apply_updates(params, updates), opt_state, key), loss

    chunk = jax.jit(lambda carry: jax.lax.scan(step, carry, length=job.chunk), donate_argnums=0)
    carry = (params, optimizer.init(params), jax.random.key(1))

    def run():
        nonlocal carry
        carry, losses = chunk(carry)
        jax.block_until_ready((carry, losses))
        return job.chunk

    return Form("scan", run)
