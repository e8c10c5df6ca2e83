"""An experiment in seconds."""

import dataclasses

from rnn_research.experiment import Choice, TrainConfig, Variant
from rnn_research.experiment.arms import arms
from rnn_research.experiment.smoke import smoke
from tests.support.tables import EXPERIMENT, TABLES, VARIED


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


def test_smoke_shrinks_cells_within_variants():
    assert {arm.config.model.cell["hidden"] for arm in arms(smoke(VARIED), TABLES)} == {4}
    still = dataclasses.replace(VARIED, base=dataclasses.replace(VARIED.base, train=TrainConfig(steps=0)))
    assert smoke(still).base.train.steps == 0


def test_values_that_are_the_same_in_small_are_one():
    widths = tuple(Variant(width, {"model.cell.hidden": width}) for width in (16, 32, 64))
    small = smoke(dataclasses.replace(EXPERIMENT, axes={"units": widths}, points=(), compare="units"))
    assert [arm.config.model.cell["hidden"] for arm in arms(small, TABLES)] == [4]


def test_smoke_keeps_every_probe_and_shrinks_its_options():
    probes = (Choice("gradients"), Choice("texts", steps=(100, 1000)), Choice("strategies", strategies=("greedy",)))
    variants = (
        Variant("net", {}),
        Variant("counted", {"learner": Choice("ngram", order=3), "probes.texts.steps": (0,)}),
        Variant("other", {"probes": (Choice("texts", steps=(500,), texts=9),)}),
    )
    experiment = dataclasses.replace(
        VARIED,
        base=dataclasses.replace(VARIED.base, probes=probes),
        axes={"what": variants[:2]},
        compare="what",
        points=(),
    )
    net, counted = arms(smoke(experiment, TABLES), TABLES)
    small = {probe.name: dict(probe.options) for probe in net.config.probes}
    assert small == {
        "gradients": {"every": 0, "examples": 2},
        "texts": {"steps": (2, 4), "texts": 2, "tokens": 20},
        "strategies": {"strategies": ("greedy",), "texts": 2},
    }
    assert {probe.name: dict(probe.options).get("steps") for probe in counted.config.probes}["texts"] == (0,)
    other = dataclasses.replace(experiment, axes={"what": variants[1:]})
    assert arms(smoke(other, TABLES), TABLES)[1].config.probes == (Choice("texts", steps=(2, 4), texts=2, tokens=20),)


def test_smoke_keeps_the_width_of_published_vectors():
    def widths(embedding_init):
        model = dataclasses.replace(VARIED.base.model, embedding=50)
        axes = {"words": (Variant("random", {}), Variant("given", {"model.embedding_init": embedding_init}))}
        base = dataclasses.replace(VARIED.base, model=model)
        varied = dataclasses.replace(VARIED, base=base, axes=axes, compare="words", points=())
        return {arm.config.model.embedding for arm in arms(smoke(varied), TABLES)}

    assert widths("glove") == {50} and widths("ppmi") == {4}


def test_values_that_are_the_same_in_small_are_one_arm():
    experiment = dataclasses.replace(EXPERIMENT, axes={"train.batch": (4, 32, 128), "model.layers": (1, 2)})
    assert smoke(experiment).axes == {"train.batch": (4,), "model.layers": (1, 2)}


def test_smoke_trains_on_few_examples_where_an_experiment_says_how_many():
    given = dataclasses.replace(EXPERIMENT.base, task=Choice("symbols", examples=300_000))
    assert smoke(dataclasses.replace(EXPERIMENT, base=given)).base.task == Choice("symbols", examples=1000)
    left = dataclasses.replace(EXPERIMENT.base, task=Choice("symbols"))
    assert smoke(dataclasses.replace(EXPERIMENT, base=left)).base.task == Choice("symbols")
