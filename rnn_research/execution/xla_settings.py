"""Settings of the host that jax reads once, when it is imported."""

import os
import sys
from collections.abc import Mapping
from contextlib import suppress

from rnn_research.cores import available_cores

# XLA's CPU results may depend on its thread count in the last digit, and the count follows the machine's cores
# unless it is pinned. Not higher than need be: on two cores, 16 threads made a step of an LSTM of width 128 take 1.8
# times as long. XLA takes a thread per device where there are more devices than this.
THREADS = 2
LEAST = 2

# Whatever the user's shell says: these change the last digits, or nothing.
PINNED = {
    "PJRT_NPROC": str(THREADS),
    # LAPACK (the orthogonal initialisation) and NumPy: one thread, so that their bits do not depend on the cores.
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
}
FLAGS = (
    ("--xla_cpu_multi_thread_eigen", "false"),
    # Measured: up to 1.8 times the steps per second of a small LSTM.
    ("--xla_backend_extra_options", "xla_cpu_use_multi_output_fusion=true"),
    # A GPU would add in any order, and choose between ways of a product by timing them anew in every process.
    ("--xla_gpu_deterministic_ops", "true"),
    ("--xla_gpu_autotune_level", "0"),
    # Measured: twice the time to compile, and of small products made without timing no fewer steps per second.
    ("--xla_gpu_enable_triton_gemm", "false"),
)


def configure(devices: int | None = None) -> None:
    """Make one single-threaded XLA device per CPU core: faster for small recurrent networks than one device
    with many threads. Call before jax starts its devices, as its first computation does. What numbers depend on is
    pinned, or recorded by ``ambient``.

    There are at least two devices: a program for one takes another way through XLA, which fuses its loops otherwise,
    and the last bits differ. From two on they do not.

    Args:
      devices: CPU devices; if left out as many as the environment says, else as many as cores.

    Raises:
      ValueError: ``XLA_FLAGS`` or ``JAX_NUM_CPU_DEVICES`` of a form that cannot be added to.
    """
    asked = os.environ.get("JAX_NUM_CPU_DEVICES", "")
    if asked and not asked.lstrip("-").isdigit():
        raise ValueError(f"JAX_NUM_CPU_DEVICES={asked} is no number")
    count = max(LEAST, devices or max(0, int(asked or 0)) or available_cores())
    os.environ["JAX_NUM_CPU_DEVICES"] = str(count)
    if "jax" in sys.modules:  # imported by a notebook, it may not have started its devices yet
        with suppress(RuntimeError):
            sys.modules["jax"].config.update("jax_num_cpu_devices", count)
    os.environ.update(PINNED)
    given = os.environ.get("XLA_FLAGS", "").strip()
    if given and not given.startswith("-"):
        raise ValueError(f"XLA_FLAGS={given} names a file; write the flags themselves")
    missing = [f"{name}={value}" for name, value in FLAGS if name not in flags_of(given)]
    os.environ["XLA_FLAGS"] = " ".join(filter(None, [given, *missing]))


def flags_of(text: str) -> dict[str, str]:
    """The flags in ``XLA_FLAGS``; one without a value is ``true``, of two alike the last one counts."""
    pairs = [part.partition("=") for part in text.split() if part.startswith("--")]
    return {name: value if equals else "true" for name, equals, value in pairs}


def changes(environment: Mapping[str, str]) -> dict[str, str | None]:
    """The settings in which this process differs from the user's ``environment``, as the user had them.

    Workers elsewhere may inherit from this process, whose settings are not meant for them.
    """
    names = {name for name in {*os.environ, *environment} if os.environ.get(name) != environment.get(name)}
    return {name: environment.get(name) for name in sorted(names)}


def connect(cluster: str) -> None:
    """Make this process one of several that run one program over all their devices.

    Args:
      cluster: ``auto`` where jax can find the others by itself (a TPU pod, Slurm), else ``HOST:PORT,COUNT,INDEX``: the
        address of process 0, how many processes, and which one this is.

    Raises:
      ValueError: text of another form.
    """
    import jax

    if cluster == "auto":
        jax.distributed.initialize()
        return
    parts = cluster.split(",")
    if len(parts) != 3 or not all(part.isdigit() for part in parts[1:]):
        raise ValueError(f"--distributed must be auto or HOST:PORT,COUNT,INDEX, not {cluster!r}")
    jax.distributed.initialize(parts[0], int(parts[1]), int(parts[2]))


def start_devices() -> None:
    """Start the devices that ``JAX_PLATFORMS`` asks for.

    Accelerators round the factors of a float32 product, a GPU to ten bits and a TPU to seven, and steps through time
    multiply such errors: they are told not to, unless the user has said what they should do
    (``JAX_DEFAULT_MATMUL_PRECISION``).

    Raises:
      ValueError: there are none.
    """
    import jax

    try:
        jax.devices()
    except (AssertionError, RuntimeError) as error:  # the first where jax has no plugin for it
        wanted = os.environ.get("JAX_PLATFORMS", "")
        reason = f": {error}".splitlines()[0] if str(error) else ""
        raise ValueError(f"JAX_PLATFORMS={wanted}, but jax finds no such device{reason}") from error
    if jax.default_backend() != "cpu" and jax.config.values["jax_default_matmul_precision"] is None:
        jax.config.update("jax_default_matmul_precision", "highest")


def out_of_memory(error: Exception) -> bool:
    """Whether an error is that of Python or of XLA when there is no memory left."""
    return isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error)
