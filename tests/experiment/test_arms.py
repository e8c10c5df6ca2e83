"""Arms: all combinations of the axes, their labels and columns, and what is refused."""

import dataclasses
import math

import pytest

from rnn_research.experiment import (
    ByAxis,
    ByMeasure,
    Choice,
    Claim,
    Compare,
    Curves,
    Level,
    Measure,
    OptimizerConfig,
    Tune,
    Variant,
    paths,
)
from rnn_research.experiment.arms import arms
from rnn_research.experiment.columns import columns, label
from tests.support.tables import CURES, EXPERIMENT, TABLES, VARIED


def varied(**axes):
    return dataclasses.replace(VARIED, axes=axes, compare=next(iter(axes)))


def test_variants_named_by_numbers_are_labels_that_are_numbers():
    """So that figures set them at their places, whatever option each of them stands for."""
    distances = (Variant(100, {"train.steps": 100}), Variant(20, {"train.batch": 20}))
    found = arms(varied(distance=distances), TABLES)
    assert [arm.labels["distance"] for arm in found] == [100, 20]
    assert [(arm.config.train.steps, arm.config.train.batch) for arm in found] == [
        (100, VARIED.base.train.batch),
        (VARIED.base.train.steps, 20),
    ]
    assert str(distances[0]) == "100"


def test_arms_are_all_combinations_with_labels():
    found = arms(EXPERIMENT, TABLES)
    assert [tuple(arm.labels.values()) for arm in found] == [
        (task, cell) for task in ("adding(length=5)", "adding(length=9)", "digits") for cell in ("lstm", "gru")
    ]
    assert found[0].labels.keys() == {"task", "cell"}
    assert found[1].config.model.cell == Choice("gru", hidden=8, forget_bias=1.0, kind="plain", flag=False)
    assert found[0].config.learner == Choice("network")


def test_a_variant_sets_several_paths_under_one_name():
    found = arms(VARIED, TABLES)
    assert [arm.labels for arm in found] == [{"length": n, "cure": cure} for n in (5, 9) for cure in ("none", "clip")]
    assert [arm.config.optimizer.clip_norm for arm in found] == [1.0, 0.5] * 2
    assert [arm.config.model.cell.name for arm in found] == ["lstm", "gru"] * 2


def test_two_axes_may_not_set_one_path():
    twice = dataclasses.replace(VARIED, axes={"optimizer.clip_norm": (1.0, 2.0), "cure": CURES})
    with pytest.raises(
        ValueError, match=r"optimizer\.clip_norm is set by more than one axis: optimizer\.clip_norm, cure;"
    ):
        arms(twice, TABLES)


def test_labels_say_what_ran():
    axes = {"task.length": ("5", 9.0), "optimizer.clip_norm": (1, "2e1"), "probes": ((), "gradients,texts(texts=3)")}
    found = arms(dataclasses.replace(VARIED, axes=axes, compare="length"), TABLES)
    assert [tuple(arm.labels.values()) for arm in found[:4]] == [
        (5, 1.0, "none"),
        (5, 1.0, "gradients,texts(texts=3)"),
        (5, 20.0, "none"),
        (5, 20.0, "gradients,texts(texts=3)"),
    ]
    assert [arm.config.task["length"] for arm in found[::4]] == [arm.labels["length"] for arm in found[::4]] == [5, 9]


def test_no_label_is_empty():
    assert label("", ("", "book.txt"), "") == '""' and label((), ((), "texts"), ()) == "none"
    with pytest.raises(ValueError, match="holds a variant without a name"):
        arms(varied(cure=(Variant(" ", {}), Variant("norm", {"optimizer.clip_norm": 1.0}))), TABLES)


def test_a_choice_given_as_text_is_labelled_like_any_other():
    given = varied(task=("adding(length=5)", "digits"))
    assert [arm.labels["task"] for arm in arms(given, TABLES)] == ["adding", "digits"]
    given = varied(task=("adding(length=5)", Choice("adding", length=9)))
    assert [arm.labels["task"] for arm in arms(given, TABLES)] == ["adding(length=5)", "adding(length=9)"]


def test_columns_are_apart():
    twice = varied(**{"task.length": (1, 2), "learner.length": (3, 4), "model.cell.name": ("lstm",)})
    assert columns(twice) == {
        "task.length": "length",
        "learner.length": "learner.length",
        "model.cell.name": "cell",
    }
    assert columns(varied(**{"task.step": (1,)})) == {"task.step": "task.step"}
    assert columns(varied(**{"model.cell": (1,), "learner.cell.name": (1,)}))["learner.cell.name"] == "learner.cell"


@pytest.mark.parametrize("name", ["seed", "trial", "step", "split", "stage", "state"])
def test_an_axis_of_variants_is_not_called_like_another_column(name):
    with pytest.raises(ValueError, match=f"cannot be called '{name}'"):
        arms(varied(**{name: CURES}), TABLES)


def test_an_axis_of_variants_is_told_from_a_path_of_its_name():
    found = columns(varied(**{"task.length": (1, 2), "length": CURES}))
    assert found == {"task.length": "task.length", "length": "length"}


@pytest.mark.parametrize(
    ("axes", "points", "message"),
    [
        ({"seed": (3, 4)}, (), "seeds are set by --seeds=N"),
        ({"cure": (Variant("none", {}), Variant("other", {"seed": 4}))}, (), "seeds are set by --seeds=N"),
        ({}, ({"seed": 3},), "seeds are set by --seeds=N"),
        ({"optimizer.learning_rate": (0.1, 0.2)}, (), r"optimizer\.learning_rate is tuned"),
        ({"cure": (Variant("none", {}), Variant("fast", {"optimizer.learning_rate": 1.0}))}, (), "is tuned"),
        ({}, ({"optimizer.learning_rate": 0.1},), "is tuned"),
        ({"optimizer": (OptimizerConfig(), OptimizerConfig(learning_rate=1.0))}, (), "2 arms are the same: .* and "),
        (
            {"cure": (Variant("none", {}), Variant("none", {"optimizer.clip_norm": 5.0}))},
            (),
            "2 arms are labelled alike",
        ),
    ],
)
def test_trials_that_would_coincide_or_have_false_labels_are_refused(axes, points, message):
    column = next(iter([*axes, *(path for point in points for path in point)])).rpartition(".")[2]
    experiment = dataclasses.replace(EXPERIMENT, axes=axes, points=points, compare=column)
    if column == "seed":
        experiment = dataclasses.replace(experiment, axes={**EXPERIMENT.axes, **axes}, compare="cell")
    with pytest.raises(ValueError, match=message):
        arms(experiment, TABLES)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("optimizer.momentum", 0.9, r"optimizer\.momentum would not be read: it is for optimizer\.name=sgd or rmsprop"),
        ("optimizer.factor", 0.1, r"optimizer\.factor would not be read: it is for optimizer\.schedule=stepped"),
        ("model.embedding_init", "normal(1)", r"model\.embedding_init would not be read: it needs model\.embedding"),
        ("model.residual", True, r"model\.residual would not be read: it needs model\.layers=2"),
    ],
)
def test_a_setting_that_no_arm_reads_is_refused(path, value, message):
    base = paths.replace(VARIED.base, path, value)
    with pytest.raises(ValueError, match=message):
        arms(dataclasses.replace(VARIED, base=base), TABLES)
    reads = {
        "optimizer.momentum": {"optimizer.name": ("adam", "sgd")},
        "optimizer.factor": {"optimizer.schedule": ("constant", "stepped")},
        "model.embedding_init": {"model.embedding": (0, 8)},
        "model.residual": {"model.layers": (1, 2)},
    }
    assert arms(dataclasses.replace(VARIED, base=base, axes={**VARIED.axes, **reads[path]}), TABLES)


@pytest.mark.parametrize("name", ["score", "skill", "solved", "finished"])
def test_a_measure_under_a_name_that_is_taken_is_refused(name):
    """It would not be read: the one of that name that every run has would be."""
    with pytest.raises(ValueError, match=f"measure '{name}' is there anyway: give this one another name"):
        arms(dataclasses.replace(VARIED, measures=(Measure(name, "loss"),)), TABLES)


def test_reading_back_is_not_for_a_network_that_reads_both_ways():
    base = paths.replace(paths.replace(VARIED.base, "model.reverse", True), "model.bidirectional", True)
    with pytest.raises(ValueError, match=r"model\.reverse would not be read: it is for a network that reads one way"):
        arms(dataclasses.replace(VARIED, base=base), TABLES)


@pytest.mark.parametrize(("measure", "margin"), [("skill", 2.0), ("loss", 0.0), ("loss", -1.0)])
def test_a_ratio_that_cannot_be_is_refused(measure, margin):
    def claimed(measure, margin):
        test = Compare("cure", "clip", "none", margin, measure=measure, ratio=True)
        measures = (Measure("loss", "loss"),)
        return dataclasses.replace(VARIED, claims=(Claim("C0", "?", (test,)),), measures=measures)

    assert arms(claimed("loss", 2.0), TABLES)
    with pytest.raises(ValueError, match=f"a ratio is claimed of .* not {margin} of '{measure}'"):
        arms(claimed(measure, margin), TABLES)


@pytest.mark.parametrize(
    ("test", "message"),
    [
        (Compare("cure", "clip", "none", math.nan), "what is claimed must be finite, not nan"),
        (Level("skill", "above", math.inf), "what is claimed must be finite, not inf"),
        (Compare("cure", "clip", "clip", 0.0), "compares 'clip' with itself"),
        (Compare("cure", "clip", "none", 0.0, families="tusk"), "no column 'tusk'"),
        (Compare("cure", "clip", "none", 0.0, families="cell", along="cell"), "not both families and along"),
    ],
)
def test_a_test_that_could_have_no_answer_is_refused(test, message):
    with pytest.raises(ValueError, match=message):
        arms(dataclasses.replace(VARIED, claims=(Claim("C0", "?", (test,)),)), TABLES)


def test_a_base_with_a_seed_of_its_own_is_refused():
    with pytest.raises(ValueError, match=r"base\.seed 0"):
        arms(dataclasses.replace(EXPERIMENT, base=dataclasses.replace(EXPERIMENT.base, seed=7)), TABLES)


@pytest.mark.parametrize(
    ("tune", "message"),
    [
        (Tune((0.1,), 1, 100, path="optimizer.lerning_rate"), "did you mean 'optimizer.learning_rate'"),
        (Tune((1, 2), 1, 100, path="train.batch"), "'train.batch' cannot be tuned"),
        (Tune((1, 2), 1, 100, path="seed"), "'seed' cannot be tuned"),
        (Tune((0.1, 0.1), 1, 100), "different values"),
        (Tune((0.1, -0.1), 1, 100), r"in the pilots, optimizer\.learning_rate must be more than 0, not -0.1"),
        (Tune((0.1,), 1, 150), r"in the pilots, train\.steps \(150\)"),
        (Tune((0.1,), 1, 0), r"tune\.steps must be 1 or more"),
        (Tune((0.1,), 0, 100), r"tune\.seeds must be 1 or more"),
    ],
)
def test_a_tuning_that_cannot_be_is_refused(tune, message):
    with pytest.raises(ValueError, match=message):
        arms(dataclasses.replace(EXPERIMENT, tune=tune), TABLES)


def test_pilots_may_be_shorter_than_the_steps_of_a_probe():
    base = dataclasses.replace(EXPERIMENT.base, probes=(Choice("texts", steps=(1000,)),))
    assert len(arms(dataclasses.replace(EXPERIMENT, base=base), TABLES)) == 6


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


@pytest.mark.parametrize("more", [{"minus": "accuracy"}, {"at": "change"}])
def test_a_difference_is_no_quantity(more):
    arms(dataclasses.replace(VARIED, measures=(Measure("gain", "loss", **more),)), TABLES)
    with pytest.raises(ValueError, match="'gain' is a difference"):
        arms(dataclasses.replace(VARIED, measures=(Measure("gain", "loss", quantity="amount", **more),)), TABLES)


@pytest.mark.parametrize("more", [{"at": "total"}, {"at": "spike"}, {"above": 0.5}])
def test_what_may_be_above_1_is_no_share_and_what_is_one_by_itself_is_not_called_so(more):
    with pytest.raises(ValueError, match=r"'much' is (no share|a share of the runs)"):
        arms(dataclasses.replace(VARIED, measures=(Measure("much", "loss", quantity="share", **more),)), TABLES)


@pytest.mark.parametrize(
    "change",
    [
        {"claims": (Claim("C0", "?", (Level("skill", "above", 0, where={"cur": ("clip",)}),)),)},
        {"claims": (Claim("C0", "?", (Compare("cur", "clip", "none", 0),)),)},
        {"figures": (ByAxis("cur", "skill", "x"),)},
        {"figures": (Curves("loss", "train", "y", where={"cur": ("clip",)}),)},
    ],
)
def test_a_claim_or_figure_on_a_column_that_is_not_there_is_refused(change):
    with pytest.raises(ValueError, match=r"(claim 'C0'|figure .*): no column 'cur'; did you mean 'cure'"):
        arms(dataclasses.replace(VARIED, **change), TABLES)
