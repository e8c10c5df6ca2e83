"""A cell made of two products, ``W x_t`` and ``U h_{t−1}``, over a batch, its derivative written by hand.

What need not wait for the step before is done outside the loop, in products of large matrices: forwards ``x_t W``,
unless x has but a few features; backwards ``∂L/∂W = Σ_t x_tᵀ δ_t``, ``∂L/∂U = Σ_t h_{t−1}ᵀ δ_t`` and the biases'
``Σ_t δ_t``, ``δ_t`` being the errors that backpropagation through time (S06) brings to the products of step t.
``jax.grad`` may be taken of it any number of times, ``jax.jvp`` may not.
"""

from collections.abc import Callable
from functools import reduce
from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.cells.base import Params, SplitStep, State
from rnn_research.matmul import matmul, transposed
from rnn_research.recurrence.masking import frozen

# A kernel of so few rows, and of so many columns, is multiplied by in the loop, a feature at a time: cheaper than to
# write the product and read it again.
NARROW, COLUMNS = 4, 64


def staged(products: SplitStep, initial_state: Callable[[], State], reverse: bool) -> Callable:
    """``(params, inputs, state, starts, valid) -> (state, outputs [time, batch, hidden])``.

    ``inputs [time, batch, features]``; ``state``, leaves ``[batch, ...]``; ``starts``, a bool ``[time, batch]`` or
    None, where the state is put back to ``initial_state()`` before the step; ``valid``, a bool ``[time, batch]`` or
    None, the steps that count: elsewhere the inputs must be zeros, the state is frozen, and the outputs are left to
    the caller to zero.
    """
    # Constants: a derivative may not read what belongs to the jit around it, as it is taken of that jit, too.
    with jax.ensure_compile_time_eval():
        first = jax.tree.map(lambda leaf: leaf[None], initial_state())
    pointwise = jax.vmap(products.pointwise)
    # What follows from the rest by multiplying is computed again: cheaper than to keep it, and than to keep nothing.
    pointwise = jax.checkpoint(pointwise, policy=_is_not_product, prevent_cse=False)

    def forward(params, inputs, state, starts, valid):
        kernel, biases = params["recurrent_kernel"], [bias[None] for bias in products.biases(params)]
        xs, product = _from_input(params.get("input_kernel"), inputs)

        def step(state, x):
            x, start, counts = x
            read = _put_back(start, first, state)
            from_input, from_state = map(jnp.add, (product(x), read.hidden @ kernel), biases)
            new, back = jax.vjp(pointwise, read, from_input, from_state)
            new = _or_frozen(counts, new, state)
            return new, (new.hidden, back)

        last, (outputs, backs) = jax.lax.scan(step, state, (xs, starts, valid), reverse=reverse)
        return (last, outputs), (params, inputs, state, starts, valid, outputs, backs)

    def backward(residuals, errors):
        params, inputs, state, starts, valid, outputs, backs = residuals
        back_kernel = transposed(params["recurrent_kernel"])

        def step(of_state, x):
            of_output, start, counts, back = x
            of_state = of_state._replace(hidden=of_state.hidden + of_output)
            # No error enters a step of padding: what comes out of it, for its products too, is then zero.
            of_new = _or_frozen(counts, of_state, jax.tree.map(jnp.zeros_like, of_state))
            of_read, *of_products = back(of_new)
            of_read = of_read._replace(hidden=of_read.hidden + of_products[1] @ back_kernel)
            of_read = _put_back(start, jax.tree.map(jnp.zeros_like, of_read), of_read)
            return _or_frozen(counts, of_read, of_state), _once(products, *of_products)

        xs = errors[1], starts, valid, backs
        of_state, of_products = jax.lax.scan(step, errors[0], xs, reverse=not reverse)
        read = _put_back(starts, first.hidden[None], _before(outputs, state.hidden, reverse))
        of_params, of_inputs = _of_params(products, params, read, inputs, of_products)
        return of_params, of_inputs, of_state, None, None

    run = jax.custom_vjp(lambda *args: forward(*args)[0])
    run.defvjp(forward, backward)
    return run


def _from_input(kernel: jax.Array | None, inputs: jax.Array) -> tuple[jax.Array, Callable[[jax.Array], jax.Array]]:
    """``(xs [time, ...], product)``: of each x, ``product`` gives ``x @ kernel [batch, features]``; x, for None."""
    if kernel is None:
        return inputs, lambda x: x
    if kernel.shape[0] <= NARROW and kernel.shape[1] >= COLUMNS:
        rows = jnp.split(kernel, kernel.shape[0])
        return inputs, lambda x: reduce(jnp.add, (x[:, k : k + 1] * row for k, row in enumerate(rows)))
    return jnp.reshape(matmul(_rows(inputs), kernel), (*inputs.shape[:2], kernel.shape[1])), lambda x: x


def _once(products: SplitStep, of_input: jax.Array, of_state: jax.Array) -> tuple[jax.Array, ...]:
    """The errors of both products, those that they share once: theirs, and apart the first's and the second's."""
    if not products.apart:
        return (of_input,)
    shared = of_input.shape[-1] - products.apart
    return of_input[:, :shared], of_input[:, shared:], of_state[:, shared:]


def _of_params(products: SplitStep, params: Params, read: jax.Array, inputs: jax.Array, errors: Any) -> Any:
    """The errors of the params and of the inputs, from those of the products of all steps."""
    by_read = transposed(_rows(read))
    errors = [_rows(part) for part in errors]
    of_input, of_state = errors[:2], errors[::2]  # the first is of both

    def joined(parts):
        return jnp.concatenate([*parts], axis=-1)

    of_params = {
        "recurrent_kernel": joined(by_read @ part for part in of_state),
        "bias": joined(part.sum(axis=0) for part in of_input),
    }
    if products.apart:
        of_params["candidate_bias"] = of_state[1].sum(axis=0)
    of_inputs = joined(of_input)
    if "input_kernel" in params:
        by_inputs = transposed(_rows(inputs))
        of_params["input_kernel"] = joined(by_inputs @ part for part in of_input)
        of_inputs = of_inputs @ transposed(params["input_kernel"])
    return of_params, jnp.reshape(of_inputs, inputs.shape)


def _before(states: jax.Array, first: jax.Array, reverse: bool) -> jax.Array:
    """The state that each step reads, of those that the steps leave."""
    if reverse:
        return jnp.concatenate([states, first[None]])[1:]
    return jnp.concatenate([first[None], states])[:-1]


def _put_back(start: jax.Array | None, first: State, state: State) -> State:
    """The first state where ``start``, else the state."""
    if start is None:
        return state
    return jax.tree.map(lambda new, old: jnp.where(start[..., None], new, old), first, state)


def _or_frozen(valid: jax.Array | None, new: State, old: State) -> State:
    return new if valid is None else frozen(valid, new, old)


def _is_not_product(primitive, *_, **__) -> bool:
    return primitive.name not in ("mul", "sub", "neg", "square", "integer_pow")


def _rows(array: jax.Array) -> jax.Array:
    """``[..., features] -> [rows, features]``."""
    return jnp.reshape(array, (-1, array.shape[-1]))
