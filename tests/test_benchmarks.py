"""The benchmarks run and print what they promise; their figures are not judged here."""

import json
import subprocess
import sys
from importlib import util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.slow
def test_training_benchmark_compares_all_contenders():
    quick = ["--cells=elman", "--sizes=0", "--rounds=1", "--seconds=0.05"]
    command = [sys.executable, "-m", "benchmarks.training", *quick]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    (row,) = json.loads(result.stdout.strip().splitlines()[-1])["results"]
    contenders = {"ours", "flax"} | ({"torch threads", "torch processes"} if util.find_spec("torch") else set())
    assert set(row["milliseconds"]) == contenders
    assert all(value > 0 for value in row["milliseconds"].values())
    assert "| elman (32, 50, 16) |" in result.stdout
