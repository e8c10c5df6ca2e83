"""Changes from the command line."""

import dataclasses

import pytest

from rnn_research.experiment import Choice, TrainConfig, Variant, paths
from rnn_research.experiment.arms import arms
from rnn_research.experiment.overrides import override, replaced
from rnn_research.experiment.smoke import smoke
from tests.support.tables import CURES, EXPERIMENT, TABLES, VARIED


def changed(experiment, config=(), grid=(), seeds=None, random=None):
    return override(experiment, dict(config), dict(grid), seeds, random, TABLES)


def test_override_sets_every_trial_and_fixes_what_was_tuned():
    fixed = changed(EXPERIMENT, {"model.cell.hidden": "5", "optimizer.learning_rate": "0.5"}, seeds=3)
    assert fixed.tune is None
    assert fixed.seeds == 3
    for arm in arms(fixed, TABLES):
        assert arm.config.model.cell["hidden"] == 5
        assert arm.config.optimizer.learning_rate == 0.5


def test_override_reaches_into_the_values_of_an_axis():
    only_adding = changed(EXPERIMENT, grid={"task": "adding(length=5),adding(length=9)"})
    seven = changed(only_adding, {"task.length": "7"})
    assert {arm.config.task["length"] for arm in arms(seven, TABLES)} == {7}
    with pytest.raises(ValueError, match="'digits' has no option 'length'"):
        arms(changed(EXPERIMENT, {"task.length": "7"}), TABLES)


@pytest.mark.parametrize("path", ["task", "model.cell"])
def test_override_of_an_axis_or_what_holds_it_fixes_the_axis(path):
    value = {"task": "adding(length=3)", "model.cell": "gru(hidden=2)"}[path]
    found = arms(changed(EXPERIMENT, {path: value}), TABLES)
    assert {str(paths.get(arm.config, path)).partition("(")[0] for arm in found} == {value.partition("(")[0]}


def test_grid_adds_and_replaces_axes():
    wider = changed(EXPERIMENT, grid={"model.cell.hidden": "4,8", "task": "adding(length=3),digits"})
    found = arms(wider, TABLES)
    assert len(found) == 2 * 2 * 2
    assert {arm.labels["hidden"] for arm in found} == {4, 8}
    assert {arm.labels["task"] for arm in found} == {"adding", "digits"}


def test_grid_keeps_variants_by_their_names():
    one = changed(VARIED, grid={"cure": "clip", "model.cell.hidden": "4,8"})
    found = arms(one, TABLES)
    assert {arm.labels["cure"] for arm in found} == {"clip"} and len(found) == 2 * 2
    turned = arms(changed(VARIED, grid={"cure": "clip,none"}), TABLES)
    assert [arm.labels["cure"] for arm in turned[:2]] == ["clip", "none"]
    commas = dataclasses.replace(VARIED, axes={"cure": (Variant("one, two", {}), *CURES)})
    for text in ("one, two", '"one, two"'):
        assert [arm.labels["cure"] for arm in arms(changed(commas, grid={"cure": text}), TABLES)] == ["one, two"]
    with pytest.raises(ValueError, match=r"--grid\.cure: no 'clipp' among the experiment's own; did you mean 'clip'"):
        changed(VARIED, grid={"cure": "none,clipp"})


@pytest.mark.parametrize(
    ("config", "grid", "seeds", "message"),
    [
        ({"model.cels": "1"}, {}, None, "did you mean 'cell'"),
        ({}, {"train.step": "1,2"}, None, "did you mean 'steps'"),
        ({}, {"train.steps": ""}, None, "at least one value"),
        ({}, {}, 0, "--seeds"),
        ({"seed": "7"}, {}, None, "seeds are set by --seeds=N"),
        ({}, {"seed": "3,4"}, None, "seeds are set by --seeds=N"),
        ({"task": "addin"}, {"task.length": "linear(1,9,3)"}, None, "unknown task 'addin'|did you mean 'adding'"),
        ({}, {"task.length": "5,many"}, None, "must be of type int, not 'many'"),
        ({}, {"task": "adding(length=5"}, None, "not closed"),
        ({"probes.gradient.every": "3"}, {}, None, "did you mean 'gradients'"),
    ],
)
def test_override_refuses(config, grid, seeds, message):
    with pytest.raises(ValueError, match=message):
        arms(changed(EXPERIMENT, config, grid, seeds), TABLES)


def test_a_range_over_an_option_goes_by_its_factorys_default():
    one_task = dataclasses.replace(EXPERIMENT, axes={"model.cell.name": ("lstm", "gru")})
    for values in ("50,100,150,200", "linear(50,200,4)"):
        found = arms(changed(one_task, grid={"task.length": values}), TABLES)
        assert [arm.labels["length"] for arm in found][:4] == [50, 100, 150, 200]


def test_values_of_the_grid_may_hold_commas():
    books = changed(EXPERIMENT, {"task": "text"}, {"task.path": "1984,'a, b (1).txt',it's"})
    paths_read = [arm.config.task["path"] for arm in arms(dataclasses.replace(books, tune=None), TABLES)]
    assert paths_read[:3] == ["1984", "a, b (1).txt", "it's"]
    tasks = changed(EXPERIMENT, grid={"task": 'text(path="a,b",length=3),adding'})
    assert {arm.config.task.name: dict(arm.config.task.options) for arm in arms(tasks, TABLES)} == {
        "text": {"path": "a,b", "column": "text", "length": 3, "limit": 0},
        "adding": {"length": 50},
    }
    quoted = changed(EXPERIMENT, {"task": 'text(path="a,b")', "task.column": "'0'"})
    assert {arm.config.task["path"] + arm.config.task["column"] for arm in arms(quoted, TABLES)} == {"a,b0"}
    steps = changed(EXPERIMENT, {"probes": "texts"}, {"probes.texts.steps": '(100,200),300,"400,500"'})
    assert [arm.labels["steps"] for arm in arms(steps, TABLES)][:3] == ["100,200", "300", "400,500"]


def test_probes_from_the_command_line():
    plain = changed(EXPERIMENT, {"probes": "gradients(every=250),texts", "probes.texts.steps": "100,300"})
    assert plain.base.probes == (Choice("gradients", every=250), Choice("texts", steps=(100, 300)))
    assert changed(plain, {"probes.gradients.every": "100"}).base.probes[0] == Choice("gradients", every=100)
    assert {arm.config.probes for arm in arms(changed(plain, {"probes": ""}), TABLES)} == {()}
    with pytest.raises(ValueError, match="probes holds 'texts' 2 times"):
        arms(changed(EXPERIMENT, {"probes": "texts,texts(texts=1)"}), TABLES)


def test_probes_of_variants_follow_the_command_line():
    counted = Variant("5-gram", {"learner": Choice("ngram", order=5), "probes.texts.steps": (0,)})
    held = Variant("probed", {"probes": (Choice("texts", steps=(100,)),)})
    base = dataclasses.replace(VARIED.base, probes=(Choice("texts", steps=(200,)),))
    experiment = dataclasses.replace(VARIED, base=base, axes={"model": (Variant("net", {}), counted, held)})
    experiment = dataclasses.replace(experiment, compare="model")

    def steps(found):
        return [[probe["steps"] for probe in arm.config.probes if probe.name == "texts"] for arm in arms(found, TABLES)]

    assert steps(experiment) == [[(200,)], [(0,)], [(100,)]]
    assert steps(changed(experiment, {"probes.texts.texts": "3"})) == [[(200,)], [(0,)], [(100,)]]
    small = changed(experiment, {"probes.texts.texts": "3"})
    assert {arm.config.probes[0]["texts"] for arm in arms(small, TABLES)} == {3}
    without = dataclasses.replace(changed(experiment, {"probes": ""}), axes={"model": (Variant("net", {}), counted)})
    assert steps(changed(without, {"probes": ""})) == [[], []]


def test_the_command_line_reaches_into_variants():
    fixed = changed(VARIED, {"optimizer.clip_norm": "3"})
    assert {arm.config.optimizer.clip_norm for arm in arms(fixed, TABLES)} == {3.0}
    wider = changed(VARIED, {"model.cell.hidden": "20"})
    assert {arm.config.model.cell["hidden"] for arm in arms(wider, TABLES)} == {20}


def test_an_evaluation_that_does_not_fit_the_pilots_is_refused_before_anything_is_run():
    base = dataclasses.replace(EXPERIMENT.base, train=TrainConfig(steps=600, eval_every=50))
    experiment = dataclasses.replace(EXPERIMENT, base=base)
    with pytest.raises(ValueError, match=r"in the pilots, train\.steps \(100\) must be a multiple of .*\(200\)"):
        arms(changed(experiment, grid={"train.eval_every": "50,200"}), TABLES)
    with pytest.raises(ValueError, match=r"train\.steps \(600\) must be a multiple of train\.eval_every \(70\)"):
        arms(changed(experiment, {"train.eval_every": "70"}), TABLES)


def test_a_measured_time_is_of_the_experiment_as_it_was_measured():
    measured = dataclasses.replace(EXPERIMENT, minutes=3.0)
    assert override(measured, {}, {}, None, None, TABLES).minutes == 3
    assert override(measured, {}, {}, measured.seeds, None, TABLES).minutes == 3
    for config, seeds in (({"train.steps": "200"}, None), ({}, measured.seeds + 1)):
        assert override(measured, config, {}, seeds, None, TABLES).minutes is None
    assert smoke(measured, TABLES).minutes is None


def test_what_a_variant_loses_to_a_setting_for_all_is_said():
    variants = (Variant("long", {"train.steps": 9, "model.residual": True}), Variant("short", {"train.steps": 4}))
    mine = dataclasses.replace(EXPERIMENT, axes={"kind": variants})
    after = changed(mine, {"train.steps": "4"})
    assert replaced(mine, after) == [
        "the variant long of kind no longer has train.steps=9, but 4, as all trials do",
    ]
    assert replaced(mine, changed(mine, {"train.batch": "4"})) == []
    at = dataclasses.replace(EXPERIMENT, points=({"kind": variants[0]}, {"kind": variants[1]}))
    assert replaced(at, changed(at, {"model.residual": "false"})) == [
        "the variant long of kind no longer has model.residual=True, but False, as all trials do"
    ]


def test_variants_of_one_name_and_other_settings_have_lost_nothing():
    """Distances of 20 that tasks call by options of their own: the one was taken for what has become of the other."""
    apart = (Variant(20, {"train.steps": 9}), Variant(20, {"train.batch": 8}))
    mine = dataclasses.replace(EXPERIMENT, points=tuple({"distance": variant} for variant in apart))
    assert replaced(mine, changed(mine, {})) == []
    assert replaced(mine, changed(mine, {"train.eval_every": "3"})) == []
    assert replaced(mine, changed(mine, {"train.batch": "4"})) == [
        "the variant 20 of distance no longer has train.batch=8, but 4, as all trials do"
    ]
