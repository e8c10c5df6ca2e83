"""A command, run as a user would run it: how long it took, how much of the processors and of memory."""

import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import IO, NamedTuple

from benchmarks.contenders import CHECKOUT, clean_environment

EVERY = 0.25  # seconds between looks at the memory


class Measured(NamedTuple):
    """What a command took.

    Attributes:
      seconds: from its start to its end.
      cpu_seconds: of it and all processes that it started and waited for, user and system.
      peak_bytes: the most memory that its processes had together at any look; pages that they share count once where
        the system can say so (Linux). None where it says nothing.
      output: what it printed.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int | None
    output: str

    def busy(self, cores: int) -> float:
        """The share of the cores that was at work."""
        return self.cpu_seconds / self.seconds / cores


def run_measured(command: Sequence[str], cache: Path) -> Measured:
    """Run a command in the checkout, in an environment without settings of jax, to its end.

    Args:
      cache: the user's cache directory, as the command sees it.

    Raises:
      SystemExit: it failed; with the end of what it printed.
    """
    with tempfile.TemporaryFile("w+") as output:
        started = monotonic()
        process = start(command, cache, output)
        with peak_memory(process.pid) as peak:
            _, status, usage = os.wait4(process.pid, 0)
        seconds = monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: exit status {process.returncode}\n{text[-2000:]}")
    return Measured(seconds, usage.ru_utime + usage.ru_stime, peak[0] or None, text)


def start(command: Sequence[str], cache: Path, output: IO[str]) -> subprocess.Popen:
    """Start a command in the checkout, in an environment without settings of jax.

    Args:
      cache: the user's cache directory, as the command sees it.
      output: an open file for what it prints.
    """
    caches = {"XDG_CACHE_HOME": str(cache), "TORCHINDUCTOR_CACHE_DIR": str(cache / "inductor")}
    environment = clean_environment() | caches | {"PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment, cwd=CHECKOUT)


@contextmanager
def peak_memory(pid: int) -> Iterator[list[int]]:
    """The most bytes of a process and its descendants so far, the one entry of a list, kept while the context lasts."""
    peak, ended = [0], threading.Event()

    def look() -> None:
        while not ended.wait(EVERY):
            peak[0] = max(peak[0], sum(map(memory, family(pid))))

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield peak
    finally:
        ended.set()
        looking.join()


def family(pid: int) -> Iterator[int]:
    """A process and its living descendants; itself alone where the system does not say."""
    yield pid
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from family(int(child))


def memory(pid: int) -> int:
    """Bytes of a process, of shared pages its part; 0 where the system does not say, or it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return 1024 * int(line.split()[1])
    return 0
