"""Causal cells that see a fixed number of steps: nothing passes from one output to the next."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.cells.base import Cell, check_size
from rnn_research.cells.combinators import residual, stacked
from rnn_research.cells.elman import ACTIVATIONS
from rnn_research.cells.initializers import named
from rnn_research.lookup import lookup


class WindowState(NamedTuple):
    # What the inputs read so far will add to the pre-activations of the steps to come, the next step's first:
    # [(taps − 1)·dilation, hidden]. In this form (of a filter, the transposed one) it needs no width of the input.
    pending: jax.Array


def window(hidden: int, *, size: int = 8, activation: str = "tanh", input_init: str = "glorot") -> Cell:
    """One layer over the last ``size`` inputs: the network that has a window in the place of a memory (S03, S28).

    ``h_t = f(Σ_{j < size} x_{t−j} W_j + b)``, output ``h_t``; inputs before the first are zeros. On words, the hidden
    layer of the neural language model of Bengio et al. (2003).

    Params: ``input_kernel [size·input, hidden]``, rows ``j·input`` to ``(j + 1)·input`` being W_j; ``bias [hidden]``.
    A ``step`` moves ``size − 1`` sums on; over a whole sequence, ``over_time`` takes size products of matrices.

    Args:
      hidden: width of the output.
      size: inputs seen, this step's among them.
      activation: ``tanh``, ``sigmoid``, ``relu`` or ``linear``.
      input_init: initialiser of the kernel as a whole, so that it counts all inputs of a unit, size·input; by name,
        see ``rnn_research.cells.initializers``.

    Raises:
      ValueError: a width or a size below one, or an unknown activation or initialiser.
    """
    check_size("hidden", hidden)
    check_size("size", size)
    return _dilated(hidden, int(size), 1, activation, input_init)


def convolution(
    hidden: int, *, kernel: int = 2, depth: int = 5, activation: str = "relu", input_init: str = "lecun"
) -> Cell:
    """Causal convolutions one above the other, each of twice the dilation of the one below (S04).

    Layer l = 0, ..., depth − 1, of dilation ``d = 2^l``, reads ``y`` of the layer below (the input, for l = 0) and
    gives ``f(Σ_{j < kernel} y_{t−jd} W_j + b)``; from the second layer on ``y_t`` is added to it (van den Oord et al.
    2016; Bai, Kolter and Koltun 2018, here with one convolution a block and without gates, dropout and weight
    normalisation). The output is the top layer's. It sees ``1 + (kernel − 1)·(2^depth − 1)`` inputs, this step's
    among them: 32 as it stands.

    Params: a tuple, one dict a layer: ``input_kernel [kernel·input, hidden]``, block of rows j being W_j (above the
    first layer the input is as wide as ``hidden``), and ``bias [hidden]``. The state is a tuple of ``WindowState``,
    in all one row less than the inputs seen; a ``step`` moves every row, ``over_time`` needs no such thing.

    Args:
      hidden: width of every layer and of the output.
      kernel: inputs that a layer reads, its taps.
      depth: number of layers.
      activation: ``tanh``, ``sigmoid``, ``relu`` or ``linear``.
      input_init: initialiser of each layer's kernel as a whole, by name; see ``rnn_research.cells.initializers``. The
        default has variance 1/(kernel·input), half of what keeps relu's mean square from layer to layer (He et al.
        2015): what is added to a layer's input then adds half of its mean square, not all.

    Raises:
      ValueError: a width, a kernel or a depth below one, or an unknown activation or initialiser.
    """
    for name, value in (("hidden", hidden), ("kernel", kernel), ("depth", depth)):
        check_size(name, value)
    layers = [_dilated(hidden, int(kernel), 2**level, activation, input_init) for level in range(int(depth))]
    return stacked(layers[0], *map(residual, layers[1:]))


def _dilated(hidden: int, taps: int, dilation: int, activation: str, input_init: str) -> Cell:
    """``h_t = f(Σ_{j < taps} x_{t − j·dilation} W_j + b)``."""
    initializer = named(input_init)
    f = lookup(ACTIVATIONS, activation, "activation").function
    reach = (taps - 1) * dilation

    def init(key, input_size):
        return {"input_kernel": initializer(key, (taps * input_size, hidden)), "bias": jnp.zeros(hidden)}

    def initial_state():
        return WindowState(jnp.zeros((reach, hidden)))

    def by_tap(params):
        return params["input_kernel"].reshape(taps, -1, hidden)

    def step(params, state, x):
        added = x @ by_tap(params)
        # Tap j adds to the pre-activation of j·dilation steps hence: dilation − 1 rows of zeros between two taps.
        spread = jax.lax.pad(added, jnp.zeros((), added.dtype), ((0, 0, dilation - 1), (0, 0, 0)))
        sums = jnp.pad(state.pending, ((0, 1), (0, 0))) + spread
        return WindowState(sums[1:]), f(sums[0] + params["bias"])

    def over_time(params, state, inputs, starts=None, length=None):
        # Horner's rule, from the oldest tap to the newest: shift what there is by the dilation, add a tap's share.
        # After the sequence come `reach` steps without input, whose sums are the last state. All taps in one product
        # would need [time, taps, hidden] numbers; this needs [time, hidden], in the backward pass too.
        time = inputs.shape[0]
        document = _documents(time, reach, starts)
        unbroken = (document == jnp.pad(document, (dilation, 0))[: time + reach])[:, None]
        first, pending = (document == 0)[:, None], jnp.pad(state.pending, ((0, time), (0, 0)))
        kernels = by_tap(params)

        def share(kernel):
            return jnp.pad(inputs @ kernel, ((0, reach), (0, 0)))

        def add_tap(sums, kernel):
            shifted = jnp.pad(sums, ((dilation, 0), (0, 0)))[: time + reach]
            return jnp.where(unbroken, shifted, 0) + share(kernel), None

        sums, _ = jax.lax.scan(add_tap, share(kernels[-1]), kernels[:-1], reverse=True)
        sums = sums + jnp.where(first, pending, 0)
        outputs = f(sums[:time] + params["bias"][None])
        if length is None:
            return WindowState(sums[time:]), outputs
        # The inputs after the length being zeros, the sums there are those that are pending at the length.
        pending = jax.lax.dynamic_slice_in_dim(sums, length, reach)
        return WindowState(pending), jnp.where((jnp.arange(time) < length)[:, None], outputs, 0)

    return Cell(init, initial_state, step, over_time)


def _documents(time: int, after: int, starts: jax.Array | None) -> jax.Array:
    """``[time + after]``: the starts up to each step, none after the sequence; 0 where the first state still counts."""
    if starts is None:
        return jnp.zeros(time + after, jnp.int32)
    counts = jnp.cumsum(jnp.pad(starts.astype(jnp.int32), (1, 0)))
    return jnp.pad(counts, (0, after), mode="edge")[1:]
