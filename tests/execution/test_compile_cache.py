"""Compiled programs that outlive a process."""

import os
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest

from rnn_research.execution.compile_cache import SETTLED, STAMP, default_folder, tend
from tests.support.durability import command, ending
from tests.support.processes import LAUNCH, environment


def entry(folder: Path, name: str, age: float, content: bytes = b"program") -> Path:
    path = folder / f"{name}-cache"
    path.write_bytes(zlib.compress(content, 0))
    os.utime(path, (time.time() - age,) * 2)
    return path


def names(folder: Path) -> set[str]:
    return {path.name.removesuffix("-cache") for path in folder.glob("*-cache")}


def test_what_a_kill_cut_short_is_thrown_away_and_what_is_being_written_left_alone(tmp_path):
    for name, age in (("whole", 100), ("cut", 100), ("empty", 100), ("being written", 1)):
        path = entry(tmp_path, name, age)
        if name != "whole":
            path.write_bytes(path.read_bytes()[: 0 if name == "empty" else 8])
            os.utime(path, (time.time() - age,) * 2)
    tend(tmp_path)
    assert names(tmp_path) == {"whole", "being written"}
    for name in ("being written-cache", STAMP):  # a while later
        os.utime(tmp_path / name, (time.time() - SETTLED - 1,) * 2)
    tend(tmp_path)
    assert names(tmp_path) == {"whole"}


def test_the_longest_unused_make_room(tmp_path):
    for number in range(6):
        entry(tmp_path, str(number), 1000 - 100 * number, bytes(1000))
    os.utime(tmp_path / "0-cache", (time.time(), time.time() - 1000))  # old, and used just now
    size = (tmp_path / "0-cache").stat().st_size
    tend(tmp_path, 3 * size)
    assert names(tmp_path) == {"0", "4", "5"}


def test_the_folder_is_the_users(tmp_path):
    inside = default_folder({"XDG_CACHE_HOME": str(tmp_path)})
    assert inside.parent == tmp_path / "rnn_research" / "compiled"
    for unusable in ({}, {"XDG_CACHE_HOME": "relative"}):
        assert Path.home() in default_folder(unusable).parents


def of_a_shell(place: Path, *arguments: str) -> None:
    """A launch as from a shell that names no folder for compiled programs."""
    variables = {name: value for name, value in environment().items() if not name.startswith("JAX_")}
    variables |= {"JAX_PLATFORMS": "cpu", "XDG_CACHE_HOME": str(place)}
    subprocess.run([sys.executable, LAUNCH, *arguments], env=variables, check=True, stdout=subprocess.DEVNULL)


@pytest.mark.slow
def test_a_run_from_the_cache_is_the_same_to_the_bit(tmp_path, unbroken_arm):
    kept = []
    for attempt in ("cold", "warm"):
        workdir = tmp_path / attempt
        of_a_shell(tmp_path, *command(unbroken_arm.experiment, workdir, *unbroken_arm.options))
        assert ending(workdir) == unbroken_arm.ending
        kept.append({path: path.stat().st_mtime for path in (tmp_path / "rnn_research").rglob("*-cache")})
    assert any("advance" in path.name for path in kept[0])
    assert kept[0] == kept[1]


@pytest.mark.slow
def test_no_cache_is_kept_where_none_is_wanted(tmp_path):
    of_a_shell(tmp_path, "--experiment=lstm_vs_gru", "--smoke", "--dry_run", "--no_compile_cache")
    assert not (tmp_path / "rnn_research").exists()
