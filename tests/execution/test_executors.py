"""Wherever the trials run, the same command gives the same table."""

import os
import re
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from rnn_research.commands.launch import worker_arguments
from rnn_research.cores import available_cores
from rnn_research.execution.display import Display
from rnn_research.execution.executors.processes import device_shares
from rnn_research.execution.executors.slurm import outside_any_job
from rnn_research.execution.executors.supervise import Executor, WorkersError, supervise
from rnn_research.execution.stop_request import StopRequest
from rnn_research.runs.directory import RunDirectory
from tests.support.durability import differences, ending
from tests.support.small_runs import EVERY, at_work, holding, in_training, launch, start, wait_for


def parent_of(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_each_worker_sees_devices_of_its_own():
    cores = available_cores()
    cpu = {"JAX_PLATFORMS": "cpu"}
    assert device_shares(None, cpu) == [{"JAX_NUM_CPU_DEVICES": "2"}] * cores
    assert device_shares(1, cpu) == [{"JAX_NUM_CPU_DEVICES": str(max(2, cores))}]


def test_accelerators_are_shared_out(monkeypatch):
    monkeypatch.setattr("rnn_research.execution.executors.processes.accelerators", lambda e: ("gpu", ["0", "2", "5"]))
    assert device_shares(None, {}) == [{"CUDA_VISIBLE_DEVICES": name} for name in ("0", "2", "5")]
    assert device_shares(2, {}) == [{"CUDA_VISIBLE_DEVICES": "0,5"}, {"CUDA_VISIBLE_DEVICES": "2"}]
    with pytest.raises(ValueError, match="has 3"):
        device_shares(4, {})
    monkeypatch.setattr("rnn_research.execution.executors.processes.accelerators", lambda e: ("tpu", ["0", "1"]))
    assert [share["TPU_VISIBLE_CHIPS"] for share in device_shares(None, {})] == ["0", "1"]


@pytest.mark.parametrize("inside", [True, False])
def test_a_new_job_inherits_nothing_of_the_job_that_asks_for_it(monkeypatch, inside):
    of_a_job = {"SLURM_CPU_BIND": "mask_cpu:0x3", "SLURM_CPUS_PER_TASK": "2", "SBATCH_MEM_BIND": "local"}
    users = {"SBATCH_ACCOUNT": "lab", "SLURM_CONF": "/etc/slurm.conf", "SLURMISH": "1"}
    for name in [name for name in os.environ if name.startswith(("SLURM", "SBATCH"))]:
        monkeypatch.delenv(name)
    for name, value in (of_a_job | users).items():
        monkeypatch.setenv(name, value)
    if inside:
        monkeypatch.setenv("SLURM_JOB_ID", "7")
    before = dict(os.environ)
    with outside_any_job():
        handed_on = {name for name in os.environ if name.startswith(("SLURM", "SBATCH"))}
    assert handed_on == set(users) | (set() if inside else set(of_a_job))  # outside a job they are the user's own
    assert dict(os.environ) == before


def test_workers_get_the_same_command_but_for_where_they_run():
    ours = ["--executor=ray", "--workers", "4", "--devices=2", "--ray_address=auto", "--cpus", "1"]
    theirs = ["--experiment=x", "--workdir", "y", "--grid.model.layers=1,2", "--smoke"]
    assert worker_arguments([*ours[:3], *theirs[:3], *ours[3:], *theirs[3:]]) == theirs


def test_a_worker_that_refuses_ends_the_launch_with_its_reason(tmp_path):
    """As one does on a node with other code, or in a shell with other settings; to start another would not help."""
    (tmp_path / "logs").mkdir()
    started: list[int] = []
    executor = Executor(start=started.append, status=lambda worker: 2, stop=print, kill=print, where="here", workers=1)
    plan: Any = SimpleNamespace(run=RunDirectory(tmp_path), groups=[], finished=lambda: False)
    leases: Any = SimpleNamespace(lost=set(), release=lambda name: None)
    log = tmp_path / "logs" / "worker-0.log"
    log.write_text("a line\nlaunch.py: the launch in x trains with something else: the code of cell a\n")
    with pytest.raises(WorkersError, match="a worker refuses: the launch in x trains with something else"):
        supervise(plan, leases, executor, Display(Console(quiet=True)), StopRequest())
    assert started == [0]


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["processes", "ray", "slurm"])
def test_bad_options_are_one_line(unbroken, tmp_path, executor):
    bad = {
        "processes": (["--distributed=auto"], "does not go with --executor=processes"),
        "ray": (["--ray_address=127.0.0.1:1"], "no Ray cluster at 127.0.0.1:1"),
        "slurm": (["--slurm=cluster=local,nonsense=1"], "nonsense"),
    }
    options, message = bad[executor]
    if executor != "processes":
        pytest.importorskip({"ray": "ray", "slurm": "submitit"}[executor])
    result = launch(unbroken, tmp_path / "run", f"--executor={executor}", *options)
    assert result.returncode == 2, result.stderr
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert not list((tmp_path / "run").glob("trials/*"))


@pytest.mark.slow
def test_ray_on_two_nodes_one_of_which_dies(unbroken, tmp_path):
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        second = cluster.add_node(num_cpus=1)
        workdir = tmp_path / "run"
        held, hold = holding(unbroken, tmp_path)
        process = start(held, workdir, EVERY, "--executor=ray", f"--ray_address={cluster.address}")
        wait_for(lambda: len(list((workdir / "leases").glob("*.json"))) > 2)  # the launch's and one of each worker
        wait_for(lambda: in_training(workdir))
        cluster.remove_node(second, allow_graceful=False)
        hold.unlink()
        assert process.wait(300) == 0, workdir.with_suffix(".log").read_text()
        assert "2 workers of a Ray cluster of 2 nodes" in workdir.with_suffix(".log").read_text()
        assert differences(unbroken.ending, ending(workdir)) == []
    finally:
        cluster.shutdown()


@pytest.mark.slow
def test_a_preempted_slurm_job_is_queued_again(unbroken, tmp_path):
    pytest.importorskip("submitit")
    workdir = tmp_path / "run"
    options = (EVERY, "--executor=slurm", "--slurm=cluster=local", "--workers=2")
    held, hold = holding(unbroken, tmp_path)
    process = start(held, workdir, *options)
    worker = at_work(workdir)
    os.kill(parent_of(worker), signal.SIGUSR2)  # as Slurm tells submitit that the node is taken away
    wait_for(lambda: any("stopping after" in path.read_text() for path in (workdir / "logs").glob("*.log")))
    hold.unlink()
    assert process.wait(300) == 0, workdir.with_suffix(".log").read_text()
    logs = [path.read_text() for path in (workdir / "logs").glob("*.log")]
    again = [log.partition("stopped; what is done is kept\n")[2] for log in logs]
    assert sorted(map(bool, again)) == [False, True]  # the one that was told to stop was started once more
    assert "nothing is left to do" in max(again)
    assert differences(unbroken.ending, ending(workdir)) == []


@pytest.mark.slow
def test_dry_run_prints_and_writes_nothing(unbroken, tmp_path):
    result = launch(unbroken, tmp_path / "run", "--dry_run", "--executor=ray")
    assert result.returncode == 0, result.stderr
    assert not (tmp_path / "run").exists()
    assert re.search(r"10 trials in 2 programs, 10 to do: about [\d.]+ min on \d+ cores", result.stdout)
    assert result.stdout.count("pilot  to do") == 4
    assert "learning rate as the pilots say" in result.stdout
    done = launch(unbroken, unbroken.workdir, "--dry_run")
    assert "10 trials in 2 programs, 0 to do: about 0.0 min" in done.stdout
    more = launch(unbroken, unbroken.workdir, "--dry_run", "--seeds=4")
    assert "12 trials in 2 programs, 2 to do" in more.stdout
    assert more.stdout.count("to do ") - more.stdout.count("to do at") >= 2
