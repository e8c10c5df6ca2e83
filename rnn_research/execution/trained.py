"""A trained model out of a run directory, ready for use; what it was trained on need not be there."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from rnn_research.data.codec import from_json
from rnn_research.experiment.choice import build, parameters
from rnn_research.experiment.config import TrialConfig, from_dict
from rnn_research.heads import HEADS
from rnn_research.learners import LEARNERS, Trained
from rnn_research.lookup import nearest
from rnn_research.runs import checkpoints
from rnn_research.runs.directory import RunDirectory, check_format
from rnn_research.runs.files import read_json
from rnn_research.tasks.base import Inputs, Target

LISTED = 20  # trials that a message names


class TrainedTrial(NamedTuple):
    """A trial of a run directory.

    Attributes:
      id, config, card: of the trial.
      about: which one it is, for people: its arm and seed, its state if it has not ended, its score on validation.
      codec: a ``Tokeniser`` or ``Labels``; None where its task has none.
      model: with the parameters of its best look at the validation split.
    """

    id: str
    config: TrialConfig
    card: dict[str, Any]
    about: str
    codec: Any
    model: Trained


def load_trial(
    run: RunDirectory,
    trial: str | None = None,
    options: Mapping[str, Any] = MappingProxyType({}),
    arm: str | None = None,
) -> TrainedTrial:
    """A trial, made ready from its own files alone: config, card, codec, checkpoint.

    Args:
      trial: its id; the one with the best validation score if left out.
      arm: of which that one is to be, see ``best_trial``.
      options: of the head, in the place of those that it was trained with: how it searches for answers.

    Raises:
      ValueError: both a trial and an arm; options that the head does not have; no experiment, or one of another format;
        no such trial or arm, one that failed, or one that kept no checkpoint.
    """
    listed = {entry["id"]: entry for entry in trials_of(run)}
    trial = chosen_trial(run, trial, arm)
    status = run.status(trial)
    if status.get("state") == "failed":
        raise ValueError(f"trial {trial} failed: {' '.join(status.get('reason', '').split())}")
    found = read_json(run.trial(trial) / "config.json")
    card = run.card(trial)
    if found is None or not card:
        raise ValueError(f"{run.path} has no trial {trial!r}; {_known(list(listed.values()))}")
    config = from_dict(TrialConfig, found)
    size = card["inputs"]["size"]
    inputs = Inputs(**card["inputs"] | {"size": tuple(size) if isinstance(size, list) else size})
    told = {"names": tuple(card["target"]["names"]), "options": tuple(map(tuple, card["target"]["options"]))}
    target = _with_options(Target(**card["target"] | told), options)
    model = build(config.learner, LEARNERS, "learner").load(config, inputs, target, last_arrays(run, trial))
    codec = run.codec(trial)
    about = [_name(listed[trial])] if trial in listed else []
    if status.get("state") != "done":
        about.append(status.get("state", "not begun"))
    best = _on_validation(run, trial, card)
    if best:
        measure = card["metric"] if card["metric"] in best else "loss"
        about.append(f"validation {measure} {best[measure]:.4g}")
    return TrainedTrial(trial, config, card, ", ".join(about), None if codec is None else from_json(codec), model)


def chosen_trial(run: RunDirectory, trial: str | None, arm: str | None) -> str:
    """The id that is given, or that of the best trial of an arm, or of all; see ``best_trial``.

    Raises:
      ValueError: both a trial and an arm; see ``best_trial``.
    """
    if trial and arm:
        raise ValueError("name a trial or an arm, not both")
    return trial or best_trial(run, arm)


def _with_options(target: Target, options: Mapping[str, Any]) -> Target:
    if not options:
        return target
    known = [name for name in parameters(HEADS, target.head, "head") if name not in ("config", "target")]
    for name in options:
        if name not in known:
            raise ValueError(f"this trial's head, {target.head}, has no option {name!r}")
    return target._replace(options=tuple((dict(target.options) | dict(options)).items()))


def _name(entry: dict[str, Any]) -> str:
    """Which trial an entry of ``experiment.json`` is, for people."""
    return ", ".join([*map(str, entry["labels"].values()), f"seed {entry['seed']}"])


def _known(entries: list[dict[str, Any]]) -> str:
    named = [f"{entry['id']} ({_name(entry)})" for entry in entries if entry["stage"] == "main"]
    more = f" and {len(named) - LISTED} more" if len(named) > LISTED else ""
    return f"known: {', '.join(named[:LISTED])}{more}" if named else "there are none"


def _on_validation(run: RunDirectory, trial: str, card: dict[str, Any]) -> dict[str, float]:
    """What the validation split said of the parameters that are kept: their loss, and their metric where that is
    measured there; nothing where there was no such look."""
    step = run.status(trial).get("best_step")
    rows = [row for row in run.rows(trial) if row["split"] == "valid" and row["step"] == step]
    return {name: row[name] for row in rows for name in ("loss", card["metric"]) if name in row}


def best_trial(run: RunDirectory, arm: str | None = None) -> str:
    """The trial with the best validation score of those that have ended, of the parameters that are kept: by the
    metric, or by the loss where the metric is not measured on validation; trials of another metric than the first one's
    are left out.

    Args:
      arm: one of its labels, or all of them, ``adding(length=50), lstm``, in capitals or not: only such trials are
        looked at.

    Raises:
      ValueError: there is none, no such arm, no experiment, or one of another format.
    """
    scores: dict[str, dict[str, float]] = {"metric": {}, "loss": {}}
    goal = None
    for entry in _of_arm(run, arm):
        card = run.card(entry["id"])
        if entry["stage"] != "main" or run.status(entry["id"]).get("state") != "done":
            continue
        goal = goal or (card["metric"], card["better"])
        best = _on_validation(run, entry["id"], card)
        if not best or goal != (card["metric"], card["better"]):
            continue
        scores["loss"][entry["id"]] = best["loss"]
        if goal[0] in best:
            scores["metric"][entry["id"]] = best[goal[0]] if goal[1] == "lower" else -best[goal[0]]
    ranked = scores["metric"] or scores["loss"]
    if not ranked:
        of_arm = f" of {arm}" if arm else ""
        raise ValueError(f"{run.path} holds no trial{of_arm} whose training has ended")
    return min(ranked, key=lambda name: (math.isnan(ranked[name]), ranked[name]))


def _of_arm(run: RunDirectory, arm: str | None) -> list[dict[str, Any]]:
    """The trials that have these labels; all where none are given.

    Raises:
      ValueError: no trial has them.
    """
    names = [
        (entry, [", ".join(map(str, entry["labels"].values())), *map(str, entry["labels"].values())])
        for entry in trials_of(run)
    ]
    found = [entry for entry, called in names if arm is None or arm.casefold() in map(str.casefold, called)]
    if not found and arm is not None:
        known = dict.fromkeys(name for _, called in names for name in called)
        raise ValueError(f"{run.path} has no arm {arm!r}; {nearest(arm, known)}")
    return found


def trials_of(run: RunDirectory) -> list[dict[str, Any]]:
    """The trials that ``experiment.json`` lists.

    Raises:
      ValueError: the directory holds no experiment, or one of another format.
    """
    document = run.document()
    if document is None:
        raise ValueError(f"{run.path} holds no experiment")
    check_format(run.path, document)
    return document["trials"]


def last_arrays(run: RunDirectory, trial: str) -> dict[str, Any]:
    """The arrays of a trial's newest checkpoint.

    Raises:
      ValueError: it has none, or one that was damaged.
    """
    kept = checkpoints.complete(run.checkpoints(trial))
    if not kept:
        raise ValueError(f"trial {trial} has no checkpoint; it ran with --checkpoint_every=0 or has only begun")
    try:
        return checkpoints.read(kept[-1]).arrays
    except checkpoints.DamagedError as error:
        raise ValueError(f"{kept[-1]}: {error}") from error
