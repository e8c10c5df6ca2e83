"""The host is set up before jax is imported; fixtures that several files use."""

import atexit
import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from rnn_research.execution.xla_settings import configure

configure(devices=2)
# What one process of the tests has compiled, the others need not: this one, its workers and the runs they start.
if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
    cache = os.environ["JAX_COMPILATION_CACHE_DIR"] = tempfile.mkdtemp(prefix="compiled-")
    atexit.register(shutil.rmtree, cache, ignore_errors=True)
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")

import jax  # noqa: E402
import pytest  # noqa: E402

from tests.support.haste import haste  # noqa: E402
from tests.support.small_runs import ONE_ARM, unbroken_run  # noqa: E402

# Adding a row to a column by chance is a bug; a None in the index says it is meant.
jax.config.update("jax_numpy_rank_promotion", "raise")


def pytest_collection_modifyitems(items):
    """The longest files go first, so that no process of the tests waits for another in the end."""
    items.sort(key=lambda item: item.path.stem not in ("test_durability", "test_devices", "test_experiments"))


@pytest.fixture(scope="session")
def shared_place(tmp_path_factory):
    """A directory that all processes of this session of the tests share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def unbroken(shared_place):
    """A small run that nobody disturbed: two arms, so two programs."""
    return unbroken_run(shared_place / "unbroken")


@pytest.fixture(scope="session")
def unbroken_arm(shared_place):
    """The same with one arm."""
    return unbroken_run(shared_place / "unbroken_arm", ONE_ARM)


@pytest.fixture(scope="module", autouse=True)
def programs(request):
    """What a file's tests compile, they compile in haste unless marked, and it leaves memory with them."""
    with contextlib.nullcontext() if request.node.get_closest_marker("as_users") else haste():
        yield
    jax.clear_caches()


@pytest.fixture
def x64():
    """Double precision inside the test."""
    with jax.enable_x64(True):
        yield


@pytest.fixture
def data_directory(monkeypatch):
    """The corpora that some tests read: where RNN_RESEARCH_DATA says, or beside the repository."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    directory = Path(os.environ.get("RNN_RESEARCH_DATA") or beside).resolve()
    if not directory.is_dir():
        pytest.skip("no directory of corpora: set RNN_RESEARCH_DATA")
    monkeypatch.setenv("RNN_RESEARCH_DATA", str(directory))
    return directory
