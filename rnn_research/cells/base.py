"""The cell: three pure functions, in the manner of optax's ``GradientTransformation``."""

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

Params = Any  # a plain dict of arrays, or a tuple of such dicts for a stack
State = Any  # a NamedTuple of arrays, or a tuple of such NamedTuples for a stack


class Cell(NamedTuple):
    """A recurrent cell, written for one example; batches and seeds come from ``jax.vmap``.

    Attributes:
      init: ``(key, input_size) -> params``.
      initial_state: ``() -> state``, zeros.
      step: ``(params, state, x [input]) -> (state, output [hidden])``.
      over_time: ``(params, state, inputs [time, input], starts=None, length=None) -> (state, outputs [time,
        hidden])``, a whole sequence at once, for a cell that does not need one output to make the next; None for all
        others. Where ``starts``, a bool ``[time]``, is True, the state is set back to ``initial_state()`` before that
        step. From step ``length`` on, where it is given, inputs are zeros and starts False; there the outputs must be
        zeros, the state is that after ``length`` steps, and no bit may depend on how many steps follow. It gives what
        ``step`` gives step by step, up to rounding.
    """

    init: Callable[[jax.Array, int], Params]
    initial_state: Callable[[], State]
    step: Callable[[Params, State, jax.Array], tuple[State, jax.Array]]
    over_time: Callable[..., tuple[State, jax.Array]] | None = None


@dataclass(frozen=True)
class SplitStep:
    """The step of a cell that is made of a product ``W x_t``, of products with the columns of U, the first of them
    ``U h_{t−1}``, and of what it does with each of their numbers; the backend ``staged`` of ``recurrence.run`` takes
    it apart.

    A stage reads its own columns of the kernels: it is what ``state.hidden`` is multiplied by, and gives the state that
    the next stage reads, the last one the state after the step. So most cells have one stage; the GRU of the lectures
    has two, as its candidate multiplies ``r ⊙ h_{t−1}``.

    Params: ``input_kernel [input, width]`` (W), ``recurrent_kernel [hidden, width]`` (U), ``bias [width]``, which is
    added to the first product, and where some columns are ``apart``, ``candidate_bias [apart]``, added to them in the
    second. Where they lack W, the step reads ``W x_t`` in the place of ``x_t``.

    Attributes:
      stages: functions ``(state, from_input [columns], from_state [columns]) -> state``, of ``W x_t`` and
        ``U state.hidden`` with their biases. The output of the step is the ``hidden`` of its state.
      cuts: where the columns of one stage end and those of the next begin.
      apart: columns, the last ones, of which the last stage reads the two products each by itself; of others, a stage
        reads only the sum, so that the errors of both are the same.
    """

    stages: tuple[Callable[[State, jax.Array, jax.Array], State], ...]
    cuts: tuple[int, ...] = ()
    apart: int = 0

    def __call__(
        self, params: Params, state: State, x: jax.Array, kept: jax.Array | None = None
    ) -> tuple[State, jax.Array]:
        """``kept [hidden]`` multiplies what the products with U read: 0 leaves a feature out."""
        kernels, (bias, of_state) = self.cut(params["recurrent_kernel"]), self.biases(params)
        product = x @ params["input_kernel"] if "input_kernel" in params else x
        from_input = self.cut(product + bias)
        for stage, part, kernel, bias in zip(self.stages, from_input, kernels, self.cut(of_state), strict=True):
            state = stage(state, part, (state.hidden if kept is None else kept * state.hidden) @ kernel + bias)
        return state, state.hidden

    def cut(self, columns: jax.Array) -> list[jax.Array]:
        """``[..., width]``, the columns of each stage."""
        return jnp.split(columns, self.cuts, axis=-1)

    def biases(self, params: Params) -> tuple[jax.Array, jax.Array]:
        """What is added to each of the products, ``[width]``."""
        if not self.apart:
            return params["bias"], jnp.zeros_like(params["bias"])
        return params["bias"], jnp.pad(params["candidate_bias"], (params["bias"].size - self.apart, 0))


def output_size(cell: Cell, input_size: int) -> int:
    """Features of a cell's output, found by shape evaluation: nothing is computed, and of a ``SplitStep``, whose output
    is part of its state, no step is traced."""
    if isinstance(cell.step, SplitStep):
        return jax.eval_shape(cell.initial_state).hidden.shape[-1]

    def one_step(key, x):
        return cell.step(cell.init(key, input_size), cell.initial_state(), x)[1]

    x = jax.ShapeDtypeStruct((input_size,), jnp.float32)
    return jax.eval_shape(one_step, jax.random.key(0), x).shape[-1]


def count_parameters(params: Params) -> int:
    """Number of scalars in a tree of arrays or of shapes."""
    return sum(leaf.size for leaf in jax.tree.leaves(params))


def count_cell_parameters(cell: Cell, input_size: int) -> int:
    """Number of scalars a cell's ``init`` makes, found by shape evaluation."""
    return count_parameters(jax.eval_shape(lambda key: cell.init(key, input_size), jax.random.key(0)))


def check_size(name: str, value: Any) -> None:
    """Refuse a width that is not a positive whole number."""
    if not isinstance(value, Integral) or isinstance(value, bool) or int(value) < 1:
        raise ValueError(f"{name} must be a positive whole number, not {value!r}")
