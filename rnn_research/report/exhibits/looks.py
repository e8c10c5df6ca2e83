"""Exhibits of the reported runs, with the run and the step that each is of."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from rnn_research.exhibits import from_row
from rnn_research.report.results import Results, TrialResult, by_labels, group_by


class Look(NamedTuple):
    """One exhibit of one run, of the step at which it was recorded."""

    trial: TrialResult
    step: int
    exhibit: Any


def looks_of(results: Results) -> tuple[dict[tuple[str, str], list[Look]], list[str]]:
    """All looks at the reported runs.

    Returns:
      Looks by kind and name, in the order of the runs and, of a run, of recording; and what could not be read.
    """
    found: dict[tuple[str, str], list[Look]] = {}
    faults = []
    for trial in results.reported:
        for row in trial.exhibits:
            try:
                exhibit = from_row(row)
            except ValueError as error:
                faults.append(f"{row.get('name', 'an exhibit without a name')}: {error}")
            else:
                found.setdefault((row["kind"], exhibit.name), []).append(Look(trial, row["step"], exhibit))
    return found, faults


def first_and_last(looks: Iterable[Look]) -> list[tuple[str, Look]]:
    """Of each run its first and its last look, with when that was; one only where there is no other."""
    picked = []
    for of_run in group_by(looks, lambda look: look.trial.id).values():
        first, last = of_run[0], of_run[-1]
        if first is not last:
            early = f"after {first.step:,} updates" if first.step else "at initialisation"
            picked.append((first.exhibit.when or early, first))
        # At step 0, too, of what makes no updates, as it has no parameters.
        ended = last.step == max((row["step"] for row in last.trial.rows), default=None)
        trained = last.step or (ended and not last.trial.facts.get("parameters"))
        picked.append((last.exhibit.when or ("after training" if trained else "at initialisation"), last))
    return picked


def by_panel(results: Results, picked: Sequence[tuple[str, Look]]) -> dict[tuple[tuple, str], dict[Any, list[Look]]]:
    """Looks by (setting of the axes other than the compared one, when), then by arm."""
    found: dict[tuple[tuple, str], dict[Any, list[Look]]] = {}
    for when, look in picked:
        (setting,) = by_labels([look.trial], results.others)
        arm = look.trial.labels[results.compare]
        found.setdefault((setting, when), {}).setdefault(arm, []).append(look)
    # Settings in the order of the table, however the runs of each were listed.
    order = {setting: place for place, setting in enumerate(by_labels(results.reported, results.others))}
    return dict(sorted(found.items(), key=lambda item: order[item[0][0]]))
