"""Penalties against plain NumPy loops and finite differences; the extremes at which Ω must not break."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import elman, gru, lstm, stacked
from rnn_research.gradients.penalties import elman_slopes, omega, orthogonality, weight_norm

TIME, BATCH, HIDDEN = 5, 3, 4

ACTIVATIONS = {"tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid, "relu": jax.nn.relu, "linear": lambda z: z}


def randomised(tree, seed):
    rng = np.random.default_rng(seed)
    return jax.tree.map(lambda leaf: jnp.asarray(rng.normal(size=leaf.shape, scale=0.7)), tree)


def orthogonal(size, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))[0]


def numeric_gradient(f, x, epsilon=1e-6):
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        shift = np.zeros_like(x)
        shift[index] = epsilon
        gradient[index] = (f(x + shift) - f(x - shift)) / (2 * epsilon)
    return gradient


# L2 and orthogonality.


@pytest.fixture
def model_params(x64):
    """Parameters as a model has them: a stack of unlike cells and a dense head."""
    recurrent = jax.eval_shape(lambda: stacked(lstm(HIDDEN), gru(2), elman(3)).init(jax.random.key(0), 3))
    return randomised({"recurrent": recurrent, "head": {"kernel": jnp.zeros((3, 5)), "bias": jnp.zeros(5)}}, 0)


def numpy_weight_norm(params):
    kernels = [params["head"]["kernel"]]
    for layer in params["recurrent"]:
        kernels += [layer["input_kernel"], layer["recurrent_kernel"]]
    return sum(0.5 * np.sum(np.square(kernel)) for kernel in kernels)


def numpy_orthogonality(params):
    total = 0.0
    for layer in params["recurrent"]:
        kernel = np.asarray(layer["recurrent_kernel"])
        hidden = len(kernel)
        for start in range(0, kernel.shape[1], hidden):
            u = kernel[:, start : start + hidden]
            total += np.linalg.norm(u.T @ u - np.eye(hidden), "fro") ** 2
    return total


def test_weight_norm_counts_every_kernel_and_no_bias(model_params):
    np.testing.assert_allclose(weight_norm(model_params), numpy_weight_norm(model_params), rtol=1e-12)

    def expected(path, leaf):
        return leaf if path[-1].key.endswith("kernel") else jnp.zeros_like(leaf)

    gradient = jax.jit(jax.grad(weight_norm))(model_params)
    expected = jax.tree_util.tree_map_with_path(expected, model_params)
    jax.tree.map(lambda a, e: np.testing.assert_allclose(a, e, rtol=1e-12), gradient, expected)


def test_orthogonality_counts_every_gate_of_every_recurrent_kernel(model_params):
    np.testing.assert_allclose(orthogonality(model_params), numpy_orthogonality(model_params), rtol=1e-12)
    gradient = jax.jit(jax.grad(orthogonality))(model_params)
    assert not np.any(gradient["head"]["kernel"]) and not np.any(gradient["recurrent"][0]["input_kernel"])
    for layer, found in zip(model_params["recurrent"], gradient["recurrent"]):
        numeric = numeric_gradient(
            lambda u: numpy_orthogonality({"recurrent": [{"recurrent_kernel": u}]}),
            np.asarray(layer["recurrent_kernel"]),
        )
        np.testing.assert_allclose(found["recurrent_kernel"], numeric, rtol=1e-6, atol=1e-7)


def test_orthogonal_gates_cost_nothing(x64):
    gates = np.concatenate([orthogonal(HIDDEN, seed) for seed in range(4)], axis=1)
    np.testing.assert_allclose(orthogonality({"recurrent_kernel": jnp.asarray(gates)}), 0, atol=1e-25)
    np.testing.assert_allclose(orthogonality({"recurrent_kernel": jnp.asarray(2 * gates)}), 4 * HIDDEN * 9)


def test_trees_without_a_kernel():
    for penalty in (weight_norm, orthogonality):
        for params in ({}, {"bias": jnp.ones(3)}):
            assert penalty(params) == 0 and penalty(params).shape == ()
    assert orthogonality({"kernel": jnp.ones((2, 3))}) == 0
    for shape in [(3, 4), (4, 3), (3,)]:
        with pytest.raises(ValueError, match="recurrent_kernel must be"):
            orthogonality({"recurrent_kernel": jnp.ones(shape)})


# Ω.


def omega_case(seed=0):
    rng = np.random.default_rng(seed)
    kernel = rng.normal(size=(HIDDEN, HIDDEN), scale=0.7)
    slopes = rng.uniform(0.1, 1, size=(TIME, BATCH, HIDDEN))
    return kernel, slopes, rng.normal(size=(TIME, BATCH, HIDDEN))


def numpy_omega(kernel, slopes, errors, valid=None):
    terms = []
    for k in range(len(errors) - 1):
        for b in range(errors.shape[1]):
            if not np.any(errors[k + 1, b]) or not (valid is None or (valid[k, b] and valid[k + 1, b])):
                continue
            jacobian = np.diag(slopes[k, b]) @ kernel  # ∂z_{k+1}/∂z_k, row: component of z_k
            ratio = np.linalg.norm(jacobian @ errors[k + 1, b]) / np.linalg.norm(errors[k + 1, b])
            terms.append((ratio - 1) ** 2)
    return np.mean(terms) if terms else 0.0


compiled_omega = jax.jit(jax.value_and_grad(omega))


def value_and_gradient(kernel, slopes, errors, valid=None, dtype=None):
    arrays = [jnp.asarray(a, dtype) for a in (kernel, slopes, errors)]
    return compiled_omega(*arrays, None if valid is None else jnp.asarray(valid))


def random_valid():
    return np.arange(TIME)[:, None] < np.array([TIME, 3, 1])[None]


@pytest.mark.parametrize("valid", [None, random_valid()], ids=["whole", "padded"])
def test_omega_is_the_loop_over_terms_and_its_gradient_the_difference_quotient(valid, x64):
    kernel, slopes, errors = omega_case()
    errors[2, 0] = 0
    value, gradient = value_and_gradient(kernel, slopes, errors, valid)
    np.testing.assert_allclose(value, numpy_omega(kernel, slopes, errors, valid), rtol=1e-12)
    numeric = numeric_gradient(lambda u: numpy_omega(u, slopes, errors, valid), kernel)
    assert np.abs(numeric).max() > 1e-2
    np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_step_back_is_the_one_that_backpropagation_takes(activation, x64):
    """With the loss at the last step only, the ratios are those of the errors that jax.grad sends through the net."""
    rng = np.random.default_rng(1)
    kernel, f = jnp.asarray(rng.normal(size=(HIDDEN, HIDDEN))), ACTIVATIONS[activation]
    drive, weights = (jnp.asarray(rng.normal(size=(TIME, BATCH, HIDDEN))) for _ in range(2))

    @jax.jit
    @partial(jax.grad, has_aux=True)
    def errors_and_states(offsets):
        h, hidden = jnp.zeros((BATCH, HIDDEN)), []
        for t in range(TIME):
            h = f(h @ kernel + drive[t] + offsets[t])
            hidden.append(h)
        return (weights[-1] * h).sum(), jnp.stack(hidden)

    errors, hidden = errors_and_states(jnp.zeros((TIME, BATCH, HIDDEN)))
    norms = np.linalg.norm(errors, axis=-1)
    counts = norms[1:] > 0
    ratios = norms[:-1][counts] / norms[1:][counts]
    found, _ = value_and_gradient(kernel, elman_slopes(hidden, activation), errors)
    np.testing.assert_allclose(found, np.mean((ratios - 1) ** 2), rtol=1e-11)


def test_omega_is_zero_where_every_step_back_keeps_the_norm(x64):
    _, slopes, errors = omega_case()
    value, gradient = value_and_gradient(orthogonal(HIDDEN), np.ones_like(slopes), errors)
    np.testing.assert_allclose(value, 0, atol=1e-25)
    np.testing.assert_allclose(gradient, 0, atol=1e-12)
    value, _ = value_and_gradient(3 * orthogonal(HIDDEN), np.ones_like(slopes), errors)
    np.testing.assert_allclose(value, 4, rtol=1e-12)


def test_slopes_and_errors_are_constants(x64):
    gradients = jax.grad(omega, argnums=(1, 2))(*map(jnp.asarray, omega_case()))
    assert not any(np.any(gradient) for gradient in gradients)


def test_what_the_padding_holds_does_not_matter(x64):
    kernel, slopes, errors = omega_case()
    valid = random_valid()
    clean = value_and_gradient(kernel, slopes, errors, valid)
    for garbage in (np.nan, np.inf, 1e300, 0.0):
        fill = [np.where(valid[..., None], a, garbage) for a in (slopes, errors)]
        dirty = value_and_gradient(kernel, *fill, valid)
        np.testing.assert_array_equal(dirty[0], clean[0])
        np.testing.assert_array_equal(dirty[1], clean[1])


@pytest.mark.parametrize("scale", [1e-30, 1e-18, 1e18, 1e30])
def test_the_errors_scale_does_not_matter_in_float32(scale):
    kernel, slopes, errors = omega_case()
    value, gradient = value_and_gradient(kernel, slopes, errors, dtype=jnp.float32)
    scaled_value, scaled_gradient = value_and_gradient(kernel, slopes, scale * errors, dtype=jnp.float32)
    np.testing.assert_allclose(scaled_value, value, rtol=1e-5)
    np.testing.assert_allclose(scaled_gradient, gradient, rtol=1e-4, atol=1e-6)


def test_errors_of_every_size_in_one_batch():
    kernel, slopes, errors = omega_case()
    value, gradient = value_and_gradient(kernel, slopes, errors, dtype=jnp.float32)
    scales = 10.0 ** np.random.default_rng(2).uniform(-36, 36, size=(TIME, BATCH, 1))
    mixed_value, mixed_gradient = value_and_gradient(kernel, slopes, scales * errors, dtype=jnp.float32)
    np.testing.assert_allclose(mixed_value, value, rtol=1e-5)
    np.testing.assert_allclose(mixed_gradient, gradient, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("error", [0.0, 1e-42], ids=["zero", "subnormal"])
def test_no_term_counts_where_no_error_is_sent_back(error):
    kernel, slopes, errors = omega_case()
    value, gradient = value_and_gradient(kernel, slopes, np.full_like(errors, error), dtype=jnp.float32)
    assert value == 0 and not np.any(gradient)
    nothing_valid = np.zeros((TIME, BATCH), bool)
    assert value_and_gradient(kernel, slopes, errors, nothing_valid, jnp.float32)[0] == 0
    assert value_and_gradient(kernel, slopes[:1], errors[:1], dtype=jnp.float32)[0] == 0


def test_a_step_that_lets_nothing_through_counts_one_and_pulls_nowhere():
    kernel, slopes, errors = omega_case()
    value, gradient = value_and_gradient(kernel, np.zeros_like(slopes), errors, dtype=jnp.float32)
    assert value == 1 and not np.any(gradient)
    value, gradient = value_and_gradient(np.zeros_like(kernel), slopes, errors, dtype=jnp.float32)
    assert value == 1 and not np.any(gradient)


def test_an_error_that_is_not_finite_is_seen():
    kernel, slopes, errors = omega_case()
    for broken in (np.nan, np.inf):
        errors[2, 1, 0] = broken
        assert np.isnan(value_and_gradient(kernel, slopes, errors, dtype=jnp.float32)[0])


def test_refusals():
    kernel, slopes, errors = map(jnp.asarray, omega_case())
    for wrong in [(slopes[0], errors[0]), (slopes[:-1], errors), (slopes, errors[:, :1])]:
        with pytest.raises(ValueError, match=r"must be \[time, batch, hidden\]"):
            omega(kernel, *wrong)
    with pytest.raises(ValueError, match="unknown activation 'tahn'; did you mean 'tanh'"):
        elman_slopes(errors, "tahn")


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_slopes_from_the_hidden_state(activation, x64):
    z = jnp.asarray(np.random.default_rng(3).normal(size=(3, 7)))
    f = ACTIVATIONS[activation]
    slopes = elman_slopes(f(z), activation)
    np.testing.assert_allclose(slopes, jax.vmap(jax.vmap(jax.grad(f)))(z), rtol=1e-12)
    assert slopes.dtype == z.dtype
