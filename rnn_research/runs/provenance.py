"""Where and with what a run was made."""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rnn_research.cores import available_cores

PACKAGES = ("jax", "jaxlib", "flax", "optax", "numpy", "scipy")
VARIABLES = ("XLA_FLAGS", "PJRT_NPROC", "JAX_NUM_CPU_DEVICES", "JAX_PLATFORMS", "OPENBLAS_NUM_THREADS")


def provenance(devices: list[str]) -> dict[str, Any]:
    """Versions, devices, git revision, environment and command of this process."""
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
        "python": platform.python_version(),
        "versions": versions(),
        "devices": devices,
        "cpus": available_cores(),
        "platform": platform.platform(),
        "git": git_revision(),
        "environment": {name: os.environ[name] for name in VARIABLES if name in os.environ},
    }


def versions() -> dict[str, str]:
    """Of the packages that decide the numbers."""
    return {name: _version(name) for name in PACKAGES}


def git_revision() -> str:
    """Commit of the checkout this file is in, with ``+changes`` where the tree differs; empty outside of git."""
    here = Path(__file__).resolve().parent
    try:
        commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, check=True)
        status = subprocess.run(["git", "status", "--porcelain"], cwd=here, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return commit.stdout.decode("ascii").strip() + ("+changes" if status.stdout.strip() else "")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
