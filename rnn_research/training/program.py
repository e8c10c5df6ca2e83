"""Many trials in one program: the trial axis is sharded over the devices, or over groups of them that share a batch.

Within a device, trials run one after another on a CPU (``lax.map``: faster than a batched small matrix product,
and a trial's bits do not depend on its neighbours) and side by side on an accelerator (``vmap``).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
from jax.sharding import Mesh, NamedSharding

from rnn_research.experiment.config import TrialConfig
from rnn_research.models import Model
from rnn_research.tasks import Task
from rnn_research.training.devices import EVERYWHERE, TRIALS, place, spread
from rnn_research.training.optimizer import lane_of
from rnn_research.training.probe import Look, make_probe
from rnn_research.training.step import WHOLE, Shard, TrialState, final_scores, group_names, init_state, train_chunk


class Program(NamedTuple):
    """Compiled functions; ``advance`` and ``test`` are over ``slots`` trials, the leading axis of every array.

    Attributes:
      init: ``(lane) -> state`` of one trial.
      advance: ``(states, lanes, data) -> (states, {"train": row, "valid": row})``; ``states`` is donated.
      test: ``(states, data) -> row`` of the best parameters on the test split.
      data: the task's arrays, on every device.
      slots: trials that run at a time.
      mesh: the devices.
      group_names: names of the parameter groups.
      template: shapes and types of one trial's state.
      probe: looks at one trial's parameters, see ``make_probe``; None where nothing is to be measured.
    """

    init: Callable
    advance: Callable
    test: Callable
    data: Any
    slots: int
    mesh: Mesh
    group_names: list[str]
    template: TrialState
    probe: Look | None


def compile_program(
    config: TrialConfig, task: Task, model: Model, data: Any, mesh: Mesh, per_device: int = 1
) -> Program:
    """Compile the program that all trials with this config, but for their lanes, share.

    Args:
      config: any of the trials'.
      task, model: what the config describes.
      data: from ``training_data``.
      mesh: the devices, from ``make_mesh``.
      per_device: trials in a dispatch on each device, or group of devices.

    Raises:
      ValueError: a batch that the devices of a group cannot share, or a measurement that the model does not allow.
    """
    shard = _shard(mesh)
    if config.train.batch % shard.count:
        raise ValueError(f"train.batch ({config.train.batch}) cannot be shared by {shard.count} devices alike")
    slots = mesh.shape["trials"] * per_device
    on_cpu = mesh.devices.flat[0].platform == "cpu"
    whole, data = data, spread(data, mesh, EVERYWHERE)

    def packed(function):
        """``function(trial, data)`` over the leading axis of ``trial``."""

        def local(trials, data):
            if on_cpu:
                return jax.lax.map(lambda trial: function(trial, data), trials)
            return jax.vmap(lambda trial: function(trial, data))(trials)

        return jax.shard_map(local, mesh=mesh, in_specs=(TRIALS, EVERYWHERE), out_specs=TRIALS, check_vma=False)

    def advance(states, lanes, data):
        def one(trial, data):
            state, lane = trial
            return train_chunk(config, task, model, state, lane, data, shard)

        return packed(one)((states, lanes), data)

    def test(states, data):
        return packed(lambda state, data: final_scores(task, model, state.best.params, data, shard))(states, data)

    lane: Any = lane_of(config)
    # One trial on one device: LAPACK's QR waits for threads of XLA's pool, so several at once could wait for ever.
    init = jax.jit(lambda lane: init_state(config, task, model, lane)).lower(lane)
    sharding = NamedSharding(mesh, TRIALS)
    states = jax.tree.map(lambda s: jax.ShapeDtypeStruct((slots, *s.shape), s.dtype, sharding=sharding), init.out_info)
    lanes = place([lane] * slots, mesh)
    return Program(
        # Runs once a trial: optimising it would cost more than it saves.
        init=init.compile(compiler_options={"xla_backend_optimization_level": "0"}),
        advance=jax.jit(advance, donate_argnums=0).lower(states, lanes, data).compile(),
        test=jax.jit(test).lower(states, data).compile(),
        data=data,
        slots=slots,
        mesh=mesh,
        group_names=group_names(states.params),
        template=init.out_info,
        probe=make_probe(config, task, model, whole, init.out_info.params),
    )


def _shard(mesh: Mesh) -> Shard:
    """How the devices of a group share a batch: each takes as many rows, in order, and sums go over all."""
    count = mesh.shape["batch"]
    if count == 1:
        return WHOLE

    def part(tree):
        def rows(leaf):
            size = leaf.shape[0] // count
            return jax.lax.dynamic_slice_in_dim(leaf, jax.lax.axis_index("batch") * size, size)

        return jax.tree.map(rows, tree)

    return Shard(
        count,
        part,
        total=lambda tree: jax.lax.psum(tree, "batch"),
        whole=lambda tree: jax.lax.all_gather(tree, "batch", tiled=True),
        key=lambda key: jax.random.fold_in(key, jax.lax.axis_index("batch")),
    )
