"""A cell made of two products, ``W x_t`` and ``U h_{t−1}``, over a batch, its derivative written by hand.

What need not wait for the step before is done outside the loop, in products of large matrices: forwards ``x_t W``,
unless x has but a few features; backwards ``∂L/∂W = Σ_t x_tᵀ δ_t``, ``∂L/∂U = Σ_t h_{t−1}ᵀ δ_t`` and the biases'
``Σ_t δ_t``, ``δ_t`` being the errors that backpropagation through time (S06) brings to the products of step t.
Where a step has stages, each has its columns of W, U and δ, and what it reads in the place of ``h_{t−1}``.
``jax.grad`` may be taken of it any number of times, ``jax.jvp`` may not.
"""

from collections.abc import Callable
from functools import reduce
from typing import Any, NamedTuple

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
    # What follows from the rest by multiplying is computed again: cheaper than to keep it, and than to keep nothing.
    stages = [jax.checkpoint(jax.vmap(one), policy=_is_not_product, prevent_cse=False) for one in products.stages]

    def forward(params, inputs, state, starts, valid):
        biases = [products.cut(bias[None]) for bias in products.biases(params)]
        from_inputs = _from_inputs(products, params, inputs)
        kernels = products.cut(params["recurrent_kernel"])

        def step(state, x):
            xs, start, counts = x
            read, reads, backs = _put_back(start, first, state), [], []
            for k, stage in enumerate(stages):
                reads.append(read.hidden)
                from_input = from_inputs[k].product(xs[k]) + biases[0][k]
                from_state = read.hidden @ kernels[k] + biases[1][k]
                read, back = jax.vjp(stage, read, from_input, from_state)
                backs.append(back)
            # The output is not frozen: so it is often one array with what `back` keeps.
            return _or_frozen(counts, read, state), (read.hidden, reads[1:], backs)

        xs = [one.xs for one in from_inputs], starts, valid
        last, (outputs, reads, backs) = jax.lax.scan(step, state, xs, reverse=reverse)
        return (last, outputs), (params, inputs, state, starts, valid, outputs, reads, backs)

    def backward(residuals, errors):
        params, inputs, state, starts, valid, outputs, reads, backs = residuals
        back_kernels = [transposed(kernel) for kernel in products.cut(params["recurrent_kernel"])]

        def step(of_state, x):
            of_output, start, counts, backs = x
            of_state = of_state._replace(hidden=of_state.hidden + of_output)
            # No error enters a step of padding: what comes out of it, for its products too, is then zero.
            of_read, of_products = _or_frozen(counts, of_state, jax.tree.map(jnp.zeros_like, of_state)), []
            for back, kernel in zip(backs[::-1], back_kernels[::-1], strict=True):
                of_read, *of_both = back(of_read)
                of_read = of_read._replace(hidden=of_read.hidden + of_both[1] @ kernel)
                of_products = [of_both, *of_products]
            of_read = _put_back(start, jax.tree.map(jnp.zeros_like, of_read), of_read)
            return _or_frozen(counts, of_read, of_state), _once(products, of_products)

        xs = errors[1], starts, valid, backs
        of_state, of_products = jax.lax.scan(step, errors[0], xs, reverse=not reverse)
        # Read in reverse, padding comes first, and what it leaves is the state before all steps.
        outputs = _or_frozen(valid, outputs, jnp.broadcast_to(state.hidden, outputs.shape))
        read = _put_back(starts, first.hidden[None], _before(outputs, state.hidden, reverse))
        of_params, of_inputs = _of_params(products, params, [read, *reads], inputs, *of_products)
        return of_params, of_inputs, of_state, None, None

    run = jax.custom_vjp(lambda *args: forward(*args)[0])
    run.defvjp(forward, backward)
    return run


class FromInput(NamedTuple):
    """``xs [time, ...]``: of each x, ``product`` gives ``x @ kernel [batch, features]``."""

    xs: jax.Array
    product: Callable[[jax.Array], jax.Array]


def _from_inputs(products: SplitStep, params: Params, inputs: jax.Array) -> list[FromInput]:
    """What each stage reads; where the params lack W, the inputs are ``W x_t`` already."""
    if "input_kernel" not in params:
        return [FromInput(part, lambda x: x) for part in products.cut(inputs)]
    return [_from_input(kernel, inputs) for kernel in products.cut(params["input_kernel"])]


def _from_input(kernel: jax.Array, inputs: jax.Array) -> FromInput:
    if kernel.shape[0] <= NARROW and kernel.shape[1] >= COLUMNS:
        rows = jnp.split(kernel, kernel.shape[0])
        return FromInput(inputs, lambda x: reduce(jnp.add, (x[:, k : k + 1] * row for k, row in enumerate(rows))))
    return FromInput(jnp.reshape(matmul(_rows(inputs), kernel), (*inputs.shape[:2], kernel.shape[1])), lambda x: x)


def _once(products: SplitStep, errors: list) -> tuple[list[jax.Array], list[jax.Array]]:
    """Of the errors of each stage's two products, the first's, and of the second's those that are not the same."""
    of_input, of_state = [first for first, _ in errors], errors[-1][1]
    if not products.apart:
        return of_input, []
    shared = of_state.shape[-1] - products.apart
    return [*of_input[:-1], of_input[-1][:, :shared], of_input[-1][:, shared:]], [of_state[:, shared:]]


def _of_params(
    products: SplitStep, params: Params, reads: list, inputs: jax.Array, of_input: list, of_apart: list
) -> tuple[Any, jax.Array]:
    """The errors of the params and of the inputs, from those of the products of all steps."""
    by_reads = [transposed(_rows(read)) for read in reads]
    of_input, of_apart = [_rows(part) for part in of_input], [_rows(part) for part in of_apart]
    of_state = [*of_input[: len(of_input) - len(of_apart)], *of_apart]
    by_reads += by_reads[-1:] * len(of_apart)

    def joined(parts):
        return jnp.concatenate([*parts], axis=-1)

    of_params = {
        "recurrent_kernel": joined(by_read @ part for by_read, part in zip(by_reads, of_state, strict=True)),
        "bias": joined(part.sum(axis=0) for part in of_input),
    }
    if products.apart:
        of_params["candidate_bias"] = of_apart[0].sum(axis=0)
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
