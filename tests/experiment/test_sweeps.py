"""Sweeps: ranges, random search, lists of trials in plain Python, the scripts."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from rnn_research.experiment import (
    Choice,
    Experiment,
    ModelConfig,
    Range,
    TrainConfig,
    TrialConfig,
    Tune,
    linear,
    log,
    random_points,
)
from rnn_research.experiment.arms import arms, count_arms
from rnn_research.experiment.overrides import override
from rnn_research.experiment.ranges import parse_range
from rnn_research.experiment.smoke import smoke
from rnn_research.experiment.trials import count_trials
from tests.support.processes import launch
from tests.support.tables import TABLES

SWEEPS = Path(__file__).resolve().parents[2] / "experiments/sweeps"
RATE = "optimizer.learning_rate"

EXPERIMENT = Experiment(
    question="?",
    base=TrialConfig(model=ModelConfig(cell=Choice("lstm", hidden=8)), train=TrainConfig(steps=10, eval_every=5)),
    axes={"model.cell.name": ("elman", "gru")},
    compare="cell",
    seeds=3,
    tune=Tune(values=(1e-3, 1e-2), seeds=1, steps=5),
)


def settings(experiment, *paths):
    found = []
    for arm in arms(experiment, TABLES):
        config = arm.config
        values = {
            "rate": config.optimizer.learning_rate,
            "cell": config.model.cell.name,
            "clip": config.optimizer.clip_norm,
        }
        found.append(tuple(values[path] for path in paths))
    return found


def test_ranges_are_evenly_spaced_with_both_ends():
    assert log(1e-4, 1e-2, 3) == (1e-4, 1e-3, 1e-2)
    assert log(1, 8, 4) == (1, 2, 4, 8)
    assert log(1e-4, 1e-2, 7)[1] == pytest.approx(10 ** (-4 + 1 / 3), rel=1e-5)
    assert linear(0, 1, 5) == (0, 0.25, 0.5, 0.75, 1)
    assert parse_range("log(1e-4, 1e-2, 3)") == log(1e-4, 1e-2, 3)
    assert parse_range("log(1e-4,1e-2)") == Range("log", 1e-4, 1e-2)
    assert parse_range("adding(length=50)") is None and parse_range("0.1") is None
    for bad in ("log(0,1,3)", "log(a,b,3)", "linear(0,1,1)", "linear(0,1,2.5)", "linear(0,inf,3)", "log(nan,1,3)"):
        with pytest.raises(ValueError, match=re.escape(bad)):
            parse_range(bad)


def test_a_range_is_an_axis():
    swept = override(EXPERIMENT, {}, {RATE: "log(1e-4,1e-2,3),0.5"}, None)
    assert settings(swept, "cell", "rate") == [(c, r) for c in ("elman", "gru") for r in (1e-4, 1e-3, 1e-2, 0.5)]
    assert swept.tune is None
    widths = override(EXPERIMENT, {}, {"model.cell.hidden": "linear(8,16,4)"}, None, tables=TABLES)
    assert [arm.config.model.cell["hidden"] for arm in arms(widths, TABLES)][:4] == [8, 11, 13, 16]


def test_values_that_round_to_the_same_are_one():
    widths = override(EXPERIMENT, {}, {"model.cell.hidden": "linear(1,4,7)"}, None, tables=TABLES)
    assert [arm.config.model.cell["hidden"] for arm in arms(widths, TABLES)] == [1, 2, 3, 4] * 2
    alike = Experiment(question="?", base=EXPERIMENT.base, axes={RATE: (0.1, 0.1)}, compare="learning_rate")
    with pytest.raises(ValueError, match="2 arms are the same: learning_rate"):
        arms(alike, TABLES)


def test_random_points_are_the_same_every_time_and_within_the_range():
    pools = {RATE: Range("log", 1e-4, 1e-1), "train.batch": (16, 32)}
    points = random_points(pools, 200)
    assert points == random_points(pools, 200)
    assert points[:7] == random_points(pools, 7)
    assert points == random_points(dict(reversed(pools.items())), 200)
    assert points != random_points(pools, 200, seed=1)
    rates = [point[RATE] for point in points]
    assert min(rates) >= 1e-4 and max(rates) <= 1e-1
    for low, high in ((1e-4, 1e-3), (1e-3, 1e-2), (1e-2, 1e-1)):  # a third of them in each decade
        assert 40 < sum(low <= rate < high for rate in rates) < 95
    assert {point["train.batch"] for point in points} == {16, 32}
    assert all(float(f"{rate:.3g}") == rate for rate in rates)


def test_whole_numbers_are_drawn_with_equal_shares():
    pools = {"train.batch": Range("linear", 1, 4, whole=True), "model.layers": Range("log", 1, 4, whole=True)}
    points = random_points(pools, 2000)
    found = [[point[path] for point in points] for path in pools]
    assert [sorted(set(numbers)) for numbers in found] == [[1, 2, 3, 4]] * 2
    assert all(isinstance(number, int) for numbers in found for number in numbers)
    assert all(440 < found[0].count(number) < 560 for number in (1, 2, 3, 4))  # 500, and three standard deviations
    counts = [found[1].count(number) for number in (1, 2, 3, 4)]
    assert counts == sorted(counts, reverse=True)
    drawn = override(EXPERIMENT, {}, {"model.cell.hidden": "linear(1,2)"}, None, random=40, tables=TABLES)
    hidden = [arm.config.model.cell["hidden"] for arm in arms(drawn, TABLES)]
    assert sorted(set(hidden)) == [1, 2]


def test_ends_that_are_no_whole_numbers_do_not_weigh_more():
    shares = [n / 3000 for n in range(3000)]
    for low, high, counts in ((0.4, 3, 1000), (0.6, 3.4, 1000), (1, 3, 1000), (3, 0.1, 1000)):
        found = [Range("linear", low, high, whole=True).at(share) for share in shares]
        assert [found.count(number) for number in (1, 2, 3)] == pytest.approx([counts] * 3, abs=1)
    assert {Range("log", 0.3, 2, whole=True).at(share) for share in shares} == {1, 2}
    with pytest.raises(ValueError, match="no whole number between"):
        override(EXPERIMENT, {}, {"model.cell.hidden": "linear(1.2,1.8)"}, None, random=4, tables=TABLES)


def test_random_search_gives_every_arm_the_same_points():
    grid = {RATE: "log(1e-4,1e-1)", "optimizer.clip_norm": "1,10"}
    drawn = override(EXPERIMENT, {}, grid, None, random=4)
    found = settings(drawn, "cell", "rate", "clip")
    assert len(found) == 8 and len(set(found)) == 8
    by_cell = {cell: [point[1:] for point in found if point[0] == cell] for cell in ("elman", "gru")}
    assert by_cell["elman"] == by_cell["gru"]
    assert arms(drawn, TABLES)[0].labels.keys() == {"cell", "learning_rate", "clip_norm"}
    assert drawn.tune is None
    assert count_trials(drawn) == 24
    with pytest.raises(ValueError, match="something to draw from"):
        override(EXPERIMENT, {}, {}, None, random=4)


def test_trials_may_be_a_list_made_with_plain_python():
    points = tuple({"model.cell": Choice("lstm", hidden=h), RATE: 0.1 / h} for h in (4, 8, 16, 32, 64))
    listed = Experiment(question="?", base=EXPERIMENT.base, axes={}, compare="cell", points=points)
    found = arms(listed, TABLES)
    assert [(arm.config.model.cell["hidden"], arm.config.optimizer.learning_rate) for arm in found] == [
        (h, 0.1 / h) for h in (4, 8, 16, 32, 64)
    ]
    assert len({str(arm.labels) for arm in found}) == 5
    assert count_arms(listed) == 5
    assert count_arms(smoke(listed)) == 2
    fixed = override(listed, {RATE: "0.5"}, {}, None)
    assert {arm.config.optimizer.learning_rate for arm in arms(fixed, TABLES)} == {0.5}
    replaced = override(listed, {}, {RATE: "0.1,0.2"}, None)
    assert count_arms(replaced) == 10
    mixed = Experiment(
        question="?",
        base=EXPERIMENT.base,
        axes={},
        compare="hidden",
        points=({RATE: 1}, {RATE: 2, "model.cell.hidden": 64}),
    )
    assert count_arms(override(mixed, {}, {RATE: "0.1"}, None)) == 2


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="compare='cel' is no column; did you mean 'cell'"):
        arms(Experiment(question="?", base=EXPERIMENT.base, axes=EXPERIMENT.axes, compare="cel"), TABLES)
    both = ({"model.cell.name": "lstm"},)
    with pytest.raises(ValueError, match="both an axis and"):
        arms(Experiment(question="?", base=EXPERIMENT.base, axes=EXPERIMENT.axes, compare="cell", points=both), TABLES)
    with pytest.raises(ValueError, match="did you mean 'learning_rate'"):
        override(EXPERIMENT, {}, {"optimizer.lerning_rate": "log(1e-4,1e-2)"}, None, random=3)
    with pytest.raises(ValueError, match="must stand alone"):
        override(EXPERIMENT, {}, {RATE: "0.1,log(1e-4,1e-2)"}, None, random=3)


@pytest.mark.parametrize("script", sorted(SWEEPS.glob("*.sh")), ids=lambda path: path.name)
def test_scripts_pass_shellcheck(script):
    if not shutil.which("shellcheck"):
        pytest.skip("no shellcheck")
    result = subprocess.run(["shellcheck", str(script)], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout
    assert os.access(script, os.X_OK)


def sweep(script, place, *flags, **variables):
    """What a script with flags prints where ``python`` is a program that prints its arguments, one a line."""
    python = place / "python"
    python.write_text('#!/usr/bin/env bash\nprintf "%s\\n" "$@"\n')
    python.chmod(0o755)
    return subprocess.run(
        [str(SWEEPS / script), "--dry_run", *flags],
        capture_output=True,
        text=True,
        cwd=place,
        env=os.environ | {"PATH": f"{place}:{os.environ['PATH']}"} | variables,
        timeout=60,
    )


def dry_run(arguments):
    """What ``python launch.py`` prints of what a script has it do."""
    program, *options = arguments
    assert program == "launch.py" and "--dry_run" in options
    result = launch(options, cwd=SWEEPS.parents[1])
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.slow
@pytest.mark.parametrize("script", ["local.sh", "ray_cluster.sh", "slurm.sh"])
def test_scripts_name_settings_that_exist(script, tmp_path):
    result = sweep(script, tmp_path, "--smoke", "--config.task=adding(length=9)", PARTITION="gpu")
    assert result.returncode == 0, result.stderr
    assert re.search(r"(\d+) trials in \d+ programs, \1 to do", dry_run(result.stdout.splitlines()))


@pytest.mark.slow
def test_the_pod_script_runs_one_command_on_all_workers(tmp_path):
    """``gcloud`` itself stays in the cloud: here a script of that name runs what the workers would."""
    gcloud = tmp_path / "gcloud"
    gcloud.write_text(
        '#!/usr/bin/env bash\necho "$@" >&2\nfor last; do :; done\n'
        'exec bash -c "${last#--command=}" | sed "s/^/worker: /"\n'
    )
    gcloud.chmod(0o755)
    variables = {"TPU_NAME": "pod", "ZONE": "us-central2-b", "REPO": str(SWEEPS.parents[1])}
    result = sweep("tpu_pod.sh", tmp_path, **variables)
    assert "compute tpus tpu-vm ssh pod --zone=us-central2-b --worker=all" in result.stderr
    of_worker = [line.removeprefix("worker: ") for line in result.stdout.splitlines()]
    assert "--distributed=auto" in of_worker
    assert re.search(r"\d+ trials in 21 programs", dry_run(of_worker))
    missing = sweep("tpu_pod.sh", tmp_path, ZONE="")
    assert missing.returncode != 0 and "TPU_NAME" in missing.stderr
