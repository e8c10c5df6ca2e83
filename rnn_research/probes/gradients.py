"""How the error sent back from the last step decays, ``‖∂L_T/∂s_k‖`` for every step k (S29)."""

from typing import Any

import numpy as np

from rnn_research.exhibits import Curve, Strip
from rnn_research.gradients.decay import decay_curves, half_life, last_steps, log10_kept
from rnn_research.models import Weights
from rnn_research.probes.base import Look, Probe, Subject, first_last_and_every
from rnn_research.probes.lengths import task_of_length
from rnn_research.probes.networks import compiled, examples_of, network_of
from rnn_research.tasks.base import Findings

TITLE = "How the error decays on its way back"
CAPTION = (
    "The error sent back from the last step, ‖∂L_T/∂s_{T−d}‖, as a share of what it is one step back: mean over "
    "sequences."
)
STRIP_CAPTION = (
    "The error sent back from the last step to every step before it, as a share of what it is one step back, in powers "
    "of ten: bright where it arrives, dark where it has vanished."
)


def gradients(every: int = 0, examples: int = 32, length: int = 0) -> Probe:
    """The curve of the error by distance from the last scored step, its half-life, and the share that arrives.

    Row: ``half_life`` (steps; the length of the curve where that nowhere falls to a half, so that a mean of such is a
    lower bound), ``log10_kept``. Exhibits: the curves ``decay`` and, for each part of the state,
    ``decay/LAYER/PART``.

    Args:
      every: updates between two looks; see ``first_last_and_every``.
      examples: validation sequences looked at.
      length: steps in each, where they are to be others than the trial's own; the task must have an option ``length``.

    Raises:
      ValueError: no examples.
    """
    if examples < 1 or every < 0 or length < 0:
        raise ValueError(
            f"probe gradients needs examples above 0, every and length 0 or more, not {examples}, {every} and {length}"
        )

    def looked_at(subject: Subject) -> Subject:
        return subject._replace(task=task_of_length(subject.config, length)) if length else subject

    def check(subject: Subject) -> None:
        network_of(subject, "gradients")
        if subject.config.model.reverse:
            raise ValueError("probe gradients counts distances back from the last step: not for model.reverse")
        if looked_at(subject).task.inputs.time < 2:
            raise ValueError("probe gradients is for sequences of two steps or more")

    def make(subject: Subject) -> Look:
        check(subject)
        model, batch = subject.model, examples_of(looked_at(subject), examples)
        reach = int(last_steps(batch).max()) - 1
        curves = compiled(lambda w: decay_curves(model, w.params, batch, w.statistics), subject)

        def look(weights: Weights) -> Findings:
            found = {name: np.asarray(curve) for name, curve in curves(weights).items()}
            decay = found["decay"][:reach]
            numbers = {"half_life": half_life(decay), "log10_kept": log10_kept(decay)}
            return Findings(numbers, tuple(_curve(name, curve) for name, curve in found.items()))

        return look

    return Probe(lambda config, step: first_last_and_every(config, step, every), make, check)


def _curve(name: str, curve: np.ndarray) -> Curve:
    """All parts of the state together are drawn, each by itself is kept."""
    whole = name == "decay"
    views: Any = ("strip", "lines") if whole else ()
    step = f"step k that the error of step {len(curve) + 1} is sent back to"
    strip = Strip("The error sent back, step by step", step, caption=STRIP_CAPTION, backwards=True)
    return Curve(
        name,
        TITLE if whole else name,
        curve.tolist(),
        first=1,
        xlabel="distance back from the last step (steps)",
        ylabel="error kept",
        caption=CAPTION,
        scale="share",
        views=views,
        strip=strip if whole else Strip(),
    )
