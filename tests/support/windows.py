"""Windows and convolutions, the numbers of their layers, and their equations in NumPy."""

import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import WindowState, convolution, restarting, window
from rnn_research.recurrence import unroll

INPUT, HIDDEN = 3, 4


def relu(z):
    return np.maximum(z, 0)


# Each cell, and its layers: taps, dilation, activation, and whether the layer's input is added to its output.
FORMS = {
    "window": (window(HIDDEN, size=5), [(5, 1, np.tanh, False)]),
    "convolution": (
        convolution(HIDDEN, kernel=2, depth=3),
        [(2, 1, relu, False), (2, 2, relu, True), (2, 4, relu, True)],
    ),
    "three_taps": (
        convolution(HIDDEN, kernel=3, depth=2, activation="tanh"),
        [(3, 1, np.tanh, False), (3, 2, np.tanh, True)],
    ),
    "one_tap": (
        convolution(HIDDEN, kernel=1, depth=2, activation="linear"),
        [(1, 1, lambda z: z, False), (1, 2, lambda z: z, True)],
    ),
}

every_form = pytest.mark.parametrize("form", FORMS)

both_kinds = pytest.mark.parametrize("form", ["window", "three_taps"])  # smooth, so that an error flows everywhere

both_directions = pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])


def layered(tree):
    """A tuple of layers, where there is one alone too."""
    return (tree,) if isinstance(tree, dict | WindowState) else tree


def by_equation(layers, params, state, inputs, starts):
    """Outputs and last pendings, term by term; time goes on past the end, to what is pending."""
    below, finals = np.asarray(inputs, np.float64), []
    for (taps, dilation, f, adds), weights, (pending,) in zip(layers, layered(params), layered(state), strict=True):
        kernel, bias = np.asarray(weights["input_kernel"], np.float64), np.asarray(weights["bias"], np.float64)
        width, time, reach = below.shape[1], len(below), (taps - 1) * dilation
        sums, begin = np.zeros((time + reach, len(bias))), None
        for t in range(time + reach):
            begin = t if t < time and starts[t] else begin
            if begin is None and t < reach:
                sums[t] += pending[t]
            for j in range(taps):
                if (begin or 0) <= t - j * dilation < time:
                    sums[t] += below[t - j * dilation] @ kernel[j * width : (j + 1) * width]
        finals.append(sums[time:])
        outputs = f(sums[:time] + bias)
        below = below + outputs if adds else outputs
    return finals, below


def starts_at(time, *places):
    return jnp.zeros(time, bool).at[jnp.array(places, int)].set(True)


def at_once(cell):
    assert cell.over_time is not None
    return cell.over_time


def step_by_step(cell):
    """What ``over_time`` must give, in the plain Python loop."""

    def run(params, state, inputs, starts):
        return unroll(restarting(cell), params, (inputs, starts), state, method="loop")

    return run
