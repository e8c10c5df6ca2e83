"""What a person sees while an experiment runs."""

import io
import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console

import rnn_research.experiment as ex
from rnn_research.execution.display import Display, Terminal
from rnn_research.execution.sparkline import LEVELS, sparkline
from rnn_research.experiment.config import TrainConfig, TrialConfig
from rnn_research.experiment.trials import Trial
from rnn_research.training.event import Event


def test_a_sparkline_goes_where_the_curve_goes():
    assert sparkline([8, 7, 6, 5, 4, 3, 2, 1]) == LEVELS[::-1]
    assert sparkline([1.0, math.nan, 2.0]) == "▁×█"
    assert sparkline([]) == "" and sparkline([3.0, 3.0]) == "▁▁"
    values = np.linspace(1, 0, 1000) ** 2
    shown = [LEVELS.index(one) for one in sparkline(values.tolist(), 24)]
    assert len(shown) == 24 and shown == sorted(shown, reverse=True) and shown[0] == 7 and shown[-1] == 0


@given(st.lists(st.floats(), max_size=60), st.integers(1, 30))
@example([8.98846567431158e307] * 2, 1)  # their sum is no number
def test_a_sparkline_shows_any_numbers(values, width):
    shown = sparkline(values, width)
    assert len(shown) == min(len(values), width)
    assert set(shown) <= {*LEVELS, "×"}


def shown(encoding, width=80, terminal=True):
    """What the live part says while two arms of three seeds each take four looks, and all that was printed."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, errors="replace", write_through=True)
    console = Console(file=stream, width=width, force_terminal=terminal, color_system=None)
    config = TrialConfig(train=TrainConfig(steps=4, eval_every=1))
    trials = [
        Trial(f"{name}{seed}", "main", arm, {"cell": f"[b]{name}"}, config, {})
        for arm, name in enumerate("ab")
        for seed in range(3)
    ]
    with Display(console) as display:
        display.group(1, 1, [SimpleNamespace(labels=trial.labels) for trial in (trials[0], trials[3])])
        display.pack(trials, {}, "mse")
        for step in range(1, 5):
            for index, trial in enumerate(trials):
                rows = {"valid": {"loss": 9.0, "mse": (1 + trial.arm) / step}}
                display.event(trial, Event(index, "chunk", step, rows, seconds=1.0))
        with console.capture() as frame:
            console.print(display._frame())
    return frame.get(), raw.getvalue().decode(encoding)


def test_each_arm_in_training_has_its_curve_and_the_reported_metric():
    frame, _ = shown("utf-8")
    assert "valid mse 0.5" in frame
    assert "█▃▁▁  0.25  [b]a" in frame and "█▃▁▁  0.5  [b]b" in frame
    assert max(map(len, frame.splitlines())) <= 80


def test_a_narrow_terminal_cuts_the_name_and_no_number():
    frame, _ = shown("utf-8", width=18)
    assert "0.25" in frame and "…" in frame


@pytest.mark.parametrize("encoding, terminal", [("ascii", True), ("utf-8", False)])
def test_no_curve_where_there_are_no_characters_for_it_or_no_terminal(encoding, terminal):
    frame, printed = shown(encoding, terminal=terminal)
    assert terminal or "█" not in printed
    assert terminal is False or not set(frame) & {*LEVELS, "?"}


def test_a_notebook_gets_text(monkeypatch):
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    assert Console().is_jupyter
    assert not Terminal().is_jupyter


@pytest.mark.parametrize(
    ("steps", "said"), [(9, "14 trials (8 of them pilots) in"), (5, "pilots, of 9 updates for 5)")]
)
def test_pilots_of_another_length_than_the_runs_are_told(steps, said):
    stream = io.StringIO()
    experiment = ex.Experiment(
        question="?",
        base=ex.TrialConfig(train=ex.TrainConfig(steps=steps)),
        axes={},
        compare="cell",
        seeds=3,
        tune=ex.Tune(values=(0.1, 0.2, 0.3, 0.4), seeds=1, steps=9),
    )
    Display(Console(file=stream, width=120)).plan(experiment, 2, 14, 2, "2 devices")
    assert said in stream.getvalue()
