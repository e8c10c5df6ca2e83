"""Norms of the error sent back: against Jacobians of a plain loop, differences, closed forms; padding; limits."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import Cell, elman, gru, lstm, residual, stacked
from rnn_research.gradients.norms import GradientNorms, gradient_norms, vector_norm

BATCH, TIME, INPUT, HIDDEN = 2, 5, 3, 4


def own_cell():
    """A user's: its output is no part of its state, and the state holds a matrix, a scalar, a counter and a key."""

    def init(key, input_size):
        shapes = {"w": (input_size, 6), "u": (3, 3), "v": (6, HIDDEN)}
        return {name: jax.random.normal(key, shape) for name, shape in shapes.items()}

    def initial_state():
        return {
            "count": jnp.zeros((), jnp.int32),
            "key": jax.random.key(0),
            "mean": jnp.zeros(()),
            "slots": jnp.zeros((2, 3)),
        }

    def step(params, state, x):
        slots = jnp.tanh((x @ params["w"]).reshape(2, 3) + state["slots"] @ params["u"] + state["mean"])
        mean = 0.5 * state["mean"] + slots.mean() / (1 + state["count"])
        new = {"count": state["count"] + 1, "key": state["key"], "mean": mean, "slots": slots}
        return new, jnp.sin(slots.ravel() @ params["v"]) * mean + jax.random.normal(state["key"], (HIDDEN,))

    return Cell(init, initial_state, step)


CELLS = {
    "lstm": lstm(HIDDEN),
    "gru": gru(HIDDEN),
    "stacked": stacked(elman(HIDDEN), residual(lstm(HIDDEN))),
    "own": own_cell(),
}
every_cell = pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)


def random_case(cell, time=TIME, batch=BATCH, inputs=INPUT, scale=0.7):
    """Params, biases too, and inputs."""
    rng = np.random.default_rng(0)
    shapes = jax.eval_shape(lambda key: cell.init(key, inputs), jax.random.key(0))
    params = jax.tree.map(lambda leaf: jnp.asarray(rng.normal(size=leaf.shape, scale=scale)), shapes)
    return params, jnp.asarray(rng.normal(size=(batch, time, inputs)))


def classes(time=TIME, batch=BATCH):
    return jnp.asarray(np.random.default_rng(1).integers(HIDDEN, size=(batch, time)))


def cross_entropy(output, target):
    return -jax.nn.log_softmax(3 * output)[target]


def quadratic(output):
    return jnp.sum(jnp.square(output - 0.3)) / 2


def compiled(cell, loss, **options):
    """``(params, inputs, targets) -> GradientNorms`` of NumPy arrays."""
    run = jax.jit(lambda *args: gradient_norms(cell, *args[:2], loss, *args[2:], **options))
    return lambda *args: jax.device_get(run(*args))


def is_float(leaf):
    return jnp.issubdtype(leaf.dtype, jnp.inexact)


def losses_of_nudged_loop(cell, loss, params, inputs, targets, taps, errors):
    """The loss of every step of one example, ``taps`` being added to the floats of the states, ``errors`` to the
    outputs."""
    state, losses = cell.initial_state(), []
    for t in range(len(inputs)):
        state, output = cell.step(params, state, inputs[t])
        losses.append(loss(output + errors[t], targets[t]))
        leaves, tree = jax.tree.flatten(state)
        leaves = [a + taps[i][t] if is_float(a) else a for i, a in enumerate(leaves)]
        state = jax.tree.unflatten(tree, leaves)
    return jnp.stack(losses)


def by_jacobian(cell, loss, params, inputs, targets):
    """What is expected, from ``jax.jacobian`` of the plain loop."""
    time = inputs.shape[1]
    leaves, tree = jax.tree.flatten(cell.initial_state())
    taps = {i: jnp.zeros((time, *a.shape)) for i, a in enumerate(leaves) if is_float(a)}

    @jax.jit
    @partial(jax.vmap, in_axes=(None, 0, 0))
    def jacobians(params, inputs, targets):
        run = partial(losses_of_nudged_loop, cell, loss, params, inputs, targets)
        return jax.jacobian(run, argnums=(0, 1))(taps, jnp.zeros((time, HIDDEN)))

    by_state, by_output = jacobians(params, inputs, targets)
    parts = {i: np.sqrt((np.asarray(a) ** 2).sum(axis=tuple(range(3, a.ndim)))) for i, a in by_state.items()}
    output = np.sqrt((np.asarray(by_output) ** 2).sum(axis=3))
    total = np.sqrt(sum(norm**2 for norm in parts.values()) + output**2)
    state = [parts.get(i, np.zeros_like(total)) for i in range(len(leaves))]
    return GradientNorms(jax.tree.unflatten(tree, state), np.diagonal(output, axis1=1, axis2=2), total)


def assert_close(actual, expected, tolerance=1e-9):
    assert jax.tree.structure(actual) == jax.tree.structure(expected)
    for a, e in zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, e, rtol=tolerance, atol=tolerance / 1000)


def assert_same_bits(actual, expected):
    for a, e in zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True):
        assert np.asarray(a).tobytes() == np.asarray(e).tobytes()


def row(norms, t):
    """What ``at=t`` should give, from the triangle."""
    return jax.tree.map(lambda a: a[:, t], norms)


def example(norms, b):
    return jax.tree.map(lambda a: a[b], norms)


# Against other ways.


@every_cell
def test_norms_are_those_of_the_jacobian_of_a_plain_loop(cell, x64):
    params, inputs = random_case(cell)
    norms = compiled(cell, cross_entropy)(params, inputs, classes())
    expected = by_jacobian(cell, cross_entropy, params, inputs, classes())
    assert_close(norms, expected)
    assert np.all(expected.total[:, *np.tril_indices(TIME)] > 0)
    for a, e in zip(jax.tree.leaves(norms), jax.tree.leaves(expected), strict=True):
        assert a.shape == e.shape and np.all((a == 0) == (e == 0))  # causal: exactly zero
    assert_same_bits(np.diagonal(norms.total, axis1=1, axis2=2), norms.output)


def test_many_steps_are_sent_back_in_several_blocks(x64):
    cell, time = elman(HIDDEN), 18
    params, inputs = random_case(cell, time)
    norms = compiled(cell, cross_entropy)(params, inputs, classes(time))
    assert_close(norms, by_jacobian(cell, cross_entropy, params, inputs, classes(time)))


def test_norms_are_those_of_finite_differences(x64):
    cell = lstm(HIDDEN)
    params, inputs = random_case(cell)
    norms = compiled(cell, quadratic)(params, inputs)

    def loss_after(tap, b, t, k):
        """``L_t`` with ``tap [2, hidden]`` added to (h, c) after step k."""
        state, output = cell.initial_state(), None
        for j in range(t + 1):
            state, output = cell.step(params, state, inputs[b, j])
            if j == k:
                state = type(state)(state.hidden + tap[0], state.cell + tap[1])
        return quadratic(output)

    for b, t, k in [(0, 4, 3), (1, 4, 0)]:
        run = jax.jit(jax.vmap(partial(loss_after, b=b, t=t, k=k)))
        taps = 1e-5 * np.eye(2 * HIDDEN).reshape(-1, 2, HIDDEN)
        slopes = ((run(taps) - run(-taps)) / 2e-5).reshape(2, HIDDEN)
        found = norms.state.hidden[b, t, k], norms.state.cell[b, t, k], norms.total[b, t, k]
        np.testing.assert_allclose(found, [*np.linalg.norm(slopes, axis=1), np.linalg.norm(slopes)], rtol=1e-7)


def test_one_curve_is_a_row_of_the_triangle(x64):
    cell, at = CELLS["lstm"], 13
    params, inputs = random_case(cell, 18)
    triangle = compiled(cell, quadratic)(params, inputs)
    assert_close(compiled(cell, quadratic, at=at)(params, inputs), row(triangle, at))


def test_jit_eager_and_vmap_agree(x64):
    cell = elman(HIDDEN)
    params, inputs = random_case(cell)
    run = compiled(cell, quadratic)
    assert_close(jax.device_get(gradient_norms(cell, params, inputs, quadratic)), run(params, inputs))
    halved = jax.tree.map(lambda a: 0.5 * a, params)
    several = jax.tree.map(lambda *a: jnp.stack(a), params, halved)
    both = jax.device_get(jax.jit(jax.vmap(lambda params: gradient_norms(cell, params, inputs, quadratic)))(several))
    for i, case in enumerate((params, halved)):
        assert_close(example(both, i), run(case, inputs))


# Closed forms and the limits of floats.


def linear_network(recurrent, time, activation="linear"):
    """An Elman network of one example that reads zeros, so its Jacobian is ``recurrent`` (transposed) throughout."""
    cell = elman(len(recurrent), activation=activation)
    params, _ = random_case(cell)
    params = params | {"recurrent_kernel": jnp.asarray(recurrent, jnp.float32)}
    return cell, jax.tree.map(lambda a: a.astype(jnp.float32), params), jnp.zeros((1, time, INPUT), jnp.float32)


def orthogonal(size, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))[0]


def test_a_scaled_rotation_decays_geometrically():
    time = 30
    weights = jnp.asarray(np.random.default_rng(2).normal(size=8), jnp.float32)
    cell, params, inputs = linear_network(0.9 * orthogonal(8), time)
    norms = compiled(cell, lambda output: output @ weights)(params, inputs)
    distance = np.arange(time)[:, None] - np.arange(time)
    expected = np.where(distance >= 0, 0.9**distance, 0) * np.linalg.norm(weights)
    np.testing.assert_allclose(norms.total[0], expected, rtol=1e-5)


def test_each_singular_direction_decays_at_its_own_rate(x64):
    rates, q = np.array([1.3, 1.0, 0.7, 0.2]), orthogonal(4)
    cell, params, inputs = linear_network(np.eye(4), 12)
    run = compiled(cell, jnp.dot, at=-1)
    inputs = jnp.broadcast_to(inputs, (4, *inputs.shape[1:]))
    # A matrix that is not symmetric turns the direction away in one step.
    for left, distances in ((q, 12), (orthogonal(4, 1), 2)):
        params = params | {"recurrent_kernel": jnp.asarray(q * rates @ left.T)}
        directions = jnp.broadcast_to(left.T[:, None], (4, 12, 4))  # as targets, one an example
        curves = run(params, inputs, directions).total[:, ::-1]
        np.testing.assert_allclose(curves[:, :distances], rates[:, None] ** np.arange(distances), rtol=1e-10)


def test_out_of_range_is_inf_or_0_and_never_nan():
    cell, params, inputs = linear_network(orthogonal(8), 1000)
    run = compiled(cell, jnp.sum, at=-1)
    for rate in (1.5, 0.5):
        curve = run(params | {"recurrent_kernel": rate * params["recurrent_kernel"]}, inputs).total[0]
        true = np.sqrt(8) * rate ** np.arange(1000.0)[::-1]
        limits = np.finfo(np.float32)
        inside = (true > limits.tiny) & (true < limits.max)
        assert 0 < inside.sum() < 300
        np.testing.assert_allclose(curve[inside], true[inside], rtol=1e-4)
        assert np.all(curve[true > limits.max] == np.inf) and np.all(curve[true < 1e-46] == 0)


def test_a_norm_that_leaves_the_range_comes_back():
    # h_t = x_t h_{t−1}: the inputs are the Jacobians.
    cell = Cell(lambda *_: {}, lambda: jnp.ones(1), lambda _, h, x: (x * h, x * h))
    factors = np.array([1e-30, 1.0, 1e20, 1e20, 1e-15, 1e-20, 1e-20, 1e-20, 1e30, 1e10, 3.0])
    run = compiled(cell, jnp.sum, at=-1)
    for jacobians, outside in ((factors, np.inf), (1 / factors, 0)):
        curve = run({}, jnp.asarray(jacobians[None, :, None], jnp.float32)).state[0]
        true = np.append(np.cumprod(jacobians[::-1])[-2::-1], 0)
        expected = np.where(true > 3.4e38, np.inf, np.where(true < 1e-38, 0, true))
        np.testing.assert_allclose(curve, expected, rtol=1e-5)
        assert expected[7] == outside and np.all((expected[:7] > 0) & (expected[:7] < np.inf))


def test_a_relu_network_that_explodes_gives_inf():
    cell, params, _ = linear_network(np.full((8, 8), 0.2), 1, "relu")
    inputs = jnp.asarray(np.random.default_rng(0).normal(size=(1, 1000, INPUT)), jnp.float32)
    curve = compiled(cell, jnp.sum, at=-1)(params, inputs).total[0]
    assert np.all(curve[:800] == np.inf) and np.all(np.isfinite(curve[850:])) and curve[850] > 1e20


@pytest.mark.parametrize("activation, loss", [("tanh", quadratic), ("relu", jnp.sum)], ids=["tanh", "relu"])
def test_nan_is_nan_from_its_step_on(activation, loss):
    cell, step = elman(HIDDEN, activation=activation), 7
    params, inputs = random_case(cell, 12)
    run = compiled(cell, loss)
    clean, norms = run(params, inputs), run(params, inputs.at[0, step].set(np.nan))
    assert_close(row(norms, np.s_[:step]), row(clean, np.s_[:step]), 1e-6)
    assert_close(example(norms, 1), example(clean, 1), 1e-6)
    earlier = np.tril(np.ones((12, 12), bool), -1)[step:]
    for part in (norms.total, *jax.tree.leaves(norms.state)):
        assert np.all(np.isnan(part[0, step:][earlier])) and not np.any(part[0, step:][np.triu(~earlier, step + 1)])


def test_vector_norm_of_any_magnitude():
    cases = [
        ([3e30, 4e30], 5e30),
        ([3e-30, 4e-30], 5e-30),
        ([2e-38, 2e-38], np.sqrt(8) * 1e-38),
        ([2e38, 2e38], np.sqrt(8) * 1e38),
        ([3e38, 3e38], np.inf),
        ([1e30, 1e-30], 1e30),
        ([3.0, -4.0], 5.0),
        ([0.0, -0.0], 0.0),
        ([np.inf, 1.0], np.inf),
        ([-np.inf, np.inf], np.inf),
        ([np.nan, 1.0], np.nan),
        ([0.0, np.nan], np.nan),
    ]
    x, expected = (np.array(column, np.float64).astype(np.float32) for column in zip(*cases))
    for run in (vector_norm, jax.jit(vector_norm, static_argnums=1)):
        np.testing.assert_allclose(run(jnp.asarray(x), 1), expected, rtol=1e-6)
    np.testing.assert_allclose(vector_norm(jnp.array([3 + 4j, 12j]), 0), 13, rtol=1e-6)
    assert vector_norm(jnp.zeros((2, 0)), 1).tolist() == [0, 0]


def test_vector_norm_over_axes():
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype(np.float32)
    for axes in (1, -1, (0, 2), range(2, 4), (), (0, 1, 2, 3)):
        expected = np.sqrt((x**2).sum(axis=axes if isinstance(axes, int) else tuple(axes)))
        np.testing.assert_allclose(vector_norm(jnp.asarray(x), axes), expected, rtol=1e-6)


# Padding.


def test_padding_counts_as_nothing_whatever_it_holds():
    cell, lengths = gru(HIDDEN), np.array([6, 3, 1, 0])
    params, inputs = random_case(cell, 6, len(lengths))
    targets = jnp.asarray(np.random.default_rng(1).normal(size=(len(lengths), 6, HIDDEN)))

    def loss(output, target):
        return jnp.sum(jnp.square(output - target))

    full = compiled(cell, loss)(params, inputs, targets)
    valid = np.arange(6) < lengths[:, None]
    expected = jax.tree.map(lambda a: np.where(valid.reshape(valid.shape + (1,) * (a.ndim - 2)), a, 0), full)
    run = compiled(cell, loss, lengths=jnp.asarray(lengths))
    clean = run(params, inputs, targets)
    assert_close(clean, expected, 1e-5)
    for garbage in (0.0, np.nan, np.inf, 1e30):
        filled = [np.where(valid[:, :, None], a, np.float32(garbage)) for a in (inputs, targets)]
        assert_same_bits(run(params, *filled), clean)
        longer = [np.pad(a, ((0, 0), (0, 13), (0, 0)), constant_values=garbage) for a in filled]
        padded = run(params, *longer)
        assert not np.any(padded.total[:, 6:]) and not np.any(padded.output[:, 6:])
        assert_close(jax.tree.map(lambda a: a[(np.s_[:],) + (np.s_[:6],) * (a.ndim - 1)], padded), clean, 1e-5)


def test_a_negative_step_counts_back_from_each_examples_end():
    cell, lengths = elman(HIDDEN), np.array([6, 3, 1, 0])
    params, inputs = random_case(cell, 6, len(lengths))
    triangle = compiled(cell, quadratic)(params, inputs)
    for at in (-1, 2):
        curves = compiled(cell, quadratic, at=at, lengths=jnp.asarray(lengths))(params, inputs)
        for b, length in enumerate(lengths):
            t = at if at >= 0 else length + at
            exists = 0 <= t < length
            expected = jax.tree.map(lambda a, b=b, t=t, exists=exists: a[b, t] * exists, triangle)
            assert_close(example(curves, b), expected, 1e-5)


# Refusals.


def test_refusals():
    cell = elman(HIDDEN)
    params, inputs = random_case(cell)

    def refuses(match, inputs=inputs, loss=quadratic, cell=cell, **options):
        with pytest.raises(ValueError, match=match) as caught:
            gradient_norms(cell, params, inputs, loss, **options)
        assert "\n" not in str(caught.value)

    for wrong in (inputs[0], inputs[None], inputs[:, :0], inputs[:0]):
        refuses(r"inputs must be \[batch, time, features\]", wrong)
    for at in (TIME, -TIME - 1, 1.0, True, "last"):
        refuses("at must be a whole number from -5 to 4, not", at=at)
    refuses(r"loss must give a real scalar for the output of one step, not shape \(4,\)", loss=jnp.tanh)
    refuses("real scalar for the output of one step, not shape .* of int32", loss=jnp.argmax)
    refuses("real scalar for the output of one step, not tuple", loss=lambda output: (output.sum(), 0))
    refuses(r"targets must be \[batch, time, ...\]", targets=classes(TIME + 1))
    refuses(r"lengths must be \[batch\], shape \(2,\), not \(3,\)", lengths=jnp.array([1, 2, 3]))
    memoryless = Cell(cell.init, lambda: (), lambda params, state, x: (state, x @ params["input_kernel"]))
    refuses("state has no float", cell=memoryless)
