"""Many trials in one program: the trial axis is sharded over the devices.

Within a device, trials run one after another on a CPU (``lax.map``: faster than a batched small matrix product,
and a trial's bits do not depend on its neighbours) and side by side on an accelerator (``vmap``).
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from rnn_research.experiment.config import TrialConfig
from rnn_research.models import Model
from rnn_research.tasks import Task
from rnn_research.training.optimizer import lane_of
from rnn_research.training.step import evaluate, group_names, init_state, train_chunk

TRIALS = PartitionSpec("trials")
EVERYWHERE = PartitionSpec()


class Program(NamedTuple):
    """Three compiled functions over ``places`` trials; every array has a leading trial axis.

    Attributes:
      init: ``(lanes) -> states``.
      advance: ``(states, lanes, data) -> (states, {"train": row, "valid": row})``; ``states`` is donated.
      test: ``(states, data) -> row`` of the best parameters on the test split.
      data: the task's arrays, on every device.
      places: trials that run at a time.
      mesh: the devices.
      group_names: names of the parameter groups.
    """

    init: Callable
    advance: Callable
    test: Callable
    data: Any
    places: int
    mesh: Mesh
    group_names: list[str]


def make_mesh(devices: Sequence[Any] | None = None) -> Mesh:
    """A mesh with one axis, ``trials``, over all devices, or those given."""
    devices = jax.devices() if devices is None else devices
    return jax.make_mesh((len(devices),), ("trials",), devices=devices, axis_types=(AxisType.Auto,))


def compile_program(config: TrialConfig, task: Task, model: Model, mesh: Mesh, per_device: int) -> Program:
    """Compile the program that all trials with this config, but for their lanes, share.

    Args:
      config: any of the trials'.
      task, model: what the config describes.
      mesh: the devices, from ``make_mesh``.
      per_device: trials in a dispatch on each device.
    """
    places = mesh.size * per_device
    on_cpu = mesh.devices.flat[0].platform == "cpu"
    data = jax.device_put(task.data, NamedSharding(mesh, EVERYWHERE))

    def packed(function, *, with_data: bool):
        """``function`` over the leading trial axis of all arguments but the data."""

        def local(*arguments):
            trials, rest = (arguments[:-1], arguments[-1:]) if with_data else (arguments, ())
            if on_cpu:
                return jax.lax.map(lambda one: function(*one, *rest), trials)
            return jax.vmap(lambda *one: function(*one, *rest))(*trials)

        return lambda *arguments: jax.shard_map(
            local,
            mesh=mesh,
            in_specs=(*(TRIALS,) * (len(arguments) - with_data), *(EVERYWHERE,) * with_data),
            out_specs=TRIALS,
            check_vma=False,
        )(*arguments)

    def test(state, data):
        return evaluate(config, task, model, state.best.params, data, "test")

    lanes = place([lane_of(config)] * places, mesh)
    init = jax.jit(packed(partial(init_state, config, model), with_data=False)).lower(lanes).compile()
    states = jax.eval_shape(packed(partial(init_state, config, model), with_data=False), lanes)
    states = jax.tree.map(
        lambda s: jax.ShapeDtypeStruct(s.shape, s.dtype, sharding=NamedSharding(mesh, TRIALS)), states
    )
    advance = jax.jit(packed(partial(train_chunk, config, task, model), with_data=True), donate_argnums=0)
    return Program(
        init=init,
        advance=advance.lower(states, lanes, data).compile(),
        test=jax.jit(packed(test, with_data=True)).lower(states, data).compile(),
        data=data,
        places=places,
        mesh=mesh,
        group_names=group_names(states.params),
    )


def place(trees: list[Any], mesh: Mesh) -> Any:
    """Stack one tree per trial along a new leading axis, sharded over the devices."""
    sharding = NamedSharding(mesh, TRIALS)
    return jax.tree.map(lambda *leaves: jax.device_put(np.stack(leaves), sharding), *trees)


def take(stack: Any, index: int) -> Any:
    """One trial's tree of NumPy arrays out of a stack; a copy."""
    return jax.tree.map(lambda leaf: np.array(leaf[index]), stack)
