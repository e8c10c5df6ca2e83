"""A cell made of two products, ``W x_t`` and ``U h_{t−1}``, over a batch, its derivative written by hand.

What need not wait for the step before is done outside the loop, in products of large matrices: forwards ``x_t W``;
backwards ``∂L/∂W = Σ_t x_tᵀ δ_t`` and ``∂L/∂U = Σ_t h_{t−1}ᵀ δ_t``, ``δ_t`` being the errors that backpropagation
through time (S06) brings to the products of step t. ``jax.grad`` may be taken of it any number of times, ``jax.jvp``
may not.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from rnn_research.cells.base import SplitStep, State
from rnn_research.matmul import matmul, transposed
from rnn_research.recurrence.masking import frozen


def staged(products: SplitStep, initial_state: State, reverse: bool) -> Callable:
    """``(params, inputs, state, starts, valid) -> (state, outputs [time, batch, hidden])``.

    ``inputs [time, batch, features]``; ``state``, leaves ``[batch, ...]``; ``starts``, a bool ``[time, batch]`` or
    None, where the state is put back to ``initial_state`` before the step; ``valid``, a bool ``[time, batch]`` or
    None, the steps that count: elsewhere the inputs must be zeros, the state is frozen, and the outputs are left to
    the caller to zero.
    """
    over = _loop(products, initial_state, reverse)

    def run(params, inputs, state, starts, valid):
        kernel, recurrent_kernel = params["input_kernel"], params["recurrent_kernel"]
        biases = {name: leaf for name, leaf in params.items() if "kernel" not in name}
        from_input = jnp.reshape(matmul(_rows(inputs), kernel), (*inputs.shape[:2], kernel.shape[1]))
        return over(biases, recurrent_kernel, from_input, starts, valid, state)

    return run


def _loop(products: SplitStep, initial_state: State, reverse: bool) -> Callable:
    """``(biases, recurrent kernel, from_input, starts, valid, state) -> (state, outputs)``."""
    first = jax.tree.map(lambda leaf: leaf[None], initial_state)
    pointwise = jax.vmap(products.pointwise, in_axes=(None, 0, 0, 0))
    # What follows from the rest by multiplying is computed again: cheaper than to keep it, and than to keep nothing.
    pointwise = jax.checkpoint(pointwise, policy=_is_not_product, prevent_cse=False)

    def put_back(state, start, first):
        if start is None:
            return state
        return jax.tree.map(lambda new, old: jnp.where(start[:, None], new, old), first, state)

    def or_frozen(valid, new, old):
        return new if valid is None else frozen(valid, new, old)

    def forward(biases, kernel, from_input, starts, valid, state):
        def step(state, x):
            from_input, start, counts = x
            read = put_back(state, start, first)
            from_state = read.hidden @ kernel
            (new, output), back = jax.vjp(pointwise, biases, read, from_input, from_state)
            return or_frozen(counts, new, state), (output, (start, counts, read.hidden, back))

        state, (outputs, steps) = jax.lax.scan(step, state, (from_input, starts, valid), reverse=reverse)
        return (state, outputs), (biases, kernel, steps)

    def backward(residuals, errors):
        biases, kernel, steps = residuals
        back_kernel = transposed(kernel)

        def step(carry, x):
            (of_state, of_biases), (of_output, (start, counts, _, back)) = carry, x
            # No error enters a step of padding: what comes out of it, for its products too, is then zero.
            of_new = or_frozen(counts, of_state, jax.tree.map(jnp.zeros_like, of_state))
            added, of_read, *of_products = back((of_new, of_output))
            of_read = of_read._replace(hidden=of_read.hidden + of_products[1] @ back_kernel)
            of_read = put_back(of_read, start, jax.tree.map(jnp.zeros_like, of_read))
            kept = of_products[:1] if products.adds else of_products
            return (or_frozen(counts, of_read, of_state), jax.tree.map(jnp.add, of_biases, added)), kept

        last = errors[0], jax.tree.map(jnp.zeros_like, biases)
        (of_state, of_biases), of_products = jax.lax.scan(step, last, (errors[1], steps), reverse=not reverse)
        _, _, read, _ = steps
        of_kernel = transposed(_rows(read)) @ _rows(of_products[-1])
        return of_biases, of_kernel, of_products[0], None, None, of_state

    run = jax.custom_vjp(lambda *args: forward(*args)[0])
    run.defvjp(forward, backward)
    return run


def _is_not_product(primitive, *_, **__) -> bool:
    return primitive.name not in ("mul", "sub", "neg", "square", "integer_pow")


def _rows(array: jax.Array) -> jax.Array:
    """``[..., features] -> [rows, features]``."""
    return jnp.reshape(array, (-1, array.shape[-1]))
