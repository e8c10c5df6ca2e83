"""Launches in processes of their own, forked from one that has imported all that they import.

A fork is as good as a process that a shell starts: it has devices, files and signals of its own, can be killed, and
jax starts in it. It saves the imports, half of a small run's processor time.
"""

import itertools
import multiprocessing
import os
import pkgutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parents[2]
LAUNCH = ROOT / "launch.py"
CACHE = "JAX_COMPILATION_CACHE_DIR"
SETTINGS = ("JAX_", "XLA_", "PJRT_", "RNN_RESEARCH_")  # of the shell: not for the runs that are compared
Signalled = tuple[Any, ...]  # a function's name, which of its calls, and the signals


def environment() -> dict[str, str]:
    """This process's, without its settings of jax but for the cache of compiled programs, which keeps them all."""
    clean = {name: v for name, v in os.environ.items() if not name.startswith(SETTINGS) or name == CACHE}
    return clean | {"JAX_PLATFORMS": "cpu", "PYTHONUNBUFFERED": "1", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}


class Launch:
    """``launch.py`` with arguments, at work: the part of ``subprocess.Popen`` that the tests use.

    Args:
      output, errors: files for what it prints; errors go with the output if left out.
      figures: whether the report's figures are rendered, which takes a fifth of a small run's processor time; if
        not, there is nothing in their files.
      signalled: ``(function, count, *signals)``, as ``("os.replace", 3, signal.SIGKILL)``: the process sends itself the
        signals before that call of the function. So they fall where they are meant to, however fast the machine is.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        output: str | os.PathLike = os.devnull,
        errors: str | os.PathLike | None = None,
        cwd: str | os.PathLike | None = None,
        settings: Mapping[str, str] | None = None,
        figures: bool = False,
        signalled: Signalled | None = None,
    ):
        variables = environment() | dict(settings or {})
        place = os.fspath(cwd or os.getcwd())
        files = os.fspath(output), os.fspath(errors) if errors else None
        for file in filter(None, files):
            open(file, "w").close()  # there at once, for those who look into it
        work = list(arguments), variables, place, *files, figures, signalled
        self._process = _forks().Process(target=_work, args=work, daemon=False)
        self._process.start()
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("launch.py", timeout or 0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self._process.kill()


def launch(
    arguments: Sequence[str],
    cwd: str | os.PathLike | None = None,
    settings: Mapping[str, str] | None = None,
    timeout: float = 600,
    figures: bool = False,
) -> subprocess.CompletedProcess[str]:
    """``launch.py`` with arguments, to its end; what it printed."""
    with TemporaryDirectory() as place:
        output, errors = Path(place) / "output", Path(place) / "errors"
        process = Launch(arguments, output, errors, cwd, settings, figures)
        try:
            status = process.wait(timeout)
        finally:
            process.kill()
        return subprocess.CompletedProcess([*arguments], status, output.read_text(), errors.read_text())


def _forks():
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.support.preloaded"])
    variables = environment() | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    with mock.patch.dict(os.environ, variables, clear=True):
        forkserver.ensure_running()
    return context


def _work(
    arguments: list[str],
    variables: Mapping[str, str],
    place: str,
    output: str,
    errors: str | None,
    figures: bool,
    signalled: Signalled | None,
) -> None:
    """The whole life of a fork."""
    _redirect(1, output)
    _redirect(2, errors) if errors else os.dup2(1, 2)
    os.chdir(place)
    changed = {name for name, value in variables.items() if value != os.environ.get(name)}
    if late := [name for name in changed if name.startswith("JAX_")]:
        raise ValueError(f"jax has read {late} already, when it was imported: start a process of the shell's kind")
    os.environ.clear()
    os.environ.update(variables)
    from rnn_research.commands.launch import main

    if not figures:
        Figure.tight_layout = lambda figure, **options: None
        Figure.savefig = lambda figure, file, **options: file.write(b'<svg width="10pt" height="5pt"></svg>')
    if signalled:
        _signal_before(*signalled)
    sys.argv = [str(LAUNCH), *arguments]
    sys.exit(main(list(arguments)))


def _signal_before(function: str, count: int, *signals: int) -> None:
    """Have this process sent signals before that call of a function, by whichever thread."""
    owner, _, name = function.rpartition(".")
    plain, calls = pkgutil.resolve_name(function), itertools.count(1)

    def counted(*arguments, **options):
        if next(calls) == count:
            for number in signals:
                os.kill(os.getpid(), number)
        return plain(*arguments, **options)

    setattr(pkgutil.resolve_name(owner), name, counted)


def _redirect(stream: int, path: str) -> None:
    file = os.open(path, os.O_WRONLY)
    os.dup2(file, stream)
    os.close(file)
