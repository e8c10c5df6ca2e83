"""Norms of the step Jacobians ``∂s_j/∂s_{j−1}`` and of their products over all spans (C11, C13)."""

import jax
import numpy as np

from rnn_research.cells.elman import ACTIVATIONS
from rnn_research.exhibits import Curve
from rnn_research.experiment.config import TrialConfig
from rnn_research.gradients.jacobians import log_product_norms, lyapunov_exponents, spectral_norms, step_jacobians
from rnn_research.models import Model, Weights
from rnn_research.probes.base import Look, Probe, Subject, first_last_and_every
from rnn_research.probes.networks import compiled, examples_of, network_of
from rnn_research.tasks.base import Batch, Findings, Row

CAPTION = (
    "Spectral norm of the product of the step Jacobians from the first step to step t, in powers of ten; 0 where it "
    "neither explodes nor vanishes. Mean over sequences."
)


def jacobians(every: int = 0, examples: int = 32) -> Probe:
    """Spectral norms, log-norms of products, the largest Lyapunov exponent.

    Row: ``jacobian_norm``, ``jacobian_norm_max``, ``log10_product_end``, ``lyapunov_max``; of one layer of Elman cells
    also ``bound``, ``max f' · ‖U‖``, and ``norm_over_bound``. Exhibit: the curve ``log10_product``.

    Args:
      every: updates between two looks; see ``first_last_and_every``.
      examples: validation sequences looked at.

    Raises:
      ValueError: no examples.
    """
    if examples < 1 or every < 0:
        raise ValueError(f"probe jacobians needs examples above 0 and every 0 or more, not {examples} and {every}")

    def check(subject: Subject) -> None:
        if network_of(subject, "jacobians").inside.cell is None:
            raise ValueError("probe jacobians is for a network that reads one way, without a norm between layers")

    def make(subject: Subject) -> Look:
        check(subject)
        batch = examples_of(subject, examples)
        norms_of = compiled(lambda weights: jacobian_norms(subject.model, weights.params, batch), subject)

        def look(weights: Weights) -> Findings:
            norms, products, exponents = map(np.asarray, norms_of(weights))
            products = products / np.log(10)
            numbers = {
                "jacobian_norm": float(norms.mean()),
                "jacobian_norm_max": float(norms.max()),
                "log10_product_end": float(products[:, -1].mean()),
                "lyapunov_max": float(exponents[:, 0].mean()),
            }
            bound = _bound(subject.config, weights, numbers["jacobian_norm_max"])
            return Findings(numbers | bound, (_curve(products.mean(axis=0)),))

        return look

    return Probe(lambda config, step: first_last_and_every(config, step, every), make, check)


def jacobian_norms(model: Model, params, batch: Batch) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Of the network's step Jacobians: spectral norms ``[examples, time]``, log-norms of the products from the first
    step on ``[examples, time]``, Lyapunov exponents ``[examples, size]``."""
    cell = model.inside.cell
    assert cell is not None

    def one(example):  # one at a time: a thousand Jacobians are much to hold
        inputs, lengths = example
        features = model.inside.embed(params, jax.tree.map(lambda leaf: leaf[None], inputs))
        found = step_jacobians(cell, params["recurrent"], features, lengths=lengths)[0]
        products = log_product_norms(found[None])[0]
        return spectral_norms(found), products, lyapunov_exponents(found[None])[0]

    lengths = None if batch.lengths is None else batch.lengths[:, None]
    return jax.lax.map(one, (batch.inputs, lengths))


def _bound(config: TrialConfig, weights: Weights, largest: float) -> Row:
    """``max f' · ‖U‖``, which the norm of an Elman cell's Jacobian does not exceed (C11)."""
    if config.model.cell.name != "elman" or config.model.layers > 1 or config.model.skip:
        return {}
    kernel = np.asarray(weights.params["recurrent"][0]["recurrent_kernel"], np.float64)
    bound = ACTIVATIONS[str(config.model.cell["activation"])].steepest * float(np.linalg.norm(kernel, 2))
    return {"bound": bound, "norm_over_bound": largest / bound}


def _curve(products: np.ndarray) -> Curve:
    return Curve(
        "log10_product",
        "Products of step Jacobians",
        products.tolist(),
        first=1,
        xlabel="span t (steps)",
        ylabel="log10 ‖∂s_t/∂s_0‖",
        caption=CAPTION,
        reference=0.0,
    )
