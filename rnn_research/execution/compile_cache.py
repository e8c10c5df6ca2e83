"""Compiled programs on disk, so that the next run of a kind starts at once.

jax reads and writes them (its persistent compilation cache), each under a digest of the program and of all that it is
compiled with. What is added here is a place for each kind of processor, as XLA compiles for the one at hand; a bound on
the size; and that an entry which a kill cut short is thrown away.
"""

import hashlib
import os
import platform
import sys
import time
import warnings
import zlib
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from rnn_research.cores import processor

LIMIT = 1 << 30  # bytes
STAMP = "tended"
SETTLED = 60.0  # seconds after which nobody is still writing an entry


def default_folder(environment: Mapping[str, str]) -> Path:
    """Under the user's folder for caches, a folder for this processor, Python and jax."""
    known = environment.get("XDG_CACHE_HOME", "")
    base = Path(known) if os.path.isabs(known) else _usual_base(environment)
    facts = processor("flags", "Features")  # what it can do, on x86 and on ARM
    made_for = (facts, platform.machine(), platform.python_version(), version("jax"), version("jaxlib"))
    return base / "rnn_research" / "compiled" / hashlib.sha256(repr(made_for).encode()).hexdigest()[:10]


def _usual_base(environment: Mapping[str, str]) -> Path:
    if sys.platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")


def use(wanted: bool) -> None:
    """Keep compiled programs in the user's cache, or not; a folder that the user's shell names is used as it is. Call
    before anything is compiled. Without a folder that can be written, nothing is kept."""
    import jax

    # An entry that cannot be read is compiled again; one that cannot be written is not kept. Neither is news.
    warnings.filterwarnings("ignore", message="Error (reading|writing) persistent compilation cache")
    if not wanted:
        jax.config.update("jax_enable_compilation_cache", False)
        return
    if jax.config.values.get("jax_compilation_cache_dir"):
        return
    with suppress(OSError, RuntimeError):  # no home, or none that can be written
        folder = default_folder(os.environ)
        folder.mkdir(parents=True, exist_ok=True)
        tend(folder)
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)


def tend(folder: Path, limit: int = LIMIT) -> None:
    """Throw away the entries that were cut short since the last time, and of the others those that were not used for
    longest, as far as all of them are more than ``limit`` bytes. Safe while others read and write.

    Raises:
      OSError: the folder cannot be read or written.
    """
    stamp, now = folder / STAMP, time.time()
    last = stamp.stat().st_mtime if stamp.exists() else 0.0
    kept = []
    for path in folder.glob("*-cache"):
        with suppress(FileNotFoundError):  # another process tends the folder as well
            found = path.stat()
            if found.st_mtime >= last - SETTLED and found.st_mtime < now - SETTLED and not _is_whole(path):
                path.unlink()
            else:
                kept.append((max(found.st_atime, found.st_mtime), found.st_size, path))
    size = sum(size for _, size, _ in kept)
    for _, of_entry, path in sorted(kept):
        if size <= limit:
            break
        path.unlink(missing_ok=True)
        size -= of_entry
    stamp.touch()


def _is_whole(path: Path) -> bool:
    """Whether jax will be able to unpack an entry; where it packs them by other means than zlib, nothing is known."""
    packed = path.read_bytes()
    if packed[:1] != b"\x78":  # how zlib begins
        return bool(packed)
    try:
        zlib.decompress(packed)
    except zlib.error:
        return False
    return True
