"""Checkpoints come back as they were saved, or not at all."""

import json
import os
import random
import shutil
import subprocess
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.runs import checkpoints
from rnn_research.runs.checkpoints import complete, read, restore, save
from rnn_research.runs.files import StorageError
from rnn_research.trees import arrays_of, misfit, tree_of
from tests.support.durability import bits, damages


class State(NamedTuple):
    params: dict
    step: np.ndarray


def state(step=0):
    values = np.random.default_rng(step)
    kernel = values.normal(size=(3, 4)).astype(np.float32)
    kernel[0, 0], kernel[0, 1] = np.nan, -0.0
    params = {"kernel": kernel, "bias": jnp.zeros(4, jnp.bfloat16), "empty": np.zeros((0, 2), np.float64)}
    return State({"cell": params, "layers": (np.uint32(7), np.array([True, False]))}, np.int32(step))


@pytest.fixture
def two(tmp_path):
    """A directory with checkpoints at steps 10 and 20."""
    for step in (10, 20):
        save(tmp_path / "checkpoints", step, arrays_of(state(step)), {"note": step})
    return tmp_path / "checkpoints"


def test_what_is_saved_comes_back_to_the_bit(two):
    found = restore(two)
    assert found.step == 20 and found.notes == {"note": 20}
    back = tree_of(state(), found.arrays)
    assert isinstance(back, State) and back.params["cell"]["bias"].dtype == jnp.bfloat16
    expected = arrays_of(state(20))
    assert {name: (a.shape, a.dtype, a.tobytes()) for name, a in found.arrays.items()} == {
        name: (a.shape, a.dtype, a.tobytes()) for name, a in expected.items()
    }
    assert "params.cell.kernel" in found.arrays


@pytest.mark.parametrize("keep", [1, 2, 3])
def test_the_newest_are_kept(tmp_path, keep):
    for step in range(5):
        save(tmp_path, step, arrays_of(state(step)), {}, keep)
    assert [int(path.name) for path in complete(tmp_path)] == [0, 1, 2, 3, 4][-keep:]


def test_the_newest_is_the_one_of_the_highest_step_however_long_its_name(tmp_path):
    for step in (99_999_900, 100_000_000):
        save(tmp_path, step, {"step": np.array([step])}, {}, keep=1)
    (tmp_path / "²").mkdir()
    assert restore(tmp_path).step == 100_000_000
    assert [path.name for path in complete(tmp_path)] == ["100000000"]


def test_nothing_there_is_none(tmp_path):
    assert restore(tmp_path / "nowhere") is None


def test_saving_a_step_again_replaces_it(two):
    before = (two / "00000020/manifest.json").stat().st_mtime_ns
    save(two, 20, arrays_of(state(20)), {"note": 20})
    assert (two / "00000020/manifest.json").stat().st_mtime_ns == before  # the same: left alone
    save(two, 20, arrays_of(state(21)), {"note": 21})
    assert restore(two).notes == {"note": 21}


@pytest.mark.slow
def test_every_damage_to_every_file_is_found_and_the_one_before_is_used(two, tmp_path):
    older, newer = complete(two)
    expected = bits(read(older))
    cases = list(damages(newer, flips=8, draw=random.Random(0)))
    assert len(cases) > 60
    for file, how, content in cases:
        copy = tmp_path / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(two, copy)
        victim = copy / newer.name / file
        victim.unlink() if content is None else victim.write_bytes(content)
        warnings = []
        found = restore(copy, warn=warnings.append)
        assert found.step == 10 and bits(found) == expected, (file, how)
        assert len(warnings) == 1 and newer.name in warnings[0]
        again = restore(copy, warn=warnings.append)
        assert again.step == 10 and len(warnings) == 1  # set aside once and for all


def test_damaged_ones_are_set_aside_not_deleted(two):
    for number in (1, 2):
        for file in (two / "00000020/arrays").rglob("*"):
            if file.is_file():
                file.write_bytes(b"")
        assert restore(two, warn=lambda line: None).step == 10
        assert (two / f"00000020.damaged-{number}").is_dir()
        save(two, 20, arrays_of(state(20)), {})
    assert restore(two).step == 20


def test_all_damaged_is_none(two):
    for path in complete(two):
        (path / "manifest.json").write_text("{}")
    assert restore(two, warn=lambda line: None) is None


def test_a_manifest_that_was_edited_does_not_pass(two):
    path = two / "00000020/manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | {"step": 21}))
    assert restore(two, warn=lambda line: None).step == 10


def test_a_newer_format_is_refused(two, monkeypatch):
    monkeypatch.setattr(checkpoints, "FORMAT", 0)
    with pytest.raises(ValueError, match="newer version"):
        restore(two)


def test_what_does_not_fit_is_set_aside(two):
    warnings = []
    found = restore(two, lambda checkpoint: "too new" if checkpoint.step == 20 else "", warnings.append)
    assert found.step == 10
    assert "too new" in warnings[0]
    assert "params.cell.bias" in misfit(state()._replace(params={}), found.arrays)
    assert misfit(state(), found.arrays) == ""


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place]).returncode:
        pytest.skip("mounting a tmpfs takes root")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_is_loud_and_keeps_the_last_good_one(small_disk):
    big = {"kernel": np.random.default_rng(0).normal(size=(300, 100))}  # 240 kB that do not compress
    saved, said = 0, ""
    while not said:
        try:
            save(small_disk, saved + 1, big, {}, keep=9)
            saved += 1
        except StorageError as error:
            said = str(error)
    assert 1 <= saved <= 4
    assert "no space left" in said and "\n" not in said
    assert restore(small_disk).step == saved
    subprocess.run(["mount", "-o", "remount,size=9m", small_disk], check=True)
    save(small_disk, saved + 1, big, {})
    found = restore(small_disk)
    assert found.step == saved + 1
    np.testing.assert_array_equal(found.arrays["kernel"], big["kernel"])
