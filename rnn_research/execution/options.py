"""What a command line says about how trials run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """How a launch, or one of its workers, works. On a CPU only ``batch_devices`` and ``pack=vmap`` change numbers, by
    rounding.

    Attributes:
      workdir: the run directory.
      executor: a name in ``EXECUTORS``.
      workers: how many share the trials; None for as many as there is room for.
      number: which of the workers this is.
      launch: token of the launch, in which attempts are counted; empty before there is one.
      retrain: whether trials whose identity is another by now are trained anew, and not refused.
      retries: attempts after the first for a trial whose worker died or ran out of memory.
      checkpoint_every: updates between checkpoints; 0 for none at all.
      keep: checkpoints kept of a trial.
      batch_devices: devices that share each batch of a trial.
      pack: how a device runs its trials: ``map``, one after another, ``vmap``, side by side, ``auto``, as is best.
      beside: trials that a device, or a group that shares batches, runs side by side at most; None: all there are.
      resources: of each worker, for Ray and Slurm: CPU, GPU, TPU.
      ray_address: of the Ray cluster; None for one of this machine alone.
      slurm: options for submitit.
      command: the same command as this one, for a worker of this machine or another.
      environment: the user's, before this process made settings for itself.
    """

    workdir: Path
    executor: str = "inline"
    workers: int | None = None
    number: int = 0
    launch: str = ""
    retrain: bool = False
    retries: int = 2
    checkpoint_every: int = 1000
    keep: int = 2
    batch_devices: int = 1
    pack: str = "auto"
    beside: int | None = None
    resources: Mapping[str, float] = field(default_factory=dict)
    ray_address: str | None = None
    slurm: Mapping[str, str] = field(default_factory=dict)
    command: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
