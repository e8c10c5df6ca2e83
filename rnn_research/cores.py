"""The processor, and how many of its cores this process may use."""

import os
import platform
from pathlib import Path


def available_cores() -> int:
    """Cores that the scheduler gives this process; all of the machine's where, as on macOS, it does not say."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor(*facts: str) -> str:
    """The processor's name, as far as the system says: XLA compiles for it.

    Args:
      facts: more to say of it, by their names in ``/proc/cpuinfo``.
    """
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        return platform.processor()
    said: dict[str, str] = {}
    for name, _, value in (line.partition(":") for line in lines):
        said.setdefault(name.strip(), value.strip())
    return " ".join(said[name] for name in ("model name", *facts) if name in said)
