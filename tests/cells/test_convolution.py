"""Causal cells without recurrence: equations in NumPy, conv1d in PyTorch, the loop."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from rnn_research.recurrence import unroll
from tests.support.recurrence import assert_close, assert_same_bits, random_case, randomised, with_gradients
from tests.support.windows import FORMS, HIDDEN, at_once, by_equation, layered, relu, starts_at, step_by_step


@pytest.mark.parametrize(
    "form, time", [*((form, 19) for form in FORMS), ("window", 1), ("window", 3), ("three_taps", 3)]
)
def test_both_ways_to_run_it_equal_the_equations_in_numpy(form, time, x64):
    cell, layers = FORMS[form]
    params, inputs, state = random_case(cell, time)
    rng = np.random.default_rng(time)
    for starts in (np.zeros(time, bool), np.arange(time) == 0, rng.random(time) < 0.2, rng.random(time) < 0.7):
        pendings, outputs = by_equation(layers, params, state, inputs, starts)
        for run in (jax.jit(at_once(cell)), step_by_step(cell)):
            final, found = run(params, state, inputs, starts)
            assert found.shape == (time, HIDDEN) and found.dtype == jnp.float64
            np.testing.assert_allclose(found, outputs, rtol=1e-11, atol=1e-12)
            for (pending,), expected in zip(layered(final), pendings, strict=True):
                np.testing.assert_allclose(pending, expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("form, starts", [("window", np.zeros(0, bool)), ("one_tap", None)])
def test_no_steps_change_nothing(form, starts):
    cell, _ = FORMS[form]
    params, inputs, state = random_case(cell)
    final, outputs = jax.jit(at_once(cell))(params, state, inputs[:0], starts)
    assert_same_bits(final, state)
    assert outputs.shape == (0, HIDDEN)


@pytest.mark.parametrize("form, time", [("window", 1), ("window", 9), ("three_taps", 3)])
def test_the_gradient_at_once_is_the_loops(form, time, x64):
    cell, _ = FORMS[form]
    params, inputs, state = random_case(cell, time)
    whole, loop = (
        jax.jit(with_gradients(lambda p, x, s, starts, run=run: run(p, s, x, starts)))
        for run in (at_once(cell), step_by_step(cell))
    )
    for places in ((), (0,), (time // 2,), (time // 3, time // 3 + 1, time - 1)):
        starts = starts_at(time, *places)
        expected = loop(params, inputs, state, starts)
        assert_close(whole(params, inputs, state, starts), expected)
        assert all(np.all(layer["bias"] != 0) for layer in layered(expected[1][0]))


def test_gradients_agree_with_finite_differences_both_ways(x64):
    cell, _ = FORMS["window"]
    params, inputs, state = random_case(cell, 6)
    run = jax.jit(lambda p, s, x: at_once(cell)(p, s, x, starts_at(6, 3)))
    check_grads(run, (params, state, inputs), order=1, modes=("fwd", "rev"))


def test_single_precision_batches_and_seeds():
    """As training runs it: a batch of sequences, and parameters of several networks."""
    cell, layers = FORMS["convolution"]
    params, inputs, state = random_case(cell, 40)
    several = jax.tree.map(lambda leaf: jnp.stack([leaf, -leaf]), params)
    batch, starts = (
        jnp.stack([inputs, inputs[::-1], 2 * inputs]),
        jnp.stack([starts_at(40, k, 3 * k) for k in (0, 5, 9)]),
    )
    run = jax.vmap(jax.vmap(at_once(cell), (None, None, 0, 0)), (0, None, None, None))
    _, outputs = jax.jit(run)(several, state, batch, starts)
    assert outputs.dtype == jnp.float32
    for k in range(2):
        weights = jax.tree.map(lambda leaf, k=k: leaf[k], several)
        for b in range(3):
            _, expected = by_equation(layers, weights, state, batch[b], starts[b])
            np.testing.assert_allclose(outputs[k, b], expected, rtol=1e-4, atol=1e-3 * np.abs(expected).max())


@pytest.mark.torch
@pytest.mark.parametrize("form", ["window", "convolution", "three_taps"])
def test_forward_and_gradient_equal_conv1d(form, x64):
    torch = pytest.importorskip("torch")
    cell, layers = FORMS[form]
    params, inputs, _ = random_case(cell, 13)
    functions = {np.tanh: torch.tanh, relu: torch.relu}

    y = x = torch.tensor(np.array(inputs).T[None], requires_grad=True)  # [1, channels, time]
    leaves = []
    for (taps, dilation, f, adds), layer in zip(layers, layered(params), strict=True):
        kernel = np.array(layer["input_kernel"]).reshape(taps, -1, HIDDEN)
        # [out, in, taps], the oldest tap first.
        weight = torch.tensor(kernel[::-1].transpose(2, 1, 0).copy(), requires_grad=True)
        bias = torch.tensor(np.array(layer["bias"]), requires_grad=True)
        leaves.append((weight, bias))
        padded = torch.nn.functional.pad(y, ((taps - 1) * dilation, 0))
        out = functions[f](torch.nn.functional.conv1d(padded, weight, bias, dilation=dilation))
        y = y + out if adds else out
    weights = randomised(jnp.zeros((13, HIDDEN)), 8)
    (y[0].T * torch.tensor(np.array(weights))).sum().backward()

    def objective(params, inputs):
        outputs = unroll(cell, params, inputs)[1]
        return (outputs * weights).sum(), outputs

    (by_params, by_inputs), outputs = jax.jit(jax.grad(objective, (0, 1), has_aux=True))(params, inputs)
    np.testing.assert_allclose(outputs, y[0].T.detach().numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(by_inputs, x.grad[0].T.numpy(), rtol=1e-10, atol=1e-12)
    for (weight, bias), layer in zip(leaves, layered(by_params), strict=True):
        theirs = weight.grad.numpy().transpose(2, 1, 0)[::-1].reshape(-1, HIDDEN)
        np.testing.assert_allclose(layer["input_kernel"], theirs, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(layer["bias"], bias.grad.numpy(), rtol=1e-10, atol=1e-12)
