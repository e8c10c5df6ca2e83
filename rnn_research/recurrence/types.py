"""Of what type of numbers a recurrence is: that of its parameters, for the inputs and the state as well."""

from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.cells.base import Cell, Params, State


def check_inputs(params: Params, inputs: Any) -> None:
    """Refuse inputs that would be widened, or widen the parameters, without a word. Whole numbers and truth values
    become what the parameters are.

    Raises:
      ValueError: floats of another type than the parameters.
    """
    wanted = float_types(params)
    for kind in sorted(float_types(inputs) - wanted, key=str):
        if wanted:
            of_params = " and ".join(sorted(map(str, wanted)))
            raise ValueError(f"inputs are {kind} and parameters {of_params}: give both one type, by inputs.astype")


def initial_state(cell: Cell, params: Params) -> State:
    """The cell's first state in the type of its parameters."""
    state, kinds = cell.initial_state(), float_types(params)
    if len(kinds) != 1:
        return state
    (kind,) = kinds
    return jax.tree.map(lambda leaf: leaf.astype(kind) if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf, state)


def float_types(tree: Any) -> set[Any]:
    """The types of its floats, as jax holds them."""
    kinds = {jax.dtypes.canonicalize_dtype(jnp.result_type(leaf)) for leaf in jax.tree.leaves(tree)}
    return {kind for kind in kinds if jnp.issubdtype(kind, jnp.floating)}
