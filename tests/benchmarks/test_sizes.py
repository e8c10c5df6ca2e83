"""Scaling, startup, one model: what they ask of the workers, and what they say of the figures."""

import pytest

from benchmarks import scaling, single, startup
from benchmarks.peers.ours import steps_of
from benchmarks.training import Job, summarise


def axis(name, values, milliseconds, compiling):
    sizes = [scaling.Size()._replace(**{name: value}) for value in values]
    return scaling.summarise("lstm", name, sizes, milliseconds, compiling, [[ms] for ms in milliseconds])


def test_constant_costs_are_told_from_others():
    even = axis("time", (50, 100, 200), (1.05, 2.0, 4.0), (1.0, 1.1, 1.2))
    assert even["microseconds_per_unit"] == pytest.approx([21, 20, 20])
    assert even["apart"] == pytest.approx(0.05)
    assert "NOT" not in scaling.verdict(even)
    uneven = axis("time", (50, 100, 200), (1.2, 2.0, 4.0), (1.0, 1.1, 4.2))
    assert "NOT within 10%" in scaling.verdict(uneven)
    assert "NOT under 3 s" in scaling.verdict(uneven)
    assert "NOT" not in scaling.verdict(axis("batch", (8, 16), (1.0, 1.0), (1.0, 1.0)))


def test_every_trial_of_a_pack_should_cost_the_same():
    assert axis("trials", (1, 64), (2.0, 2.0), (1.0, 1.0))["microseconds_per_unit"] == [2000, 2000]


@pytest.mark.parametrize("arguments", [["--values=1,2"], ["--vary=time", "--values=0"]])
def test_values_are_of_one_axis_and_positive(arguments):
    with pytest.raises(SystemExit):
        scaling.parse(arguments)


def test_devices_must_share_a_batch_evenly(capsys):
    assert single.parse(["--devices=2,4"]).devices == [2, 4]
    with pytest.raises(SystemExit):
        single.parse(["--devices=3"])
    assert "3 cannot share a batch" in capsys.readouterr().err


def test_dispatches_of_packs_are_short_but_more_than_their_scoring():
    assert [steps_of(200, pack) for pack in (1, 2, 8, 64)] == [200, 100, 25, 25]
    assert [steps_of(8, pack) for pack in (1, 2, 8, 64)] == [8, 4, 4, 4]
    assert steps_of(1, 64) == 1


def test_the_better_mode_of_torch_is_compared():
    rounds = [{"ours": 1.0, "torch threads": 5.0, "torch processes": 3.0, "limit": 0.5, "pack 8": 1.1}] * 2
    found = summarise(Job("lstm", 1, 1, 1, 1), rounds, compiling=2.0)
    assert found["best"] == {"torch": "torch processes", "limit": "limit", "pack 8": "pack 8"}
    assert found["ratio"]["torch"].median == pytest.approx(3.0)
    assert found["ratio"]["limit"].median == pytest.approx(0.5)


def test_a_first_row_is_seen_once_it_is_written(tmp_path):
    assert not startup.has_row(tmp_path)
    trial = tmp_path / "trials" / "a"
    trial.mkdir(parents=True)
    (trial / "metrics.jsonl").touch()
    assert not startup.has_row(tmp_path)
    (trial / "metrics.jsonl").write_text("{}\n")
    assert startup.has_row(tmp_path)


def test_a_launch_that_ends_without_a_row_is_an_error(tmp_path):
    with pytest.raises(SystemExit, match="no row of metrics"):
        startup.first_row(["true"], tmp_path, tmp_path / "run")
