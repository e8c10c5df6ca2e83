"""Choices, dotted paths, overrides, arms and trial ids: no jax needed."""

import dataclasses
import subprocess
import sys

import pytest

from rnn_research.experiment import (
    ByAxis,
    ByMeasure,
    Choice,
    Claim,
    Compare,
    Experiment,
    Level,
    Measure,
    ModelConfig,
    PenaltyConfig,
    ProbeConfig,
    TrainConfig,
    TrialConfig,
    Tune,
    Variant,
    paths,
)
from rnn_research.experiment.choice import check, parse
from rnn_research.experiment.config import LANES, SWITCHED, fingerprint, validate
from rnn_research.experiment.experiment import arms, mains, pilots, signature, smoke
from rnn_research.experiment.overrides import override


def adding(length: int = 50):
    return length


def lstm(hidden: int, *, forget_bias: float = 1.0, kind: str = "plain", flag: bool = False):
    return hidden, forget_bias, kind, flag


TABLES = {"task": {"adding": adding, "digits": lambda: None}, "cell": {"lstm": lstm, "gru": lstm}}
EXPERIMENT = Experiment(
    question="?",
    base=TrialConfig(model=ModelConfig(cell=Choice("lstm", hidden=8))),
    axes={
        "task": (Choice("adding", length=5), Choice("adding", length=9), Choice("digits")),
        "model.cell.name": ("lstm", "gru"),
    },
    compare="cell",
    tune=Tune(values=(0.1, 0.2), seeds=2, steps=100),
    name="test",
)


def test_check_fills_in_defaults_and_converts_text():
    assert check(Choice("lstm", hidden="16", flag="true"), TABLES["cell"], "cell") == Choice(
        "lstm", hidden=16, forget_bias=1.0, kind="plain", flag=True
    )


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (Choice("lsmt", hidden=1), "did you mean 'lstm'"),
        (Choice("lstm", hiden=1), "did you mean 'hidden'"),
        (Choice("lstm"), "needs a value for 'hidden'"),
        (Choice("lstm", hidden=1.5), "must be of type int"),
        (Choice("lstm", hidden=True), "must be of type int"),
        (Choice("lstm", hidden=1, forget_bias="big"), "must be of type float"),
        (Choice("lstm", hidden=1, flag=1), "must be of type bool"),
    ],
)
def test_check_refuses(choice, message):
    with pytest.raises(ValueError, match=message):
        check(choice, TABLES["cell"], "cell")


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("adding", Choice("adding")),
        ("adding(length=20)", Choice("adding", length=20)),
        (" images( order=rows , permuted=true,scale=0.5)", Choice("images", order="rows", permuted=True, scale=0.5)),
    ],
)
def test_parse_reads_what_str_writes(text, choice):
    assert parse(text) == choice
    assert parse(str(choice)) == choice


@pytest.mark.parametrize("text", ["adding(", "adding(length)", "adding(length=1"])
def test_parse_refuses(text):
    with pytest.raises(ValueError, match="form name"):
        parse(text)


def test_replace_converts_to_the_fields_type():
    config = paths.replace(TrialConfig(), "optimizer.learning_rate", "3e-4")
    assert config.optimizer.learning_rate == 3e-4
    assert paths.replace(config, "train.steps", "1e3").train.steps == 1000
    assert paths.replace(config, "model.residual", "True").model.residual is True
    assert paths.replace(config, "model.cell.hidden", "64").model.cell["hidden"] == 64
    assert paths.replace(config, "task", "adding(length=3)").task == Choice("adding", length=3)
    assert paths.get(config, "optimizer.learning_rate") == 3e-4


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("optimiser.learning_rate", "1", "did you mean 'optimizer'"),
        ("optimizer.lerning_rate", "1", "did you mean 'learning_rate'"),
        ("optimizer.name", "adm", "did you mean 'adam'"),
        ("train.steps", "2.5", "type int"),
        ("train.steps", "many", "type int"),
        ("train.steps.more", "1", "has no field"),
        ("model.residual", "maybe", "type bool"),
        ("model", "lstm", "group of fields"),
    ],
)
def test_replace_refuses(path, value, message):
    with pytest.raises(ValueError, match=message):
        paths.replace(TrialConfig(), path, value)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("train.steps", -1),
        ("train.batch", -1),
        ("optimizer.learning_rate", 0.0),
        ("optimizer.clip_norm", -1.0),
        ("optimizer.warmup", 1.0),
        ("train.eval_every", 7),
        ("model.init_scale", float("nan")),
    ],
)
def test_validate_names_the_path(path, value):
    with pytest.raises(ValueError, match=path):
        validate(paths.replace(TrialConfig(), path, value))


def test_arms_are_all_combinations_with_labels():
    found = arms(EXPERIMENT, TABLES)
    assert [tuple(arm.labels.values()) for arm in found] == [
        (task, cell) for task in ("adding(length=5)", "adding(length=9)", "digits") for cell in ("lstm", "gru")
    ]
    assert found[0].labels.keys() == {"task", "cell"}
    assert found[1].config.model.cell == Choice("gru", hidden=8, forget_bias=1.0, kind="plain", flag=False)


def test_pilots_have_seeds_of_their_own_and_equal_budgets():
    budgets = set()
    for arm in arms(EXPERIMENT, TABLES):
        by_value = pilots(EXPERIMENT, arm)
        trials = [trial for group in by_value.values() for trial in group]
        budgets.add((len(trials), sum(trial.config.train.steps for trial in trials)))
        reported = mains(EXPERIMENT, arm, 0.2)
        assert {t.config.optimizer.learning_rate for t in reported} == {0.2}
        assert not {t.config.seed for t in trials} & {t.config.seed for t in reported}
        assert [t.config.seed for t in reported] == [0, 1, 2, 3, 4]
    assert budgets == {(4, 400)}


def test_trials_of_one_arm_share_a_program_and_other_arms_do_not():
    first, second, *_ = arms(EXPERIMENT, TABLES)
    trials = [*mains(EXPERIMENT, first, 0.1), *(t for g in pilots(EXPERIMENT, first).values() for t in g)]
    assert len({signature(trial.config) for trial in trials}) == 1
    assert signature(second.config) != signature(first.config)
    assert len({trial.id for trial in trials}) == len(trials)
    for path in set(LANES) - set(SWITCHED):
        assert signature(paths.replace(first.config, path, 3)) == signature(first.config)


def test_what_is_only_there_where_it_is_asked_for_makes_a_program_of_its_own():
    config = TrialConfig()
    for path in SWITCHED:
        some, more = (signature(paths.replace(config, path, value)) for value in (0.1, 0.2))
        assert some == more != signature(config)


def test_the_same_config_has_the_same_id_in_another_process():
    code = (
        "from rnn_research.experiment.config import *; print(fingerprint(TrialConfig(seed=3)));"
        "import sys; assert 'jax' not in sys.modules"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert other == fingerprint(TrialConfig(seed=3))
    assert other != fingerprint(TrialConfig(seed=4))


def test_override_sets_every_trial_and_fixes_what_was_tuned():
    changed = override(EXPERIMENT, {"model.cell.hidden": "5", "optimizer.learning_rate": "0.5"}, {}, 3)
    assert changed.tune is None
    assert changed.seeds == 3
    for arm in arms(changed, TABLES):
        assert arm.config.model.cell["hidden"] == 5
        assert arm.config.optimizer.learning_rate == 0.5


def test_override_reaches_into_the_values_of_an_axis():
    only_adding = override(EXPERIMENT, {}, {"task": "adding(length=5),adding(length=9)"}, None)
    changed = override(only_adding, {"task.length": "7"}, {}, None)
    assert {arm.config.task["length"] for arm in arms(changed, TABLES)} == {7}
    with pytest.raises(ValueError, match="'digits' has no option 'length'"):
        arms(override(EXPERIMENT, {"task.length": "7"}, {}, None), TABLES)


@pytest.mark.parametrize("path", ["task", "model.cell"])
def test_override_of_an_axis_or_what_holds_it_fixes_the_axis(path):
    value = {"task": "adding(length=3)", "model.cell": "gru(hidden=2)"}[path]
    found = arms(override(EXPERIMENT, {path: value}, {}, None), TABLES)
    assert {str(paths.get(arm.config, path)).partition("(")[0] for arm in found} == {value.partition("(")[0]}


def test_grid_adds_and_replaces_axes():
    changed = override(EXPERIMENT, {}, {"model.cell.hidden": "4,8", "task": "adding(length=3),digits"}, None)
    found = arms(changed, TABLES)
    assert len(found) == 2 * 2 * 2
    assert {arm.labels["hidden"] for arm in found} == {4, 8}
    assert {arm.labels["task"] for arm in found} == {"adding", "digits"}


@pytest.mark.parametrize(
    ("config", "grid", "seeds", "message"),
    [
        ({"model.cels": "1"}, {}, None, "did you mean 'cell'"),
        ({}, {"train.step": "1,2"}, None, "did you mean 'steps'"),
        ({}, {"train.steps": ""}, None, "at least one value"),
        ({}, {}, 0, "--seeds"),
    ],
)
def test_override_refuses(config, grid, seeds, message):
    with pytest.raises(ValueError, match=message):
        override(EXPERIMENT, config, grid, seeds)


def test_smoke_keeps_every_stage_and_shrinks_the_rest():
    by_choice = dataclasses.replace(
        EXPERIMENT, axes={"model.cell": (Choice("lstm", hidden=99), Choice("gru", hidden=9))}
    )
    assert {arm.config.model.cell["hidden"] for arm in arms(smoke(by_choice), TABLES)} == {4}
    small = smoke(dataclasses.replace(EXPERIMENT, base=dataclasses.replace(EXPERIMENT.base, train=TrainConfig())))
    assert small.seeds == 2
    assert small.tune is not None
    assert small.tune.seeds == 1
    found = arms(small, TABLES)
    assert len(found) == 4
    assert all(arm.config.train.steps <= 4 and arm.config.model.cell["hidden"] <= 4 for arm in found)


CURES = (Variant("none", {}), Variant("clip", {"optimizer.clip_norm": 0.5, "model.cell": Choice("gru", hidden=8)}))
VARIED = dataclasses.replace(EXPERIMENT, axes={"task.length": (5, 9), "cure": CURES}, compare="cure", tune=None)
VARIED = dataclasses.replace(VARIED, base=dataclasses.replace(VARIED.base, task=Choice("adding", length=5)))


def test_a_variant_sets_several_paths_under_one_name():
    found = arms(VARIED, TABLES)
    assert [arm.labels for arm in found] == [{"length": n, "cure": cure} for n in (5, 9) for cure in ("none", "clip")]
    assert [arm.config.optimizer.clip_norm for arm in found] == [1.0, 0.5] * 2
    assert [arm.config.model.cell.name for arm in found] == ["lstm", "gru"] * 2


def test_two_axes_may_not_set_one_path():
    twice = dataclasses.replace(VARIED, axes={"optimizer.clip_norm": (1.0, 2.0), "cure": CURES})
    with pytest.raises(ValueError, match=r"optimizer\.clip_norm is set by more than one axis"):
        arms(twice, TABLES)


def test_the_command_line_reaches_into_variants():
    fixed = override(VARIED, {"optimizer.clip_norm": "3"}, {}, None)
    assert {arm.config.optimizer.clip_norm for arm in arms(fixed, TABLES)} == {3.0}
    wider = override(VARIED, {"model.cell.hidden": "20"}, {}, None)
    assert {arm.config.model.cell["hidden"] for arm in arms(wider, TABLES)} == {20}


def test_smoke_shrinks_cells_within_variants():
    assert {arm.config.model.cell["hidden"] for arm in arms(smoke(VARIED), TABLES)} == {4}
    still = dataclasses.replace(VARIED, base=dataclasses.replace(VARIED.base, train=TrainConfig(steps=0)))
    assert smoke(still).base.train.steps == 0


@pytest.mark.parametrize(
    "change",
    [
        {"claims": (Claim("C0", "?", (Level("skil", "above", 0),)),)},
        {"claims": (Claim("C0", "?", (Compare("cure", "clip", "none", 0, measure="skil"),)),)},
        {"figures": (ByAxis("length", "skil", "x"),)},
        {"figures": (ByMeasure(((1, "skil"),), "x", "y"),)},
    ],
)
def test_a_claim_or_figure_on_a_measure_that_is_not_there_is_refused(change):
    with pytest.raises(ValueError, match="no measure 'skil'; did you mean 'skill'"):
        arms(dataclasses.replace(VARIED, **change), TABLES)
    assert arms(dataclasses.replace(VARIED, **change, measures=(Measure("skil", "loss"),)), TABLES)


def test_a_penalty_that_is_there_makes_another_program_its_weight_does_not():
    base = VARIED.base
    some, more, none = (dataclasses.replace(base, penalty=PenaltyConfig(l2=weight)) for weight in (0.1, 0.2, 0.0))
    assert signature(some) == signature(more) != signature(none)
    assert fingerprint(some) != fingerprint(more)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"penalty": PenaltyConfig(omega=1.0)}, "one layer of Elman cells"),
        ({"penalty": PenaltyConfig(l2=-1.0)}, "penalty.l2 must be 0 or more"),
        ({"probe": ProbeConfig(examples=0)}, "probe.examples must be more than 0"),
        ({"probe": ProbeConfig(lengths="10,x")}, "whole numbers with commas between"),
        (
            {"penalty": PenaltyConfig(omega=1.0), "model": ModelConfig(cell=Choice("elman", hidden=2), skip=2)},
            "no skip connections",
        ),
    ],
)
def test_penalties_and_probes_that_no_run_can_have_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        validate(dataclasses.replace(VARIED.base, **change))
