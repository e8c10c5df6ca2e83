"""What fields declare, and what follows from it: ranges, the compiled part, identity."""

import dataclasses
import subprocess
import sys
from dataclasses import dataclass

import pytest

from rnn_research.experiment import Choice, ModelConfig, PenaltyConfig, TrainConfig, TrialConfig, paths
from rnn_research.experiment.config import fingerprint, from_dict, signature, to_dict, traced_paths, validate
from rnn_research.experiment.settings import check_ranges, setting, settings, static
from tests.support.tables import VARIED


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("train.steps", -1, "must be 0 or more, not -1"),
        ("train.batch", -1, "must be more than 0, not -1"),
        ("optimizer.learning_rate", 0.0, "must be more than 0, not 0.0"),
        ("optimizer.learning_rate", float("inf"), "must be a finite number, not inf"),
        ("optimizer.learning_rate", 1e39, r"must be a number that float32 can hold, not 1e\+39"),
        ("penalty.l2", 1e-50, "must be a number that float32 can hold, not 1e-50"),
        ("optimizer.clip_norm", -1.0, "must be 0 or more, not -1.0"),
        ("optimizer.clip_norm", float("inf"), "must be a finite number, not inf"),
        ("optimizer.warmup", 1.0, r"must be in \[0, 1\), not 1.0"),
        ("train.eval_every", 7, "must be a multiple of train.eval_every"),
        ("model.init_scale", float("nan"), "must be a finite number, not nan"),
    ],
)
def test_validate_names_the_path(path, value, message):
    with pytest.raises(ValueError, match=f"{path}.* {message}" if "multiple" not in message else message):
        validate(paths.replace(TrialConfig(), path, value))


def test_the_ends_of_ranges_are_as_declared():
    @dataclass(frozen=True)
    class Inner:
        low: float = setting(1, least=1)
        between: float = setting(0.5, above=0, below=1)
        endless: float = setting(0.0, finite=False)
        flag: bool = setting(False, above=3)
        name: str = setting("x", above=3)

    @dataclass(frozen=True)
    class Outer:
        inner: Inner = dataclasses.field(default_factory=Inner)
        top: int = setting(0, below=2)

    check_ranges(Outer(Inner(low=1, endless=float("inf")), top=1))
    for outer, message in (
        (Outer(Inner(low=0.5)), r"inner\.low must be 1 or more, not 0.5"),
        (Outer(Inner(between=0.0)), r"inner\.between must be in \(0, 1\), not 0.0"),
        (Outer(Inner(between=1.0)), r"inner\.between must be in \(0, 1\), not 1.0"),
        (Outer(top=2), r"top must be less than 2, not 2"),
    ):
        with pytest.raises(ValueError, match=message):
            check_ranges(outer)


def test_nothing_that_a_program_is_compiled_from_holds_a_trials_own_value():
    compiled = static(TrialConfig(penalty=PenaltyConfig(l2=0.5), seed=7))
    kept = {path: value for path, rule, value in settings(compiled) if rule.traced}
    assert kept.keys() == set(traced_paths())
    assert {path for path, value in kept.items() if value is True} == {"penalty.l2"}
    assert {path for path, value in kept.items() if value is False} == {
        "model.dropout",
        "model.scheduled_sampling",
        "model.weight_noise",
        "optimizer.clip_value",
        "penalty.omega",
        "penalty.orthogonality",
    }
    assert all(value is None or isinstance(value, bool) for value in kept.values())
    untouched = {path: value for path, rule, value in settings(TrialConfig()) if not rule.traced}
    assert untouched == {path: value for path, rule, value in settings(compiled) if not rule.traced}


def test_what_trials_of_a_program_may_differ_in_does_not_change_its_signature():
    assert {"seed", "train.steps", "optimizer.learning_rate", "model.dropout"} < set(traced_paths())
    assert "train.batch" not in traced_paths()
    switched = [path for path, rule, _ in settings(TrialConfig()) if rule.switch]
    for path in set(traced_paths()) - set(switched):
        assert signature(paths.replace(TrialConfig(), path, 3)) == signature(TrialConfig())


def test_what_is_only_there_where_it_is_asked_for_makes_a_program_of_its_own():
    config = TrialConfig()
    switched = [path for path, rule, _ in settings(config) if rule.switch]
    penalties = {"penalty.l2", "penalty.omega", "penalty.orthogonality"}
    of_models = {"model.dropout", "model.weight_noise", "model.scheduled_sampling"}
    assert set(switched) == of_models | {"optimizer.clip_value"} | penalties
    for path in switched:
        some, more = (signature(paths.replace(config, path, value)) for value in (0.1, 0.2))
        assert some == more != signature(config)


def test_a_penalty_that_is_there_makes_another_program_its_weight_does_not():
    base = VARIED.base
    some, more, none = (dataclasses.replace(base, penalty=PenaltyConfig(l2=weight)) for weight in (0.1, 0.2, 0.0))
    assert signature(some) == signature(more) != signature(none)
    assert fingerprint(some) != fingerprint(more)


def test_the_same_config_has_the_same_id_in_another_process():
    code = (
        "from rnn_research.experiment.config import *; print(fingerprint(TrialConfig(seed=3)));"
        "import sys; assert 'jax' not in sys.modules"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert other == fingerprint(TrialConfig(seed=3))
    assert other != fingerprint(TrialConfig(seed=4))


def test_a_config_read_back_from_plain_values_is_the_same():
    probes = (Choice("texts", steps=(1, 2)), Choice("strategies", strategies=["greedy"]))
    config = TrialConfig(learner=Choice("ngram", order=5), probes=probes, model=ModelConfig(norm="layer"))
    assert from_dict(TrialConfig, to_dict(config)) == config
    assert from_dict(TrialConfig, {}) == TrialConfig()


def test_initial_parameters_may_be_looked_at_and_what_needs_no_steps_takes_none():
    still = dataclasses.replace(VARIED.base, train=TrainConfig(steps=0))
    validate(dataclasses.replace(still, probes=(Choice("gradients"),)))
    validate(dataclasses.replace(still, learner=Choice("ngram", order=2)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"train": TrainConfig(steps=0)}, "nothing would be trained and nothing looked at"),
        ({"penalty": PenaltyConfig(omega=1.0)}, "one layer of Elman cells"),
        ({"penalty": PenaltyConfig(l2=-1.0)}, "penalty.l2 must be 0 or more"),
        ({"probes": (Choice("texts", steps=(150,)),)}, r"probes\.texts\.steps: 150 must be a multiple of train"),
        (
            {"probes": (Choice("texts", steps=(0, 1100)),)},
            r"probes\.texts\.steps: 1100 .* at most train.steps \(1000\)",
        ),
        ({"probes": (Choice("texts", steps=(-100,)),)}, r"probes\.texts\.steps: -100"),
        ({"probes": (Choice("texts", steps=()), Choice("texts", steps=(0,)))}, "probes holds 'texts' 2 times"),
        (
            {"penalty": PenaltyConfig(omega=1.0), "model": ModelConfig(cell=Choice("elman", hidden=2), skip=2)},
            "no skip connections",
        ),
    ],
)
def test_penalties_and_probes_that_no_run_can_have_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        validate(dataclasses.replace(VARIED.base, **change))
