"""How many trials a learner is made for, by the way in which a device runs them."""

from pathlib import Path
from threading import Event
from types import SimpleNamespace

import pytest
from rich.console import Console

from rnn_research.execution.display import Display
from rnn_research.execution.options import Options
from rnn_research.execution.program_cache import ProgramCache
from rnn_research.execution.run_trials import Assignment
from rnn_research.execution.stop_request import StopRequest
from rnn_research.execution.worker import Picker, may_compile_ahead, work
from rnn_research.experiment import Choice, Measure, TrialConfig
from rnn_research.experiment.paths import replace
from rnn_research.learners import LEARNERS, Kind, Learner
from tests.support.small_runs import wait_for

TIMED = (Measure("size", "parameters", "facts"), Measure("training time (s)", "seconds", "train", "total"))
CONFIG = TrialConfig(learner=Choice("asked"))


@pytest.fixture
def asked(monkeypatch):
    """The devices that learners were made for."""
    found = []

    def make(config, task, devices):
        found.append(devices)
        return Learner({}, 0.0, None, *[None] * 4)

    monkeypatch.setitem(LEARNERS, "asked", lambda: Kind(make, lambda *arguments: None))
    return found


@pytest.mark.parametrize(("pack", "per_device"), [("auto", 1), ("map", 1), ("vmap", 3)])
def test_side_by_side_there_is_room_for_all_trials(pack, per_device, asked):
    programs, display = ProgramCache({CONFIG.task: None}, pack=pack), Display(Console())
    assert programs.groups == 2
    learner = programs.get(CONFIG, 5, display)
    assert programs.get(CONFIG, 5 if pack == "vmap" else 1, display) is learner
    assert [(devices.per_device, devices.pack) for devices in asked] == [(per_device, pack)]


@pytest.mark.parametrize(
    ("attempts", "beside", "taken", "room"), [(0, None, 3, 4), (1, None, 1, 0), (0, 1, 2, 2), (0, 2, 3, 4)]
)
def test_a_program_has_room_for_the_runs_that_follow_its_pilots(monkeypatch, attempts, beside, taken, room):
    """But not for one that has lost its worker, which may have wanted memory."""
    group, trials = SimpleNamespace(number=0), [SimpleNamespace(id=str(number)) for number in range(5)]
    plan = SimpleNamespace(groups=[group], runs=lambda group: 8, ended=lambda trial: False)
    free = SimpleNamespace(acquire=lambda name: None)
    monkeypatch.setattr(Picker, "attempts", lambda self, trial: attempts)
    picker = Picker(plan, ProgramCache({}, pack="vmap"), free, Options(Path(), workers=2, beside=beside), None)
    assignment = picker.lease(group, trials)
    assert (len(assignment.trials), assignment.room, assignment.places) == (taken, room, max(taken, room))


@pytest.mark.parametrize(("pack", "said"), [("map", True), ("vmap", False)])
def test_a_limit_that_changes_nothing_is_said(capsys, pack, said):
    """Worker processes learn only on their machine that trials run one after another."""
    plan, leases = SimpleNamespace(groups=[]), SimpleNamespace(lost=set())
    work(plan, ProgramCache({}, pack=pack), leases, Options(Path(), beside=2), Display(Console()), StopRequest())
    assert ("--beside changes nothing" in capsys.readouterr().out) == said


def test_an_unknown_pack_is_refused():
    with pytest.raises(ValueError, match="vmap"):
        ProgramCache({}, pack="vmp")


def coming(learner: str) -> TrialConfig:
    return replace(CONFIG, "learner", Choice(learner))


@pytest.fixture
def slow(monkeypatch):
    """Learners ``first`` and ``second`` that are prepared when they are let; and which have begun, by name."""
    begun, free = [], {"first": Event(), "second": Event(), "broken": Event()}

    def kind(name):
        def prepare():
            begun.append(name)
            assert free[name].wait(60)
            if name == "broken":
                raise RuntimeError("no such memory")

        return lambda: Kind(lambda *_: Learner({"name": name}, 0.0, prepare, *[None] * 4), lambda *_: None)

    for name in free:
        monkeypatch.setitem(LEARNERS, name, kind(name))
    yield begun, free
    for event in free.values():
        event.set()


def test_programs_are_compiled_ahead_and_each_once(slow):
    begun, free = slow
    programs, display = ProgramCache({CONFIG.task: None}), Display(Console())
    programs.ahead([(coming("first"), 1), (coming("second"), 1)])
    free["first"].set()
    first = programs.get(coming("first"), 1, display)
    assert wait_for(lambda: begun == ["first", "second"])  # though nobody has asked for it yet
    free["second"].set()
    assert programs.get(coming("second"), 1, display).facts == {"name": "second"}
    programs.ahead([(coming("first"), 5)])
    assert programs.get(coming("first"), 5, display) is first
    assert begun == ["first", "second"]
    programs.get(coming("second"), 1, display)  # no longer wanted, it was forgotten
    programs.close()
    assert begun == ["first", "second", "second"]


def test_what_fails_ahead_fails_the_trials_that_need_it_and_is_tried_again(slow):
    begun, free = slow
    programs, display = ProgramCache({CONFIG.task: None}), Display(Console())
    programs.ahead([(coming("broken"), 1)])
    free["broken"].set()
    for _ in range(2):
        with pytest.raises(RuntimeError, match="no such memory"):
            programs.get(coming("broken"), 1, display)
    programs.close()
    assert begun == ["broken"] * 2


def test_nothing_is_compiled_beside_trials_whose_time_is_measured():
    programs = ProgramCache({})
    timed, untimed = (SimpleNamespace(experiment=SimpleNamespace(measures=found)) for found in (TIMED, TIMED[:1]))
    assert may_compile_ahead(untimed, programs, Options(Path()))
    assert may_compile_ahead(untimed, programs, Options(Path(), workers=1))
    assert not may_compile_ahead(timed, programs, Options(Path()))
    assert not may_compile_ahead(untimed, programs, Options(Path(), workers=2))  # who may have taken what comes next
    assert not may_compile_ahead(untimed, ProgramCache({}, pack="vmap"), Options(Path()))


def test_what_comes_next_are_the_programs_with_trials_left():
    groups = [SimpleNamespace(number=number) for number in range(6)]
    left = {0: 2, 2: 5, 4: 1, 5: 3}  # programs 1 and 3 are done
    trials = {n: [SimpleNamespace(config=f"{n}, {trial}") for trial in range(left.get(n, 0))] for n in range(6)}
    plan = SimpleNamespace(groups=groups, open=lambda group: trials[group.number])
    picker = Picker(plan, None, None, Options(Path()), None)
    picker.at = 2
    assert picker.coming(Assignment(2, trials[2][1:], {})) == [("2, 1", 4), ("4, 0", 1), ("5, 0", 3)]
    picker.at = 4
    assert picker.coming(Assignment(4, trials[4], {})) == [("4, 0", 1), ("5, 0", 3), ("0, 0", 2)]
