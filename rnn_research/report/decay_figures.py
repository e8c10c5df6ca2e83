"""Figures of what was probed: the error on its way back, and the products of Jacobians."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnn_research.report.drawing import Drawing, band, finish, panels
from rnn_research.report.results import Results, TrialResult, by_labels

LEAST = 1e-12  # a share of the error under this is drawn as this
DARKEST = -8.0  # of the heat map's scale, in powers of ten
WHEN = ("at initialisation", "after training")


def decay_figures(results: Results) -> list[Drawing]:
    """The figures for which the directory holds rows of the split ``probe``."""
    decaying = [trial for trial in results.reported if looked(trial, "decay")]
    multiplied = [trial for trial in results.reported if looked(trial, "log10_product")]
    found = [heat_map(results, decaying), decay_curves(results, decaying)] if decaying else []
    return found + ([products(results, multiplied)] if multiplied else [])


def looked(trial: TrialResult, column: str) -> list[tuple[str, np.ndarray]]:
    """The first and the last look at a trial, with when that was; one only where it was not trained."""
    rows = [row for row in trial.rows if row["split"] == "probe" and column in row]
    picked = [rows[0], rows[-1]] if len(rows) > 1 else rows
    return [(WHEN[row["step"] > 0], np.array(row[column], float)) for row in picked]


def decay_curves(results: Results, trials: Sequence[TrialResult]) -> Drawing:
    """The error sent back from the last step, by distance, log scale; a panel for each setting and time of looking."""
    settings = _settings(results, trials, "decay")
    with panels(len(settings), columns=2, size=(4.4, 2.9)) as (figure, axes):
        for axis, ((setting, when), by_arm) in zip(axes, settings.items(), strict=True):
            longest = 1
            for index, arm in enumerate(results.arms):
                curves = [_share(curve) for curve in by_arm.get(arm, [])]
                if curves:
                    longest = max(longest, *map(len, curves))
                    distances = np.arange(1, max(map(len, curves)) + 1)
                    band(axis, distances, [np.maximum(curve, LEAST) for curve in curves], index, str(arm))
            axis.set_yscale("log")
            axis.set_ylim(bottom=LEAST / 2)
            axis.set_xlim(1, longest)
            axis.set_xlabel("distance back from the last step (steps)")
            axis.set_ylabel("error kept, log scale")
            axis.set_title(results.title(setting, when), fontsize=9)
        caption = (
            "The error sent back from the last step, ‖∂L_T/∂s_{T−d}‖, as a share of what it is one step back: mean "
            "over sequences, then median and middle half over seeds, single seeds faint."
        )
        return finish(figure, axes, "gradient_decay", "How the error decays on its way back", caption)


def heat_map(results: Results, trials: Sequence[TrialResult]) -> Drawing:
    """The lectures' picture (S29): a row of cells by step for each arm, dark where the error has faded."""
    settings = _settings(results, trials, "decay")
    by_setting: dict[tuple, dict[str, np.ndarray]] = {}
    for (setting, when), by_arm in settings.items():
        for arm in results.arms:
            if by_arm.get(arm):
                curves = np.array([_share(curve) for curve in by_arm[arm]])
                row = np.median(np.log10(np.maximum(curves, 10**DARKEST)), axis=0)
                by_setting.setdefault(setting, {})[f"{arm} {when}"] = row[::-1]
    most = max(map(len, by_setting.values()))
    with panels(len(by_setting), columns=1, size=(8.8, 0.75 + 0.3 * most)) as (figure, axes):
        image = None
        for axis, (setting, rows) in zip(axes, by_setting.items(), strict=True):
            steps = len(next(iter(rows.values())))
            extent = (0.5, steps + 0.5, len(rows) - 0.5, -0.5)
            image = axis.imshow(
                np.array(list(rows.values())),
                aspect="auto",
                cmap="cividis",
                vmin=DARKEST,
                vmax=0,
                extent=extent,
                interpolation="nearest",
            )
            axis.set_yticks(range(len(rows)), list(rows))
            axis.set_xlabel(f"step k that the error of step {steps + 1} is sent back to")
            axis.set_title(results.title(setting), fontsize=9)
            axis.spines[:].set_visible(False)
        figure.tight_layout(rect=(0, 0, 0.9, 1))
        bar = figure.colorbar(image, ax=list(axes), fraction=0.05, pad=0.02, extend="min")
        bar.set_label("error kept (log10)")
        caption = (
            "The error sent back from the last step to every step before it, as a share of what it is one step back, "
            "in powers of ten: bright where it arrives, dark where it has vanished. Median over seeds."
        )
        return finish(figure, axes, "gradient_heat_map", "The error sent back, step by step", caption, arranged=True)


def products(results: Results, trials: Sequence[TrialResult]) -> Drawing:
    """Norms of the products of step Jacobians over spans from the first step on."""
    settings = _settings(results, trials, "log10_product")
    with panels(len(settings), columns=2, size=(4.4, 2.9)) as (figure, axes):
        for axis, ((setting, when), by_arm) in zip(axes, settings.items(), strict=True):
            for index, arm in enumerate(results.arms):
                curves = by_arm.get(arm, [])
                if curves:
                    band(axis, np.arange(1, max(map(len, curves)) + 1), curves, index, str(arm))
            axis.axhline(0, color="0.4", linewidth=0.8)
            axis.set_xlabel("span t (steps)")
            axis.set_ylabel("log10 ‖∂s_t/∂s_0‖")
            axis.set_title(results.title(setting, when), fontsize=9)
        caption = (
            "Spectral norm of the product of the step Jacobians from the first step to step t, in powers of ten; 0 "
            "where it neither explodes nor vanishes. Mean over sequences, median and middle half over seeds."
        )
        return finish(figure, axes, "jacobian_products", "SplitStep of step Jacobians", caption)


def _settings(
    results: Results, trials: Sequence[TrialResult], column: str
) -> Mapping[tuple[tuple, str], Mapping[Any, list[np.ndarray]]]:
    """Curves by (setting of the other axes, when) and arm."""
    found: dict[tuple[tuple, str], dict[Any, list[np.ndarray]]] = {}
    for setting, members in by_labels(trials, results.others).items():
        for trial in members:
            for when, curve in looked(trial, column):
                found.setdefault((setting, when), {}).setdefault(trial.labels[results.compare], []).append(curve)
    return found


def _share(curve: np.ndarray) -> np.ndarray:
    """Of the error one step back. One that overflowed is drawn as far as it is finite."""
    with np.errstate(invalid="ignore", divide="ignore"):
        share = curve / curve[0]
    return np.where(np.isfinite(share), share, np.nan)
