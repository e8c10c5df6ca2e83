"""Cells against their equations in NumPy and against flax; the textbook's parameter counts; the initialisers."""

import inspect
import re

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from rnn_research.cells import (
    CELLS,
    GRUState,
    count_cell_parameters,
    count_parameters,
    elman,
    gru,
    lstm,
    output_size,
    residual,
    stacked,
)
from rnn_research.cells.initializers import INITIALIZERS, gates, named, spectral_radius

INPUT, HIDDEN, TIME = 3, 4, 5

FORMS = {
    "elman_tanh": elman(HIDDEN),
    "elman_sigmoid": elman(HIDDEN, activation="sigmoid"),
    "elman_relu": elman(HIDDEN, activation="relu"),
    "elman_linear": elman(HIDDEN, activation="linear"),
    "lstm": lstm(HIDDEN),
    "gru_reset_after": gru(HIDDEN, reset_after=True),
    "gru_reset_before": gru(HIDDEN, reset_after=False),
}


def randomised(tree, seed):
    """Random numbers in the place of every leaf, biases and states too."""
    rng = np.random.default_rng(seed)
    return jax.tree.map(lambda leaf: jnp.asarray(rng.normal(size=leaf.shape, scale=0.8)), tree)


def random_case(cell, seed=0):
    """Params, first state, inputs, and the weights of an objective that looks at every output and the last state."""
    params = jax.eval_shape(lambda key: cell.init(key, INPUT), jax.random.key(0))
    state = cell.initial_state()
    inputs, weights = jnp.zeros((TIME, INPUT)), (jnp.zeros((TIME, HIDDEN)), state)
    return tuple(randomised(tree, seed + k) for k, tree in enumerate((params, state, inputs, weights)))


def steps(cell, params, state, inputs):
    outputs = []
    for x in inputs:
        state, output = cell.step(params, state, x)
        outputs.append(output)
    return jnp.stack(outputs), state


def weigh(results, weights):
    return sum((r * w).sum() for r, w in zip(jax.tree.leaves(results), jax.tree.leaves(weights), strict=True))


def assert_trees_close(actual, expected, tolerance=1e-10):
    assert jax.tree.structure(actual) == jax.tree.structure(expected)
    for a, e in zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, e, rtol=tolerance, atol=tolerance)


# The equations, one gate at a time, in NumPy.


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def block(params, k):
    """W, U and b of gate k, as matrices that stand before their vector."""
    columns = slice(k * HIDDEN, (k + 1) * HIDDEN)
    return params["input_kernel"][:, columns].T, params["recurrent_kernel"][:, columns].T, params["bias"][columns]


def numpy_elman(f):
    def step(params, state, x):
        w, u, b = block(params, 0)
        h = f(w @ x + u @ state[0] + b)
        return (h,), h

    return step


def numpy_lstm(params, state, x):
    h, c = state
    (wi, ui, bi), (wf, uf, bf), (wg, ug, bg), (wo, uo, bo) = (block(params, k) for k in range(4))
    i, f, o = sigmoid(wi @ x + ui @ h + bi), sigmoid(wf @ x + uf @ h + bf), sigmoid(wo @ x + uo @ h + bo)
    c = f * c + i * np.tanh(wg @ x + ug @ h + bg)
    h = o * np.tanh(c)
    return (h, c), h


def numpy_gru_reset_after(params, state, x):
    h = state[0]
    (wr, ur, br), (wz, uz, bz), (wn, un, bn) = (block(params, k) for k in range(3))
    r, z = sigmoid(wr @ x + ur @ h + br), sigmoid(wz @ x + uz @ h + bz)
    n = np.tanh(wn @ x + bn + r * (un @ h + params["candidate_bias"]))
    h = (1 - z) * n + z * h
    return (h,), h


def numpy_gru_reset_before(params, state, x):
    h = state[0]
    (wr, ur, br), (wz, uz, bz), (wn, un, bn) = (block(params, k) for k in range(3))
    r, z = sigmoid(wr @ x + ur @ h + br), sigmoid(wz @ x + uz @ h + bz)
    n = np.tanh(wn @ x + bn + un @ (r * h))
    h = (1 - z) * h + z * n
    return (h,), h


NUMPY_STEPS = {
    "elman_tanh": numpy_elman(np.tanh),
    "elman_sigmoid": numpy_elman(sigmoid),
    "elman_relu": numpy_elman(lambda x: np.maximum(x, 0)),
    "elman_linear": numpy_elman(lambda x: x),
    "lstm": numpy_lstm,
    "gru_reset_after": numpy_gru_reset_after,
    "gru_reset_before": numpy_gru_reset_before,
}


def numpy_steps(step, params, state, inputs):
    outputs = []
    for x in inputs:
        state, output = step(params, state, x)
        outputs.append(output)
    return np.stack(outputs), state


def numeric_gradient(f, arrays, epsilon=1e-6):
    """Central differences of ``f()`` in every entry of the arrays, which are changed in place and put back."""
    gradients = []
    for array in arrays:
        gradient = np.zeros_like(array)
        for index in np.ndindex(array.shape):
            value = array[index]
            array[index] = value + epsilon
            above = f()
            array[index] = value - epsilon
            gradient[index] = (above - f()) / (2 * epsilon)
            array[index] = value
        gradients.append(gradient)
    return gradients


@pytest.mark.parametrize("form", FORMS)
def test_forward_and_gradient_equal_the_equations_in_numpy(form, x64):
    cell, numpy_step = FORMS[form], NUMPY_STEPS[form]
    params, state, inputs, weights = random_case(cell)
    outputs, final = steps(cell, params, state, inputs)
    assert outputs.dtype == jnp.float64

    copies = jax.tree.map(np.array, (params, state, inputs))
    expected = numpy_steps(numpy_step, *copies)
    np.testing.assert_allclose(outputs, expected[0], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(jnp.stack(final), np.stack(expected[1]), rtol=1e-12, atol=1e-12)

    gradient = jax.grad(lambda *args: weigh(steps(cell, *args), weights), argnums=(0, 1, 2))(params, state, inputs)
    numeric = numeric_gradient(lambda: weigh(numpy_steps(numpy_step, *copies), weights), jax.tree.leaves(copies))
    for ours, theirs in zip(jax.tree.leaves(gradient), numeric, strict=True):
        assert np.abs(theirs).max() > 1e-3  # nothing is tested where nothing flows
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("form", FORMS)
def test_gradients_agree_with_finite_differences_both_ways(form, x64):
    cell = FORMS[form]
    params, state, inputs, _ = random_case(cell)
    check_grads(lambda *args: steps(cell, *args), (params, state, inputs[:3]), order=1, modes=("fwd", "rev"))


# flax. Every one of its arrays has one counterpart of ours, so gradients convert as weights do.


def from_flax_simple(p):
    return {"input_kernel": p["i"]["kernel"], "recurrent_kernel": p["h"]["kernel"], "bias": p["i"]["bias"]}


def from_flax_lstm(p):
    def join(side, name):
        return jnp.concatenate([p[side + gate][name] for gate in "ifgo"], axis=-1)

    return {"input_kernel": join("i", "kernel"), "recurrent_kernel": join("h", "kernel"), "bias": join("h", "bias")}


def from_flax_gru(p):
    def join(side, name):
        return jnp.concatenate([p[side + gate][name] for gate in "rzn"], axis=-1)

    kernels = {"input_kernel": join("i", "kernel"), "recurrent_kernel": join("h", "kernel")}
    return kernels | {"bias": join("i", "bias"), "candidate_bias": p["hn"]["bias"]}


FLAX = [
    ("elman_tanh", nn.SimpleCell(HIDDEN), from_flax_simple),
    ("elman_sigmoid", nn.SimpleCell(HIDDEN, activation_fn=nn.sigmoid), from_flax_simple),
    ("elman_relu", nn.SimpleCell(HIDDEN, activation_fn=nn.relu), from_flax_simple),
    ("lstm", nn.LSTMCell(HIDDEN), from_flax_lstm),
    ("lstm", nn.OptimizedLSTMCell(HIDDEN), from_flax_lstm),
    ("gru_reset_after", nn.GRUCell(HIDDEN), from_flax_gru),
]


@pytest.mark.parametrize("form, module, convert", FLAX, ids=[type(m).__name__ + "_" + f for f, m, _ in FLAX])
def test_forward_and_gradient_equal_flax(form, module, convert, x64):
    cell = FORMS[form]
    _, state, inputs, weights = random_case(cell)
    carry = module.initialize_carry(jax.random.key(0), (INPUT,))
    theirs = randomised(jax.eval_shape(module.init, jax.random.key(0), carry, inputs[0])["params"], 7)

    def run_flax(params, state, inputs):
        carry, outputs = (state.cell, state.hidden) if form == "lstm" else state.hidden, []
        for x in inputs:
            carry, output = module.apply({"params": params}, carry, x)
            outputs.append(output)
        return jnp.stack(outputs), carry[::-1] if form == "lstm" else carry

    expected, expected_final = run_flax(theirs, state, inputs)
    outputs, final = steps(cell, convert(theirs), state, inputs)
    np.testing.assert_allclose(outputs, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(jnp.stack(final), jnp.reshape(jnp.stack(expected_final), (-1, HIDDEN)), rtol=1e-12)

    gradient = jax.grad(lambda *args: weigh(steps(cell, *args), weights), argnums=(0, 1, 2))
    flax_gradient = jax.grad(lambda *args: weigh(run_flax(*args), weights), argnums=(0, 1, 2))
    by_params, by_state, by_inputs = flax_gradient(theirs, state, inputs)
    assert_trees_close(gradient(convert(theirs), state, inputs), (convert(by_params), by_state, by_inputs))


# Counts.


@pytest.mark.parametrize("inputs, hidden", [(1, 1), (2, 3), (7, 5), (32, 128)])
def test_parameter_counts_are_the_textbooks(inputs, hidden):
    simple = hidden * (inputs + hidden + 1)
    expected = {
        elman(hidden): simple,
        lstm(hidden): 4 * simple,
        gru(hidden, reset_after=False): 3 * simple,
        gru(hidden, reset_after=True): 3 * simple + hidden,
    }
    for cell, count in expected.items():
        assert count_cell_parameters(cell, inputs) == count
    upper = hidden * (2 * hidden + 1)
    assert count_cell_parameters(stacked(lstm(hidden), lstm(hidden)), inputs) == 4 * (simple + upper)


# Initialisers.


@pytest.mark.parametrize("name", ["orthogonal", "orthogonal_svd"])
@pytest.mark.parametrize("shape", [(5, 5), (7, 4), (4, 7), (1, 1)])
def test_orthogonal(name, shape):
    q = np.asarray(INITIALIZERS[name](jax.random.key(1), shape))
    assert q.shape == shape
    product = q.T @ q if shape[0] >= shape[1] else q @ q.T
    np.testing.assert_allclose(product, np.eye(min(shape)), atol=1e-5)


@pytest.mark.parametrize("shape", [(200, 50), (30, 300)])
def test_uniform_bounds(shape):
    for name, bound in {"glorot": np.sqrt(6 / sum(shape)), "uniform": 1 / np.sqrt(shape[1])}.items():
        draw = np.asarray(INITIALIZERS[name](jax.random.key(2), shape))
        assert draw.shape == shape
        assert 0.99 * bound < draw.max() <= bound and -bound <= draw.min() < -0.99 * bound
        np.testing.assert_allclose(draw.var(), bound**2 / 3, rtol=0.05)


@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (4, 2)])
def test_identity(shape):
    np.testing.assert_array_equal(INITIALIZERS["identity"](jax.random.key(3), shape), np.eye(*shape))


@pytest.mark.parametrize("name, deviation", [("normal(0.1)", 0.1), ("normal(2)", 2.0), ("normal(1e-2)", 0.01)])
@pytest.mark.parametrize("shape", [(200, 300), (300, 200)])
def test_normal_has_the_deviation_in_its_name(name, deviation, shape):
    assert_normal(named(name)(jax.random.key(6), shape), shape, deviation)


def assert_normal(draw, shape, deviation):
    draw = np.asarray(draw) / deviation
    assert draw.shape == shape
    assert abs(draw.mean()) < 4 / np.sqrt(draw.size)
    np.testing.assert_allclose(draw.std(), 1, atol=3 / np.sqrt(draw.size))
    np.testing.assert_allclose((draw**4).mean(), 3, atol=4 * np.sqrt(96 / draw.size))  # no other bell


@pytest.mark.parametrize("shape", [(200, 300), (300, 200)])
def test_gaussian_variance_is_one_over_the_columns(shape):
    assert_normal(INITIALIZERS["gaussian"](jax.random.key(7), shape), shape, shape[1] ** -0.5)


def test_gaussian_has_radius_one_and_norm_two():
    draw = np.asarray(INITIALIZERS["gaussian"](jax.random.key(8), (400, 400)), np.float64)
    assert abs(eigen_radius(draw) - 1) < 0.08
    assert abs(np.linalg.norm(draw, 2) - 2) < 0.08


def eigen_radius(matrix):
    return np.abs(np.linalg.eigvals(np.asarray(matrix, np.float64))).max()


@pytest.mark.parametrize("count, width", [(15, 60), (15, 15), (15, 16), (15, 7), (3, 40), (1, 10), (2, 2), (9, 1)])
def test_sparse_has_so_many_weights_a_unit_and_radius_one(count, width):
    draw = jax.jit(jax.vmap(lambda key: named(f"sparse({count})")(key, (width, width))))
    kernels = np.asarray(draw(jax.random.split(jax.random.key(9), 20)))
    assert np.all(np.count_nonzero(kernels, axis=1) == min(count, width))
    for kernel in kernels:
        assert abs(eigen_radius(kernel) - 1) < 1e-3
    if count < width:
        assert len({(k != 0).tobytes() for k in kernels}) > 10  # other units each time
        assert np.all((kernels != 0).any(axis=0).sum(axis=0) > min(count, width))  # and any of them
    if width >= 15:
        shape = kernels[kernels != 0] / np.sqrt((kernels[kernels != 0] ** 2).mean())
        assert abs(shape.mean()) < 4 / np.sqrt(shape.size)


@pytest.mark.parametrize("shape", [(200, 300), (300, 200), (10, 500)])
def test_sparse_leaves_what_is_not_square_as_drawn(shape):
    kernel = np.asarray(named("sparse(15)")(jax.random.key(10), shape))
    assert kernel.shape == shape
    assert np.all(np.count_nonzero(kernel, axis=0) == min(15, shape[0]))
    nonzero = kernel[kernel != 0]
    assert_normal(nonzero, nonzero.shape, 1.0)


def test_spectral_radius_is_that_of_the_eigenvalues():
    rng = np.random.default_rng(0)
    rotation = np.array([[0.6, -0.8], [0.8, 0.6]])
    cases = [rng.normal(size=(n, n)) * scale for n in (1, 2, 5, 30) for scale in (1e-6, 1.0, 1e6)]
    cases += [0.9 * rotation, np.diag([2.0, -2.0, 1.0]), np.array([[0.5, 1e3], [0.0, 0.4]]), np.zeros((3, 3))]
    cases += [np.triu(np.ones((6, 6)), 1), np.eye(4) + np.diag(np.ones(3), 1)]  # nilpotent; one Jordan block
    expected = [eigen_radius(case) for case in cases[:-1]] + [1.0]
    found = [jax.jit(spectral_radius)(jnp.asarray(case, jnp.float32)) for case in cases]
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize("name", [*sorted(set(INITIALIZERS) - {"identity"}), "normal(0.1)", "sparse(3)"])
def test_every_gate_and_key_is_a_draw_of_its_own(name):
    kernel = np.asarray(gates(name)(jax.random.key(4), 6, 5, 3))
    assert kernel.shape == (6, 15)
    blocks = np.split(kernel, 3, axis=1)
    assert len({b.tobytes() for b in blocks}) == 3
    np.testing.assert_array_equal(kernel, gates(name)(jax.random.key(4), 6, 5, 3))
    assert not np.array_equal(kernel, gates(name)(jax.random.key(5), 6, 5, 3))


@pytest.mark.parametrize("factory, count", [(elman, 1), (lstm, 4), (gru, 3)])
def test_a_name_with_an_argument_is_a_name(factory, count):
    cell = factory(20, input_init="normal(0.5)", recurrent_init="sparse(4)")
    params = jax.jit(lambda key: cell.init(key, 900))(jax.random.key(0))
    assert_normal(params["input_kernel"], (900, 20 * count), 0.5)
    for kernel in np.split(np.asarray(params["recurrent_kernel"]), count, axis=1):
        assert np.all(np.count_nonzero(kernel, axis=0) == 4)
        assert abs(eigen_radius(kernel) - 1) < 1e-3


@pytest.mark.parametrize("factory, count", [(elman, 1), (lstm, 4), (gru, 3)])
def test_initialisers_act_gate_by_gate(factory, count):
    cell = factory(6, input_init="uniform", recurrent_init="orthogonal")
    params = cell.init(jax.random.key(0), 6)
    for q in np.split(np.asarray(params["recurrent_kernel"]), count, axis=1):
        np.testing.assert_allclose(q.T @ q, np.eye(6), atol=1e-5)
    assert 0.9 / np.sqrt(6) < np.abs(params["input_kernel"]).max() <= 1 / np.sqrt(6)

    alike = factory(6, input_init="glorot", recurrent_init="glorot").init(jax.random.key(0), 6)
    assert not np.array_equal(alike["input_kernel"], alike["recurrent_kernel"])
    wide = factory(6, input_init="glorot").init(jax.random.key(0), 500)["input_kernel"]
    assert 0.99 * np.sqrt(6 / 506) < np.abs(wide).max() <= np.sqrt(6 / 506)  # of one gate, not of all side by side
    eyes = factory(6, recurrent_init="identity").init(jax.random.key(0), 2)["recurrent_kernel"]
    np.testing.assert_array_equal(eyes, np.tile(np.eye(6), count))


@pytest.mark.parametrize("value", [0.0, 1.0, -2.5])
def test_forget_bias_fills_the_forget_gates_slice(value):
    bias = lstm(3, forget_bias=value).init(jax.random.key(0), 2)["bias"]
    np.testing.assert_array_equal(bias, [0, 0, 0, value, value, value, 0, 0, 0, 0, 0, 0])


@pytest.mark.parametrize("longest", [2, 3, 10, 1000])
def test_chrono_spreads_the_forget_gates_over_the_time_scales(longest):
    cell = lstm(2000, chrono=longest, input_init="identity", recurrent_init="identity")
    i, f, g, o = np.split(np.asarray(jax.jit(lambda key: cell.init(key, 1))(jax.random.key(0))["bias"]), 4)
    np.testing.assert_array_equal(i, -f)
    assert not g.any() and not o.any()
    steps = np.exp(f.astype(np.float64))
    assert np.all(f >= 0) and np.all(steps <= (longest - 1) * (1 + 1e-6))
    quantiles = np.quantile(steps, [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(quantiles, np.linspace(1, longest - 1, 5), atol=0.03 * longest)


def test_chrono_leaves_every_other_draw_as_it_is():
    """The kernels and, without chrono, the bias, by the formula."""
    key = jax.random.key(3)
    key_w, key_u = jax.random.split(key)
    expected = {
        "input_kernel": gates("glorot")(key_w, 3, 5, 4),
        "recurrent_kernel": gates("orthogonal")(key_u, 5, 5, 4),
    }
    bias = np.repeat(np.float32([0, 1.5, 0, 0]), 5)
    for chrono in (0, 50):
        params = lstm(5, forget_bias=1.5, chrono=chrono).init(key, 3)
        for name, kernel in expected.items():
            np.testing.assert_array_equal(params[name], kernel)
        assert np.array_equal(params["bias"], bias) == (chrono == 0)
    np.testing.assert_array_equal(params["bias"], lstm(5, forget_bias=-7.0, chrono=50).init(key, 3)["bias"])
    other = lstm(5, chrono=50).init(jax.random.key(4), 3)["bias"]
    assert len(np.unique(params["bias"][5:10])) == 5 and not np.array_equal(params["bias"], other)


@pytest.mark.parametrize("chrono", [1, -1, 2.5, "9", True, None])
def test_chrono_is_off_or_a_number_of_steps(chrono):
    with pytest.raises(ValueError, match="chrono must be 0"):
        lstm(3, chrono=chrono)


@pytest.mark.parametrize("reset_after", [True, False])
def test_keep_bias_keeps_the_state(reset_after):
    """Both forms hold on to the state as the bias grows, though they weigh it by z and by 1 − z."""
    plain, keeping = gru(3, reset_after=reset_after), gru(3, reset_after=reset_after, keep_bias=4.0)
    params, kept = (cell.init(jax.random.key(0), 2) for cell in (plain, keeping))
    value = 4.0 if reset_after else -4.0
    np.testing.assert_array_equal(kept["bias"], [0, 0, 0, value, value, value, 0, 0, 0])
    state, x = GRUState(jnp.array([0.9, -0.9, 0.8])), jnp.zeros(2)
    change = jnp.abs(plain.step(params, state, x)[1] - state.hidden)
    assert jnp.all(jnp.abs(keeping.step(kept, state, x)[1] - state.hidden) < change / 5)


def test_other_biases_and_states_start_at_zero():
    for form, cell in FORMS.items():
        params = cell.init(jax.random.key(0), INPUT)
        assert count_parameters(params) == count_cell_parameters(cell, INPUT)
        zeros = [cell.initial_state(), [] if form == "lstm" else params["bias"], params.get("candidate_bias", [])]
        assert not any(np.any(leaf) for leaf in jax.tree.leaves(zeros)), form
    assert lstm(HIDDEN).init(jax.random.key(0), INPUT)["bias"][HIDDEN] == 1
    assert lstm(HIDDEN).initial_state()._fields == ("hidden", "cell")


# Combinators.


def test_stacked_feeds_each_layer_the_one_below():
    cell = stacked(lstm(4), elman(5), gru(2))
    params = cell.init(jax.random.key(0), 3)
    assert [layer["input_kernel"].shape for layer in params] == [(3, 16), (4, 5), (5, 6)]
    assert output_size(cell, 3) == 2

    x = jnp.arange(3.0)
    (s0, s1, s2), output = cell.step(params, cell.initial_state(), x)
    t0, y0 = lstm(4).step(params[0], lstm(4).initial_state(), x)
    t1, y1 = elman(5).step(params[1], elman(5).initial_state(), y0)
    t2, y2 = gru(2).step(params[2], gru(2).initial_state(), y1)
    assert_trees_close((s0, s1, s2, output), (t0, t1, t2, y2))


def test_layers_of_a_stack_start_differently():
    first, second = stacked(elman(4), elman(4)).init(jax.random.key(0), 4)
    assert not np.array_equal(first["input_kernel"], second["input_kernel"])
    assert not np.array_equal(first["recurrent_kernel"], second["recurrent_kernel"])


def test_residual_adds_the_input_to_the_output_and_leaves_the_state_alone():
    plain, cell = lstm(3), residual(lstm(3))
    params = cell.init(jax.random.key(0), 3)
    x = jnp.array([1.0, -2.0, 3.0])
    expected_state, expected = plain.step(params, plain.initial_state(), x)
    state, output = cell.step(params, cell.initial_state(), x)
    np.testing.assert_allclose(output, x + expected, rtol=1e-6)
    assert_trees_close(state, expected_state)


# Refusals.


@pytest.mark.parametrize("factory", CELLS.values(), ids=CELLS)
@pytest.mark.parametrize("width", [0, -1, 2.5, "4", True, None])
def test_width_must_be_a_positive_whole_number(factory, width):
    with pytest.raises(ValueError, match="hidden must be a positive whole number"):
        factory(width)


def test_unknown_names_are_refused_with_the_nearest_one():
    with pytest.raises(ValueError, match="unknown activation 'tahn'; did you mean 'tanh'"):
        elman(4, activation="tahn")
    for factory in CELLS.values():
        if "recurrent_init" in inspect.signature(factory).parameters:
            with pytest.raises(ValueError, match="'ortogonal'; did you mean 'orthogonal'"):
                factory(4, recurrent_init="ortogonal").init(jax.random.key(0), 3)
        with pytest.raises(ValueError, match="'glorrot'; did you mean 'glorot'"):
            factory(4, input_init="glorrot").init(jax.random.key(0), 3)


def test_combinators_refuse_what_cannot_work():
    with pytest.raises(ValueError, match="at least one cell"):
        stacked()
    with pytest.raises(ValueError, match="one width, not 3 and 4"):
        residual(elman(4)).init(jax.random.key(0), 3)


@pytest.mark.parametrize("factory", [elman, lstm, gru])
@pytest.mark.parametrize("option", ["input_init", "recurrent_init"])
def test_an_unknown_initialiser_is_refused_by_the_factory(factory, option):
    with pytest.raises(ValueError, match="did you mean 'orthogonal'"):
        factory(3, **{option: "orthogonl"})


WRONG_NAMES = {
    "normal": "unknown initialiser 'normal'; did you mean 'normal(0.1)'?",
    "sparse": "unknown initialiser 'sparse'; did you mean 'sparse(15)'?",
    "normall(0.1)": "unknown initialiser 'normall(0.1)'; did you mean 'normal(0.1)'?",
    "sprase(15)": "unknown initialiser 'sprase(15)'; did you mean 'sparse(15)'?",
    "normal(0.1": "unknown initialiser 'normal(0.1'; did you mean 'normal(0.1)'?",
    "orthogonal(3)": "unknown initialiser 'orthogonal(3)'; did you mean 'orthogonal'?",
    "gaussian()": "unknown initialiser 'gaussian()'; did you mean 'gaussian'?",
    "identity(": "unknown initialiser 'identity('; did you mean 'identity'?",
    "normal()": "initialiser 'normal()': .*; did you mean 'normal(0.1)'?",
    "normal(x)": "initialiser 'normal(x)': .*'x'; did you mean 'normal(0.1)'?",
    "normal(x\ny)": r"initialiser 'normal(x\ny)': .*; did you mean 'normal(0.1)'?",
    "normal(0.1, 2)": "initialiser 'normal(0.1, 2)': .*; did you mean 'normal(0.1)'?",
    "normal(-0.1)": "initialiser 'normal(-0.1)': .* must be a positive number.*; did you mean 'normal(0.1)'?",
    "normal(0)": "initialiser 'normal(0)': .* must be a positive number.*; did you mean 'normal(0.1)'?",
    "normal(nan)": "initialiser 'normal(nan)': .* must be a positive number.*; did you mean 'normal(0.1)'?",
    "normal(inf)": "initialiser 'normal(inf)': .* must be a positive number.*; did you mean 'normal(0.1)'?",
    "sparse(0)": "initialiser 'sparse(0)': .* must be a positive whole number.*; did you mean 'sparse(15)'?",
    "sparse(-2)": "initialiser 'sparse(-2)': .* must be a positive whole number.*; did you mean 'sparse(15)'?",
    "sparse(1.5)": "initialiser 'sparse(1.5)': .*; did you mean 'sparse(15)'?",
}


@pytest.mark.parametrize("name", WRONG_NAMES)
def test_a_wrong_argument_of_an_initialiser_is_refused_by_the_factory(name):
    expected = re.escape(WRONG_NAMES[name]).replace(r"\.\*", ".*")
    for factory in (elman, lstm, gru):
        with pytest.raises(ValueError, match=f"^{expected}$"):
            factory(3, recurrent_init=name)


@pytest.mark.parametrize("factory", [elman, lstm, gru])
def test_a_numpy_width_is_a_width(factory):
    assert factory(np.int64(3)).initial_state()[0].shape == (3,)
    with pytest.raises(ValueError, match="positive whole number"):
        factory(np.float64(3))
