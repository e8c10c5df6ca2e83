"""Looks at a trial's parameters during training, in programs of their own: the run's bits stay as they are."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import numpy as np

from rnn_research.cells import Params
from rnn_research.cells.elman import ACTIVATIONS
from rnn_research.experiment.choice import build
from rnn_research.experiment.config import TrialConfig, other_lengths, sample_steps
from rnn_research.gradients.decay import decay_curves, half_life, last_steps, log10_kept
from rnn_research.gradients.jacobians import log_product_norms, lyapunov_exponents, spectral_norms, step_jacobians
from rnn_research.models import Model
from rnn_research.tasks import TASKS, Batch, Task
from rnn_research.training.step import evaluate, held_out
from rnn_research.training.texts import make_texts, writer

Look = Callable[[Params, int], dict[str, Any]]


def looks(config: TrialConfig, step: int) -> bool:
    """Whether there is a look after so many updates."""
    compares = bool(config.probe.strategies) and step == config.train.steps
    return measures(config, step) or compares or step in sample_steps(config.probe)


def measures(config: TrialConfig, step: int) -> bool:
    """Whether that look takes measurements, beside texts."""
    every = max(config.probe.every, config.train.eval_every)
    before = step - config.train.eval_every
    return config.probe.measures and (step in (0, config.train.steps) or step // every > before // every)


def make_probe(config: TrialConfig, task: Task, model: Model, data: Any, template: Params) -> Look | None:
    """Compile what ``config.probe`` asks for.

    Returns:
      ``(params, step) -> row`` of plain numbers, lists and texts, with the seconds it took; None if nothing is asked
      for.

    Raises:
      ValueError: Jacobians or texts of a network that cannot have them, or a length that the task cannot have.
    """
    probe = config.probe
    batch = jax.tree.map(lambda leaf: leaf[0][: probe.examples], data["valid"])
    during: list[Callable] = []
    at_end: list[Callable] = []
    if probe.gradients:
        curves = _compiled(lambda params: decay_curves(model, task, params, batch), template)
        reach = int(last_steps(task, batch).max()) - 1
        during.append(lambda params: _decay_row(curves(params), reach))
    if probe.jacobians:
        if model.cell is None:
            raise ValueError("probe.jacobians is for a network that reads one way, without layer_norm")
        norms = _compiled(lambda params: jacobian_norms(model, params, batch), template)
        during.append(lambda params: _jacobian_row(config, params, *norms(params)))
    for length in other_lengths(probe):
        other = task_of_length(config, length)
        examples = held_out(other, "test", config.train.test_examples)
        score = _compiled(partial(evaluate, other, model, batches=examples), template)
        at_end.append(lambda params, score=score, length=length: _score_row(score(params), length))

    texts = make_texts(probe, task.text)
    writes = bool(probe.samples or probe.strategies)
    write_with = writer(model) if writes else None

    def look(params: Params, step: int) -> dict[str, Any]:
        started = time.monotonic()
        ended, row = step == config.train.steps, {}
        for measure in during * measures(config, step) + at_end * ended:
            row |= measure(params)
        if write_with:
            row |= texts(write_with(params), step, ended)
        return row | {"probe_seconds": time.monotonic() - started}

    return look if during or at_end or writes else None


def jacobian_norms(model: Model, params: Params, batch: Batch) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Of the network's step Jacobians: spectral norms ``[examples, time]``, log-norms of the products from the first
    step on ``[examples, time]``, Lyapunov exponents ``[examples, size]``."""
    cell = model.cell
    assert cell is not None

    def one(example):  # one at a time: a thousand Jacobians are much to hold
        inputs, lengths = example
        jacobians = step_jacobians(cell, params["recurrent"], model.embed(params, inputs)[None], lengths=lengths)[0]
        products = log_product_norms(jacobians[None])[0]
        return spectral_norms(jacobians), products, lyapunov_exponents(jacobians[None])[0]

    lengths = None if batch.lengths is None else batch.lengths[:, None]
    return jax.lax.map(one, (batch.inputs, lengths))


def task_of_length(config: TrialConfig, length: int) -> Task:
    """The trial's task with every sequence of one length.

    Raises:
      ValueError: a task, or a length, for which there is none.
    """
    options = dict(config.task.options)
    if "length" not in options:
        raise ValueError(f"probe.lengths: task {config.task.name!r} has no option 'length'")
    fixed = {"shortest": 0} if "shortest" in options else {}
    return build(config.task.with_options(length=length, **fixed), TASKS, "task")


def _compiled(function: Callable, template: Params) -> Callable:
    return jax.jit(function).lower(template).compile()


def _decay_row(curves: dict[str, jax.Array], reach: int) -> dict[str, Any]:
    """The curves, and what is read off them as far as the longest sequence goes."""
    row = {name: numbers(curve) for name, curve in curves.items()}
    curve = np.asarray(curves["decay"])[:reach]
    return row | {"half_life": half_life(curve), "log10_kept": log10_kept(curve)}


def _jacobian_row(config: TrialConfig, params: Params, norms: Any, products: Any, exponents: Any) -> dict[str, Any]:
    norms, products = np.asarray(norms), np.asarray(products) / np.log(10)
    row = {
        "jacobian_norm": float(norms.mean()),
        "jacobian_norm_max": float(norms.max()),
        "log10_product": numbers(products.mean(axis=0)),
        "log10_product_end": float(products[:, -1].mean()),
        "lyapunov_max": float(np.asarray(exponents)[:, 0].mean()),
    }
    if config.model.cell.name == "elman" and config.model.layers == 1 and not config.model.skip:
        kernel = np.asarray(params["recurrent"][0]["recurrent_kernel"], np.float64)
        bound = ACTIVATIONS[str(config.model.cell["activation"])].steepest * float(np.linalg.norm(kernel, 2))
        row |= {"bound": bound, "norm_over_bound": row["jacobian_norm_max"] / bound}
    return row


def _score_row(scores: dict[str, jax.Array], length: int) -> dict[str, float]:
    return {f"{name}@{length}": float(value) for name, value in scores.items()}


def numbers(values: Any) -> list[float]:
    """Six digits of each: what a curve needs."""
    return [float(f"{value:.6g}") for value in np.asarray(values, np.float64)]
