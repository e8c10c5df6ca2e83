"""The worker's side of the pipe: it prepares a training step, then runs it for as long as it is told."""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import NamedTuple


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


def serve(prepare: Callable[[Job], Callable[[], int]]) -> None:
    """Answer the lines on standard input until it ends; a waiting worker uses no processor time.

    A line that holds a job is answered when the job is compiled and warm, one that holds a number of seconds
    with the training steps per second in a round of that length.

    Args:
      prepare: turns a job into a function that makes ``chunk`` training steps of every model it trains, waits
        for them to end, and returns how many steps that was, over all the models.
    """
    # What a library prints must not get into the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    run: Callable[[], int] = int  # replaced by the first job
    for line in sys.stdin:
        request = json.loads(line)
        if "job" in request:
            run = prepare(Job(**request["job"]))
            measure(run, 0.0)
            answer = True
        else:
            answer = measure(run, request["seconds"])
        print(json.dumps(answer), file=answers, flush=True)


def measure(run: Callable[[], int], seconds: float) -> float:
    """Training steps per second over at least so many seconds, and one call."""
    steps, start = 0, time.perf_counter()
    while True:
        steps += run()
        elapsed = time.perf_counter() - start
        if elapsed >= seconds:
            return steps / elapsed
