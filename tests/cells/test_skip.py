"""Skip connections through time (S09), against their definition in a plain NumPy loop."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from jax.test_util import check_grads

from rnn_research.cells import ElmanState, SkipState, elman, gru, lstm, output_size, residual, skip, stacked
from rnn_research.recurrence import bidirectional, unroll
from tests.support.cells import HIDDEN, INPUT, assert_trees_close, randomised
from tests.support.numpy_cells import numpy_elman, numpy_gru_reset_after, numpy_lstm

TIME = 20
FORMS = {
    "elman": (elman(HIDDEN), numpy_elman(np.tanh)),
    "lstm": (lstm(HIDDEN), numpy_lstm),
    "gru": (gru(HIDDEN), numpy_gru_reset_after),
}
every_form = pytest.mark.parametrize("form", FORMS)
every_k = pytest.mark.parametrize("every", [1, 2, 3, 7])
both_directions = pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])


def by_definition(step, every, params, first, inputs, length=None, reverse=False):
    """The outputs, what the last step gave, and every state read: r_0, r_1, ..."""
    length = len(inputs) if length is None else length
    order = list(range(length))[::-1] if reverse else list(range(length))
    outputs, given, read = np.zeros((len(inputs), HIDDEN)), first, []
    for t, place in enumerate(order):
        r = tuple(given)
        if t > 0 and t % every == 0:
            r = tuple(part + earlier for part, earlier in zip(r, read[t - every]))
        read.append(r)
        with np.errstate(over="ignore"):  # the state of an open gate doubles at each skip: exp(−z) is infinite
            given, outputs[place] = step(params, r, inputs[place])
    return outputs, given, read


def random_case(cell, seed=0):
    """Params, a first state of the cell without its skip, and inputs."""
    params = jax.eval_shape(lambda key: cell.init(key, INPUT), jax.random.key(0))
    trees = params, cell.initial_state(), jnp.zeros((TIME, INPUT))
    return tuple(randomised(tree, seed + k) for k, tree in enumerate(trees))


def start(cell, first):
    return cell.initial_state()._replace(inner=first)


def assert_state(state, given, read, every):
    """``inner``, ``anchor`` and ``count`` after as many steps as there are states read."""
    np.testing.assert_allclose(jnp.stack(state.inner), np.stack(given), rtol=1e-11, atol=1e-11)
    if read:
        anchor = read[(len(read) - 1) // every * every]
        np.testing.assert_allclose(jnp.stack(state.anchor), np.stack(anchor), rtol=1e-11, atol=1e-11)
    assert state.count == len(read) % every


@every_form
@every_k
def test_values_are_those_of_the_definition(form, every, x64):
    plain, numpy_step = FORMS[form]
    cell = skip(plain, every=every)
    params, first, inputs = random_case(plain)
    run = jax.jit(partial(unroll, cell), static_argnames="reverse")
    for reverse in (False, True):
        for length in (0, 1, every, 11, TIME):
            expected = by_definition(
                numpy_step, every, *jax.tree.map(np.array, (params, first, inputs)), length, reverse
            )
            state, outputs = run(params, inputs, start(cell, first), length=length, reverse=reverse)
            np.testing.assert_allclose(outputs, expected[0], rtol=1e-11, atol=1e-11)
            assert_state(state, *expected[1:], every)


@pytest.mark.parametrize("options", [{}, {"remat_every": 6}, {"method": "loop", "remat_every": 1}], ids=str)
def test_every_way_to_run_it_gives_the_same(options, x64):
    plain, numpy_step = FORMS["lstm"]
    cell = skip(plain, every=3)
    params, first, inputs = random_case(plain)
    state, outputs = jax.jit(partial(unroll, cell, **options))(params, inputs, start(cell, first))
    expected = by_definition(numpy_step, 3, *jax.tree.map(np.array, (params, first, inputs)))
    np.testing.assert_allclose(outputs, expected[0], rtol=1e-11, atol=1e-11)
    assert_state(state, *expected[1:], 3)


def test_a_skip_longer_than_the_sequence_changes_nothing(x64):
    plain = gru(HIDDEN)
    params, first, inputs = random_case(plain)
    cell = skip(plain, every=TIME)
    state, outputs = unroll(cell, params, inputs, start(cell, first))
    assert_trees_close((state.inner, outputs), unroll(plain, params, inputs, first))


def test_the_sum_grows_with_the_blocks(x64):
    """A cell that gives ones whatever it reads: r_{mk} is m ones and the first state."""
    cell = skip(elman(2, activation="linear"), every=3)
    params = {"input_kernel": jnp.zeros((1, 2)), "recurrent_kernel": jnp.zeros((2, 2)), "bias": jnp.ones(2)}
    first = ElmanState(jnp.array([0.25, -0.5]))
    for time, blocks in [(1, 0), (3, 0), (4, 1), (6, 1), (7, 2), (19, 6)]:
        state, _ = unroll(cell, params, jnp.zeros((time, 1)), start(cell, first))
        np.testing.assert_array_equal(state.anchor.hidden, first.hidden + blocks)


# In a stack and around one.


@both_directions
def test_each_layer_of_a_stack_counts_for_itself(reverse, x64):
    names, everies = ("lstm", "elman", "gru"), (2, 3, 7)
    cell = stacked(*(skip(FORMS[name][0], every=k) for name, k in zip(names, everies)))
    firsts, params = [], []
    inputs = randomised(jnp.zeros((TIME, INPUT)), 9)
    for seed, (name, width) in enumerate(zip(names, (INPUT, HIDDEN, HIDDEN))):
        plain = FORMS[name][0]
        params.append(randomised(jax.eval_shape(lambda k, c=plain, w=width: c.init(k, w), jax.random.key(0)), seed))
        firsts.append(randomised(plain.initial_state(), 10 + seed))
    state = tuple(layer._replace(inner=first) for layer, first in zip(cell.initial_state(), firsts))
    for length in (5, TIME):
        final, outputs = unroll(cell, tuple(params), inputs, state, length=length, reverse=reverse)
        below = np.array(inputs)
        for k, (name, every) in enumerate(zip(names, everies)):
            below, given, read = by_definition(FORMS[name][1], every, params[k], firsts[k], below, length, reverse)
            assert_state(final[k], given, read, every)
        np.testing.assert_allclose(outputs, below, rtol=1e-11, atol=1e-11)


def test_around_a_stack_is_the_same_as_within_it(x64):
    layers = lstm(HIDDEN), elman(HIDDEN)
    around, within = skip(stacked(*layers), every=3), stacked(*(skip(layer, every=3) for layer in layers))
    params, first, inputs = random_case(stacked(*layers))
    states = tuple(layer._replace(inner=f) for layer, f in zip(within.initial_state(), first))
    final, outputs = unroll(around, params, inputs, start(around, first), length=13)
    layered, expected = unroll(within, params, inputs, states, length=13)
    assert_trees_close(outputs, expected)
    assert_trees_close(final.inner, tuple(layer.inner for layer in layered))
    assert_trees_close(final.anchor, tuple(layer.anchor for layer in layered))


def test_beside_the_other_combinators():
    cell = skip(lstm(INPUT), every=2)
    params = cell.init(jax.random.key(0), INPUT)
    assert_trees_close(params, lstm(INPUT).init(jax.random.key(0), INPUT), 0)  # no params of its own
    assert output_size(cell, INPUT) == INPUT
    inputs = randomised(jnp.zeros((TIME, INPUT)), 1)
    run = jax.jit(lambda x, n: unroll(cell, params, x, length=n)[1])
    over_residual = jax.jit(lambda x, n: unroll(residual(cell), params, x, length=n)[1])
    both_ways = jax.jit(lambda x, n: bidirectional(cell, cell, (params, params), x, length=n)[1])
    expected = run(inputs, 9)
    np.testing.assert_allclose(over_residual(inputs, 9)[:9], inputs[:9] + expected[:9], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(both_ways(inputs, 9)[:, :INPUT], expected, rtol=1e-5, atol=1e-6)
    batch = jax.vmap(run)(jnp.stack([inputs] * 2), jnp.array([4, 9]))
    np.testing.assert_allclose(batch[1], expected, rtol=1e-5, atol=1e-6)


@both_directions
def test_garbage_in_the_padding_does_not_reach_the_gradients(reverse, x64):
    plain = lstm(HIDDEN)
    cell = skip(plain, every=2)
    params, first, inputs = random_case(plain)

    @jax.jit
    def gradient(params, first, inputs):
        def loss(params, first, inputs):
            state, outputs = unroll(cell, params, inputs, start(cell, first), length=9, reverse=reverse)
            return (outputs**2).sum() + sum(leaf.sum() for leaf in jax.tree.leaves((state.inner, state.anchor)))

        return jax.grad(loss, argnums=(0, 1, 2))(params, first, inputs)

    clean = gradient(params, first, inputs.at[9:].set(0))
    assert_trees_close(gradient(params, first, inputs.at[9:].set(np.nan)), clean, 1e-12)
    assert not np.any(clean[2][9:]) and np.all(clean[2][:9] != 0)


# Gradients.


@every_form
@pytest.mark.parametrize("every", [1, 3])
def test_gradients_agree_with_finite_differences_both_ways(form, every, x64):
    """Of everything by everything: the count of steps too, whose derivative is 0."""
    plain, _ = FORMS[form]
    cell = skip(plain, every=every)
    params, first, inputs = random_case(plain)
    state = SkipState(first, randomised(first, 5), jnp.array(float(every > 1)))

    def run(params, state, inputs):
        return unroll(cell, params, inputs, state, length=5)

    check_grads(jax.jit(run), (params, state, inputs[:7]), order=1, modes=("fwd", "rev"))


@every_form
def test_the_whole_state_can_be_differentiated(form, x64):
    """By tools that know nothing of it: every leaf is a float, and the state is one vector."""
    plain, _ = FORMS[form]
    cell = skip(plain, every=2)
    params, first, inputs = random_case(plain)
    state = cell.step(params, start(cell, first), inputs[0])[0]
    state = cell.step(params, state, inputs[1])[0]  # the next step is due

    def step(state):
        return cell.step(params, state, inputs[2])[0]

    given, backward = jax.vjp(step, state)
    assert_trees_close(backward(given)[0].count, 0.0)
    vector, tree = ravel_pytree(state)
    jacobian = jax.jacrev(lambda v: ravel_pytree(step(tree(v)))[0])(vector)
    size = (len(vector) - 1) // 2
    inner, anchor = jacobian[:size], jacobian[size : 2 * size]
    assert not np.any(jacobian[-1]) and not np.any(jacobian[:, -1])
    np.testing.assert_allclose(inner[:, :size], inner[:, size:-1])  # the step reads the sum of the two
    np.testing.assert_array_equal(anchor, np.hstack([np.eye(size), np.eye(size), np.zeros((size, 1))]))
    assert jax.grad(lambda s: jnp.sum(step(s).inner.hidden))(state).count == 0


@every_form
def test_a_block_of_steps_has_an_identity_in_its_jacobian(form, x64):
    plain, _ = FORMS[form]
    every = 3
    cell = skip(plain, every=every)
    params, first, inputs = random_case(plain)

    vector, tree = ravel_pytree(first)

    def read_by(t, v):
        """r_t, for t a multiple of k: the anchor once step t is taken."""
        return ravel_pytree(unroll(cell, params, inputs, start(cell, tree(v)), length=t + 1)[0].anchor)[0]

    def block(t, v):
        """s_{t−1} of the cell without the skip, k steps on from a state."""
        part = jax.lax.dynamic_slice_in_dim(inputs, t - every, every)
        return ravel_pytree(unroll(plain, params, part, tree(v))[0])[0]

    read, read_jacobian, block_jacobian = (jax.jit(f) for f in (read_by, *(jax.jacfwd(f, 1) for f in (read_by, block))))
    product = np.eye(len(vector))
    for t in (every, 2 * every, 3 * every):
        product = (np.eye(len(vector)) + block_jacobian(t, read(t - every, vector))) @ product
        np.testing.assert_allclose(read_jacobian(t, vector), product, rtol=1e-9, atol=1e-9)


def test_the_error_passes_a_saturated_cell(x64):
    """Three blocks of steps at ±1, where tanh is flat, then one step that reads."""
    every = 5
    plain = elman(2)
    cell = skip(plain, every=every)
    params = {"input_kernel": 20 * jnp.eye(2), "recurrent_kernel": 0.1 * jnp.eye(2), "bias": jnp.zeros(2)}
    signs = np.repeat([1.0, -1.0, 1.0], every)
    inputs = jnp.asarray(np.append(signs, 0.0)[:, None] * np.ones(2))
    zero = plain.initial_state()

    def last_output(cell, state):
        return jax.jacrev(lambda s: unroll(cell, params, inputs, s)[1][-1])(state)

    assert np.abs(last_output(plain, zero).hidden).max() < 1e-30
    # The last step reads 1 − 1 + 1 and the first state.
    expected = 0.1 * (1 - np.tanh(0.1) ** 2) * np.eye(2)
    np.testing.assert_allclose(last_output(cell, start(cell, zero)).inner.hidden, expected, rtol=1e-9, atol=1e-12)


# Refusals.


@pytest.mark.parametrize("every", [0, -1, 2.0, "3", True, None])
def test_every_must_be_a_positive_whole_number(every):
    with pytest.raises(ValueError, match="every must be a positive whole number"):
        skip(elman(3), every=every)


def test_a_skip_round_a_skip_is_refused():
    for cell in (skip(elman(3), every=2), stacked(elman(3), skip(gru(3), every=2)), residual(skip(gru(3), every=4))):
        with pytest.raises(ValueError, match="cannot go round a cell that holds a skip"):
            skip(cell, every=3)
    assert skip(elman(3), every=np.int64(2)).initial_state().count == 0
