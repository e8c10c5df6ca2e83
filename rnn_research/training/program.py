"""Many trials in one program: the trial axis is sharded over the devices, or over groups of them that share a batch.

Within a device, trials run one after another (``lax.map``) or side by side (``vmap``). On a CPU the first is the
faster, as a batched small matrix product is slow, and a trial's bits do not depend on its neighbours; on an accelerator
the second is.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, NamedTuple

import jax
from jax.sharding import Mesh, NamedSharding

from rnn_research.experiment.config import TrialConfig, static
from rnn_research.models import Model
from rnn_research.tasks.base import Task
from rnn_research.training.devices import EVERYWHERE, TRIALS, place, spread
from rnn_research.training.step import (
    WHOLE,
    Setup,
    Shard,
    TrialState,
    best_scores,
    group_names,
    init_state,
    train_chunk,
)
from rnn_research.training.traced import traced_values

Pack = Literal["auto", "map", "vmap"]
BESIDE = "beside"  # the axis of trials that a device runs side by side
PACKS: dict[str, Pack] = {"auto": "auto", "map": "map", "vmap": "vmap"}


class Devices(NamedTuple):
    """What a program runs on.

    Attributes:
      mesh: the devices, from ``make_mesh``.
      per_device: trials in a dispatch on each device, or group of devices.
      pack: how a device runs its trials: ``map``, one after another, ``vmap``, side by side, or ``auto``, as is best.
    """

    mesh: Mesh
    per_device: int = 1
    pack: Pack = "auto"

    @property
    def slots(self) -> int:
        """Trials that run at a time."""
        return self.mesh.shape["trials"] * self.per_device


def in_turn(mesh: Mesh, pack: Pack) -> bool:
    """Whether a device runs its trials one after another."""
    return mesh.devices.flat[0].platform == "cpu" if pack == "auto" else pack == "map"


class Program(NamedTuple):
    """Compiled functions; ``advance`` and ``test`` are over ``slots`` trials, the leading axis of every array.

    Attributes:
      setup: what it was compiled of.
      init: ``(traced values) -> state`` of one trial.
      advance: ``(states, traced, data) -> (states, {"train": row, "valid": row})``; ``states`` is donated.
      test: ``(states, data) -> {split: (row, by row of the batches)}`` of the best parameters on the splits that are
        tested.
      data: the task's arrays, on every device.
      slots: trials that run at a time.
      mesh: the devices.
      group_names: names of the parameter groups.
    """

    setup: Setup
    init: Callable
    advance: Callable
    test: Callable
    data: Any
    slots: int
    mesh: Mesh
    group_names: list[str]


def state_template(config: TrialConfig, task: Task, model: Model) -> TrialState:
    """Shapes and types of one trial's state."""
    return jax.eval_shape(lambda values: init_state(Setup(static(config), task, model), values), traced_values(config))


def compile_program(config: TrialConfig, task: Task, model: Model, data: Any, devices: Devices) -> Program:
    """Compile the program that all trials with this config, but for their traced values, share.

    Args:
      config: any of the trials'.
      task, model: what the config describes.
      data: from ``training_data``.

    Raises:
      ValueError: a batch that the devices of a group cannot share.
    """
    mesh, slots = devices.mesh, devices.slots
    shard = _shard(mesh)
    if config.train.batch % shard.count:
        raise ValueError(f"train.batch ({config.train.batch}) cannot be shared by {shard.count} devices alike")
    setup, data = Setup(static(config), task, model, shard), spread(data, mesh, EVERYWHERE)
    one_by_one = in_turn(mesh, devices.pack)
    if not one_by_one:
        setup = setup._replace(greatest=partial(jax.tree.map, lambda number: jax.lax.pmax(number, BESIDE)))

    def packed(function):
        """``function(trial, data)`` over the leading axis of ``trial``."""

        def local(trials, data):
            if one_by_one:
                return jax.lax.map(lambda trial: function(trial, data), trials)
            return jax.vmap(lambda trial: function(trial, data), axis_name=BESIDE)(trials)

        return jax.shard_map(local, mesh=mesh, in_specs=(TRIALS, EVERYWHERE), out_specs=TRIALS, check_vma=False)

    def advance(states, traced, data):
        def one(trial, data):
            state, values = trial
            return train_chunk(setup, state, values, data)

        return packed(one)((states, traced), data)

    def test(states, data):
        return packed(lambda state, data: best_scores(setup, state.best, data))(states, data)

    values = traced_values(config)
    # One trial on one device: LAPACK's QR waits for threads of XLA's pool, so several at once could wait for ever.
    init = jax.jit(lambda values: init_state(setup, values)).lower(values)
    sharding = NamedSharding(mesh, TRIALS)
    states = jax.tree.map(lambda s: jax.ShapeDtypeStruct((slots, *s.shape), s.dtype, sharding=sharding), init.out_info)
    traced = place([values] * slots, mesh)
    return Program(
        setup=setup,
        # Runs once a trial: optimising it would cost more than it saves.
        init=init.compile(compiler_options={"xla_backend_optimization_level": "0"}),
        advance=jax.jit(advance, donate_argnums=0).lower(states, traced, data).compile(),
        test=jax.jit(test).lower(states, data).compile(),
        data=data,
        slots=slots,
        mesh=mesh,
        group_names=group_names(states.params),
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
        mean=lambda tree: jax.tree.map(lambda leaf: leaf / count, jax.lax.psum(tree, "batch")),
        whole=lambda tree: jax.lax.all_gather(tree, "batch", tiled=True),
        index=lambda: jax.lax.axis_index("batch"),
    )
