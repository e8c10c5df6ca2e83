"""Where and with what a run was made."""

import os
import platform
import shlex
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


def typed() -> str:
    """The command of this process, to be typed again."""
    interpreter = ["python"] if sys.argv[0].endswith(".py") else []
    return shlex.join([*interpreter, *sys.argv])


def versions() -> dict[str, str]:
    """Of the packages that decide the numbers."""
    return {name: _version(name) for name in PACKAGES}


def git_revision(file: Path = Path(__file__)) -> str:
    """Commit of the checkout that holds a file, this one, with ``+changes`` where the tree differs.

    Empty outside of git, and where the repository around it does not track the file: what is installed or copied into
    another project's folder is no part of that project's commits.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}

    def git(*arguments: str) -> str:
        command = ["git", *arguments]
        found = subprocess.run(
            command, cwd=file.resolve().parent, env=environment, capture_output=True, encoding="utf-8", check=True
        )
        return found.stdout.strip()

    try:
        git("ls-files", "--error-unmatch", "--", file.resolve().name)
        return git("rev-parse", "HEAD") + ("+changes" if git("status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
