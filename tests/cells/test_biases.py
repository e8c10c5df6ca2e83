"""The biases that cells start with: forget, chrono, keep, and zeros elsewhere."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import GRUState, count_cell_parameters, count_parameters, gru, lstm
from rnn_research.cells.initializers import gates
from tests.support.cells import FORMS, HIDDEN, INPUT


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
        if form == "lstm_1997":  # whose input gates start closed: tests/cells/test_lstm_1997.py
            continue
        assert count_parameters(params) == count_cell_parameters(cell, INPUT)
        zeros = [cell.initial_state(), [] if form == "lstm" else params["bias"], params.get("candidate_bias", [])]
        assert not any(np.any(leaf) for leaf in jax.tree.leaves(zeros)), form
    assert lstm(HIDDEN).init(jax.random.key(0), INPUT)["bias"][HIDDEN] == 1
    assert lstm(HIDDEN).initial_state()._fields == ("hidden", "cell")
