"""One program on several hosts: what process 0 decides, all do.

Process 0 alone reads and writes the run directory. With one process these functions hand back what they are given.
"""

import pickle
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")


def is_first() -> bool:
    """Whether this process is the one that reads and writes."""
    import jax

    return jax.process_index() == 0


def agree(value: Any) -> Any:
    """What process 0 gave, on every process; all must call it together."""
    import jax

    if jax.process_count() == 1:
        return value
    from jax.experimental.multihost_utils import broadcast_one_to_all

    text = np.frombuffer(pickle.dumps(value), np.uint8) if is_first() else np.zeros(0, np.uint8)
    size = int(broadcast_one_to_all(np.int32(text.size)))
    padded = np.zeros(size, np.uint8)
    padded[: text.size] = text
    return pickle.loads(np.asarray(broadcast_one_to_all(padded), np.uint8).tobytes())


def first(function: Callable[[], T]) -> T | None:
    """What a function gives process 0; None on the others. All must call it together.

    Raises:
      Exception: what the function raised, on every process.
    """
    value, error = None, None
    if is_first():
        try:
            value = function()
        except Exception as raised:
            error = raised
    error = agree(error)
    if error is not None:
        raise error
    return value


def highest(number: int) -> int:
    """The largest number that any process gave; all must call it together."""
    import jax

    if jax.process_count() == 1:
        return number
    from jax.experimental.multihost_utils import process_allgather

    return int(np.max(process_allgather(np.int32(number))))
