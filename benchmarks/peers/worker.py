"""The worker's side of the pipe: it prepares some work, then does it for as long as it is told."""

import json
import math
import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

# Does some work, waits for its end, and returns how many units it was: training steps, tokens.
Run = Callable[[], int]


class Form(NamedTuple):
    """A way in which some work is done.

    Attributes:
      name: of it, for people.
      run: does the work.
      compiling: seconds that it took to compile, where that is asked for.
    """

    name: str
    run: Run
    compiling: float = math.nan


class Job(NamedTuple):
    """A network to train on the adding problem.

    Attributes:
      cell: ``elman``, ``lstm`` or ``gru``.
      batch, time, hidden: examples in a batch, steps in a sequence, width of the recurrent layer.
      chunk: training steps between two looks at the clock; for JAX, in one dispatch.
    """

    cell: str
    batch: int
    time: int
    hidden: int
    chunk: int


def serve(prepare: Callable[[Any], Form], kind: Callable[..., Any] = Job) -> None:
    """Answer the lines on standard input until it ends; a waiting worker uses no processor time.

    A line that holds a job is answered, when the job is compiled and warm, with the name of its form; one that
    holds a number of seconds with the units of work per second in a round of that length; one that asks for
    ``compiling`` with the seconds that the last job took to compile.

    Args:
      prepare: turns a job into what runs it. Units are counted over all the models that run at the same time.
      kind: the class of the jobs.
    """
    # What a library prints must not get into the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    form = Form("", int)  # replaced by the first job
    for line in sys.stdin:
        request = json.loads(line)
        if "job" in request:
            form = prepare(kind(**request["job"]))
            measure(form.run, 0.0)
            answer = form.name
        elif "compiling" in request:
            answer = form.compiling
        else:
            answer = measure(form.run, request["seconds"])
        print(json.dumps(answer), file=answers, flush=True)


def measure(run: Run, seconds: float) -> float:
    """Units of work per second over at least so many seconds, and one call."""
    units, start = 0, time.perf_counter()
    while True:
        units += run()
        elapsed = time.perf_counter() - start
        if elapsed >= seconds:
            return units / elapsed


def fastest(forms: Mapping[str, Run]) -> Form:
    """The form of some work that is the fastest here, by the best of three short rounds; the slow take part in none."""
    for run in forms.values():
        run()
    once = {name: measure(run, 0.0) for name, run in forms.items()}
    fast = [name for name in forms if once[name] > max(once.values()) / 2]
    rates = [{name: measure(forms[name], 0.1) for name in fast} for _ in range(3)]
    best = max(fast, key=lambda name: max(rate[name] for rate in rates))
    return Form(best, forms[best])
