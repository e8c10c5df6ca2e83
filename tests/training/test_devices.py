"""One trial over several devices, one program over several hosts: the same numbers."""

import signal
import socket

import jax
import numpy as np
import pytest

from rnn_research.runs.directory import RunDirectory
from rnn_research.training.devices import make_mesh, place, take
from tests.support.durability import differences, ending
from tests.support.haste import flags
from tests.support.small_runs import EVERY, STEPS, launch, start

pytestmark = pytest.mark.as_users


def test_devices_go_into_groups():
    mesh = make_mesh(jax.devices()[:2], 2)
    assert dict(mesh.shape) == {"trials": 1, "batch": 2}
    with pytest.raises(ValueError, match="groups of 3"):
        make_mesh(jax.devices()[:2], 3)


@pytest.mark.parametrize("group", [1, 2])
def test_what_is_placed_can_be_taken(group):
    trees = [{"a": np.arange(3) + i, "b": np.float32(i)} for i in range(4)]
    stack = place(trees, make_mesh(jax.devices()[:2], group))
    for index, tree in enumerate(trees):
        for name, leaf in take(stack, index).items():
            np.testing.assert_array_equal(leaf, tree[name])


def agree(one, other):
    """Two run directories hold the same trials with the same numbers, but for rounding, which grows with the steps."""
    one, other = RunDirectory(one), RunDirectory(other)
    for entry in one.document()["trials"]:
        rows = one.rows(entry["id"]), other.rows(entry["id"])
        assert len(rows[0]) == len(rows[1]) > 0
        for a, b in zip(*rows):
            assert (a["step"], a["split"]) == (b["step"], b["split"]) or a["split"] == "test"
            if a["step"] <= STEPS // 10:
                for name in set(a) - {"seconds", "steps_per_s", "tokens_per_s", "split", "step"}:
                    np.testing.assert_allclose(a[name], b[name], rtol=1e-4, atol=1e-6, err_msg=name)


@pytest.mark.slow
def test_a_batch_shared_by_devices_gives_the_same_numbers(unbroken_arm, tmp_path):
    result = launch(unbroken_arm, tmp_path / "run", "--devices=8", "--batch_devices=4", settings=flags())
    assert result.returncode == 0, result.stderr
    assert "8 devices" in result.stdout
    agree(unbroken_arm.workdir, tmp_path / "run")


@pytest.mark.slow
def test_trials_side_by_side_give_the_same_numbers(unbroken_arm, tmp_path):
    result = launch(unbroken_arm, tmp_path / "run", "--devices=2", "--pack=vmap", settings=flags())
    assert result.returncode == 0, result.stderr
    agree(unbroken_arm.workdir, tmp_path / "run")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--devices=2", "--batch_devices=3"], "2 devices cannot be put in groups of 3"),
        (["--devices=2", "--batch_devices=2", "--config.train.batch=5"], "cannot be shared by 2 devices"),
        (["--distributed=here"], "auto or HOST:PORT,COUNT,INDEX"),
    ],
    ids=lambda value: "",
)
def test_what_cannot_be_shared_is_refused(unbroken_arm, tmp_path, options, message):
    result = launch(unbroken_arm, tmp_path / "run", *options)
    assert result.returncode == 2, result.stdout + result.stderr
    assert message in result.stderr
    assert not list((tmp_path / "run").glob("trials/*"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return probe.getsockname()[1]


def two_hosts(unbroken_arm, workdir, *options, signalled=None):
    """The same command in two processes with two devices each; they find each other over gloo.

    Args:
      signalled: of the second, as for ``Launch``.
    """
    port = free_port()
    hosts = (workdir, None), (workdir.with_name("nothing"), signalled)
    names = [f"--distributed=localhost:{port},2,{index}" for index in range(2)]
    return [
        start(unbroken_arm, path, "--devices=2", name, *options, signalled=signals)
        for name, (path, signals) in zip(names, hosts, strict=True)
    ]


@pytest.mark.slow
def test_two_hosts_give_the_same_table_and_only_the_first_writes(unbroken_arm, tmp_path):
    processes = two_hosts(unbroken_arm, tmp_path / "run", EVERY)
    assert [process.wait(300) for process in processes] == [0, 0], (tmp_path / "run.log").read_text()
    assert "4 devices" in (tmp_path / "run.log").read_text()
    assert not (tmp_path / "nothing").exists()
    assert differences(unbroken_arm.ending, ending(tmp_path / "run")) == []


@pytest.mark.slow
def test_a_signal_to_any_host_stops_all_and_they_go_on(unbroken_arm, tmp_path):
    asked = ("rnn_research.execution.stop_request.highest", 12, signal.SIGTERM)  # the pilots ask seven times
    processes = two_hosts(unbroken_arm, tmp_path / "run", EVERY, signalled=asked)
    assert [process.wait(120) for process in processes] == [143, 143], (tmp_path / "run.log").read_text()
    again = launch(unbroken_arm, tmp_path / "run")  # on one
    assert again.returncode == 0, again.stderr
    assert "gone on from checkpoints" in again.stdout
    assert differences(unbroken_arm.ending, ending(tmp_path / "run")) == []
