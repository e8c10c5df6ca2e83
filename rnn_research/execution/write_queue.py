"""Records written in the background, in order, while the devices go on."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

LIMIT = 16  # records that may wait; each may hold a trial's state


class WriteQueue:
    """One thread that writes. After a write that failed nothing more is written, and every call says so."""

    def __init__(self):
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="queue")
        self.waiting: deque[Future] = deque()
        self.broken: Exception | None = None

    def put(self, write: Callable[..., Any], *arguments: Any) -> None:
        """Have ``write(*arguments)`` called after all that was put before.

        Raises:
          Exception: what an earlier write raised.
        """
        while self.waiting and (self.waiting[0].done() or len(self.waiting) >= LIMIT):
            self.waiting.popleft().result()
        self.waiting.append(self.thread.submit(self._call, write, arguments))

    def drain(self) -> None:
        """Wait until all is written.

        Raises:
          Exception: what a write raised.
        """
        while self.waiting:
            self.waiting.popleft().result()

    def abandon(self, error: Exception) -> None:
        """Write nothing more, not even what waits."""
        self.broken = error

    def close(self) -> None:
        """Wait until all is written or has failed."""
        self.thread.shutdown()

    def _call(self, write: Callable[..., Any], arguments: tuple) -> None:
        if self.broken is not None:
            raise self.broken
        try:
            write(*arguments)
        except Exception as error:
            self.broken = error
            raise
