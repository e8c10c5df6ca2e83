"""The report as one HTML file that needs nothing else: figures, numbers and script inlined, no network."""

import base64
import hashlib
import math
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from rnn_research.report.answer import SIGNS, answer, interval, limit, signed
from rnn_research.report.best import SIGN, TESTS
from rnn_research.report.carried import ROOM, Carried, fitting, network_data
from rnn_research.report.charts import Chart, is_thinned, kept_values, page_data
from rnn_research.report.drawing import Drawing, Section, slug
from rnn_research.report.markup import fill, inline
from rnn_research.report.render import ARROWS, Cell, keyed_cells, setting_text
from rnn_research.report.results import ENDED_BADLY, Results
from rnn_research.report.statistics import ENOUGH, LEVEL, POINTS
from rnn_research.report.table import TableRow
from rnn_research.report.themed import interval as drawn_interval
from rnn_research.report.themed import static
from rnn_research.report.trials import listed_trials, small_curves
from rnn_research.report.verdicts import MOST_RUNS, Measured, Verdict, parted

# One script of the page, in this order.
SCRIPTS = ("numbers.js", "chart.js", "panel.js", "cells.js", "heat.js", "model.js", "text_model.js", "sum_model.js")
SCRIPTS += ("page.js", "live.js")
STYLES = ("page.css", "networks.css")
WHOLE = 1_900_000  # characters of a page, as far as weights make it longer
THINNED = "Of longer curves the chart has up to {} steps, closer at the start; metrics.parquet has all."
RESPONDS = "Point at it for values, drag to zoom, click a name to hide it."
NETWORKS = (
    "Of each arm the run with the best validation score, with the parameters of its best look. Computed here, in this "
    "page, with weights rounded to 16 bits. Blue is below zero, orange above, pale near it."
)


def page(
    results: Results,
    table: Sequence[TableRow],
    verdicts: Sequence[Verdict],
    parts: Sequence[Drawing | Section],
    remarks: Sequence[str] = (),
    configs: Mapping[str, Mapping[str, Any]] | None = None,
    networks: Carried | None = None,
    *,
    best: Sequence[bool] = (),
    live: bool = False,
) -> str:
    """The whole page.

    Args:
      configs: of each trial, by its dotted paths.
      networks: that the page is to run, as far as there is room for their weights.
      best: by row of the table, whether it is marked as one of the best of its setting; empty for none.
      live: whether a server has it that says when it has changed, see ``live``.
    """
    document = results.document
    headings, rows = keyed_cells(results, table)
    script = Markup("\n").join(map(inline, SCRIPTS))
    charts: list[Chart] = [part.chart for part in parts if isinstance(part, Drawing) and part.chart]
    shown = _parts(parts, charts)
    contents = [("table", "Table"), *((part["anchor"], part["title"]) for part in shown)]
    contents += [("claims", "Verdicts")] * bool(verdicts) + [("reproduce", "How it was run"), ("trials", "Every trial")]
    trials = listed_trials(results, configs or {})
    values = {
        "name": document["name"],
        "question": document["question"],
        "answer": answer(results, verdicts),
        "headings": headings,
        "rows": _rows(results, table, rows, best or [False] * len(table)),
        "best_note": TESTS if any(best) else "",
        "best_sign": SIGN,
        "note": _note(results),
        "remarks": remarks,
        "failures": _failures(results),
        "parts": shown,
        "claims": [_claim(verdict) for verdict in verdicts],
        "made": _provenance(results),
        "has_samples": any(isinstance(part, Section) and part.markdown for part in parts),
        "trials": trials,
        "responds": RESPONDS,
        "style": Markup("").join(map(inline, STYLES)),
        "script": script,
        "live": live,
        "hashes": policy(script),
        "data": page_data(charts, results.arms, small_curves(results)),
    }
    without = fill("page.html", **values, contents=contents, networks="", network_data="")
    kept = fitting(networks or Carried([], []), min(ROOM, WHOLE - len(without)))
    if not kept.networks:
        return without
    contents.insert(-2 - bool(verdicts), ("networks-part", "The networks"))
    section = fill("networks.html", about=NETWORKS, left_out=kept.left_out)
    return fill("page.html", **values, contents=contents, networks=section, network_data=network_data(kept))


def policy(script: str) -> str:
    """What the page's policy lets run: this script, and no other that might have come in with a text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _parts(parts: Sequence[Drawing | Section], charts: Sequence[Chart]) -> list[dict[str, Any]]:
    """Figures and sections for the template, each with an anchor of its own."""
    found, place, most = [], 0, kept_values(charts)
    for index, part in enumerate(parts):
        anchor = f"part-{index + 1}-{slug(part.title)}"
        shown: dict[str, Any] = {"title": part.title, "anchor": anchor, "html": "", "chart": None, "body": ""}
        if isinstance(part, Section):
            shown["html"] = part.html
        else:
            shown |= {"name": part.name, "caption": part.caption, "said": part.caption, "body": part.body}
            shown["static"] = "" if part.body else static(part)
            if part.chart:
                shown["chart"], place = place, place + 1
                thinned = [THINNED.format(most)] if is_thinned(part.chart, most) else []
                shown["said"] = " ".join(filter(None, [part.chart.caption, *thinned]))
        found.append(shown)
    return found


def _rows(
    results: Results, table: Sequence[TableRow], rows: Sequence[Sequence[Cell]], best: Sequence[bool]
) -> list[dict[str, Any]]:
    """The table's rows for the template; beside each score its interval as a picture, on one scale for a setting, and
    whether it is one of the best."""
    scored = len(results.others) + 2  # the column of the test score
    ends: dict[Any, tuple[float, float]] = {}
    for row in table:
        known = [value for value in row.score[1:] if isinstance(value, float) and math.isfinite(value)]
        if known and not row.is_baseline:
            low, high = ends.get(_setting(results, row), (math.inf, -math.inf))
            ends[_setting(results, row)] = min(low, *known), max(high, *known)
    found = []
    for row, texts, is_best in zip(table, rows, best, strict=True):
        marked = [{"text": cell.text, "key": _key(cell.key), "mark": "", "best": False} for cell in texts]
        marked[scored]["best"] = is_best
        score = row.score
        if not row.is_baseline and math.isfinite(score.mean) and (row.deterministic or len(row.points) >= POINTS):
            drawn = drawn_interval(score.mean, score.low, score.high, ends[_setting(results, row)])
            marked[scored]["mark"] = drawn
        found.append({"cells": marked, "is_baseline": row.is_baseline, "head": len(results.others)})
    return found


def _setting(results: Results, row: TableRow) -> tuple:
    return (*(row.labels[name] for name in results.others), row.metric)


def _key(value: Any) -> str:
    """As an attribute: numbers with all their digits, nothing where there is nothing to sort by."""
    if value is None or value is False or (isinstance(value, float) and math.isnan(value)):
        return ""
    return str(float(value)) if isinstance(value, int | float) else setting_text(value)


def _claim(verdict: Verdict) -> dict[str, Any]:
    measured = [one for one in verdict.measured if one]
    undecided = [one for one in measured if one.answer == verdict.answer == "undecided"]
    wanted = max((one.wanted for one in undecided), default=0)
    most = max((one.runs for one in measured), default=0)
    more = ""
    if MOST_RUNS < wanted < math.inf:  # of infinitely many the evidence says why they would not do
        more = f"Seeds still needed: more than {MOST_RUNS}."
    elif most < wanted <= MOST_RUNS:
        more = f"Seeds still needed: about {wanted - most:.0f} of each arm, {wanted:.0f} in all."
    return {
        "answer": verdict.answer,
        "sign": SIGNS[verdict.answer],
        "source": verdict.source,
        "text": verdict.text,
        "primary": verdict.primary,
        "tests": [_test(*pair) for pair in zip(verdict.evidence, verdict.measured, strict=True)],
        "wanted": more,
    }


def _test(evidence: str, one: Measured | None) -> dict[str, Any]:
    """A test for the template: its effect with a picture of it beside what was claimed, and what else was said."""
    if one is None:
        return {"effect": "", "notes": evidence}
    marks = [("limit", one.limit), *([("zero", 0.0)] if one.kind == "difference" else [])]
    places = [place for place in (one.low, one.high, one.effect, *(place for _, place in marks)) if place == place]
    room = (max(places) - min(places)) * 0.06
    ends = min(places) - room, max(places) + room
    level = "" if math.isclose(one.level, LEVEL) else f", interval at {100 * one.level:.3g}%"
    return {
        "mark": drawn_interval(one.effect, one.low, one.high, ends, marks) if math.isfinite(sum(places)) else "",
        "effect": signed(one, one.effect),
        "interval": interval(one),
        "about": f"{one.subject}; claimed {limit(one)}{level}",
        "notes": "; ".join(parted(evidence, one)[1]),
    }


def _best_look(results: Results) -> str:
    chosen = {trial.facts["chosen"] for trial in results.reported if trial.facts.get("chosen", "loss") != "loss"}
    return "the lowest validation loss" if not chosen else f"the best validation {', '.join(sorted(chosen))}"


def _note(results: Results) -> str:
    tune = results.document["identity"]["tune"]
    text = (
        f"Test score: mean over seeds at the step of {_best_look(results)}, with its 95% interval "
        f"({ARROWS['lower']} lower is better, {ARROWS['higher']} higher is better). IQM: mean of the middle half. "
        "Runs that failed are left out of the mean and counted in their column; in verdicts they count as the worst. "
        f"Fewer than {POINTS} runs: the points; fewer than {ENOUGH}: no verdict. No interval knows of a kind of run "
        "that did not occur: of 8 runs that are alike, a third of all could be unlike them."
    )
    if any("solved" in trial.facts for trial in results.reported):
        text += (
            " Solved: the share of runs whose test score is beyond the task's threshold, with an exact interval; where "
            "some runs solve it and some do not, their mean has no interval that would cover it as often as it says."
        )
    if any(trial.seed is None for trial in results.reported):
        text += (
            " No seed: the learner is deterministic, so there is one run, and every run of the other arm is compared "
            "with it."
        )
    if results.published:
        text += " Published: what the source reports for that arm; it may be of another program and another budget."
    if tune:
        values = ", ".join(map(setting_text, tune["values"]))
        beyond = ", and beyond them where the best lay at an end" if tune.get("limits") else ""
        pilots = f"{tune['seeds']} pilot run{'s' * (tune['seeds'] > 1)} of {tune['steps']:,} steps each"
        text += (
            f" {tune['path'].rpartition('.')[2].replace('_', ' ').capitalize()} chosen for each "
            f"{'run of each arm by itself' if tune.get('each_seed') else 'arm'} on validation "
            f"from {values}{beyond}, by {pilots} on seeds of their own."
        )
    return text


def _failures(results: Results) -> list[str]:
    return [
        f"{', '.join(map(str, trial.labels.values()))}{'' if trial.seed is None else f', seed {trial.seed}'}: "
        f"{trial.state}: {trial.reason}"
        for trial in results.reported
        if trial.state in ENDED_BADLY
    ]


def _provenance(results: Results) -> dict[str, Any]:
    """The command, and what else it takes to run it again."""
    made = results.document["provenance"]
    versions = ", ".join(f"{name} {version}" for name, version in made["versions"].items() if version)
    seeds = sorted({trial.seed for trial in results.reported if trial.seed is not None})
    facts = [
        ("Revision", made["git"] or "unknown"),
        ("Versions", f"Python {made['python']}; {versions}"),
        ("Devices", f"{', '.join(made['devices'])}; {made['cpus']} CPU cores"),
        ("Seeds", f"{len(seeds)}, {_ranges(seeds)}" if seeds else "none: nothing depends on one"),
        ("Started", made["started"]),
        ("Runs", _counts(trial.state for trial in results.trials)),
    ]
    if made.get("platform"):
        facts.insert(3, ("Platform", made["platform"]))
    return {"command": ["python", *map(shlex.quote, made["command"])], "facts": facts}


def _ranges(seeds: Sequence[int]) -> str:
    consecutive = list(seeds) == list(range(seeds[0], seeds[-1] + 1))
    return f"{seeds[0]} to {seeds[-1]}" if consecutive and len(seeds) > 1 else ", ".join(map(str, seeds))


def _counts(states: Iterable[str]) -> str:
    counts: dict[str, int] = {}
    for state in states:
        counts[state] = counts.get(state, 0) + 1
    return ", ".join(f"{count} {state}" for state, count in counts.items())
