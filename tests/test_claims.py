"""One holder each: the living keep what they hold, the dead do not."""

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

from benchmarks.durability import write_experiment
from rnn_research.execution.display import Display
from rnn_research.execution.job import LostClaimError, Settings
from rnn_research.execution.launcher import build_tasks, find_arms
from rnn_research.execution.plan import Plan
from rnn_research.execution.stop import Stop
from rnn_research.execution.worker import LAUNCH, work
from rnn_research.execution.workshop import Workshop
from rnn_research.experiment.experiment import identity
from rnn_research.experiment.overrides import override
from rnn_research.experiment.registry import load
from rnn_research.runs.claims import Claims
from rnn_research.runs.directory import declare, open_directory

HOLD = """
import sys, time
from pathlib import Path
from rnn_research.runs.claims import Claims
claims = Claims(Path(sys.argv[1]))
print("held by other" if claims.acquire("it") else "mine", flush=True)
time.sleep(60)
"""


def hold(directory):
    """A process that takes the claim, if it can, and lives on."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    command = [sys.executable, "-c", HOLD, str(directory)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


@pytest.fixture
def claims(tmp_path):
    found = Claims(tmp_path, beat=0.05, patience=0.4)
    yield found
    found.close()


@pytest.fixture
def other(tmp_path):
    """Another holder, as on this machine but with a token of its own."""
    found = Claims(tmp_path, beat=0.05, patience=0.4)
    yield found
    found.close()


def elsewhere(claims, name="it"):
    """Make a claim look as if its holder were on another machine."""
    path = claims.directory / f"{name}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"machine": "another"}))


def test_the_second_is_told_who_holds_it(claims, other):
    assert claims.acquire("it") is None
    assert claims.acquire("it") is None  # one's own
    holder = other.acquire("it")
    assert holder.pid == os.getpid()
    assert f"process {os.getpid()} on " in str(holder)
    assert other.acquire("another") is None
    claims.release("it")
    assert other.acquire("it") is None
    claims.release("it")  # not one's own any more: stays
    assert other.living("it").token == other.me.token


def test_a_killed_holder_is_taken_over_at_once(claims):
    process = hold(claims.directory)
    assert process.stdout.readline() == "mine\n"
    assert claims.acquire("it").pid == process.pid
    process.kill()  # not waited for: a zombie is dead
    time.sleep(0.1)
    assert claims.acquire("it") is None
    process.wait()


def test_a_later_process_with_the_same_pid_is_not_the_holder(claims, other):
    assert claims.acquire("it") is None
    path = claims.directory / "it.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"birth": "1"}))
    assert other.acquire("it") is None


def test_on_another_machine_the_heart_must_beat(claims, other):
    assert claims.acquire("it") is None
    elsewhere(claims)
    for _ in range(5):  # longer than patience
        assert other.acquire("it") is not None
        time.sleep(0.15)
    claims.closed.set()  # the heart stops
    claims.thread.join()
    time.sleep(0.5)
    assert other.acquire("it") is None


def test_a_holder_notices_that_it_was_thought_dead(claims, other):
    assert claims.acquire("it") is None
    (claims.directory / "it.json").unlink()
    assert other.acquire("it") is None
    time.sleep(0.3)
    assert claims.lost == {"it"}
    claims.release("it")
    assert other.living("it").token == other.me.token


def test_a_claim_that_a_person_has_spoilt_is_free(claims):
    (claims.directory / "it.json").write_text("{")
    assert claims.acquire("it") is None


def test_ten_at_once_over_a_dead_one(tmp_path):
    first = hold(tmp_path)
    assert first.stdout.readline() == "mine\n"
    first.send_signal(signal.SIGKILL)
    crowd = [hold(tmp_path) for _ in range(10)]
    said = [process.stdout.readline() for process in crowd]
    for process in [first, *crowd]:
        process.kill()
        process.wait()
    assert sorted(said) == ["held by other\n"] * 9 + ["mine\n"]


def test_closing_gives_everything_up(tmp_path):
    claims = Claims(tmp_path)
    assert claims.acquire("a") is None and claims.acquire("b") is None
    claims.close()
    assert not list(tmp_path.glob("*.json"))


def test_a_worker_whose_claims_are_taken_leaves_its_trials_alone(tmp_path):
    experiment = override(load(str(write_experiment(tmp_path, 20_000))), {}, {}, None)
    run = open_directory(tmp_path / "run", identity(experiment))
    declare(run, identity(experiment), {})
    claims, arms = Claims(run.claims, beat=0.05), find_arms(experiment)

    def take_over():
        while not (found := [path for path in run.claims.glob("*.json") if path.stem != LAUNCH]):
            time.sleep(0.01)
        found[0].write_text(json.dumps(json.loads(found[0].read_text()) | {"token": "another"}))

    taker = threading.Thread(target=take_over)
    taker.start()
    plan, display = Plan(experiment, arms, run, "launch"), Display(Console(quiet=True))
    with pytest.raises(LostClaimError, match="taken over"):
        work(plan, Workshop(build_tasks(arms), display), claims, Settings("launch"), display, Stop())
    taker.join()
    claims.close()
    assert [json.loads(path.read_text())["token"] for path in run.claims.glob("*.json")] == ["another"]
