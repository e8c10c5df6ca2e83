"""Workers as fresh processes of this machine, one for each group of devices."""

import importlib.util
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from rnn_research.cores import available_cores
from rnn_research.execution.executors.supervise import Executor, log, worker_command
from rnn_research.execution.options import Options
from rnn_research.execution.xla_settings import LEAST

TPU_SINGLE = {"TPU_CHIPS_PER_PROCESS_BOUNDS": "1,1,1", "TPU_PROCESS_BOUNDS": "1,1,1"}


def processes(options: Options, trials: int) -> Executor:
    """Processes of this machine; if left out, as many as devices, or on a CPU as cores.

    Raises:
      ValueError: more workers than accelerators, or none of the kind that ``JAX_PLATFORMS`` asks for.
    """
    del trials
    shares = device_shares(options.workers, options.environment, options.batch_devices)
    (options.workdir / "logs").mkdir(exist_ok=True)

    def start(number: int) -> subprocess.Popen:
        with open(log(options.workdir, number), "a") as output:
            # A session of its own: Ctrl-C reaches the launcher alone, which then asks its workers to stop.
            return subprocess.Popen(
                [*worker_command(options), f"--number={number}", f"--workers={len(shares)}"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**options.environment, **shares[number]},
                start_new_session=True,
            )

    return Executor(
        start=start,
        status=lambda worker: worker.poll(),
        stop=lambda worker: worker.send_signal(signal.SIGTERM),
        kill=lambda worker: worker.kill(),
        where=f"{len(shares)} processes",
        workers=len(shares),
    )


def device_shares(workers: int | None, environment: Mapping[str, str], together: int = 1) -> list[dict[str, str]]:
    """What the environment of each worker must say for it to see its devices and no others.

    Args:
      workers: as many as devices, or on a CPU as cores, if left out.
      environment: the user's own, as it was before this process made settings for itself.
      together: devices that each worker needs, at least.

    Raises:
      ValueError: more workers than accelerators.
    """
    kind, devices = accelerators(environment)
    if kind == "cpu":
        cores = available_cores()
        count = workers or max(1, cores // together)
        return [{"JAX_NUM_CPU_DEVICES": str(max(LEAST, together, cores // count))} for _ in range(count)]
    count = workers or len(devices) // together
    if not count or count * together > len(devices):
        raise ValueError(f"{count or 1} workers of {together} devices, but this machine has {len(devices)} ({kind})")
    shares = [",".join(devices[number::count]) for number in range(count)]
    if kind == "gpu":
        return [{"CUDA_VISIBLE_DEVICES": share} for share in shares]
    return [{"TPU_VISIBLE_CHIPS": share, **(TPU_SINGLE if "," not in share else {})} for share in shares]


def accelerators(environment: Mapping[str, str]) -> tuple[str, list[str]]:
    """The kind of device that jax will find here, and their numbers; found without starting any of them.

    Raises:
      ValueError: none of the kind that the environment asks for.
    """
    wanted = environment.get("JAX_PLATFORMS", "")
    if wanted.startswith("cpu"):
        return "cpu", []
    tpus = sorted(path.name.removeprefix("accel") for path in Path("/dev").glob("accel[0-9]*"))
    if tpus and importlib.util.find_spec("libtpu"):
        return "tpu", tpus
    gpus = sorted(path.name.removeprefix("nvidia") for path in Path("/dev").glob("nvidia[0-9]*"))
    visible = environment.get("CUDA_VISIBLE_DEVICES")
    gpus = gpus if visible is None else [name for name in visible.split(",") if name]
    if gpus and any(importlib.util.find_spec(f"jax_cuda{version}_plugin") for version in (12, 13)):
        return "gpu", gpus
    if wanted and "cpu" not in wanted.split(","):
        raise ValueError(f"JAX_PLATFORMS={wanted}, but this machine has no such device")
    return "cpu", []
