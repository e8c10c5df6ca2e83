"""Where in a user's own code something went wrong."""

import sysconfig
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
PROGRAMS = (PACKAGE.parent / "launch.py",)
INSTALLED = ("site-packages", "dist-packages")
LIBRARY = Path(sysconfig.get_paths()["stdlib"]).resolve()
# Folders of the package in which users add files of their own.
PARTS = ("cells", "heads", "learners", "probes", "tasks")


def place_of(error: BaseException) -> str:
    """The last line of the user's own code that an error came through, ``mine.py:12: h = x @ w``; else the last line of
    a cell, task, head, learner or probe of the package; else "". What called the package does not count."""
    own = _own_place(error)
    if own:
        return own
    frames = traceback.extract_tb(error.__traceback__)
    return _last([frame for frame in frames if _part(Path(frame.filename)) in PARTS])


def is_own(path: Path) -> bool:
    """Whether a file is a user's: none of this package's, of Python's, nor installed."""
    if not path.is_absolute() or path in PROGRAMS:
        return False
    elsewhere = (PACKAGE, LIBRARY)
    return not any(map(path.is_relative_to, elsewhere)) and not any(name in path.parts for name in INSTALLED)


def said(error: BaseException) -> str:
    """An error in one line: its kind, its first line, and where in the user's code it comes from."""
    message = " ".join((str(error).splitlines() or [""])[:1])
    place = place_of(error)
    return f"{type(error).__name__}: {message}" + (f" ({place})" if place else "")


@contextmanager
def naming(what: str, always: bool = False) -> Iterator[None]:
    """Turn what users' code raises inside into a ValueError of one line that says what is to blame, and where.

    What has to do with files and memory stays what it is, and so does a ValueError that does not come out of the user's
    code, as it says what is to blame by itself.

    Args:
      always: name it before every ValueError.
    """
    try:
        yield
    except (OSError, MemoryError):
        raise
    except ValueError as error:
        own = _own_place(error)
        if not own and not always:
            raise
        message = " ".join((str(error).splitlines() or [""])[:1])
        raise ValueError(f"{what}: {message}" + (f" ({own})" if own else "")) from error
    except Exception as error:
        raise ValueError(f"{what}: {said(error)}") from error


def _own_place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [number for number, frame in enumerate(frames) if Path(frame.filename).is_relative_to(PACKAGE)]
    return _last([frame for frame in frames[ours[0] :] if is_own(Path(frame.filename))]) if ours else ""


def _last(frames: Sequence[traceback.FrameSummary]) -> str:
    if not frames:
        return ""
    frame = frames[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}" + (f": {frame.line}" if frame.line else "")


def _part(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0] if path.is_relative_to(PACKAGE) else ""
