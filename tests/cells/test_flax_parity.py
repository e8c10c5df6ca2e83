"""Cells against flax. Every one of its arrays has one counterpart of ours, so gradients convert as weights do."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.support.cells import FORMS, HIDDEN, INPUT, assert_trees_close, random_case, randomised, steps, weigh


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
