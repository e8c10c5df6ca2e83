"""The host is set up before jax is imported; fixtures that several files use."""

import atexit
import contextlib
import gc
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
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")

import jax  # noqa: E402
import pytest  # noqa: E402

from rnn_research.execution.executors.processes import accelerators  # noqa: E402
from tests.support.browser import CHROMIUM, QUIET  # noqa: E402
from tests.support.haste import as_users, haste  # noqa: E402
from tests.support.small_runs import ONE_ARM, unbroken_run  # noqa: E402

if accelerators(os.environ)[0] != "cpu":  # as start_devices has it, without starting them: processes are forked yet
    jax.config.update("jax_default_matmul_precision", "highest")
# Adding a row to a column by chance is a bug; a None in the index says it is meant.
jax.config.update("jax_numpy_rank_promotion", "raise")

# Tracing makes many objects that live for long: to look for dead ones among them all, again and again, takes time.
gc.set_threshold(50_000, 20, 50)
ENOUGH = 3 << 29  # bytes of memory from which on a process gives back what it has compiled


def pytest_collection_finish():
    gc.freeze()


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


def memory():
    """Bytes that this process has in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture(scope="module", autouse=True)
def programs(request):
    """What a file's tests compile, they compile in haste unless the file is marked; the one never runs as the other."""
    marked = any(mark.name == "as_users" for mark in request.node.own_markers)
    if marked:
        jax.clear_caches()
    with contextlib.nullcontext() if marked else haste():
        yield
    if marked or memory() > ENOUGH:
        jax.clear_caches()


@pytest.fixture(autouse=True)
def programs_of_one(request, programs):
    """The same for a test that is marked in a file that is not."""
    if "as_users" not in {mark.name for mark in request.node.own_markers}:
        yield
        return
    jax.clear_caches()
    with as_users():
        yield
    jax.clear_caches()


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium")
    with sync_api.sync_playwright() as play:
        opened = play.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield opened
        opened.close()


@pytest.fixture
def in_haste():
    """For a test of a marked file that compares nothing to the bit, nor trains for long."""
    with haste():
        yield


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
