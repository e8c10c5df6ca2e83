"""Leases: who works on what. One holder each; a dead holder's lease is taken over.

A lease is a small file in ``leases/`` that names the holder's host, process and start. Its time stamp is the
heartbeat. On the same machine a holder is alive while its process is; elsewhere, while its heart beats.
"""

import json
import os
import socket
import threading
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from rnn_research.runs.files import alone, read_json, storing, write_atomic

BEAT = 10.0  # seconds between heartbeats
PATIENCE = 60.0  # seconds without one after which a holder on another machine counts as dead


class Holder(NamedTuple):
    """Who holds a lease.

    Attributes:
      host, pid, since: for people.
      machine: the boot and the process namespace that ``pid`` counts in.
      birth: when the process started, in the kernel's ticks: a later process may have the same pid.
      token: this holder and no other.
    """

    host: str
    pid: int
    since: str
    machine: str
    birth: str
    token: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.since}"


class Leases:
    """The leases that this process holds; a thread keeps their hearts beating until ``close``.

    Args:
      directory: where the lease files lie; made if need be.
    """

    def __init__(self, directory: Path, beat: float = BEAT, patience: float = PATIENCE):
        self.directory, self.beat, self.patience = directory, beat, patience
        with storing(directory):
            directory.mkdir(parents=True, exist_ok=True)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self.me = Holder(socket.gethostname(), os.getpid(), now, _machine(), _birth(os.getpid()), uuid.uuid4().hex)
        self.held: set[str] = set()
        self.lost: set[str] = set()  # taken by others, who thought this process dead
        self.closed = threading.Event()
        self.thread = threading.Thread(target=self._keep_beating, name="heartbeat", daemon=True)
        self.thread.start()

    def acquire(self, name: str) -> Holder | None:
        """Take a lease; returns None, or the living holder that has it.

        Raises:
          StorageError: the lease could not be written.
        """
        with alone(self.directory):
            holder = self.holder(name)
            if holder is not None and holder.token != self.me.token and self._alive(name, holder):
                return holder
            write_atomic(self._path(name), json.dumps(self.me._asdict()) + "\n")
            self.held.add(name)
            self.lost.discard(name)
        return None

    def release(self, name: str) -> None:
        """Give a lease up; one that was lost stays with whoever has it."""
        self.held.discard(name)
        with alone(self.directory):
            holder = self.holder(name)
            if holder is not None and holder.token == self.me.token:
                self._path(name).unlink(missing_ok=True)

    def holder(self, name: str) -> Holder | None:
        """Who a lease's file names, dead or alive."""
        try:
            return Holder(**read_json(self._path(name)))
        except (TypeError, ValueError):  # no such file, or one that a person has edited
            return None

    def living(self, name: str) -> Holder | None:
        """The holder of a lease if it is alive."""
        holder = self.holder(name)
        return holder if holder is not None and self._alive(name, holder) else None

    def close(self) -> None:
        """Give everything up."""
        self.closed.set()
        self.thread.join()
        for name in list(self.held):
            self.release(name)

    def _alive(self, name: str, holder: Holder) -> bool:
        if holder.machine == self.me.machine:
            return _birth(holder.pid) == holder.birth != ""
        return self._age(name) < self.patience

    def _age(self, name: str) -> float:
        """Seconds since the last heartbeat, by the clock of the file system that keeps both time stamps."""
        clock = self.directory / ".clock"
        try:
            with storing(clock):
                clock.touch()
            return clock.stat().st_mtime - self._path(name).stat().st_mtime
        except FileNotFoundError:
            return self.patience

    def _keep_beating(self) -> None:
        while not self.closed.wait(self.beat):
            for name in list(self.held):
                with suppress(OSError):  # a mount that is away for a moment; the next beat tries again
                    holder = self.holder(name)
                    if holder is not None and holder.token == self.me.token:
                        os.utime(self._path(name))
                    elif name in self.held:
                        self.lost.add(name)

    def _path(self, name: str) -> Path:
        return self.directory / f"{name}.json"


def _machine() -> str:
    """What a pid is unique in: this boot of this machine, and this process namespace of it."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return f"{socket.gethostname()} {uuid.getnode()}"


def _birth(pid: int) -> str:
    """When a process started; empty for one that is gone, or has ended and is only waited for."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].decode("ascii").split()
    except FileNotFoundError:
        return "" if os.path.isdir("/proc/self") else _running(pid)
    except OSError:
        return ""
    state, start = fields[0], fields[19]
    return "" if state in "ZX" else start


def _running(pid: int) -> str:
    """Where there is no ``/proc``: whether a process of that number runs is all one can know."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return "running"
