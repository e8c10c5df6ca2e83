"""How the two ways of a fork part, as exhibits of the forked trial: the first update that differs, the losses."""

from collections.abc import Sequence

import numpy as np

from rnn_research.execution.fork.asked import SPLITS
from rnn_research.execution.fork.start import Origin
from rnn_research.exhibits import Curve, Exhibit, Matrix, as_row
from rnn_research.experiment.trials import Trial
from rnn_research.learners import Learner
from rnn_research.runs.comparison import numbers_of, row_differences
from rnn_research.runs.directory import RunDirectory, record_exhibits
from rnn_research.training.first_update import FirstUpdate, first_update
from rnn_research.training.step import Setup, TrialState

FIRST, APART = "first_update", "apart"


def is_recorded(run: RunDirectory, forked: Trial) -> bool:
    """Whether ``record_parting`` has been."""
    return any(row["name"].startswith(APART) for row in run.exhibits(forked.id))


def record_parting(
    origin: Origin, run: RunDirectory, trials: Sequence[Trial], learners: Sequence[Learner], state: TrialState
) -> None:
    """Look for the first update that differs, and record that and the losses with the forked trial, once.

    Args:
      trials, learners: as it was, and forked.
      state: at the step of the fork.

    Raises:
      StorageError: they cannot be written.
    """
    if is_recorded(run, trials[1]):
        return
    equal, differs = equal_until(run, trials, origin.step)
    one, other = (
        (Setup(learner.subject.config, learner.subject.task, learner.subject.model), trial.config)
        for trial, learner in zip(trials, learners, strict=True)
    )
    found = first_update(one, other, state, differs) if differs else None
    exhibits = list(losses_apart(run, trials, said(equal, found), origin.step))
    if found:
        exhibits.insert(0, by_group(found, said(equal, found), origin.step))
    record_exhibits(run, trials[1], [as_row(one, trials[1].config.train.steps) for one in exhibits])


def equal_until(run: RunDirectory, trials: Sequence[Trial], step: int) -> tuple[int, int | None]:
    """The step up to which the rows of training and validation are equal to the bit, and the next one, None where there
    is none."""
    rows = [[row for row in numbers_of(run, trial.id) if row["split"] in SPLITS] for trial in trials]
    both = sorted({row["step"] for row in rows[0]} & {row["step"] for row in rows[1]})
    equal = step
    for at in both:
        if row_differences(*([row for row in of if row["step"] == at] for of in rows)):
            return equal, at
        equal = at
    return equal, None


def said(equal: int, found: FirstUpdate | None) -> str:
    """Where the two ways part, for people."""
    rows = f"The rows are equal to the bit up to step {equal:,}"
    if found is None:
        return f"{rows}; no update was found that changes a parameter otherwise."
    return f"{rows}; the first update that differs is number {found.number:,}."


def by_group(found: FirstUpdate, text: str, step: int) -> Matrix:
    """The update by parameter group."""
    return Matrix(
        FIRST,
        "The first update that differs, by parameter group",
        [[difference] for difference in found.groups.values()],
        rows=tuple(found.groups),
        columns=(f"number {found.number}",),
        xlabel="update",
        caption=f"{text} Δ is what it adds to the parameters as it was, Δ′ what it adds forked.",
        when=after(step),
        zlabel="‖Δ′ − Δ‖ / ‖Δ‖",
    )


def after(step: int) -> str:
    return f"from step {step:,} on"


def losses_apart(run: RunDirectory, trials: Sequence[Trial], text: str, step: int) -> Sequence[Exhibit]:
    """How far the losses of training and of validation are apart, step by step."""
    made = []
    for split, called in SPLITS.items():
        losses = [{row["step"]: row["loss"] for row in run.rows(trial.id) if row["split"] == split} for trial in trials]
        steps = [at for at in losses[0] if at in losses[1] and at > step]
        with np.errstate(invalid="ignore"):
            apart = [abs(float(np.subtract(losses[1][at], losses[0][at]))) for at in steps]
        made.append(
            Curve(
                f"{APART}_{split}",
                f"How the {called} losses part",
                apart,
                x=steps,
                xlabel="step (updates)",
                ylabel="|difference of the loss|",
                caption=text,
                scale="log",
                when=after(step),
            )
        )
    return made


def parting_lines(run: RunDirectory, forked: Trial) -> list[str]:
    """What was recorded, for a terminal."""
    rows = {row["name"]: row for row in run.exhibits(forked.id)}
    if FIRST not in rows:
        return [row["caption"] for name, row in rows.items() if name.startswith(APART)][:1]
    first = rows[FIRST]
    width = max(map(len, first["rows"]))
    groups = zip(first["rows"], first["values"], strict=True)
    lines = [f"  {name:<{width}}  {value[0]:.3g}" for name, value in groups]
    return [first["caption"], f"  {'group':<{width}}  {first['zlabel']}", *lines]
