"""Where each second of a whole run goes, by phase and program.

    python -m benchmarks.profile [flags of launch.py; --experiment=lstm_vs_gru if left out]

Runs the launcher in this process, in a new run directory, and times what it calls by name, ``WATCHED``, and what jax
says of its tracing, lowering and compiling. A second counts once on each thread, for the innermost of what goes on
there; "otherwise" is what no name covers. Threads beside the main one, which write records or compile, have a column of
their own: their seconds run beside those of the main thread.

"cores" is how many were at work, on average, while the main thread was in a phase. What was compiled before is found in
the user's cache of compiled programs, if the launcher has one: for a cold run ``XDG_CACHE_HOME=$(mktemp -d)``.
"""

import functools
import importlib
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

STARTED = time.perf_counter()

from benchmarks.contenders import markdown  # noqa: E402
from rnn_research.commands import launch  # noqa: E402
from rnn_research.execution import xla_settings  # noqa: E402

LAUNCHER, WORKER, TRIALS = (f"rnn_research.execution.{name}" for name in ("launcher", "worker", "run_trials"))
PACK, NETWORK = "rnn_research.training.pack", "rnn_research.learners.network"
# Module, name in it, and the phase of what it does itself, without what is named further down and called by it.
WATCHED = (
    (LAUNCHER, "find_work", "checking settings"),
    (LAUNCHER, "build_tasks", "making tasks"),
    (LAUNCHER, "open_launch", "opening the directory"),
    (LAUNCHER, "finish", "report"),
    (WORKER, "Picker.next", "choosing trials"),
    (WORKER, "Picker.show", "report"),
    (WORKER, "run_trials", "trials, otherwise"),
    ("rnn_research.execution.program_cache", "ProgramCache.get", "waiting for programs"),
    (NETWORK, "match_width", "solving for widths"),
    (NETWORK, "training_data", "held-out data"),
    (NETWORK, "compile_program", "placing data"),
    (PACK, "Slots.assign", "initialising, placing"),
    (PACK, "Slots.advance", "training, validating"),
    (PACK, "Slots.test", "testing"),
    (PACK, "Slots.state", "fetching states"),
    (TRIALS, "Recorder.open", "writing"),
    (TRIALS, "Recorder.write", "handing over records"),
    (TRIALS, "Recorder.close", "waiting for the writer"),
    (TRIALS, "record", "writing"),
    (TRIALS, "record_exhibits", "writing"),
    (TRIALS, "save", "writing"),
    (TRIALS, "set_status", "writing"),
)
LOOKING = (NETWORK, "looking")  # makes what probes
EVENTS = {
    "/jax/core/compile/jaxpr_trace_duration": "tracing",
    "/jax/core/compile/jaxpr_to_mlir_module_duration": "lowering",
    "/jax/core/compile/backend_compile_duration": "compiling",
}
SHOWN = 0.005  # share of the whole that a phase must have for a column of its own among the programs


class Interval(NamedTuple):
    """Something that went on in a thread; ``program`` and ``function`` may be empty."""

    thread: int
    phase: str
    program: str
    function: str
    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start


class Watch:
    """What went on, as functions and jax say when they are through; and the processor time on the way."""

    def __init__(self):
        self.intervals: list[Interval] = []
        self.clock: list[tuple[float, float]] = [(time.perf_counter(), time.process_time())]
        self.programs: dict[str, str] = {}
        self.missing: list[str] = []
        self.ended = threading.Event()

    def note(self, phase: str, start: float, program: str = "", function: str = "") -> None:
        self.intervals.append(Interval(threading.get_ident(), phase, program, function, start, time.perf_counter()))

    def timed(self, function: Callable, phase: str) -> Callable:
        """The function, its calls noted."""

        @functools.wraps(function)
        def call(*args, **kwargs):
            start = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.note(phase, start, self.program_of(args))

        return call

    def program_of(self, arguments: Sequence[Any]) -> str:
        """The program that a call is about, by a number, its task and its cell; empty where it says nothing of one."""
        from rnn_research.experiment.config import signature

        config = config_of(arguments)
        if config is None:
            return ""
        name = f"{len(self.programs) + 1} {config.task} {config.model.cell.name}"
        return self.programs.setdefault(signature(config), name)

    def install(self) -> None:
        """Time what is watched, from now on, in this process."""
        for module, name, phase in WATCHED:
            owner, last = find(module, name)
            if owner is None:
                self.missing.append(f"{module}.{name}")
            else:
                setattr(owner, last, self.timed(getattr(owner, last), phase))
        owner, last = find(*LOOKING)
        if owner is not None:
            make = getattr(owner, last)

            def looking(subject):
                made = make(subject)
                return made._replace(look=self.timed(made.look, "probing"))

            setattr(owner, last, looking)
        import jax

        def listen(event: str, duration_secs: float, **about: Any) -> None:
            if event in EVENTS:
                self.note(EVENTS[event], time.perf_counter() - duration_secs, function=str(about.get("fun_name", "")))

        jax.monitoring.register_event_duration_secs_listener(listen)
        threading.Thread(target=self._look_at_clock, daemon=True).start()

    def _look_at_clock(self) -> None:
        while not self.ended.wait(0.05):
            self.clock.append((time.perf_counter(), time.process_time()))

    def end(self) -> None:
        self.ended.set()
        self.clock.append((time.perf_counter(), time.process_time()))


def find(module: str, name: str) -> tuple[Any, str]:
    """What holds a name, the module or a class in it, and the last part of the name; None where it is gone."""
    owner: Any = importlib.import_module(module)
    *path, last = name.split(".")
    for part in path:
        owner = getattr(owner, part, None)
    return (owner if hasattr(owner, last) else None), last


def config_of(arguments: Sequence[Any]) -> Any:
    """The configuration that a call is about, by the trial, the trials or the configuration among its arguments."""
    for argument in arguments:
        trials = getattr(argument, "trials", None)
        trial = trials[0] if isinstance(trials, list) and trials else argument
        config = getattr(trial, "config", trial)
        if hasattr(config, "task") and hasattr(config, "model"):
            return config
    return None


def innermost(intervals: Sequence[Interval]) -> Iterator[Interval]:
    """The parts of the intervals of one thread in which nothing else goes on inside them; a part without a program of
    its own has that of what it lies in."""
    open_: list[Interval] = []
    at = 0.0

    def close(until: float) -> Iterator[Interval]:
        nonlocal at
        while open_ and open_[-1].end <= until:
            last = open_.pop()
            if last.end > at:
                yield last._replace(start=at)
                at = last.end

    for interval in sorted(intervals, key=lambda one: (one.start, -one.end)):
        yield from close(interval.start)
        if open_ and interval.start > at:
            yield open_[-1]._replace(start=at, end=interval.start)
        if open_ and not interval.program:
            interval = interval._replace(program=open_[-1].program)
        open_.append(interval)
        at = interval.start
    yield from close(float("inf"))


def cores_between(clock: Sequence[tuple[float, float]], pieces: Sequence[Interval]) -> float:
    """Cores at work, on average, in these pieces of time."""
    import numpy as np

    times, used = np.array(clock).T
    ends = np.array([(piece.start, piece.end) for piece in pieces])
    spent = np.diff(np.interp(ends, times, used), axis=1).sum()
    return float(spent / max(np.diff(ends, axis=1).sum(), 1e-9))


def phase_table(main: Sequence[Interval], others: Sequence[Interval], clock: Sequence, whole: float) -> str:
    """A row for each phase, the longest first."""
    own, beside = by(main, "phase"), by(others, "phase")
    rows = []
    for phase in sorted({**own, **beside}, key=lambda name: -seconds(own.get(name, []))):
        pieces = own.get(phase, [])
        took = seconds(pieces)
        cores = f"{cores_between(clock, pieces):.2f}" if pieces else "—"
        rows.append([phase, f"{took:.1f}", f"{took / whole:.1%}", cores, f"{seconds(beside.get(phase, [])):.1f}"])
    return markdown(["phase", "main thread s", "share", "cores", "other threads s"], rows)


def program_table(pieces: Sequence[Interval], whole: float) -> str:
    """A row for each program, a column for each phase that is worth one; all threads together."""
    by_phase = by(pieces, "phase")
    shown = [name for name, own in by_phase.items() if seconds(own) >= SHOWN * whole and any(p.program for p in own)]
    shown.sort(key=lambda name: -seconds(by_phase[name]))
    rows = []
    for program, own in by([piece for piece in pieces if piece.program], "program").items():
        split = by(own, "phase")
        columns = [f"{seconds(split.get(name, [])):.2f}" for name in shown]
        rows.append([program, f"{seconds(own):.2f}", *columns])
    rows.sort(key=lambda row: int(row[0].split()[0]))
    return markdown(["program, s", "all", *shown], rows)


def function_table(pieces: Sequence[Interval]) -> str:
    """What jax has traced, lowered and compiled, by the name of the function; the longest first, up to a dozen."""
    of_functions = [piece for piece in pieces if piece.function]
    rows = []
    for function, own in by(of_functions, "function").items():
        split = by(own, "phase")
        rows.append([function, *(f"{seconds(split.get(phase, [])):.2f}" for phase in EVENTS.values())])
    rows.sort(key=lambda row: -sum(map(float, row[1:])))
    return markdown(["function, s", *EVENTS.values()], rows[:12])


def by(pieces: Sequence[Interval], attribute: str) -> dict[str, list[Interval]]:
    found = defaultdict(list)
    for piece in pieces:
        found[getattr(piece, attribute)].append(piece)
    return dict(found)


def seconds(pieces: Sequence[Interval]) -> float:
    return sum(piece.seconds for piece in pieces)


def main(argv: Sequence[str]) -> int:
    """Run and report; the launcher's exit status."""
    if "--help" in argv:
        print(__doc__)
        return 0
    arguments = list(argv)
    if not any(argument.startswith("--experiment") for argument in arguments):
        arguments.insert(0, "--experiment=lstm_vs_gru")
    xla_settings.configure()  # as the launcher does, before jax is loaded
    watch = Watch()
    watch.install()
    watch.note("start: imports", STARTED)
    with tempfile.TemporaryDirectory() as directory:
        given = any(argument.startswith("--workdir") for argument in arguments)
        status = launch.main(arguments if given else [*arguments, f"--workdir={directory}/run"])
        watch.note("otherwise", STARTED)
    watch.end()
    report(watch)
    return status


def report(watch: Watch) -> None:
    """Print the tables."""
    here, whole = threading.get_ident(), watch.clock[-1][0] - STARTED
    threads: dict[int, list[Interval]] = defaultdict(list)
    for interval in watch.intervals:
        threads[interval.thread].append(interval)
    pieces = [piece for own in threads.values() for piece in innermost(own)]
    own = [piece for piece in pieces if piece.thread == here]
    others = [piece for piece in pieces if piece.thread != here]
    used = watch.clock[-1][1]
    print(f"\n{whole:.1f} s, {used:.1f} s of processor time: {used / whole:.2f} cores at work\n")
    print(phase_table(own, others, watch.clock, whole) + "\n")
    print(program_table(pieces, whole) + "\n")
    print(function_table(pieces))
    if watch.missing:
        print(f"\nnot there any more, so not timed: {', '.join(watch.missing)}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
