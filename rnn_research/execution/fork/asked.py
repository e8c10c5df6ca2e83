"""What may be forked: which trial, at which step, with which settings; else one line that says why not."""

import dataclasses
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from rnn_research.execution.fork.start import Origin
from rnn_research.execution.trained import best_trial, trials_of
from rnn_research.experiment.config import TrialConfig, from_dict, to_dict
from rnn_research.experiment.experiment import Experiment
from rnn_research.experiment.figures import Curves
from rnn_research.experiment.paths import replace
from rnn_research.experiment.text_form import unquote
from rnn_research.experiment.variant import Variant
from rnn_research.learners import Learner
from rnn_research.lookup import nearest
from rnn_research.runs.directory import RunDirectory, flat
from rnn_research.runs.files import read_json
from rnn_research.runs.identity import conflicts, named
from rnn_research.tables import TABLES
from rnn_research.trees import arrays_of, misfit

AXIS, AS_IT_WAS, FORKED = "fork", "as it was", "forked"
SPLITS = {"train": "training", "valid": "validation"}
# What a fork must leave as it is, by the beginning of its path, and what that decides.
DECIDES = {
    "seed": "the batches and the keys",
    "task": "the data",
    "learner": "what is trained",
    "train.batch": "the batches",
    "train.eval_every": "which updates a row is of",
    "train.valid_examples": "what is scored",
    "train.test_examples": "what is scored",
    "model.init_scale": "what training began from",
    "model.head_init": "what training began from",
    "model.embedding_init": "what training began from",
}


def find_trial(source: RunDirectory, name: str | None) -> tuple[dict[str, Any], TrialConfig]:
    """A trial's entry in ``experiment.json`` and its configuration.

    Raises:
      ValueError: there is none of that name, or it is a pilot.
    """
    listed = {entry["id"]: entry for entry in trials_of(source)}
    found = name or best_trial(source)
    if found not in listed:
        raise ValueError(f"{source.path} has no trial {found!r}; {nearest(found, listed)}")
    entry = listed[found]
    if entry["stage"] != "main":
        raise ValueError(f"trial {found} is a pilot: what can be forked are runs that are reported")
    if not name:
        labels = ", ".join(map(str, [*entry["labels"].values(), f"seed {entry['seed']}"]))
        print(
            f"launch.py: forking {found} ({labels}), the best on validation; --trial=ID names another", file=sys.stderr
        )
    return entry, from_dict(TrialConfig, read_json(source.trial(found) / "config.json"))


def check_step(source: RunDirectory, trial: str, config: TrialConfig, step: int) -> None:
    """Refuse a step that a trial has no rows of, or after which it made no update.

    Raises:
      ValueError: the nearest ones that it has.
    """
    every = config.train.eval_every
    rows = [row["step"] for row in source.rows(trial) if row["split"] == "train"]
    status = source.status(trial)
    reached = max(rows, default=0) - (every if status.get("state") == "diverged" else 0)
    last = min(reached, config.train.steps - every)
    if last < every:
        raise ValueError(f"trial {trial} has no step to fork it at: it has come to step {max(rows, default=0)}")
    if step % every or not every <= step <= last:
        below = min(max(step // every * every, every), last)
        near = ", ".join(str(one) for one in sorted({below, min(below + every, last)}))
        raise ValueError(
            f"trial {trial} can be forked after every {every} updates (train.eval_every) from {every} to {last}, not "
            f"at {step}; the nearest: {near}"
        )


def two_arms(
    experiment: Experiment, config: TrialConfig, trial: str, step: int, changes: Mapping[str, str]
) -> Experiment:
    """The experiment that a fork is.

    Raises:
      ValueError: nothing changes, or something that a fork must leave as it is.
    """
    settings = {path: unquote(text) for path, text in changes.items()}
    forked = config
    for path, value in settings.items():
        forked = replace(forked, path, value, TABLES)
    before, after = flat(to_dict(config)), flat(to_dict(forked))
    for path in sorted(before.keys() | after.keys()):
        decides = next((what for start, what in DECIDES.items() if path == start or path.startswith(f"{start}.")), "")
        if decides and before.get(path) != after.get(path):
            raise ValueError(f"--config.{path}: it decides {decides}, which a fork leaves as they are")
    if before == after:
        raise ValueError("--fork needs a setting that changes, as in --config.optimizer.learning_rate=3e-4")
    if forked.train.steps <= step:
        raise ValueError(f"--config.train.steps={forked.train.steps}: nothing would follow step {step}")
    said = ", ".join(f"{path}={text}" for path, text in changes.items())
    return Experiment(
        question=f"How does trial {trial} of {experiment.name} go on from step {step} with {said}?",
        base=dataclasses.replace(config, seed=0),
        axes={AXIS: (Variant(AS_IT_WAS, {}), Variant(FORKED, settings))},
        compare=AXIS,
        seeds=1,
        measures=experiment.measures,
        figures=(Curves("loss", "train", "training loss"), Curves("loss", "valid", "validation loss")),
        name=f"{experiment.name}, forked",
        file=experiment.file,
    )


def check_origin(origin: Origin) -> None:
    """Refuse a trial that was trained with something else than there is here.

    Raises:
      ValueError: what has changed.
    """
    differences = conflicts(origin.run.card(origin.trial.id).get("trained_with", {}), origin.identity)
    if differences:
        raise ValueError(f"{named(differences)} changed since trial {origin.trial.id} was trained")


def check_state(origin: Origin, changes: Iterable[str], learners: Sequence[Learner]) -> None:
    """Refuse settings under which the state would be another: its parameters, the optimiser's, what is carried.

    Args:
      changes: the settings, by path.
      learners: as it was, and forked.

    Raises:
      ValueError: the settings, and the first array that is not as it was.
    """
    was, new = (learner.template for learner in learners)
    if was is None:
        raise ValueError(f"learner {origin.trial.config.learner.name} makes no updates to go on from")
    fault = misfit(new, arrays_of(jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), was)))
    if fault:
        raise ValueError(f"--config.{', --config.'.join(changes)}: the state would be another: {fault}")
