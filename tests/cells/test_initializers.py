"""The initialisers of kernels: what they draw, gate by gate, and the names that are refused."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import elman, gru, lstm
from rnn_research.cells.initializers import INITIALIZERS, gates, named, spectral_radius


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
