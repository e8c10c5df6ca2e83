"""The forget gates of a language model token by token (C39): what they keep and drop, and what that is worth."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.cells.lstm import forget_gate, with_forget_gate
from rnn_research.data.encoding import Tokeniser
from rnn_research.exhibits import Matrix
from rnn_research.experiment.config import static
from rnn_research.models import Weights
from rnn_research.probes.base import Look, Probe, Subject, first_last_and_every
from rnn_research.probes.coherence import pieces
from rnn_research.probes.networks import compiled, network_of
from rnn_research.recurrence import run
from rnn_research.tasks.base import Findings
from rnn_research.tasks.language_model import stream_of
from rnn_research.training.step import Setup, evaluate

MARKS = (".", "!", "?")
MATCHED = 4  # tokens of the nearest frequencies that each mark is held against
BEFORE, AFTER = 24, 12  # tokens that are shown before the end of a sentence and after it
QUANTILES = (0.9, 0.75, 0.5, 0.25, 0.1)
SHOWN = {" ": "␣", "\n": "⏎", "\t": "⇥"}
CAPTION = (
    "The forget gate as each token is read: 1 keeps all that the cell holds, 0 drops it. Rows: quantiles over the "
    "units. The first end of a sentence in the validation text, and what is around it."
)


class Sorted(NamedTuple):
    """Places in texts, bool ``[texts, tokens]``: where sentences end, and where the tokens stand that these are held
    against; where the tokens after an end stand."""

    ends: np.ndarray
    others: np.ndarray
    after: np.ndarray


def gates(every: int = 0, examples: int = 64, tokens: int = 200) -> Probe:
    """Whether forget gates drop more where a sentence ends, and what a gate is worth that reads nothing.

    Row: ``kept``, the mean gate over units and tokens; ``auroc``, of 1 − the mean over units, how well it tells the
    ends of sentences (a full stop, an exclamation or a question mark before a blank) from tokens of like frequency,
    those nearest to each mark's, 4 apiece; ``auroc_after``, how well it tells a token after an end from the same token
    elsewhere, as only the next token says that it was an end; 0.5 is chance, NaN without either. Of the validation
    split, by how much the reported metric is worse, ``constant_costs`` where every unit's gate is its own mean,
    ``keep_all_costs`` where all are 1; neither network is trained again. Exhibit: the gates around the end of a
    sentence.

    Args:
      every: updates between two looks; see ``first_last_and_every``.
      examples: pieces of the validation text, evenly spread; each is read from the initial state.
      tokens: length of each.

    Raises:
      ValueError: no pieces, or pieces of fewer than two tokens.
    """
    if examples < 1 or tokens < 2 or every < 0:
        raise ValueError(
            f"probe gates needs examples, 2 tokens and every 0 or more, not {examples}, {tokens} and {every}"
        )

    def check(subject: Subject) -> None:
        network_of(subject, "gates")
        model = subject.config.model
        if not isinstance(subject.task.data.codec, Tokeniser):
            raise ValueError(f"probe gates is for language models, not for task {subject.config.task.name!r}")
        back = model.bidirectional or model.reverse
        if (model.cell.name, model.layers, model.skip, model.norm) != ("lstm", 1, 0, "none") or back:
            raise ValueError("probe gates is for one layer of LSTM cells that reads one way, without skip and norm")

    def make(subject: Subject) -> Look:
        check(subject)
        task, examples_scored = subject.task, subject.config.train.valid_examples
        texts = pieces(stream_of(task.data.held_out("valid", 10**9)).ids, examples, tokens)
        found = sort_tokens(texts, task.data.codec, np.asarray(task.data.arrays.ids))
        batches, setup = (
            task.data.held_out("valid", examples_scored),
            Setup(static(subject.config), task, subject.model),
        )
        worse = 1 if task.goal.better == "lower" else -1

        def kept_and_scores(weights: Weights):
            kept = forget_gates(subject, weights, jnp.asarray(texts))
            held = [weights, clamped(weights, kept.mean(axis=(0, 1))), clamped(weights, 1.0)]
            return kept, [evaluate(setup, one, batches)[task.goal.metric] for one in held]

        seen = compiled(kept_and_scores, subject)

        def look(weights: Weights) -> Findings:
            kept, (score, constant, all_kept) = jax.tree.map(np.asarray, seen(weights))
            mean = kept.mean(axis=-1)
            numbers = {
                "kept": float(mean.mean()),
                "auroc": auroc(1 - mean[found.ends], 1 - mean[found.others]),
                "auroc_after": auroc_of_same(texts, 1 - mean, found.after),
                "constant_costs": worse * float(constant - score),
                "keep_all_costs": worse * float(all_kept - score),
            }
            return Findings(numbers, (_around_an_end(kept, texts, found.ends, task.data.codec.names),))

        return look

    return Probe(lambda config, step: first_last_and_every(config, step, every), make, check)


def forget_gates(subject: Subject, weights: Weights, texts: jax.Array) -> jax.Array:
    """``[texts, tokens, units]``: the gate of the step that reads each token."""
    inside, layers = subject.model.inside, weights.params["recurrent"]

    def step(params, states, x):
        return inside.cell.step(params, states, x)[0], forget_gate(params[0], states[0], x)

    x = jnp.swapaxes(inside.embed(weights.params, texts), 0, 1)
    return jnp.swapaxes(run(inside.cell._replace(step=step, over_time=None), layers, x)[1], 0, 1)


def clamped(weights: Weights, value: Any) -> Weights:
    """The weights with a forget gate that reads nothing."""
    layers = (with_forget_gate(weights.params["recurrent"][0], value),)
    return weights._replace(params=weights.params | {"recurrent": layers})


def sort_tokens(texts: np.ndarray, codec: Tokeniser, train: np.ndarray) -> Sorted:
    """The ends of sentences, and the tokens that are about as frequent in the training text as the marks there."""
    blank = np.array([name[:1].isspace() for name in codec.names])
    mark = np.array([name.strip() in MARKS for name in codec.names])
    ends = mark[texts]
    if blank.any():  # a dot within a name or a number ends no sentence
        ends[:, :-1] &= blank[texts[:, 1:]]
        ends[:, -1] = False
    logs = np.log(np.bincount(train, minlength=codec.size)[: codec.size] + 1.0)
    words = np.flatnonzero(~mark)
    nearest = [
        words[np.argsort(np.abs(logs[words] - logs[one]), kind="stable")[:MATCHED]] for one in np.unique(texts[ends])
    ]
    after = np.zeros_like(ends)
    after[:, 1:] = ends[:, :-1]
    others = np.isin(texts, np.concatenate(nearest)) if nearest else np.zeros_like(ends)
    return Sorted(ends, others, after)


def auroc(positive: np.ndarray, negative: np.ndarray) -> float:
    """The share of pairs in which the positive one is greater, ties counting half; NaN without pairs."""
    from scipy.stats import mannwhitneyu

    if not len(positive) or not len(negative):
        return float("nan")
    return float(mannwhitneyu(positive, negative).statistic) / (len(positive) * len(negative))


def auroc_of_same(ids: np.ndarray, values: np.ndarray, positive: np.ndarray) -> float:
    """``auroc`` of places against others of the same id: the mean over ids, by how often each is among the positive."""
    kinds, counts = np.unique(ids[positive], return_counts=True)
    found = np.array([auroc(values[positive & (ids == one)], values[~positive & (ids == one)]) for one in kinds])
    known = np.isfinite(found)
    return float(np.average(found[known], weights=counts[known])) if known.any() else float("nan")


def _around_an_end(gate: np.ndarray, texts: np.ndarray, ends: np.ndarray, names: tuple[str, ...]) -> Matrix:
    """The first end that has as much before it and after it as is shown; the beginning of the first text without."""
    inner = np.argwhere(ends[:, BEFORE : ends.shape[1] - AFTER])
    text, first = inner[0] if len(inner) else (0, 0)
    shown = slice(first, first + BEFORE + 1 + AFTER)
    values = np.quantile(gate[text, shown], QUANTILES, axis=-1)
    return Matrix(
        "forget_gates",
        "Forget gates over a sentence",
        values.tolist(),
        [f"{quantile:.0%}" for quantile in QUANTILES],
        [SHOWN.get(names[one]) or names[one].strip() for one in texts[text, shown]],
        xlabel="token",
        ylabel="quantile over units",
        caption=CAPTION,
        zlabel="forget gate",
    )
