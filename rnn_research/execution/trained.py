"""A trained language model out of a run directory, ready to write."""

import jax

from rnn_research.cells import Params
from rnn_research.data.encoding import Tokeniser
from rnn_research.experiment.choice import build
from rnn_research.experiment.config import TrialConfig, from_dict
from rnn_research.lookup import nearest
from rnn_research.models import Model, match_width, sequence_model
from rnn_research.ngrams.fit import COUNTED, fit
from rnn_research.runs import checkpoints
from rnn_research.runs.directory import RunDirectory
from rnn_research.runs.files import read_json
from rnn_research.tasks import TASKS, Task
from rnn_research.training import counting, texts
from rnn_research.training.optimizer import lane_of
from rnn_research.training.step import init_state
from rnn_research.training.texts import Write


def load_writer(run: RunDirectory, trial: str | None = None) -> tuple[Tokeniser, Write]:
    """The tokens and the writer of a trial; an n-gram model is counted again.

    Args:
      trial: its id; the one with the best validation score if left out.

    Raises:
      ValueError: no such trial, one that has not ended, or none that is a language model.
    """
    trial = trial or best_trial(run)
    found = read_json(run.trial(trial) / "config.json")
    if found is None:
        known = [entry["id"] for entry in (run.document() or {}).get("trials", [])]
        raise ValueError(f"{run.path} has no trial {trial!r}; {nearest(trial, known)}")
    config = from_dict(TrialConfig, found)
    task = build(config.task, TASKS, "task")
    if task.text is None:
        raise ValueError(f"trial {trial} is no language model: its task is {config.task.name}")
    if run.status(trial).get("text", task.text.digest) != task.text.digest:
        raise ValueError(f"the text is not the one that trial {trial} was trained on")
    if config.model.cell.name in COUNTED:
        stream = task.text.streams["train"]
        spec = build(config.model.cell, COUNTED, "cell")
        counted = fit(spec, counting.documents(stream), task.output_size, config.seed)
        return task.text.tokeniser, counting.writer(counted)
    model = sequence_model(match_width(config.model, task), task)
    return task.text.tokeniser, texts.writer(model)(best_params(run, trial, config, task, model))


def best_trial(run: RunDirectory) -> str:
    """The trial with the best validation score of those that have ended.

    Raises:
      ValueError: there is none.
    """
    document = run.document()
    if document is None:
        raise ValueError(f"{run.path} holds no experiment")
    scores = {}
    for entry in document["trials"]:
        status = run.status(entry["id"])
        if entry["stage"] == "main" and status.get("state") == "done" and status.get("metric") == "bits_per_char":
            scores[entry["id"]] = min(row["bits_per_char"] for row in run.rows(entry["id"]) if row["split"] == "valid")
    if not scores:
        raise ValueError(f"{run.path} holds no language model whose training has ended")
    return min(scores, key=scores.__getitem__)


def best_params(run: RunDirectory, trial: str, config: TrialConfig, task: Task, model: Model) -> Params:
    """The parameters of a trial's lowest validation loss, from its newest checkpoint.

    Raises:
      ValueError: it has none, or one that was damaged.
    """
    kept = checkpoints.complete(run.checkpoints(trial))
    if not kept:
        raise ValueError(f"trial {trial} has no checkpoint; it ran with --checkpoint_every=0 or has only begun")
    try:
        arrays = checkpoints.read(kept[-1]).arrays
    except checkpoints.DamagedError as error:
        raise ValueError(f"{kept[-1]}: {error}") from error
    template = jax.eval_shape(lambda: init_state(config, task, model, lane_of(config)))
    misfit = checkpoints.misfit(template, arrays)
    if misfit:
        raise ValueError(f"{kept[-1]} does not fit: {misfit}")
    return checkpoints.tree_of(template, arrays).best.params
