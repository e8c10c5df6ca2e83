"""What is seen inside networks: Jacobians and their bound by NumPy; curves; scores at other lengths."""

import jax
import numpy as np
import pytest

from rnn_research.cells import CELLS
from rnn_research.experiment import Choice, ModelConfig
from rnn_research.experiment.choice import build
from rnn_research.gradients import half_life, log10_kept
from rnn_research.models import Weights
from rnn_research.probes import PROBES
from rnn_research.tasks import TASKS
from rnn_research.training.step import Setup, evaluate
from tests.support.at_random import params_of
from tests.support.subjects import changed, subject_of, weights_of


def look_with(name, subject, params, **options):
    """What one look finds: numbers, and exhibits by name."""
    found = PROBES[name](**options).make(subject)(weights_of(params))
    return found.numbers, {one.name: one for one in found.exhibits}


def test_jacobians_and_their_bound():
    config = changed(model=ModelConfig(cell=Choice("elman", hidden=6, activation="sigmoid"), init_scale=3.0))
    subject = subject_of(config)
    params = params_of(subject.model, scale=1.0)
    row, shown = look_with("jacobians", subject, params, examples=4)
    kernel = np.asarray(params["recurrent"][0]["recurrent_kernel"], np.float64)
    assert row["bound"] == pytest.approx(0.25 * np.linalg.norm(kernel, 2), rel=1e-5)
    cell = CELLS["elman"](6, activation="sigmoid")
    step = jax.jit(lambda state, x: cell.step(params["recurrent"][0], state, x)[0])
    norms, ends = [], []
    for inputs in subject.task.data.held_out("valid", 16).inputs[0][:4]:
        state, product, spans = cell.initial_state(), np.eye(6), []
        for x in inputs:
            state = step(state, x)
            slope = np.asarray(state.hidden * (1 - state.hidden), np.float64)
            jacobian = slope[:, None] * kernel.T
            norms.append(np.linalg.norm(jacobian, 2))
            product = jacobian @ product
            spans.append(np.log10(np.linalg.norm(product, 2)))
        ends.append(spans)
    assert row["jacobian_norm_max"] == pytest.approx(max(norms), rel=1e-4)
    assert row["jacobian_norm"] == pytest.approx(np.mean(norms), rel=1e-4)
    assert row["norm_over_bound"] <= 1 + 1e-5
    assert row["log10_product_end"] == pytest.approx(np.mean(ends, axis=0)[-1], rel=1e-4)
    np.testing.assert_allclose(shown["log10_product"].y, np.mean(ends, axis=0), rtol=1e-3)
    assert shown["log10_product"].positions == list(range(1, 13))
    assert np.isfinite(row["lyapunov_max"])


def test_a_network_that_reads_both_ways_has_curves_but_no_jacobians():
    subject = subject_of(changed(model=ModelConfig(cell=Choice("lstm", hidden=3), bidirectional=True)))
    params = params_of(subject.model)
    row, shown = look_with("gradients", subject, params, examples=6)
    curve = shown["decay"]
    assert len(curve.y) == 11 and all(value > 0 for value in curve.y) and curve.positions[0] == 1
    values = np.array(curve.y, np.float32)
    assert (row["half_life"], row["log10_kept"]) == (half_life(values), log10_kept(values))
    assert [name for name, one in shown.items() if one.views] == ["decay"]
    with pytest.raises(ValueError, match="reads one way"):
        PROBES["jacobians"]().make(subject)


def test_a_network_that_reads_back_has_no_distances_from_the_last_step():
    subject = subject_of(changed(model=ModelConfig(cell=Choice("lstm", hidden=3), reverse=True)))
    for probe in ("gradients", "jacobians"):
        with pytest.raises(ValueError, match=r"model\.reverse|reads one way"):
            PROBES[probe]().make(subject)


def test_curves_at_another_length_are_those_of_a_task_of_that_length():
    short, long = (subject_of(changed(task=Choice("temporal_order", length=length))) for length in (12, 20))
    params = params_of(short.model)
    row, shown = look_with("gradients", short, params, examples=6, length=20)
    expected_row, expected = look_with("gradients", long, params, examples=6)
    assert row == expected_row
    assert shown["decay"].y == expected["decay"].y and len(shown["decay"].y) == 19


def test_scores_at_other_lengths_are_those_of_the_task_of_that_length():
    config = changed(task=Choice("temporal_order", length=12, shortest=10))
    subject = subject_of(config)
    params = params_of(subject.model)
    row, _ = look_with("lengths", subject, params, lengths=(15, 20))
    for length in (15, 20):
        task = build(config.task.with_options(length=length, shortest=0), TASKS, "task")
        batches = task.data.held_out("test", 16)
        assert batches.lengths is None
        setup = Setup(config, task, subject.model)
        scores = jax.jit(lambda params, batches, setup=setup: evaluate(setup, Weights(params, ()), batches))
        for name, value in scores(params, batches).items():
            assert row[f"{name}@{length}"] == pytest.approx(float(value), rel=1e-5)
    assert len(row) == 4


def test_a_task_without_a_length_cannot_be_looked_at_with_others():
    subject = subject_of(changed(task=Choice("sequential_digits")))
    for probe in (PROBES["lengths"](lengths=(20,)), PROBES["gradients"](length=20)):
        with pytest.raises(ValueError, match="has no option 'length'"):
            probe.check(subject)


def test_what_an_update_costs_grows_with_the_width():
    """The memory of an LSTM is at least what backpropagation keeps: four gates and two states a step."""
    found = {}
    for hidden in (4, 64):
        config = changed(model=ModelConfig(cell=Choice("lstm", hidden=hidden)))
        subject = subject_of(config)
        found[hidden], _ = look_with("cost", subject, params_of(subject.model, scale=0.1), updates=2, repeats=3)
    kept = 12 * config.train.batch * 64 * (4 + 2) * 4 / 1e6  # time, rows, units, arrays, bytes
    assert found[64]["update_mb"] > kept > found[4]["update_mb"] > 0
    assert found[64]["update_ms"] > 0
