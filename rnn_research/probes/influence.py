"""What the last output owes to each place of a text (C32): by gradient, and by what replacing it changes."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.data.encoding import Tokeniser
from rnn_research.exhibits import Curve
from rnn_research.models import Model, Weights
from rnn_research.probes.base import Look, Probe, Subject, first_last_and_every
from rnn_research.probes.coherence import pieces
from rnn_research.probes.networks import compiled, network_of
from rnn_research.recurrence import run
from rnn_research.tasks.base import Findings
from rnn_research.tasks.language_model import stream_of

PARTS = 10
SEED = 19970815
REPLACED = (
    "Kullback–Leibler divergence of the distribution of the next token from what it is where a tenth of the text is "
    "replaced by that of another text: mean over texts."
)
GRADIENT = (
    "Frobenius norm of the Jacobian ∂h_T/∂x_k of the last output of the top layer by the input of step k, as a share "
    "of that of the last step: root of the mean square over texts."
)


def influence(every: int = 0, examples: int = 256, tokens: int = 100) -> Probe:
    """How much of the last output is due to each tenth, and each token, of the texts read before it.

    Row: ``kl_first`` and ``kl_last`` in bits: of the distribution of the next token from what it is where the first
    tenth, or the last, is replaced; ``kl_ratio``, the first over the second, and ``log10_kl_ratio``;
    ``log10_gradient_kept``, of the gradient's norm at the first token over that at the last. Exhibits: both by place.

    Args:
      every: updates between two looks; see ``first_last_and_every``.
      examples: pieces of the validation text, evenly spread; each is read from the initial state.
      tokens: length of each, at least 10.

    Raises:
      ValueError: fewer than two pieces, or shorter ones.
    """
    if examples < 2 or tokens < PARTS or every < 0:
        raise ValueError(
            f"probe influence needs 2 examples, {PARTS} tokens and every 0 or more, not {examples}, {tokens} and "
            f"{every}"
        )

    def validation(subject: Subject) -> np.ndarray:
        ids = stream_of(subject.task.data.held_out("valid", 10**9)).ids
        if len(ids) < 2 * tokens:
            raise ValueError(f"probe influence needs {2 * tokens} tokens of validation text, not {len(ids)}")
        return pieces(ids, examples, tokens)

    def check(subject: Subject) -> None:
        model = network_of(subject, "influence")
        if not isinstance(subject.task.data.codec, Tokeniser):
            raise ValueError(f"probe influence is for language models, not for task {subject.config.task.name!r}")
        if model.inside.cell is None or model.stream is None:
            raise ValueError("probe influence is for a network that reads one way, without a norm between layers")
        validation(subject)

    def make(subject: Subject) -> Look:
        check(subject)
        texts = jnp.asarray(validation(subject))
        found = compiled(
            lambda w: (divergences(subject.model, w.params, texts), slopes(subject.model, w.params, texts)), subject
        )

        def look(weights: Weights) -> Findings:
            bits, norms = (np.asarray(leaf, np.float64) for leaf in found(weights))
            ratio = bits[0] / bits[-1] if bits[-1] > 0 else np.nan
            numbers = {
                "kl_first": bits[0],
                "kl_last": bits[-1],
                "kl_ratio": ratio,
                "log10_kl_ratio": _log10(ratio),
                "log10_gradient_kept": _log10(norms[0] / norms[-1] if norms[-1] > 0 else np.nan),
            }
            shown = _replaced(bits, tokens), _gradient(norms)
            return Findings({name: float(value) for name, value in numbers.items()}, shown)

        return look

    return Probe(lambda config, step: first_last_and_every(config, step, every), make, check)


def divergences(model: Model, params: Any, texts: jax.Array) -> jax.Array:
    """``[10]``, bits: the mean over texts ``[texts, tokens]`` of ``KL(p ‖ q)``, p being the distribution of the token
    that follows a text and q the same where a tenth of it is that of the next text: the first tenth, the second, …"""
    assert model.stream is not None
    advance, state = model.stream.advance, model.stream.start(params, None, len(texts))
    tenth = jnp.arange(texts.shape[1]) * PARTS // texts.shape[1]

    def scores(ids: jax.Array) -> jax.Array:
        return jax.nn.log_softmax(advance(params, state, ids)[1][:, -1])

    before = scores(texts)

    def change(part: jax.Array) -> jax.Array:
        after = scores(jnp.where(tenth[None] == part, jnp.roll(texts, 1, axis=0), texts))
        less = before - after
        # As p and q both add up to 1: Σ p (ln p/q) = Σ p (ln p/q + q/p − 1), whose parts are not below 0.
        parts = jnp.exp(before) * jnp.maximum(less + jnp.expm1(-less), 0)
        return parts.sum(axis=-1).mean() / jnp.log(2)

    return jax.lax.map(change, jnp.arange(PARTS))


def slopes(model: Model, params: Any, texts: jax.Array) -> jax.Array:
    """``[tokens]``: ``‖∂h_T/∂x_k‖`` (Frobenius), root of the mean square over texts ``[texts, tokens]``.

    Of each text the Jacobian is multiplied by one vector of normal numbers, ``E ‖vᵀJ‖² = ‖J‖²`` (Hutchinson 1989), so
    that it takes one backward pass.
    """
    cell = model.inside.cell
    assert cell is not None
    x = jnp.swapaxes(model.inside.embed(params, texts), 0, 1)

    def last(x: jax.Array) -> jax.Array:
        return run(cell, params["recurrent"], x)[1][-1]

    output, back = jax.vjp(last, x)
    (found,) = back(jax.random.normal(jax.random.key(SEED), output.shape, output.dtype))
    return jnp.sqrt((found**2).sum(axis=-1).mean(axis=1))


def _log10(ratio: float) -> float:
    """NaN of what is not above 0."""
    return float(np.log10(ratio)) if ratio > 0 else float("nan")


def _replaced(bits: np.ndarray, tokens: int) -> Curve:
    middles = (np.arange(PARTS) + 0.5) * tokens / PARTS
    return Curve(
        "influence",
        "Influence by place, by replacing",
        np.maximum(bits, 0).tolist(),
        x=middles.tolist(),
        xlabel=f"place in a text of {tokens} tokens",
        ylabel="KL divergence (bits)",
        caption=REPLACED,
        scale="log",
    )


def _gradient(norms: np.ndarray) -> Curve:
    return Curve(
        "influence_gradient",
        "Influence by place, by gradient",
        (norms / norms[-1] if norms[-1] > 0 else norms).tolist(),
        first=1,
        xlabel=f"place in a text of {len(norms)} tokens",
        ylabel="‖∂h_T/∂x_k‖ / ‖∂h_T/∂x_T‖",
        caption=GRADIENT,
        scale="log",
    )
