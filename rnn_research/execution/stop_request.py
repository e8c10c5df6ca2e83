"""The request to stop: a signal, or a launcher that is gone."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rnn_research.execution.multihost import highest

CHECK_EVERY = 2.0  # seconds between checks of whether the launcher is there


class StopRequest:
    """Asked between chunks of training; ``number`` is the signal that was received, or stands for the request, or None.

    Attributes:
      wanted: whether the work is to go on; asked now and then.
      at_once: called before a second signal ends the process.
    """

    def __init__(self, wanted: Callable[[], bool] = lambda: True):
        self.number: int | None = None
        self.caught = False
        self.wanted = wanted
        self.at_once: Callable[[], object] = lambda: None
        self.checked = time.monotonic()

    def __call__(self) -> bool:
        if self.number is None and time.monotonic() - self.checked > CHECK_EVERY:
            self.checked = time.monotonic()
            if not self.wanted():
                self.number = self.number or signal.SIGTERM
        return self.number is not None

    def everywhere(self) -> bool:
        """Whether any host of the program is to stop; all must call it together.

        A signal that comes while the hosts ask each other counts when they ask again: they must answer alike.
        """
        self()
        found = highest(self.number or 0)
        self.number = self.number or found or None
        return found > 0


@contextmanager
def catch_signals(stop: StopRequest) -> Iterator[None]:
    """The first SIGINT or SIGTERM sets ``stop``; a second one ends the process there and then.

    Every file is written whole or not at all, so even then the directory is valid.
    """

    def handler(number, frame):
        del frame
        if stop.caught:
            try:
                stop.at_once()
            finally:
                os.write(sys.stderr.fileno(), b"\nstopped at once; what was saved is kept\n")
                os._exit(128 + number)
        stop.number, stop.caught = number, True
        os.write(sys.stderr.fileno(), b"\nstopping after this chunk; once more stops at once\n")

    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
