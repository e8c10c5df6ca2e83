"""Learning curves: median and band over seeds, single seeds faint, the trivial baseline dashed."""

import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from rnn_research.report.results import Results, TrialResult, by_labels

# Okabe and Ito's palette: told apart by the colour-blind; dashes tell the lines apart in grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (8, 2)))
COLUMNS = 3


def learning_curves(results: Results) -> dict[str, bytes]:
    """The figure as ``{"learning_curves.svg": ..., "learning_curves.png": ...}``; nothing without rows.

    One panel for each setting of the axes other than the compared one: the reported metric on the validation
    split against the step. Band: the middle half of the seeds.
    """
    drawn = [trial for trial in results.reported if trial.rows and trial.facts]
    panels = by_labels(drawn, results.others)
    if not panels:
        return {}
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    arms = list(dict.fromkeys(trial.labels[results.compare] for trial in drawn))
    rows = math.ceil(len(panels) / COLUMNS)
    columns = min(COLUMNS, len(panels))
    style: Any = {"font.size": 9, "svg.hashsalt": "rnn_research", "svg.fonttype": "none"}
    style |= {"axes.spines.top": False, "axes.spines.right": False}
    with plt.rc_context(style):
        figure, axes = plt.subplots(rows, columns, figsize=(3.4 * columns, 2.5 * rows + 0.4), squeeze=False)
        for axis in axes.flat[len(panels) :]:
            axis.set_visible(False)
        for axis, (setting, trials) in zip(axes.flat, panels.items(), strict=False):
            _panel(axis, by_labels(trials, [results.compare]), arms)
            axis.set_title(", ".join(map(str, setting)) or results.document["name"], fontsize=9)
        handles, labels = axes.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="upper center", ncols=len(labels), frameon=False)
        figure.tight_layout(rect=(0, 0, 1, 1 - 0.35 / figure.get_figheight()))
        files = {f"learning_curves.{kind}": _saved(figure, kind) for kind in ("svg", "png")}
        plt.close(figure)
    return files


def _saved(figure: Any, kind: str) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, dpi=160, metadata={"Date": None} if kind == "svg" else None)
    return buffer.getvalue()


def _panel(axis: Any, by_arm: dict[tuple, list[TrialResult]], arms: Sequence[Any]) -> None:
    facts = next(iter(by_arm.values()))[0].facts
    metric = facts["metric"]
    for index, arm in enumerate(arms):
        curves = [_curve(trial, metric) for trial in by_arm.get((arm,), [])]
        if not curves:
            continue
        colour, dash = COLOURS[index % len(COLOURS)], DASHES[index % len(DASHES)]
        for steps, values in curves:
            axis.plot(steps, values, color=colour, alpha=0.3, linewidth=0.6)
        # A run that diverged is shorter: the band covers the runs that got that far.
        steps = max((steps for steps, _ in curves), key=len)
        padded = [np.pad(values, (0, len(steps) - len(values)), constant_values=np.nan) for _, values in curves]
        low, median, high = np.nanpercentile(np.array(padded, float), (25, 50, 75), axis=0)
        axis.fill_between(steps, low, high, color=colour, alpha=0.15, linewidth=0)
        axis.plot(steps, median, color=colour, linestyle=dash, linewidth=1.6, label=str(arm))
    axis.axhline(facts["baseline"][metric], color="0.4", linestyle=(0, (2, 2)), linewidth=1, label="trivial baseline")
    logarithmic = facts["better"] == "lower"
    if logarithmic:
        axis.set_yscale("log")
    if metric == "accuracy":
        axis.set_ylim(0, 1.03)
    axis.set_xlabel("step (updates)")
    axis.set_ylabel(f"validation {metric}" + (", log scale" if logarithmic else ""))


def _curve(trial: TrialResult, metric: str) -> tuple[np.ndarray, np.ndarray]:
    rows = [row for row in trial.rows if row["split"] == "valid"]
    return np.array([row["step"] for row in rows]), np.array([row[metric] for row in rows], float)
