"""The product whose derivative is laid out anew is a matmul, in every direction and order of differentiation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.matmul import matmul


@pytest.fixture
def example(x64):
    x, kernel, errors = (
        jax.random.normal(jax.random.key(k), shape) for k, shape in enumerate([(5, 3), (3, 4), (5, 4)])
    )
    return x, kernel, errors


def plain(x, kernel):
    return x @ kernel


def test_reverse_derivatives_are_those_of_a_product(example):
    *operands, errors = example
    value, back = jax.vjp(matmul, *operands)
    expected, expected_back = jax.vjp(plain, *operands)
    np.testing.assert_array_equal(value, expected)
    for found, wanted in zip(back(errors), expected_back(errors), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-14)


def test_forward_and_second_derivatives_are_those_of_a_product(example):
    x, kernel, _ = example

    def of(function):
        def loss(kernel):
            return jnp.sum(jnp.tanh(function(x, kernel)) ** 2)

        return (
            jax.jvp(loss, (kernel,), (kernel + 1,)),
            jax.hessian(loss)(kernel),
            jax.vmap(jax.grad(loss))(kernel[None]),
        )

    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12), of(matmul), of(plain))
