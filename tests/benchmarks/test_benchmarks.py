"""The benchmarks run and print what they promise; their figures are not judged here."""

import json
import subprocess
import sys
from importlib import util
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import from_torch
from rnn_research.models import sequence_model
from rnn_research.tasks import Batch, loss
from rnn_research.tasks.language_model import Scored

ROOT = Path(__file__).resolve().parents[2]


TORCH = ["torch threads", "torch processes"] if util.find_spec("torch") else []


def run(benchmark, *options):
    """The output of a benchmark, and its results by the figures of each."""
    command = [sys.executable, "-m", f"benchmarks.{benchmark}", *options, "--rounds=1", "--seconds=0.05"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    return result.stdout, json.loads(result.stdout.strip().splitlines()[-1])["results"]


@pytest.mark.slow
def test_training_benchmark_compares_all_contenders():
    printed, (row,) = run("training", "--cells=elman", "--sizes=0")
    assert set(row["milliseconds"]) == {"ours", "flax", *TORCH}
    assert all(value > 0 for value in row["milliseconds"].values())
    assert "| elman (32, 50, 16) |" in printed


@pytest.mark.slow
def test_language_benchmark_compares_all_contenders():
    printed, (trained, drawn) = run("language", "--sizes=words", "--vocabulary=50", "--no-compile")
    assert set(trained["tokens_per_second"]) == {"ours", *TORCH}
    assert set(drawn["tokens_per_second"]) == {"ours threads", "ours processes", *TORCH}
    assert all(value > 0 for row in (trained, drawn) for value in row["tokens_per_second"].values())
    assert "| training, words (50; 2 × 200; 20, 20) |" in printed
    assert "| sampling, words (50; 2 × 200; 64, 50) |" in printed


@pytest.mark.slow
def test_language_contenders_compute_the_same_loss():
    torch = pytest.importorskip("torch")
    from benchmarks.peers import ours_language, pytorch_language
    from benchmarks.peers.language import Job

    job = Job("training", vocabulary=30, embedding=8, layers=2, hidden=16, batch=4, time=6)
    task = ours_language.text_task(job)
    model = sequence_model(ours_language.network(job), task)
    theirs = pytorch_language.Network(job)
    weights = {name: weight.numpy() for name, weight in theirs.state_dict().items()}
    layers = {name.removeprefix("recurrent."): weight for name, weight in weights.items()}
    params = {
        "embedding": {"kernel": jnp.asarray(weights["embedding.weight"])},
        "recurrent": tuple(from_torch(layers, layer=depth) for depth in range(job.layers)),
        "head": {"kernel": jnp.asarray(weights["head.weight"].T), "bias": jnp.asarray(weights["head.bias"])},
    }
    ids = np.random.default_rng(1).integers(0, job.vocabulary, (job.batch, 3 * job.time + 1))
    state, their_state = model.start(job.batch), None
    for start in range(0, 3 * job.time, job.time):  # the state is carried over
        inputs, targets = ids[:, start : start + job.time], ids[:, start + 1 : start + job.time + 1]
        state, features = model.run(params, jnp.asarray(inputs), state=state)
        batch = Batch(inputs, Scored(targets, *[jnp.ones(targets.shape)] * 2), jnp.ones(targets.shape))
        their_features, their_state = theirs(torch.from_numpy(inputs.T), their_state)
        expected = theirs.loss(their_features, torch.from_numpy(targets.T)).item()
        assert float(loss(task, model.read(params, features), batch)) == pytest.approx(expected, abs=1e-4)
