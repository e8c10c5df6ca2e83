"""How many trials a learner is made for, by the way in which a device runs them."""

import pytest
from rich.console import Console

from rnn_research.execution.display import Display
from rnn_research.execution.program_cache import ProgramCache
from rnn_research.experiment import Choice, TrialConfig
from rnn_research.learners import LEARNERS, Kind, Learner

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


def test_an_unknown_pack_is_refused():
    with pytest.raises(ValueError, match="vmap"):
        ProgramCache({}, pack="vmp")
