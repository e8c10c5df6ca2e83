"""A lease has one holder: a live process keeps it, a dead one loses it."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from rich.console import Console

from rnn_research.execution.display import Display
from rnn_research.execution.launcher import build_tasks, find_arms
from rnn_research.execution.options import Options
from rnn_research.execution.plan import Plan
from rnn_research.execution.program_cache import ProgramCache
from rnn_research.execution.run_trials import LostLeaseError
from rnn_research.execution.stop_request import StopRequest
from rnn_research.execution.worker import LAUNCH, work
from rnn_research.experiment.experiment import identity
from rnn_research.experiment.overrides import override
from rnn_research.experiment.registry import load
from rnn_research.runs.directory import declare, open_directory
from rnn_research.runs.leases import Leases
from tests.support.durability import write_experiment

HOLD = """
import sys, time
from pathlib import Path
from rnn_research.runs.leases import Leases
leases = Leases(Path(sys.argv[1]))
print("held by other" if leases.acquire("it") else "mine", flush=True)
time.sleep(60)
"""


def hold(directory):
    """A process that takes the lease, if it can, and lives on."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    command = [sys.executable, "-c", HOLD, str(directory)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


@pytest.fixture
def leases(tmp_path):
    found = Leases(tmp_path, beat=0.05, patience=0.4)
    yield found
    found.close()


@pytest.fixture
def other(tmp_path):
    """Another holder, as on this machine but with a token of its own."""
    found = Leases(tmp_path, beat=0.05, patience=0.4)
    yield found
    found.close()


def elsewhere(leases, name="it"):
    """Make a lease look as if its holder were on another machine."""
    path = leases.directory / f"{name}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"machine": "another"}))


def test_the_second_is_told_who_holds_it(leases, other):
    assert leases.acquire("it") is None
    assert leases.acquire("it") is None  # one's own
    holder = other.acquire("it")
    assert holder.pid == os.getpid()
    assert f"process {os.getpid()} on " in str(holder)
    assert other.acquire("another") is None
    leases.release("it")
    assert other.acquire("it") is None
    leases.release("it")  # not one's own any more: stays
    assert other.living("it").token == other.me.token


def test_a_killed_holder_is_taken_over_at_once(leases):
    process = hold(leases.directory)
    assert process.stdout.readline() == "mine\n"
    assert leases.acquire("it").pid == process.pid
    process.kill()  # not waited for: a zombie is dead
    time.sleep(0.1)
    assert leases.acquire("it") is None
    process.wait()


def test_a_later_process_with_the_same_pid_is_not_the_holder(leases, other):
    assert leases.acquire("it") is None
    path = leases.directory / "it.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"birth": "1"}))
    assert other.acquire("it") is None


def test_on_another_machine_the_lease_must_be_renewed(leases, other):
    assert leases.acquire("it") is None
    elsewhere(leases)
    for _ in range(5):  # longer than patience
        assert other.acquire("it") is not None
        time.sleep(0.15)
    leases.closed.set()  # it is renewed no more
    leases.thread.join()
    time.sleep(0.5)
    assert other.acquire("it") is None


def test_a_holder_notices_that_it_was_thought_dead(leases, other):
    assert leases.acquire("it") is None
    (leases.directory / "it.json").unlink()
    assert other.acquire("it") is None
    time.sleep(0.3)
    assert leases.lost == {"it"}
    leases.release("it")
    assert other.living("it").token == other.me.token


def test_a_lease_that_a_person_has_spoilt_is_free(leases):
    (leases.directory / "it.json").write_text("{")
    assert leases.acquire("it") is None


def test_ten_at_once_over_a_dead_one(tmp_path):
    first = hold(tmp_path)
    assert first.stdout.readline() == "mine\n"
    first.send_signal(signal.SIGKILL)
    others = [hold(tmp_path) for _ in range(10)]
    said = [process.stdout.readline() for process in others]
    for process in [first, *others]:
        process.kill()
        process.wait()
    assert sorted(said) == ["held by other\n"] * 9 + ["mine\n"]


def test_closing_gives_everything_up(tmp_path):
    leases = Leases(tmp_path)
    assert leases.acquire("a") is None and leases.acquire("b") is None
    leases.close()
    assert not list(tmp_path.glob("*.json"))


@pytest.mark.slow
def test_a_worker_whose_leases_are_taken_leaves_its_trials_alone(tmp_path):
    experiment = override(load(str(write_experiment(tmp_path, 20_000))), {}, {}, None)
    run = open_directory(tmp_path / "run", identity(experiment))
    declare(run, identity(experiment), {})
    leases, arms = Leases(run.leases, beat=0.05), find_arms(experiment)

    def take_over():
        while not (found := [path for path in run.leases.glob("*.json") if path.stem != LAUNCH]):
            time.sleep(0.01)
        found[0].write_text(json.dumps(json.loads(found[0].read_text()) | {"token": "another"}))

    taker = threading.Thread(target=take_over)
    taker.start()
    plan, display = Plan(experiment, arms, run, "launch", lambda config: {}), Display(Console(quiet=True))
    with pytest.raises(LostLeaseError, match="taken over"):
        work(plan, ProgramCache(build_tasks(arms)), leases, Options(run.path, launch="launch"), display, StopRequest())
    taker.join()
    leases.close()
    assert [json.loads(path.read_text())["token"] for path in run.leases.glob("*.json")] == ["another"]
