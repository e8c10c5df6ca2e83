"""The one command of an installed package."""

import importlib
import tomllib
from pathlib import Path

import pytest

from rnn_research.commands import console

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
