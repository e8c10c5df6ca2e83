"""The device mesh, and arrays on their way to it and back, with one process or with one on each host."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

TRIALS = PartitionSpec("trials")
EVERYWHERE = PartitionSpec()


def make_mesh(devices: Sequence[Any] | None = None, batch_devices: int = 1) -> Mesh:
    """A mesh over all devices of all hosts, or those given.

    Args:
      batch_devices: devices that share each batch of a trial. The mesh's axes are ``trials`` and ``batch``.

    Raises:
      ValueError: the devices cannot be put in groups of that size.
    """
    devices = jax.devices() if devices is None else devices
    groups, rest = divmod(len(devices), batch_devices)
    if rest or batch_devices < 1:
        raise ValueError(f"{len(devices)} devices cannot be put in groups of {batch_devices}")
    axes = (AxisType.Auto, AxisType.Auto)
    return jax.make_mesh((groups, batch_devices), ("trials", "batch"), devices=devices, axis_types=axes)


def place(trees: list[Any], mesh: Mesh) -> Any:
    """Stack one tree per trial along a new leading axis, sharded over the groups of devices."""
    return spread(jax.tree.map(lambda *leaves: np.stack(leaves), *trees), mesh, TRIALS)


def spread(tree: Any, mesh: Mesh, spec: PartitionSpec) -> Any:
    """Put a tree on the devices; every host holds the whole of it and gives its own devices their parts."""
    sharding = NamedSharding(mesh, spec)

    def put(leaf):
        whole = np.asarray(leaf)
        return jax.make_array_from_callback(whole.shape, sharding, lambda index: whole[index])

    return jax.tree.map(put, tree)


def fetch(tree: Any) -> Any:
    """The whole of every array as NumPy, on every host; all hosts must call it together."""
    if jax.process_count() == 1:
        return jax.device_get(tree)
    from jax.experimental import multihost_utils

    return multihost_utils.process_allgather(tree, tiled=True)


def take(stack: Any, index: int) -> Any:
    """One trial's tree of NumPy arrays out of a stack, a copy; all hosts must call it together."""
    if jax.process_count() > 1:
        return jax.tree.map(lambda leaf: np.array(leaf[index]), fetch(stack))

    def row(leaf):
        for shard in leaf.addressable_shards:
            rows = shard.index[0]
            first = rows.start or 0
            if first <= index < (leaf.shape[0] if rows.stop is None else rows.stop):
                return np.array(np.asarray(shard.data)[index - first])
        raise IndexError(index)

    return jax.tree.map(row, stack)
