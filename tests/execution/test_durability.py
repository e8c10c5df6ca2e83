"""A run that is killed, stopped, starved of disk or shared ends like one that was left alone."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from rnn_research.execution.stop_request import CHECK_EVERY
from rnn_research.runs.checkpoints import complete
from tests.support import durability, processes
from tests.support.durability import command, differences, ending
from tests.support.haste import flags
from tests.support.processes import Launch
from tests.support.small_runs import (
    EVERY,
    ONE_ARM,
    STEPS,
    at_work,
    holders,
    holding,
    in_training,
    launch,
    start,
    wait_for,
)

pytestmark = pytest.mark.slow
IN_TRAINING = ("rnn_research.execution.run_trials.chunk_rows", 6)  # of the 12 calls of the two pilots


# Where a launch dies, each time it gets there: before that call of a function.
KILLS = {
    "compiling": ("rnn_research.learners.network.compile_program", 1),
    "rows written, no checkpoint yet": ("rnn_research.runs.checkpoints.save", 1),
    "arrays saved, no manifest yet": ("rnn_research.runs.checkpoints.write_atomic", 2),
    "test scores written, the trial not yet said to be done": ("rnn_research.execution.run_trials.set_status", 3),
    "rows written beyond a checkpoint": ("rnn_research.execution.run_trials.record", 8),
    "a checkpoint saved, the older one to be removed": ("rnn_research.runs.checkpoints._remove", 2),
    "a file written under its temporary name": ("os.replace", 30),
    "all trained, the report begun": ("rnn_research.report.build.page", 1),
}


def test_kills_wherever_they_fall_change_no_bit(unbroken_arm, tmp_path):
    """One run, killed at every such place in turn; at random moments, ``benchmarks.durability`` kills hundreds."""
    arguments = command(unbroken_arm.experiment, tmp_path / "run", ONE_ARM, f"--checkpoint_every={STEPS // 10}")
    resumed = []
    for place, call in KILLS.items():
        process = Launch(arguments, tmp_path / "log", signalled=(*call, signal.SIGKILL))
        assert process.wait(300) == -signal.SIGKILL, (place, (tmp_path / "log").read_text())
        resumed += [place] if "gone on from checkpoints" in (tmp_path / "log").read_text() else []
    assert len(resumed) >= 4, resumed
    last = processes.launch(arguments)
    assert last.returncode == 0, last.stderr
    assert differences(unbroken_arm.ending, ending(tmp_path / "run")) == []


def test_runs_with_damaged_checkpoints_end_alike(unbroken_arm):
    result = durability.damage_all(STEPS, 1, 2, 0, ONE_ARM, expected=unbroken_arm.ending)
    assert result.detected == result.tried > 30
    assert result.wrong == []


def test_without_checkpoints_the_numbers_are_the_same(unbroken_arm, tmp_path):
    result = launch(unbroken_arm, tmp_path / "run", "--checkpoint_every=0")
    assert result.returncode == 0, result.stderr
    assert not list((tmp_path / "run").rglob("checkpoints"))
    different = differences(unbroken_arm.ending, ending(tmp_path / "run"))
    assert all("optimiser" in name for name in different)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_all_and_the_same_command_goes_on(unbroken_arm, tmp_path, number, status):
    workdir = tmp_path / "run"
    options = "--checkpoint_every=1000000"  # none but the one that the signal asks for
    process = start(unbroken_arm, workdir, options, signalled=(*IN_TRAINING, number))
    assert process.wait(300) == status
    said = workdir.with_suffix(".log").read_text()
    assert "Go on with the same command" in said and "Traceback" not in said
    stopped = [p for p in workdir.glob("trials/*/status.json") if json.loads(p.read_text())["state"] == "stopped"]
    assert stopped
    for path in stopped:
        rows = [json.loads(line) for line in (path.parent / "metrics.jsonl").read_text().splitlines()]
        assert int(complete(path.parent / "checkpoints")[-1].name) == rows[-1]["step"]  # no chunk lost
    assert not list((workdir / "leases").glob("*.json"))
    again = launch(unbroken_arm, workdir)
    assert again.returncode == 0, again.stderr
    assert "gone on from checkpoints" in again.stdout
    assert differences(unbroken_arm.ending, ending(workdir)) == []


def test_a_second_signal_stops_at_once(unbroken_arm, tmp_path):
    workdir = tmp_path / "run"
    process = start(unbroken_arm, workdir, EVERY, signalled=(*IN_TRAINING, signal.SIGTERM, signal.SIGINT))
    assert process.wait(300) in (130, 143)
    assert "stopped at once" in workdir.with_suffix(".log").read_text()
    again = launch(unbroken_arm, workdir)
    assert again.returncode == 0, again.stderr
    assert differences(unbroken_arm.ending, ending(workdir)) == []


def test_a_full_disk_is_one_line_and_the_same_command_goes_on(unbroken_arm, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", disk]).returncode:
        pytest.skip("mounting a tmpfs takes root")
    try:
        full = launch(unbroken_arm, disk / "run", EVERY)
        assert full.returncode == 1
        assert "no space left" in full.stderr.lower() and "same command goes on" in full.stderr
        assert len(full.stderr.strip().splitlines()) == 1
        subprocess.run(["mount", "-o", "remount,size=50m", disk], check=True)
        again = launch(unbroken_arm, disk / "run", EVERY)
        assert again.returncode == 0, again.stderr
        assert differences(unbroken_arm.ending, ending(disk / "run")) == []
    finally:
        subprocess.run(["umount", disk], check=True)


def test_ten_launches_at_once_are_one_that_works(unbroken_arm, tmp_path):
    workdir = tmp_path / "run"
    arguments = command(unbroken_arm.experiment, workdir, *unbroken_arm.options)
    logs = [tmp_path / f"launch-{number}" for number in range(10)]
    launches = [Launch(arguments, errors=log) for log in logs]
    status = [process.wait(300) for process in launches]
    said = [log.read_text() for log in logs]
    assert sorted(status) == [0] + [2] * 9, said
    winner = launches[status.index(0)].pid
    for code, text in zip(status, said):
        if code == 2:
            assert f"is in use by process {winner} on " in text and len(text.strip().splitlines()) == 1
    assert differences(unbroken_arm.ending, ending(workdir)) == []


def test_a_worker_killed_in_mid_sweep_changes_nothing(unbroken_arm, tmp_path):
    workdir = tmp_path / "run"
    held, hold = holding(unbroken_arm, tmp_path)
    process = start(held, workdir, EVERY, "--executor=processes", "--workers=2")
    worker = at_work(workdir)
    assert worker != process.pid
    os.kill(worker, signal.SIGKILL)
    hold.unlink()
    assert process.wait(300) == 0, workdir.with_suffix(".log").read_text()
    assert "died (signal 9)" in workdir.with_suffix(".log").read_text()
    assert differences(unbroken_arm.ending, ending(workdir)) == []


def test_a_launcher_killed_takes_its_workers_along(unbroken_arm, tmp_path):
    workdir = tmp_path / "run"
    held, hold = holding(unbroken_arm, tmp_path)
    process = start(held, workdir, EVERY, "--executor=processes", "--workers=1")
    worker = at_work(workdir)
    process.kill()
    process.wait()
    time.sleep(CHECK_EVERY)  # the worker looks for its launcher as soon as it goes on
    hold.unlink()
    wait_for(lambda: not Path(f"/proc/{worker}").exists())
    again = launch(held, workdir)
    assert again.returncode == 0, again.stderr
    assert "gone on from checkpoints" in again.stdout
    assert differences(unbroken_arm.ending, ending(workdir)) == []


def test_others_may_join(unbroken, tmp_path):
    workdir = tmp_path / "run"
    alone = launch(unbroken, workdir, "--join")
    assert alone.returncode == 2 and "nobody is at work" in alone.stderr
    held, hold = holding(unbroken, tmp_path)
    options = (EVERY, "--devices=1", "--seeds=4")
    first = start(held, workdir, *options)
    wait_for(lambda: in_training(workdir))
    other = launch(held, workdir, "--join", "--seeds=5")
    assert other.returncode == 2 and "has other seeds" in other.stderr
    joined = Launch(command(held.experiment, workdir, *options, "--join"), tmp_path / "joined")
    wait_for(lambda: joined.pid in holders(workdir).values())
    hold.unlink()
    assert [first.wait(300), joined.wait(300)] == [0, 0]
    assert "compiled in" in (tmp_path / "joined").read_text()  # it had its share
    assert [name for name in differences(unbroken.ending, ending(workdir)) if name in unbroken.ending] == ["table"]


def test_a_launch_killed_before_it_declared_itself_is_no_obstacle(unbroken_arm, tmp_path):
    (tmp_path / "run/logs").mkdir(parents=True)
    (tmp_path / "run/leases").mkdir()
    (tmp_path / "run/.experiment.json.0123.tmp").write_text("{")
    result = launch(unbroken_arm, tmp_path / "run")
    assert result.returncode == 0, result.stderr
    assert differences(unbroken_arm.ending, ending(tmp_path / "run")) == []


POISON = """
import os, signal, sys
import rnn_research.cells as cells

def deadly(hidden):
    def init(key, input_size):
        if any(argument.startswith("--number=") for argument in sys.argv):  # in a worker
            os.kill(os.getpid(), signal.SIGKILL)
        return cells.elman(hidden).init(key, input_size)
    return cells.elman(hidden)._replace(init=init)

cells.CELLS["deadly"] = deadly
import dataclasses
EXPERIMENT = dataclasses.replace(EXPERIMENT, axes={"model.cell.name": ("elman", "deadly")}, tune=None, seeds=2)
"""


def test_a_trial_that_kills_its_worker_costs_the_others_nothing(tmp_path):
    experiment = durability.write_experiment(tmp_path, 100)
    experiment.write_text(experiment.read_text() + POISON)
    arguments = command(experiment, tmp_path / "run", "--executor=processes", "--workers=2", "--retries=1")
    result = processes.launch(arguments, timeout=300, settings=flags())
    assert result.returncode == 1, result.stdout + result.stderr
    assert "2 trials failed: its worker died 2 times" in result.stderr
    states = [json.loads(p.read_text()) for p in (tmp_path / "run").glob("trials/*/status.json")]
    assert sorted(status["state"] for status in states) == ["done", "done", "failed", "failed"]
