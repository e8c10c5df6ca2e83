"""Seconds are counted once on each thread, for the innermost of what goes on; and what is to be timed is there."""

import pytest

from benchmarks.profile import LOOKING, WATCHED, Interval, config_of, cores_between, find, innermost
from rnn_research.execution.run_trials import Assignment
from rnn_research.experiment.config import TrialConfig
from rnn_research.experiment.trials import Trial


def split(*intervals):
    """(phase, program, start, end) of every piece."""
    given = [Interval(0, phase, program, "", start, end) for phase, program, start, end in intervals]
    return [(one.phase, one.program, one.start, one.end) for one in innermost(given)]


@pytest.mark.parametrize("module, name", [*((module, name) for module, name, _ in WATCHED), LOOKING])
def test_what_is_watched_is_there(module, name):
    owner, last = find(module, name)
    assert callable(getattr(owner, last))


def test_the_innermost_has_the_seconds():
    pieces = split(("a", "", 0, 10), ("b", "", 2, 5), ("c", "", 3, 4), ("d", "", 7, 8), ("e", "", 11, 12))
    assert pieces == [
        ("a", "", 0, 2),
        ("b", "", 2, 3),
        ("c", "", 3, 4),
        ("b", "", 4, 5),
        ("a", "", 5, 7),
        ("d", "", 7, 8),
        ("a", "", 8, 10),
        ("e", "", 11, 12),
    ]


def test_intervals_may_begin_and_end_together():
    assert split(("a", "", 0, 4), ("b", "", 0, 2), ("c", "", 2, 4)) == [("b", "", 0, 2), ("c", "", 2, 4)]


def test_what_names_no_program_is_of_the_one_around_it():
    pieces = split(("a", "", 0, 6), ("b", "1 adding", 1, 5), ("c", "", 2, 3), ("d", "2 copy", 3, 4))
    assert [(phase, program) for phase, program, *_ in pieces] == [
        ("a", ""),
        ("b", "1 adding"),
        ("c", "1 adding"),
        ("d", "2 copy"),
        ("b", "1 adding"),
        ("a", ""),
    ]


def test_cores_at_work_are_read_between_looks_at_the_clock():
    clock = [(0.0, 0.0), (1.0, 2.0), (3.0, 2.0)]  # two cores for a second, then none for two
    assert cores_between(clock, [Interval(0, "a", "", "", 0.25, 0.75)]) == pytest.approx(2.0)
    assert cores_between(clock, [Interval(0, "a", "", "", 0.5, 1.5)]) == pytest.approx(1.0)


def test_calls_are_of_the_configuration_among_their_arguments():
    config = TrialConfig()
    trial = Trial("id", "main", 0, {}, config, {})
    assert config_of((object(), config)) is config
    assert config_of(("run", trial)) is config
    assert config_of((Assignment(0, [trial], {}),)) is config
    assert config_of((1, "text")) is None
