"""The table and the verdicts as text: for people, Markdown, CSV and LaTeX."""

import csv
import io
import math
from collections.abc import Sequence

from rnn_research.report.results import Results
from rnn_research.report.statistics import ENOUGH, Summary
from rnn_research.report.table import TableRow
from rnn_research.report.verdicts import Verdict

ARROWS = {"lower": "↓", "higher": "↑", "": ""}
NOTHING = "–"
NONE = Summary(0, math.nan, math.nan, math.nan, math.nan)


def number(value: float | None, digits: int = 3) -> str:
    """Three significant digits; a dash for nothing."""
    if value is None or math.isnan(value):
        return NOTHING
    if 0 < abs(value) < 1e-3 or abs(value) >= 1e5:
        return f"{value:.{digits - 1}e}"
    return f"{value:#.{digits}g}".removesuffix(".") if abs(value) < 1000 else f"{value:.0f}"


def with_interval(summary: Summary | None) -> str:
    """``mean [low, high]``, or the mean alone where there is no interval."""
    if summary is None or math.isnan(summary.mean):
        return NOTHING
    if math.isnan(summary.low):
        return number(summary.mean)
    return f"{number(summary.mean)} [{number(summary.low)}, {number(summary.high)}]"


def score_text(row: TableRow) -> str:
    """The test score with its interval; with fewer than ``ENOUGH`` runs the points."""
    if 0 < len(row.points) < ENOUGH:
        return "points " + ", ".join(map(number, row.points))
    return with_interval(row.score)


def cells(results: Results, table: Sequence[TableRow]) -> tuple[list[str], list[list[str]]]:
    """Headings and rows of the table for a reader."""
    columns = [*results.others, results.compare]
    reference = next((str(row.labels[results.compare]) for row in table), "")
    headings = [*columns, "metric", "test score", "IQM", f"difference to {reference}", *results.measures]
    headings += ["n", "failed", "hidden", "parameters", "learning rate"]
    rows = []
    for row in table:
        texts = [str(row.labels[name]) for name in columns]
        texts += [f"{row.metric} {ARROWS[row.better]}".strip() or NOTHING, score_text(row)]
        if row.is_baseline:
            texts += [""] * (len(headings) - len(texts))
        else:
            parameters = NOTHING if row.parameters is None else f"{row.parameters:,}"
            texts += [number(row.score.iqm), with_interval(row.difference)]
            texts += [with_interval(row.measures[name]) for name in results.measures]
            texts += [str(row.score.n), f"{row.failed:.0%}"]
            texts += [str(row.hidden or NOTHING), parameters, f"{row.learning_rate:g}"]
        rows.append(texts)
    return headings, rows


def markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def comma_separated(results: Results, table: Sequence[TableRow]) -> str:
    """The table with full precision and one number a column."""
    columns = [*results.others, results.compare]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    fields = ["n", "mean", "iqm", "low", "high", "difference", "difference_low", "difference_high"]
    extra = [f"{name}{part}" for name in results.measures for part in ("", " low", " high")]
    writer.writerow([*columns, "metric", "better", *fields, *extra, "failed", "hidden", "parameters", "learning_rate"])
    for row in table:
        difference = row.difference or NONE
        numbers = [*row.score[:1], row.score.mean, row.score.iqm, row.score.low, row.score.high]
        numbers += [difference.mean, difference.low, difference.high]
        for name in results.measures:
            summary = row.measures.get(name, NONE)
            numbers += [summary.mean, summary.low, summary.high]
        known = ["" if math.isnan(value) else value for value in numbers]
        labels = [row.labels[name] for name in columns]
        last = [row.failed, row.hidden, row.parameters, row.learning_rate]
        writer.writerow([*labels, row.metric, row.better, *known, *last])
    return buffer.getvalue()


def latex(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A ``tabular`` with booktabs rules."""
    body = [" & ".join(map(_escape, row)) + r" \\" for row in rows]
    head = " & ".join(map(_escape, headings)) + r" \\"
    columns = "l" * len(headings)
    lines = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", head, r"\midrule", *body, r"\bottomrule"]
    return "\n".join([*lines, r"\end{tabular}"]) + "\n"


def verdict_cells(verdicts: Sequence[Verdict]) -> tuple[list[str], list[list[str]]]:
    """Headings and rows of the claims' answers."""
    return ["claim", "verdict", "what was measured"], [
        [f"{v.source}: {v.text}", v.answer, "; ".join(v.evidence)] for v in verdicts
    ]


def _escape(text: str) -> str:
    for plain, escaped in (("\\", r"\textbackslash{}"), ("_", r"\_"), ("%", r"\%"), ("&", r"\&"), ("#", r"\#")):
        text = text.replace(plain, escaped)
    return text.replace("↓", r"$\downarrow$").replace("↑", r"$\uparrow$").replace(NOTHING, "--")
