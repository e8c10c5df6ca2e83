"""The backend with the products taken out of the loop: second derivatives, trials side by side, what it refuses."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import Cell, SplitStep, elman, gru, lstm
from rnn_research.recurrence import run
from tests.support.recurrence import (
    BATCH,
    CELLS,
    HIDDEN,
    INPUT,
    TIME,
    assert_close,
    assert_same_bits,
    both_directions,
    compiled,
    one_by_one,
    random_batch,
    with_gradients,
)


class Between(NamedTuple):
    hidden: jax.Array
    before: jax.Array


def made_up(hidden: int) -> Cell:
    """Whatever a split step may have at once: two stages, the second of them with columns apart; a GRU's params."""
    plain = gru(hidden)

    def first(state, from_input, from_state):
        return Between(jnp.sin(from_input + from_state) * state.hidden, state.hidden)

    def second(state, from_input, from_state):
        (gate, new), (of_gate, of_new) = jnp.split(from_input, 2), jnp.split(from_state, 2)
        new = jnp.tanh(new + jax.nn.sigmoid(gate + of_gate) * of_new)
        return plain.initial_state()._replace(hidden=new + 0.5 * state.before)

    return plain._replace(step=SplitStep((first, second), cuts=(hidden,), apart=hidden))


PRODUCTS = {
    "tanh": elman(HIDDEN),
    "relu": elman(HIDDEN, activation="relu"),
    "lstm": lstm(HIDDEN),
    "gru": gru(HIDDEN),
    "gru_reset_before": gru(HIDDEN, reset_after=False),
}
every_cell_of_products = pytest.mark.parametrize("cell", PRODUCTS.values(), ids=PRODUCTS)


def staged(cell, **options):
    return partial(run, cell, backend="staged", **options)


@pytest.mark.parametrize("cell", [*PRODUCTS.values(), made_up(HIDDEN)], ids=[*PRODUCTS, "made_up"])
@both_directions
@pytest.mark.parametrize("documents", [False, True], ids=["one", "documents"])
def test_a_batch_at_once_is_its_sequences_one_by_one(cell, reverse, documents, x64):
    case = random_batch(cell)
    starts = jnp.zeros((TIME, BATCH), bool).at[0, 1].set(True).at[3, 1:].set(True) if documents else None
    expected = compiled(with_gradients(one_by_one(cell, starts, reverse)))(*case)
    assert_close(compiled(with_gradients(staged(cell, starts=starts, reverse=reverse)))(*case), expected)


@pytest.mark.parametrize("name, documents", [("lstm", False), ("lstm", True), ("gru_reset_before", True)])
def test_gradients_are_taken_of_what_is_compiled_as_well(name, documents):
    params, inputs, _ = random_batch(PRODUCTS[name])
    starts = jnp.zeros((TIME, BATCH), bool).at[3, 1:].set(True) if documents else None

    def loss(params):
        return jnp.sum(staged(PRODUCTS[name], starts=starts)(params, inputs)[1] ** 2)

    assert_close(jax.grad(jax.jit(loss))(params), jax.jit(jax.grad(loss))(params))


@pytest.mark.parametrize("features", [2, 9])
@pytest.mark.parametrize(
    "cell", [lstm(22), gru(22), gru(33, reset_after=False)], ids=["lstm", "gru", "gru_reset_before"]
)
def test_inputs_of_any_width(cell, features, x64):
    """In the loop or outside it: cells broad enough for either, or the first of two stages is."""
    case = random_batch(cell, inputs=features)
    expected = compiled(with_gradients(one_by_one(cell, None)))(*case)
    assert_close(compiled(with_gradients(staged(cell)))(*case), expected)


@every_cell_of_products
def test_products_may_come_in_the_place_of_inputs(cell, x64):
    """As of symbols, each of which has one of its own; then there is no kernel of the inputs."""
    params, inputs, state = random_batch(cell)
    kernel, rest = params["input_kernel"], {k: leaf for k, leaf in params.items() if k != "input_kernel"}
    case = rest, inputs @ kernel, state
    values, gradients = compiled(with_gradients(staged(cell)))(*case)
    assert_close(values, compiled(with_gradients(staged(cell)))(params, inputs, state)[0])
    assert_close(gradients, compiled(with_gradients(partial(run, cell, backend="scan")))(*case)[1])


@pytest.mark.parametrize("name", PRODUCTS)
def test_gates_that_are_saturated_pass_no_error(name):
    cell = PRODUCTS[name]
    params, inputs, state = random_batch(cell)
    params["bias"] = jnp.full_like(params["bias"], -1e30)
    _, gradients = compiled(with_gradients(staged(cell)))(params, inputs, state)
    assert not np.any(gradients[0]["bias"]) and not np.any(gradients[1])


@pytest.mark.parametrize("name", ["tanh", "lstm", "gru", "gru_reset_before"])
def test_its_gradients_in_single_precision_are_those_of_the_scan(name):
    cell = PRODUCTS[name]
    case = random_batch(cell, time=40)
    found, expected = (with_gradients(partial(run, cell, backend=one)) for one in ("staged", "scan"))
    for leaf, other in zip(*(jax.tree.leaves(jax.jit(one)(*case)[1]) for one in (found, expected)), strict=True):
        np.testing.assert_allclose(leaf, other, rtol=0, atol=2e-6 * np.abs(other).max())


@every_cell_of_products
@pytest.mark.parametrize("padded", [False, True], ids=["whole", "padded"])
def test_it_has_the_same_second_derivatives(cell, padded, x64):
    lengths = jnp.array([0, 1, 4, TIME]) if padded else None

    def sharpness(backend):
        def norm(params, inputs, state):
            final, outputs = run(cell, params, inputs, state, lengths=lengths, backend=backend)
            return sum((leaf**2).sum() for leaf in jax.tree.leaves((final, outputs)))

        def of_gradient(*args):
            return sum((leaf**2).sum() for leaf in jax.tree.leaves(jax.grad(norm)(*args)))

        return compiled(jax.grad(of_gradient))

    case = random_batch(cell)
    assert_close(sharpness("staged")(*case), sharpness("scan")(*case))


@pytest.mark.parametrize("name", ["lstm", "gru_reset_before"])
def test_a_batch_of_trials_at_once(name, x64):
    """What an accelerator does: trials side by side, each with params of its own."""
    cell = PRODUCTS[name]
    params, inputs, state = random_batch(cell)
    trials = jax.tree.map(lambda leaf: jnp.stack([leaf, 0.5 * leaf]), params)
    over = partial(jax.vmap, in_axes=(0, None, None))
    together, apart = (
        compiled(over(with_gradients(one)))(trials, inputs, state) for one in (staged(cell), one_by_one(cell, None))
    )
    assert_close(together, apart)


@pytest.mark.parametrize("lengths", [None, jnp.zeros(BATCH, int)], ids=["whole", "padded"])
def test_a_batch_of_no_steps(lengths):
    cell = lstm(HIDDEN)
    params, inputs, state = random_batch(cell)
    final, outputs = staged(cell)(params, inputs[:0], state, lengths=lengths)
    assert_same_bits(final, state)
    assert outputs.shape == (0, BATCH, HIDDEN)


@pytest.mark.parametrize("name", ["stacked", "another step"])
def test_a_cell_that_is_not_made_of_two_products_is_refused(name):
    plain = lstm(HIDDEN)
    cell = CELLS.get(name) or plain._replace(step=lambda *args: plain.step(*args))
    with pytest.raises(ValueError, match="backend 'staged' does not fit: the cell's step is not made of two products"):
        staged(cell)({}, jnp.zeros((TIME, BATCH, INPUT)), None)
