"""Runs side by side for people: lines for a terminal, Markdown, and one HTML page that needs nothing else."""

import math
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from rnn_research.report.charts import page_data
from rnn_research.report.differing import differing
from rnn_research.report.figures import learning_curves
from rnn_research.report.markup import fill, inline, link, page_of
from rnn_research.report.page import RESPONDS, SCRIPTS, policy
from rnn_research.report.remarks import unfinished
from rnn_research.report.render import (
    ARROWS,
    NOTHING,
    aligned,
    markdown,
    plain,
    plain_cells,
    points_text,
    solved_text,
    with_interval,
)
from rnn_research.report.results import by_labels
from rnn_research.report.side_by_side import Arm, Difference, Run, Side, Together
from rnn_research.report.statistics import ENOUGH, POINTS, Summary
from rnn_research.report.themed import interval as drawn_interval
from rnn_research.report.themed import static

HEADINGS = ("arm", "run", "score", "difference", "n", "is")
EACH = {"lower": ("better", "worse"), "higher": ("worse", "better")}  # below the first run, above it


def title(together: Together) -> str:
    """``lstm_vs_gru beside lstm_vs_gru-fork``."""
    return " beside ".join(run.path.resolve().name for run in together.runs)


def as_lines(together: Together, width: int) -> str:
    """For a terminal: what is compared, the settings that differ and the table, as Markdown in a width; only what has
    no place to wrap is longer."""
    runs = [f"{run.letter}  {run.path}: {_about(run)}" for run in together.runs]
    headings, rows = _settings_cells(together)
    parts = ["\n".join(runs)]
    parts += [aligned(headings, rows, width)] if rows else ["No setting differs."]
    parts.append(aligned(*_cells(together), width))
    parts.append("\n".join(f"{line}." for line in notes(together)))
    return "\n\n".join(part.rstrip() for part in parts if part)


def as_markdown(together: Together, folder: Path) -> str:
    """The same as a document; its links are relative to the folder that it is to lie in."""
    runs = [
        [run.letter, f"[`{run.path}`]({link(page_of(run.path), folder)})", _about(run), f"`{_command(run)}`"]
        for run in together.runs
    ]
    headings, rows = _settings_cells(together)
    parts = [
        f"# {title(together)}\n",
        markdown(["run", "directory", "what it is", "command"], runs),
        "## Settings that differ\n",
        markdown(*plain_cells(headings, rows)) if rows else "None.\n",
        "## Arms\n",
        markdown(*plain_cells(*_cells(together))),
        "".join(f"* {plain(line)}.\n" for line in notes(together)),
    ]
    return "\n".join(filter(None, parts))


def as_html(together: Together, folder: Path) -> str:
    """The page: charts that respond, sortable tables, no network; its links are relative to the folder that it is to
    lie in."""
    drawing = learning_curves(together.merged)
    script = Markup("\n").join(map(inline, SCRIPTS))
    charts = [drawing.chart] if drawing and drawing.chart else []
    headings, rows = _settings_cells(together)
    return fill(
        "side_by_side.html",
        title=title(together),
        runs=[(run, link(page_of(run.path), folder), _about(run), _command(run)) for run in together.runs],
        headings=headings,
        settings=rows,
        columns=_cells(together)[0],
        rows=[row for arm in together.arms for row in _arm_for_page(together, arm)],
        notes=notes(together),
        curves=drawing,
        still=static(drawing) if drawing else "",
        responds=RESPONDS,
        style=inline("page.css"),
        script=script,
        hashes=policy(script),
        data=page_data(charts, together.merged.arms, []),
    )


def notes(together: Together) -> list[str]:
    """What is to be said beside the table, sentences without a full stop."""
    first = together.runs[0].letter
    sides = [side for arm in together.arms for side in arm.sides]
    between = [side.difference for side in sides if side.difference]
    found = [
        "Scores are of the test split, with 95% intervals; differences are to the first run that has the arm, "
        f"{first} where it does"
    ]
    if any(one.paired for one in between):
        found.append("Paired: each of the seeds that both runs have finished is compared with itself, and no other run")
    if any(not one.paired for one in between):
        found.append(
            f"Welch: the runs share fewer than {POINTS} seeds, so all of the one are compared with all of the other"
        )
    found.append(
        "Better and worse are told at 5% for all of the arms together (Holm), not by each interval alone; "
        f"it takes {ENOUGH} runs"
    )
    if any(side.solved and 0 < side.solved.mean < 1 for side in sides):
        found.append("Where some runs of an arm solved the task and some did not, no interval covers their mean")
    if any(one.by_shares for one in between):
        found.append("Better and worse are of the shares that solved the task, where of the runs of both some did not")
    if any(side.failed for side in sides):
        found.append("Runs that failed have no score, and are counted")
    found += [f"{arm.name}: the task is not the same in all runs" for arm in together.arms if not arm.one_task]
    found += [f"Not compared: {line}" for line in together.left]
    return found + [f"{run.letter}: {line}" for run in together.runs for line in unfinished(run.results)]


def _about(run: Run) -> str:
    document = run.results.document
    made = document["provenance"]
    arms = len(by_labels(run.results.reported, document["columns"]))
    revision = made["git"] and f", revision {made['git'][:8]}{made['git'][40:]}"
    return f"{document['name']}, {arms} arms, {len(run.results.reported)} runs, begun {made['started']}{revision}"


def _command(run: Run) -> str:
    return f"python {shlex.join(run.results.document['provenance']['command'])}"


def _settings_cells(together: Together) -> tuple[list[str], list[list[str]]]:
    found = differing(together)
    several = any(one.arms for one in found)
    headings = ["setting", *(run.letter for run in together.runs), *["of"] * several]
    return headings, [[one.path, *one.values, *[one.arms] * several] for one in found]


def _cells(together: Together) -> tuple[list[str], list[list[str]]]:
    """Headings and rows of the table, a row for each arm of each run; an arm's name stands in the first of them."""
    extra = _extra(together)
    return [*HEADINGS, *extra], [_row(arm, side, extra) for arm in together.arms for side in arm.sides]


def _extra(together: Together) -> list[str]:
    """The columns that have something to say."""
    sides = [side for arm in together.arms for side in arm.sides]
    return ["solved"] * any(side.solved for side in sides) + ["failed"] * any(side.failed for side in sides)


def _row(arm: Arm, side: Side, extra: Sequence[str]) -> list[str]:
    name = f"{arm.name} ({arm.metric} {ARROWS[arm.better]})" if side is arm.sides[0] else ""
    more = {"solved": solved_text(side.solved), "failed": f"{side.failed} of {len(side.trials)}"}
    return [name, side.run, _score(side), *_told(arm, side.difference), *map(more.__getitem__, extra)]


def _score(side: Side) -> str:
    """With its interval; of a few runs that a seed tells apart the points."""
    points = [trial.score for trial in side.trials if trial.score == trial.score and trial.seed is not None]
    return points_text(points) if 0 < len(points) < POINTS else with_interval(side.score)


def _told(arm: Arm, found: Difference | None) -> list[str]:
    """A difference, of how many runs it is, and what it makes of the arm."""
    if found is None:
        return ["", "", ""]
    text = with_interval(Summary(found.n, found.mean, math.nan, found.low, found.high))
    told = EACH[arm.better][found.mean > 0] if found.told else "not told apart" if found.p == found.p else NOTHING
    told = "the same" if found.mean == found.low == found.high == 0 else told
    return [text, f"{found.n} {'paired' if found.paired else 'Welch'}", told]


def _arm_for_page(together: Together, arm: Arm) -> list[dict[str, Any]]:
    """The rows of an arm, beside each difference its interval as a picture, on one scale for the arm."""
    between = [side.difference for side in arm.sides if side.difference]
    places = [place for one in between for place in (one.low, one.high, one.mean) if place == place]
    ends = min([0.0, *places]), max([0.0, *places])
    rows = []
    for side in arm.sides:
        one = side.difference
        mark = drawn_interval(one.mean, one.low, one.high, ends, [("zero", 0.0)]) if one else ""
        cells = _row(arm, side, _extra(together))
        rows.append({"name": cells[0], "cells": cells[1:], "mark": mark})
    return rows
