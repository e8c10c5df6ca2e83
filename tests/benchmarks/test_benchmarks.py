"""The benchmarks run and print what they promise; their figures are not judged here."""

import json
from importlib import util
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks import contenders, language, training
from benchmarks.contenders import Contender
from rnn_research.cells import from_torch
from rnn_research.models import network
from rnn_research.tasks import TASKS, Batch
from rnn_research.tasks.language_model import Spelled
from tests.support.haste import flags
from tests.support.processes import environment

ROOT = Path(__file__).resolve().parents[2]


TORCH = ["torch threads", "torch processes"]
needs_torch = pytest.mark.skipif(util.find_spec("torch") is None, reason="what is compared with needs torch")


@pytest.fixture
def run(capsys):
    """The output of a benchmark with options, and its results by the figures of each."""

    def printed(benchmark, *options):
        benchmark.main([*options, "--rounds=1", "--seconds=0.05"])
        lines = capsys.readouterr().out
        return lines, json.loads(lines.strip().splitlines()[-1])["results"]

    return printed


@pytest.fixture
def hasty_contenders(monkeypatch):
    """Contenders compile in haste, and find what others of this run of the tests have compiled: for networks so small
    that they are not much slower for it."""
    clean = contenders.clean_environment
    kept = {name: value for name, value in environment().items() if name.startswith("JAX_")}
    monkeypatch.setattr(contenders, "clean_environment", lambda platform: clean(platform) | kept | flags())


@pytest.mark.slow
@pytest.mark.torch
@needs_torch
@pytest.mark.usefixtures("hasty_contenders")
def test_training_benchmark_compares_all_contenders(run):
    printed, (row,) = run(
        training, "--cells=elman", "--sizes=0", "--padded", "--packs=2", "--peers=torch,flax", f"--against={ROOT}"
    )
    assert set(row["milliseconds"]) == {"ours", "padded", "before", "flax", "limit", "pack 2", *TORCH}
    assert all(value > 0 for value in row["milliseconds"].values())
    assert row["ratio"]["padded"][0] == pytest.approx(row["milliseconds"]["padded"] / row["milliseconds"]["ours"])
    assert "| elman (32, 50, 16) |" in printed
    assert "| padded / ours | before / ours |" in printed


def test_the_other_checkout_is_taken_from_where_it_lies(tmp_path):
    peers = tmp_path / "benchmarks" / "peers"
    peers.mkdir(parents=True)
    answer = """print(42 if "seconds" in line else '"made up"', flush=True)"""
    (peers / "ours.py").write_text(f"for line in iter(input, ''): {answer}")
    other = Contender("before", "ours", checkout=training.checkout(str(tmp_path)))
    try:
        assert other.prepare(training.Job("elman", 1, 1, 1, 1)) == ["made up"]
        assert other.run(1.0) == 42
    finally:
        other.close()


def test_a_directory_without_the_project_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        training.parse([f"--against={tmp_path}"])
    assert "is not a checkout of this project" in capsys.readouterr().err


def test_padded_examples_have_lengths_of_all_sizes():
    from benchmarks.peers.ours import padded

    task = padded(TASKS["adding"](9))
    lengths = np.stack([task.data.train((), jax.random.key(0), step, 50).lengths for step in range(3)])
    assert sorted(set(lengths.reshape(-1))) == list(range(1, 10))
    assert (lengths[0] != lengths[1]).any()


@pytest.mark.slow
@pytest.mark.torch
@needs_torch
@pytest.mark.usefixtures("hasty_contenders")
def test_language_benchmark_compares_all_contenders(run, monkeypatch):
    for jobs in language.JOBS.values():
        monkeypatch.setitem(jobs, "words", jobs["words"]._replace(embedding=8, hidden=8, batch=4, time=5))
    printed, (trained, drawn) = run(language, "--sizes=words", "--vocabulary=50", "--no-compile")
    assert set(trained["tokens_per_second"]) == {"ours", *TORCH}
    assert set(drawn["tokens_per_second"]) == {"ours threads", "ours processes", *TORCH}
    assert all(value > 0 for row in (trained, drawn) for value in row["tokens_per_second"].values())
    assert "| training, words (50; 2 × 8; 4, 5) |" in printed
    assert "| sampling, words (50; 2 × 8; 4, 5) |" in printed


@pytest.mark.slow
@pytest.mark.torch
def test_language_contenders_compute_the_same_loss():
    torch = pytest.importorskip("torch")
    from benchmarks.peers import ours_language, pytorch_language
    from benchmarks.peers.language import Job

    job = Job("training", vocabulary=30, embedding=8, layers=2, hidden=16, batch=4, time=6)
    task = ours_language.text_task(job)
    model = network(ours_language.network(job), task.inputs, task.target)
    theirs = pytorch_language.Network(job)
    weights = {name: weight.numpy() for name, weight in theirs.state_dict().items()}
    layers = {name.removeprefix("recurrent."): weight for name, weight in weights.items()}
    params = {
        "embedding": {"kernel": jnp.asarray(weights["embedding.weight"])},
        "recurrent": tuple(from_torch(layers, layer=depth) for depth in range(job.layers)),
        "head": {"kernel": jnp.asarray(weights["head.weight"].T), "bias": jnp.asarray(weights["head.bias"])},
    }
    ids = np.random.default_rng(1).integers(0, job.vocabulary, (job.batch, 3 * job.time + 1))
    carry, their_state = model.start(job.batch), None
    for start in range(0, 3 * job.time, job.time):  # the state is carried over
        inputs, targets = ids[:, start : start + job.time], ids[:, start + 1 : start + job.time + 1]
        ones = jnp.ones(targets.shape)
        batch = Batch(jnp.asarray(inputs), jnp.asarray(targets), ones, about=Spelled(ones, ones))
        terms, carry, _ = model.forward(params, batch, carry)
        total, weight = task.measure(terms, batch)["loss"]
        their_features, their_state = theirs(torch.from_numpy(inputs.T), their_state)
        expected = theirs.loss(their_features, torch.from_numpy(targets.T)).item()
        assert float(total / weight) == pytest.approx(expected, abs=1e-4)
