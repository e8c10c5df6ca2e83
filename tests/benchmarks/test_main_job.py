"""The PyTorch script makes the runs that our launcher makes, and what is said of both adds up."""

import json
import math
import subprocess
import sys
from importlib import util
from pathlib import Path

import jax
import numpy as np
import pytest

from benchmarks import main_job
from benchmarks.main_job import arms_of, experiment_of, scale, summarise, torch_seconds
from benchmarks.measured import Measured, run_measured
from benchmarks.peers.trials import Arm, by_loss, mains, next_pilots
from rnn_research.cells import CELLS
from rnn_research.execution.launcher import build_tasks, find_arms
from rnn_research.experiment.choice import build
from rnn_research.experiment.trials import count_trials
from rnn_research.experiment.trials import mains as our_mains
from rnn_research.experiment.tuning import Ended, tune_arm
from rnn_research.models import match_width

ROOT = Path(__file__).resolve().parents[2]
ARM = Arm("a", "adding", {"length": 10}, "gru", 8, 1.0, 40, 16, 20, 20, 30, 1.0, [1e-3, 1e-2], 20, 1, 0, [], 2)
TORCH = pytest.mark.skipif(util.find_spec("torch") is None, reason="the script needs torch")


@pytest.fixture(scope="module")
def experiment():
    return experiment_of(["--experiment=lstm_vs_gru"])


@pytest.fixture(scope="module")
def given(experiment):
    return arms_of(experiment)


def test_the_script_is_given_the_trials_that_we_make(experiment, given):
    found = find_arms(experiment)
    assert count_trials(experiment) >= 21 * (3 + 8)
    for ours, theirs in zip(found, given, strict=True):
        assert theirs.label == "  ".join(ours.labels.values())
        reported = [described(trial) for trial in our_mains(experiment, ours, 3e-3)]
        assert [trial[1:] for trial in mains(theirs, 3e-3)] == reported
        train = ours.config.train
        assert (theirs.batch, theirs.eval_every) == (train.batch, train.eval_every)
        assert (theirs.valid, theirs.test) == (train.valid_examples, train.test_examples)
        assert theirs.clip_norm == ours.config.optimizer.clip_norm


def described(trial):
    config = trial.config
    return (trial.stage, config.seed, config.train.steps, config.optimizer.learning_rate)


@pytest.mark.parametrize("best", [1e-5, 1e-3, 5e-3, 0.3])
def test_the_script_asks_for_the_pilots_that_we_ask_for(experiment, given, best):
    """Round by round, where the loss is least at a rate and a little more on later seeds."""
    ours, theirs, losses = find_arms(experiment)[4], given[4], {}

    def loss(rate, seed):
        return abs(math.log(rate / best)) + 1e-3 * (seed - 1_000_000)

    def ended(trial):
        key = (trial.config.optimizer.learning_rate, trial.config.seed)
        return Ended(True, 1000, losses[key]) if key in losses else None

    for _ in range(12):
        tuning = tune_arm(experiment, ours, ended)
        wanted = [trial for trials in tuning.pilots.values() for trial in trials if not ended(trial)]
        asked = next_pilots(theirs, losses)
        assert {trial[1:] for trial in asked} == {described(trial) for trial in wanted}
        if tuning.complete:
            assert tuning.chosen == by_loss(losses)[0]
            return
        losses |= {(trial.rate, trial.seed): loss(trial.rate, trial.seed) for trial in asked}
    raise AssertionError("it does not end")


def test_the_script_is_given_our_widths_and_biases(experiment, given):
    found = find_arms(experiment)
    tasks = build_tasks(found)
    for ours, theirs in zip(found, given, strict=True):
        task = tasks[ours.config.task]
        cell = match_width(ours.config.model, task.inputs, task.target).cell
        init = build(cell, CELLS, "cell").init
        bias = jax.eval_shape(lambda key, init=init: init(key, 2), jax.random.key(0))["bias"]
        gates = {"elman": 1, "gru": 3, "lstm": 4}[theirs.cell]
        assert bias.shape == (gates * theirs.hidden,)
        assert theirs.memory_bias == (0.0 if theirs.cell == "elman" else 1.0)


def test_settings_of_the_command_line_reach_the_script():
    flags = ["--experiment=lstm_vs_gru", "--grid.task=adding(length=7)", "--config.train.batch=5", "--seeds=2"]
    given = arms_of(experiment_of(flags))
    assert len(given) == 3
    assert {(arm.task, arm.options["length"], arm.batch, arm.seeds) for arm in given} == {("adding", 7, 5, 2)}


def test_settings_that_the_script_has_no_counterpart_of_are_refused():
    with pytest.raises(SystemExit, match="adam"):
        arms_of(experiment_of(["--experiment=lstm_vs_gru", "--config.optimizer.name=sgd"]))


def test_arguments_of_the_launcher_are_told_from_ours():
    args, rest = main_job.parse(["--sample=3", "--seeds=2", "--contenders=cold", "--grid.task=adding"])
    assert (args.sample, args.contenders) == (3, ["cold"])
    assert rest == ["--experiment=lstm_vs_gru", "--seeds=2", "--grid.task=adding"]


def test_the_rate_is_that_of_the_lowest_mean_loss():
    losses = {(1.0, 0): 5.0, (1.0, 1): 1.0, (2.0, 0): 2.0, (2.0, 1): 2.0, (3.0, 0): float("inf")}
    assert by_loss(losses) == [2.0, 1.0, 3.0]


def test_a_sample_is_scaled_up_by_updates():
    """One pilot of 20 steps in 1 s and one run of 40 in 2 s: of 2 pilots and 2 runs, 120 steps, that is a half."""
    made = [[0, "pilot", 0, 20, 1e-3, 0.1, 0.1, 1.0], [0, "main", 0, 40, 1e-3, 0.1, 0.1, 2.0]]
    assert scale([ARM], made) == pytest.approx(2.0)
    slower = [[1, "main", 0, 40, 1e-3, 0.1, 0.1, 20.0]]  # 120 steps of that arm take 60 s, of the other 6
    assert scale([ARM, ARM], made + slower) == pytest.approx(66 / 23)


def test_medians_and_the_best_of_pytorch():
    rounds = [Measured(seconds, 2 * seconds, int(seconds), "") for seconds in (1.0, 5.0, 2.0)]
    found = summarise(rounds, "cold")
    assert (found["seconds"], found["range"], found["cpu_seconds"]) == (2.0, [1.0, 5.0], 4.0)
    results = [
        {"name": name, "seconds": seconds}
        for name, seconds in (
            ("cold", 1.0),
            ("torch", 9.0),
            ("torch compiled cold", 12.0),
            ("torch compiled warm", 4.0),
        )
    ]
    assert (torch_seconds(results, warm=False), torch_seconds(results, warm=True)) == (9.0, 4.0)
    assert torch_seconds(results[:1], warm=True) is None


def test_a_command_is_measured_with_its_children(tmp_path):
    work = "import time; end = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
    code = f"import subprocess, sys; print('said'); subprocess.run([sys.executable, '-c', {work!r}])"
    took = run_measured([sys.executable, "-c", code], tmp_path)
    assert took.output == "said\n"
    assert took.cpu_seconds >= 0.3
    assert took.busy(1) > 0
    with pytest.raises(SystemExit, match="exit status 3"):
        run_measured([sys.executable, "-c", "raise SystemExit(3)"], tmp_path)


@pytest.mark.torch
@TORCH
def test_the_scripts_tasks_are_ours(given):
    """Shapes, kinds and trivial losses of every task agree with ours."""
    import torch

    from benchmarks.peers.pytorch_tasks import TASKS as THEIRS
    from rnn_research.tasks import TASKS

    for arm in {json.dumps([arm.task, arm.options]): arm for arm in given}.values():
        ours, theirs = TASKS[arm.task](**arm.options), THEIRS[arm.task](**arm.options)
        assert (theirs.features, theirs.each_step) == (ours.inputs.size, ours.target.each_step)
        assert theirs.outputs == ours.target.size
        own = ours.data.train(ours.data.arrays, jax.random.key(0), 0, 300)
        inputs, targets = theirs.batches("train", torch.Generator().manual_seed(0))(300)
        inputs, targets = inputs.transpose(0, 1).numpy(), (targets.T if theirs.each_step else targets).numpy()
        assert inputs.shape == own.inputs.shape and targets.shape == own.targets.shape
        np.testing.assert_allclose(inputs.mean((0, 1)), np.mean(own.inputs, (0, 1)), atol=0.05)
        np.testing.assert_allclose(targets.mean(0), np.mean(own.targets, 0), atol=0.8)
        if arm.task == "adding":
            np.testing.assert_allclose((inputs[..., 0] * inputs[..., 1]).sum(1), targets, rtol=1e-5)
            assert set(inputs[..., 1].sum(1)) == {2.0}
        if arm.task == "copy_memory":
            read = inputs.argmax(-1)
            np.testing.assert_array_equal(read[:, :10], targets[:, -10:])
            np.testing.assert_array_equal(np.argwhere(read == 9)[:, 1], arm.options["delay"] + 9)
        if arm.task == "temporal_order":
            marks = np.where(inputs.argmax(-1) < 2, inputs.argmax(-1), -1)
            pairs = np.array([row[row >= 0] for row in marks])
            np.testing.assert_array_equal(2 * pairs[:, 0] + pairs[:, 1], targets)


@pytest.mark.torch
@TORCH
def test_held_out_digits_are_ours():
    import torch

    from benchmarks.peers.pytorch_job import held_out
    from rnn_research.tasks import TASKS

    task = TASKS["sequential_digits"]()
    for split in ("valid", "test"):
        own = task.data.held_out(split, 512)
        rows = np.asarray(own.weights).reshape(-1) > 0
        theirs = held_out("sequential_digits", "{}", split, 512)
        labels = torch.cat([targets for _, targets in theirs]).numpy()
        np.testing.assert_array_equal(labels, np.asarray(own.targets).reshape(-1)[rows])
        pixels = torch.cat([inputs for inputs, _ in theirs], dim=1).transpose(0, 1).numpy()
        np.testing.assert_allclose(pixels, np.asarray(own.inputs).reshape(-1, 64, 1)[rows])


@pytest.mark.slow
@pytest.mark.torch
@TORCH
@pytest.mark.parametrize("cell", ["elman", "lstm", "gru"])
def test_the_scripts_networks_learn(cell):
    from benchmarks.peers.pytorch_job import train
    from benchmarks.peers.trials import Trial

    arm = ARM._replace(cell=cell, hidden=16, test=256, valid=256)
    outcome = train(Trial(arm, "main", 0, 400, 1e-2))
    assert outcome.score < 0.08  # always answering 1 leaves 1/6


@pytest.mark.slow
@pytest.mark.torch
@TORCH
def test_the_script_trains_pilots_then_runs(tmp_path):
    arms = [ARM, ARM._replace(label="b", cell="lstm")]
    (tmp_path / "arms.json").write_text(json.dumps([arm._asdict() for arm in arms]))
    command = [sys.executable, "-m", "benchmarks.peers.pytorch_job", str(tmp_path / "arms.json")]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True).stdout
    trials = json.loads(printed.splitlines()[-1])["trials"]
    assert {tuple(trial[:4]) for trial in trials} == {
        (number, *key) for number in (0, 1) for key in (("pilot", 1_000_000, 20), ("main", 0, 40), ("main", 1, 40))
    }
    assert len(trials) == 8
    for number in (0, 1):
        own = [trial for trial in trials if trial[0] == number]
        best = min((trial for trial in own if trial[1] == "pilot"), key=lambda trial: trial[5])
        assert {trial[4] for trial in own if trial[1] == "main"} == {best[4]}
