"""Whether a cell, a task and what is made of both fit together, found by evaluating shapes: nothing is compiled, and no
number is computed."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.cells import Cell
from rnn_research.models import Model
from rnn_research.tasks import Batch, Task


def check_cell(cell: Cell, features: int) -> None:
    """Refuse a cell whose step does not give back a state as ``initial_state`` makes it, and a vector.

    Args:
      features: of its inputs.

    Raises:
      ValueError: what it gives instead. Anything that its functions raise.
    """
    params = jax.eval_shape(lambda key: cell.init(key, features), jax.random.key(0))
    before = jax.eval_shape(cell.initial_state)
    found: Any = jax.eval_shape(cell.step, params, before, jax.ShapeDtypeStruct((features,), jnp.float32))
    if not isinstance(found, tuple) or len(found) != 2:
        raise ValueError(f"step must return (state, output), not {type(found).__name__}")
    after, output = found
    if jax.tree.structure(after) != jax.tree.structure(before):
        raise ValueError(
            f"step returns a state of another structure than initial_state: {jax.tree.structure(after)}, "
            f"not {jax.tree.structure(before)}"
        )
    for (path, old), new in zip(jax.tree_util.tree_leaves_with_path(before), jax.tree.leaves(after), strict=True):
        if (old.shape, old.dtype) != (new.shape, new.dtype):
            name = jax.tree_util.keystr(path, simple=True, separator=".") or "state"
            raise ValueError(f"step returns {name} as {_form(new)}, initial_state made it {_form(old)}")
    if not hasattr(output, "shape") or len(output.shape) != 1 or not jnp.issubdtype(output.dtype, jnp.floating):
        given = _form(output) if hasattr(output, "shape") else type(output).__name__
        raise ValueError(f"step must return an output [hidden] of floating point, not {given}")


def check_task(task: Task, size: int, examples: int) -> None:
    """Refuse a task whose batches are not what it says of them.

    Args:
      size: examples in a batch of training.
      examples: that are scored.

    Raises:
      ValueError: the first thing that is not as promised in ``tasks.base``. Anything that its functions raise.
    """
    trained, held_out = training_batch(task, size), task.data.held_out("valid", examples)
    for batch, rows, what in ((trained, 1, "a training batch"), (held_out, 2, "the validation batches")):
        if not isinstance(batch, Batch):
            raise ValueError(f"{what} must be a Batch, not a {type(batch).__name__}")
        leading = batch.weights.shape[:rows]
        steps = (*leading, task.inputs.time)
        for leaf in jax.tree.leaves(batch.inputs):
            if leaf.shape[: rows + 1] != steps:
                raise ValueError(
                    f"inputs of {what} must begin with {list(steps)}, as inputs.time says, not {_form(leaf)}"
                )
        for leaf in jax.tree.leaves(batch._replace(inputs=())):
            if leaf.shape[:rows] != leading:
                raise ValueError(f"all leaves of {what} must begin with {list(leading)}, not {_form(leaf)}")
        if task.inputs.kind == "numbers" and jax.tree.leaves(batch.inputs)[0].shape[rows + 1 :] != (task.inputs.size,):
            form = _form(jax.tree.leaves(batch.inputs)[0])
            raise ValueError(
                f"inputs of {what} must have {task.inputs.size} features a step, as inputs.size says: {form}"
            )
    if jax.tree.structure(trained) != jax.tree.structure(held_out):
        raise ValueError("training and validation batches differ in structure: " + _fields(trained, held_out))
    for (path, one), other in zip(jax.tree_util.tree_leaves_with_path(trained), jax.tree.leaves(held_out), strict=True):
        if (one.shape[1:], one.dtype) != (other.shape[2:], other.dtype):
            name = jax.tree_util.keystr(path, simple=True, separator=".")
            raise ValueError(f"{name} is {_form(one)} in training, {_form(other)} in validation batches")
    lengths = held_out.lengths
    if lengths is not None and (np.min(lengths) < 0 or np.max(lengths) > task.inputs.time):
        raise ValueError(
            f"lengths must be from 0 to inputs.time={task.inputs.time}, not {np.min(lengths)} to {np.max(lengths)}"
        )
    if task.goal.metric not in task.goal.baseline:
        raise ValueError(f"goal.baseline lacks goal.metric, {task.goal.metric!r}")


def check_forward(task: Task, model: Model, params: Any, size: int) -> None:
    """Refuse what cannot make the terms of a loss of a training batch, nor the metrics of those.

    Args:
      params: shapes.
      size: examples in a batch of training.

    Raises:
      ValueError: metrics without the loss. Anything that the cell, the head and the task raise.
    """

    def measured(params: Any, batch: Batch) -> Any:
        return task.measure(model.forward(params, batch, model.start(size)).terms, batch)

    found = jax.eval_shape(measured, params, training_batch(task, size))
    if "loss" not in found:
        raise ValueError(f"measure must give the loss among its metrics, not only {', '.join(found) or 'nothing'}")
    if task.goal.metric not in found and task.score is None and not _derives(task, found):
        raise ValueError(f"goal.metric={task.goal.metric!r} is not among the metrics: {', '.join(found)}")


def training_batch(task: Task, size: int) -> Any:
    """The shapes of a batch of training."""
    arrays = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(np.shape(leaf), jnp.result_type(leaf)), task.data.arrays)
    step = jax.ShapeDtypeStruct((), jnp.int32)
    return jax.eval_shape(lambda arrays, step: task.data.train(arrays, jax.random.key(0), step, size), arrays, step)


def _derives(task: Task, found: Any) -> bool:
    means = {name: jax.ShapeDtypeStruct((), jnp.float32) for name in found}
    return task.goal.metric in jax.eval_shape(task.derive, means)


def _fields(one: Batch, other: Batch) -> str:
    pairs = zip(one._fields, one, other, strict=True)
    return ", ".join(name for name, a, b in pairs if jax.tree.structure(a) != jax.tree.structure(b))


def _form(leaf: Any) -> str:
    return f"{leaf.dtype}{list(leaf.shape)}"
