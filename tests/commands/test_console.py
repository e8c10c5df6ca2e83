"""The one command of an installed package."""

import importlib
import tomllib
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.commands import console, flags

ROOT = Path(__file__).resolve().parents[2]


def test_it_is_what_is_installed():
    with open(ROOT / "pyproject.toml", "rb") as file:
        target = tomllib.load(file)["project"]["scripts"]["rnn-research"]
    module, _, name = target.partition(":")
    assert getattr(importlib.import_module(module), name) is console.main


@pytest.mark.parametrize("command", ["launch", "generate", "predict", "show"])
def test_each_command_shows_its_own_help(command, capsys):
    assert console.main([command, "--help"]) == 0
    found = capsys.readouterr().out
    assert found.startswith(importlib.import_module(f"rnn_research.commands.{command}").__doc__.strip()[:40])
    assert console.main([command, "--nonsense"]) == 2
    assert "nonsense" in capsys.readouterr().err


def test_all_are_named_by_its_help_and_a_mistyped_one_by_the_nearest(capsys):
    assert console.main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"rnn-research {name} " in shown for name in console.COMMANDS)
    assert console.main(["lanch"]) == 2
    assert capsys.readouterr().err == "rnn-research: unknown command 'lanch'; did you mean 'launch'?\n"
    assert console.main([]) == 2


@pytest.mark.parametrize("body", [lambda given: np.zeros(2**47), lambda given: jnp.zeros(2**50)])
def test_too_little_memory_is_said_in_a_line(body, capsys):
    """A beam of 100,000, say; Python's error and XLA's."""
    assert flags.run("predict", "", (), [], body) == 1
    said = capsys.readouterr().err
    assert said.startswith("predict: out of memory: ") and said.count("\n") == 1


def test_other_errors_keep_their_traces():
    def fail(given):
        raise RuntimeError("a fault")

    with pytest.raises(RuntimeError, match="a fault"):
        flags.run("predict", "", (), [], fail)


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("--beam=1.5", "predict: flag --beam=1.5: a whole number is wanted"),
        ("--length_penalty=abc", "predict: flag --length_penalty=abc: a number is wanted"),
        ("--scores=maybe", "predict: flag --scores=maybe: it is a switch, which takes no value"),
        ("--beam=0", "predict: flag --beam=0: 0 is not a positive integer"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_in_words(argument, said, capsys):
    assert console.main(["predict", argument]) == 2
    assert capsys.readouterr().err.startswith(said)
