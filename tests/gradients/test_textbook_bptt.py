"""The gradient written out as in the lecture, against automatic differentiation and finite differences."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.gradients import textbook
from rnn_research.gradients.textbook import loss_of, textbook_bptt

ACTIVATIONS = {
    "tanh": np.tanh,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "relu": lambda z: np.maximum(z, 0),
    "linear": lambda z: z,
}
every_activation = pytest.mark.parametrize("activation", ACTIVATIONS)


def random_case(time, inputs, hidden, classes, seed=0):
    rng = np.random.default_rng(seed)
    shapes = {
        "input_kernel": (inputs, hidden),
        "recurrent_kernel": (hidden, hidden),
        "bias": (hidden,),
        "output_kernel": (hidden, classes),
        "output_bias": (classes,),
    }
    params = {name: jnp.asarray(rng.normal(size=shape, scale=0.8)) for name, shape in shapes.items()}
    return params, jnp.asarray(rng.normal(size=(time, inputs))), jnp.asarray(rng.integers(classes, size=time))


def numpy_loss(params, inputs, targets, activation):
    h, loss = np.zeros(len(params["bias"])), 0.0
    for x, target in zip(inputs, targets):
        z = params["input_kernel"].T @ x + params["recurrent_kernel"].T @ h + params["bias"]
        h = ACTIVATIONS[activation](z)
        o = params["output_kernel"].T @ h + params["output_bias"]
        loss -= np.log(np.exp(o[target]) / np.exp(o).sum())
    return loss


def assert_is_the_gradient(params, inputs, targets, activation, tolerance):
    loss, gradients = textbook_bptt(params, inputs, targets, activation)
    expected_loss, expected = jax.jit(jax.value_and_grad(loss_of), static_argnums=3)(
        params, inputs, targets, activation
    )
    np.testing.assert_allclose(loss, expected_loss, rtol=tolerance)
    assert set(gradients) == set(params)
    for name, gradient in gradients.items():
        assert gradient.shape == params[name].shape
        scale = np.abs(expected[name]).max()
        np.testing.assert_allclose(gradient, expected[name], rtol=tolerance, atol=tolerance * scale, err_msg=name)


@pytest.mark.parametrize(
    "activation, sizes", [*((f, (9, 2, 3, 4)) for f in ACTIVATIONS), ("tanh", (1, 2, 3, 4)), ("sigmoid", (6, 4, 5, 2))]
)
def test_the_textbook_gradient_is_that_of_automatic_differentiation(activation, sizes, x64):
    case = random_case(*sizes)
    assert_is_the_gradient(*case, activation, 1e-10)


@every_activation
def test_the_loss_and_the_gradient_are_those_of_the_equations_in_numpy(activation, x64):
    case = random_case(5, 2, 3, 4, seed=3)
    params, inputs, targets = jax.tree.map(np.array, case)
    loss, gradients = textbook_bptt(*case, activation)
    np.testing.assert_allclose(loss, numpy_loss(params, inputs, targets, activation), rtol=1e-12)
    np.testing.assert_allclose(loss_of(*case, activation), loss, rtol=1e-12)
    epsilon = 1e-6
    for name, array in params.items():
        for index in np.ndindex(array.shape):
            value = array[index]
            array[index] = value + epsilon
            above = numpy_loss(params, inputs, targets, activation)
            array[index] = value - epsilon
            below = numpy_loss(params, inputs, targets, activation)
            array[index] = value
            np.testing.assert_allclose(gradients[name][index], (above - below) / (2 * epsilon), rtol=1e-6, atol=1e-8)


def test_one_step_has_no_gradient_in_the_recurrent_kernel(x64):
    params, inputs, targets = random_case(1, 2, 3, 4)
    loss, gradients = textbook_bptt(params, inputs, targets)
    assert not np.any(gradients["recurrent_kernel"]) and np.all(gradients["input_kernel"] != 0)
    np.testing.assert_allclose(loss, numpy_loss(params, inputs, targets, "tanh"), rtol=1e-12)


def test_no_automatic_differentiation_is_called():
    source = inspect.getsource(textbook.textbook_bptt)
    assert not any(call in source for call in ("jax.grad", "vjp", "jvp", "jacfwd", "jacrev", "jacobian("))


def test_it_can_be_compiled(x64):
    case = random_case(2, 2, 3, 4)
    compiled, plain = jax.jit(textbook_bptt)(*case), textbook_bptt(*case)
    jax.tree.map(lambda a, e: np.testing.assert_allclose(a, e, rtol=1e-11, atol=1e-14), compiled, plain)


def test_refusals():
    params, inputs, targets = random_case(3, 2, 3, 4)
    for run in (textbook_bptt, loss_of):
        with pytest.raises(ValueError, match="unknown activation 'tahn'; did you mean 'tanh'"):
            run(params, inputs, targets, "tahn")
        with pytest.raises(ValueError, match=r"inputs must be \[time, input\] and targets \[time\]"):
            run(params, inputs[None], targets)
        with pytest.raises(ValueError, match=r"not \(3, 2\) and \(2,\)"):
            run(params, inputs, targets[:2])
