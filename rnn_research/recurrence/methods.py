"""A step over time: ``(step, state, xs, reverse, remat_every) -> (state, outputs)``, by ``lax.scan`` or in Python."""

import jax
import jax.numpy as jnp


def scan(step, state, xs, reverse, remat_every):
    if not remat_every:
        return jax.lax.scan(step, state, xs, reverse=reverse)
    return _remat_scan(step, state, xs, reverse, remat_every)


def _remat_scan(step, state, xs, reverse, every):
    """A scan over segments of ``every`` steps, each rematerialised; the remainder is the last segment read."""
    time = jax.tree.leaves(xs)[0].shape[0]
    whole = time - time % every

    @jax.checkpoint
    def segment(carry, part):
        return jax.lax.scan(step, carry, part, reverse=reverse)

    first = slice(time - whole, time) if reverse else slice(0, whole)
    rest = slice(0, time - whole) if reverse else slice(whole, time)
    segments = jax.tree.map(lambda a: a[first].reshape(whole // every, every, *a.shape[1:]), xs)
    state, parts = jax.lax.scan(segment, state, segments, reverse=reverse)
    outputs = [jax.tree.map(lambda a: a.reshape(whole, *a.shape[2:]), parts)]
    if time > whole:
        state, tail = segment(state, jax.tree.map(lambda a: a[rest], xs))
        outputs.insert(0 if reverse else 1, tail)
    return state, jax.tree.map(lambda *parts: jnp.concatenate(parts), *outputs)


def loop(step, state, xs, reverse, remat_every):
    time = jax.tree.leaves(xs)[0].shape[0]
    if time == 0:
        return jax.lax.scan(step, state, xs)
    step = jax.checkpoint(step) if remat_every else step
    outputs = []
    for t in reversed(range(time)) if reverse else range(time):
        state, output = step(state, jax.tree.map(lambda a, t=t: a[t], xs))
        outputs.append(output)
    return state, jax.tree.map(lambda *steps: jnp.stack(steps), *(outputs[::-1] if reverse else outputs))


METHODS = {"scan": scan, "loop": loop}
