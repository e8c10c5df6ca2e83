"""Dotted paths: read, replace, convert."""

import pytest

from rnn_research.experiment import Choice, TrialConfig, paths
from tests.support.tables import TABLES


def test_replace_converts_to_the_fields_type():
    config = paths.replace(TrialConfig(), "optimizer.learning_rate", "3e-4")
    assert config.optimizer.learning_rate == 3e-4
    assert paths.replace(config, "train.steps", "1e3").train.steps == 1000
    assert paths.replace(config, "model.residual", "True").model.residual is True
    assert paths.replace(config, "model.cell.hidden", "64", TABLES).model.cell["hidden"] == 64
    assert paths.replace(config, "task", "adding(length=3)", TABLES).task == Choice("adding", length=3)
    assert paths.get(config, "optimizer.learning_rate") == 3e-4


@pytest.mark.parametrize("name", ["1984", "true", "1e5", "0", "a,b", "it's"])
def test_text_stays_text_where_text_is_declared(name):
    config = paths.replace(TrialConfig(), "task", Choice("text"))
    for value in (name, name + ".txt"):
        assert paths.replace(config, "task.path", value, TABLES).task["path"] == value
        assert paths.replace(config, "task.path", value).task["path"] == value  # nor is it judged before it can be
        assert paths.replace(config, "model.embedding_init", value).model.embedding_init == value


def test_an_option_that_is_not_given_has_its_factorys_default():
    assert paths.get(TrialConfig(), "task.length", TABLES) == 50
    assert paths.get(TrialConfig(), "probes.gradients.examples", TABLES) == 32
    assert paths.kind_of(TrialConfig(), "task.length", TABLES) is int
    assert paths.kind_of(TrialConfig(), "task.path", TABLES) is None  # of another task
    with pytest.raises(ValueError, match="'adding' has no option 'lenth'; did you mean 'length'"):
        paths.get(TrialConfig(), "task.lenth", TABLES)
    with pytest.raises(ValueError, match="'adding' has no option 'length'"):
        paths.get(TrialConfig(), "task.length")


def test_an_option_of_another_factory_waits_as_text():
    assert paths.replace(TrialConfig(), "task.path", "1984", TABLES).task["path"] == "1984"
    assert paths.replace(TrialConfig(), "task.limit", "7", TABLES).task["limit"] == "7"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("optimiser.learning_rate", "1", "did you mean 'optimizer'"),
        ("optimizer.lerning_rate", "1", "did you mean 'learning_rate'"),
        ("optimizer.name", "adm", "^optimizer.name cannot be 'adm'; did you mean 'adam'"),
        ("model.cell.name", Choice("gru"), "^model.cell.name must be a name, not gru; model.cell takes that"),
        ("train.steps", "2.5", "^train.steps must be of type int"),
        ("train.steps", "many", "type int"),
        ("train.steps.more", "1", "has no field"),
        ("model.residual", "maybe", "type bool"),
        ("model", "lstm", "^model is a group of fields"),
        ("task.length", "2.5", "type int"),
        ("task.length.more", "1", "has no option"),
        ("probes.gradient.every", "1", "did you mean 'gradients'"),
        ("probes.gradients", "1", r"probes\.NAME\.OPTION"),
        ("probes.texts.steps", "1,x", "type int"),
    ],
)
def test_replace_refuses(path, value, message):
    with pytest.raises(ValueError, match=message):
        paths.replace(TrialConfig(), path, value, TABLES)


def test_probes_are_set_together_or_one_option_at_a_time():
    both = paths.replace(TrialConfig(), "probes", "gradients(every=250),texts", TABLES)
    assert both.probes == (Choice("gradients", every=250), Choice("texts"))
    assert paths.replace(both, "probes.gradients.every", "100", TABLES).probes[0] == Choice("gradients", every=100)
    assert paths.replace(both, "probes.texts.steps", "100,300", TABLES).probes[1] == Choice("texts", steps=(100, 300))
    added = paths.replace(TrialConfig(), "probes.texts.steps", "100", TABLES)
    assert added.probes == (Choice("texts", steps=(100,)),)
    assert paths.replace(both, "probes", "", TABLES).probes == ()
    assert paths.replace(TrialConfig(), "probes", (Choice("texts"),)).probes == (Choice("texts"),)
