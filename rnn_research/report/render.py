"""The table and the verdicts as text: for people, Markdown, CSV and LaTeX."""

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

from rnn_research.report.fit import fit
from rnn_research.report.results import Results, has_ended
from rnn_research.report.statistics import POINTS, Summary
from rnn_research.report.table import TableRow
from rnn_research.report.verdicts import Verdict
from rnn_research.runs.files import encode
from rnn_research.runs.parquet import column_names, last_part

ARROWS = {"lower": "↓", "higher": "↑", "": ""}
NOTHING = "–"
SCORE = "test score"  # the heading of what the best are marked in
NONE = Summary(0, math.nan, math.nan, math.nan, math.nan)


def number(value: float | None, digits: int = 3) -> str:
    """Three significant digits; a dash for nothing."""
    if value is None or math.isnan(value):
        return NOTHING
    if 0 < abs(value) < 1e-3 or abs(value) >= 1e5:
        return f"{value:.{digits - 1}e}"
    shown = float(f"{value:.{digits}g}")  # 999.6 is 1000
    return f"{value:#.{digits}g}".removesuffix(".") if abs(shown) < 1000 else f"{value:.0f}"


def with_interval(summary: Summary | None) -> str:
    """``mean [low, high]``, or the mean alone where there is no interval."""
    if summary is None or math.isnan(summary.mean):
        return NOTHING
    if math.isnan(summary.low):
        return number(summary.mean)
    return f"{number(summary.mean)} [{number(summary.low)}, {number(summary.high)}]"


def score_text(row: TableRow) -> str:
    """The test score with its interval; with fewer than ``POINTS`` runs that a seed tells apart the points."""
    if not row.deterministic and 0 < len(row.points) < POINTS:
        return points_text(row.points)
    return with_interval(row.score)


def points_text(points: Sequence[float]) -> str:
    """A few scores, each by itself."""
    return "points " + ", ".join(map(number, points))


def solved_text(share: Summary | None) -> str:
    """``3 of 8 [0.137, 0.694]``, with its exact interval."""
    if share is None:
        return NOTHING
    return f"{round(share.mean * share.n)} of {share.n} [{number(share.low)}, {number(share.high)}]"


def tuned_headings(paths: Sequence[str]) -> list[str]:
    """How the settings that pilots chose are headed: by the last part of their path, where that tells them apart."""
    short = [last_part(path) for path in paths]
    return [
        (name if short.count(name) == 1 else path).replace("_", " ") for name, path in zip(short, paths, strict=True)
    ]


def setting_text(value: Any) -> str:
    """The value of a setting; a dash for one that an arm does not have."""
    if value is None:
        return NOTHING
    return f"{value:g}" if isinstance(value, float) else value if isinstance(value, str) else encode(value)


def published_text(value: float | None) -> str:
    """A published figure, with as many digits as it has."""
    return NOTHING if value is None else f"{value:.10g}"


class Cell(NamedTuple):
    """What stands in a cell of the table, and what a sort by its column goes by: None for nothing."""

    text: str
    key: Any = None


def cells(results: Results, table: Sequence[TableRow]) -> tuple[list[str], list[list[str]]]:
    """Headings and rows of the table for a reader."""
    headings, rows = keyed_cells(results, table)
    return headings, [[cell.text for cell in row] for row in rows]


def keyed_cells(results: Results, table: Sequence[TableRow]) -> tuple[list[str], list[list[Cell]]]:
    """Headings and rows of the table, with what each cell is sorted by. A measure that no run has is no column."""
    columns = [*results.others, results.compare]
    swept = any(not math.isnan(row.validation) for row in table)
    reference = next((str(row.labels[results.compare]) for row in table), "")
    solvable = any(row.solved for row in table)
    measures = [name for name in measured(results, table) if not _has_a_column(results.measures[name])]
    several = len({str(row.labels[results.compare]) for row in table if not row.is_baseline}) > 1
    headings = [
        *columns,
        "metric",
        SCORE,
        *results.sources.values(),
        "IQM",
        *["validation"] * swept,
        *[f"difference to {reference}"] * several,
        *measures,
    ]
    headings += ["solved"] * solvable + ["n", "failed", "hidden", "parameters", *tuned_headings(results.tuned)]
    rows = []
    for row in table:
        found = [Cell(str(row.labels[name]), row.labels[name]) for name in columns]
        metric = f"{row.metric} {ARROWS[row.better]}".strip() or NOTHING
        found += [Cell(metric, row.metric), Cell(score_text(row), row.score.mean)]
        if row.is_baseline:
            found += [Cell("")] * (len(headings) - len(found))
        else:
            parameters = NOTHING if row.parameters is None else f"{row.parameters:,}"
            published = [row.published.get(source) for source in results.sources]
            found += [Cell(published_text(figure), figure) for figure in published]
            found += [Cell(number(row.score.iqm), row.score.iqm)]
            found += [Cell(number(row.validation), row.validation)] * swept
            found += [_mean_cell(row.difference)] * several
            found += [_mean_cell(row.measures[name]) for name in measures]
            found += [Cell(solved_text(row.solved), row.solved and row.solved.mean)] * solvable
            found += [Cell(f"{row.score.n}{', no seed' * row.deterministic}", row.score.n)]
            found += [Cell(f"{row.failed:.0%}", row.failed), Cell(str(row.hidden or NOTHING), row.hidden)]
            found += [Cell(parameters, row.parameters)]
            found += [Cell(setting_text(value), value) for value in map(row.tuned.get, results.tuned)]
        rows.append(found)
    return headings, rows


def _mean_cell(summary: Summary | None) -> Cell:
    return Cell(with_interval(summary), summary and summary.mean)


def with_bold(headings: Sequence[str], rows: Sequence[Sequence[str]], best: Sequence[bool]) -> list[list[str]]:
    """Rows for Markdown with the score of the best ones in bold."""
    at = headings.index(SCORE)
    return [
        [f"**{cell}**" if bold and place == at else cell for place, cell in enumerate(row)]
        for row, bold in zip(rows, best, strict=True)
    ]


def markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def cell(text: str) -> str:
        """Nothing in it ends the cell or the line."""
        return " ".join(text.split()).replace("|", r"\|")

    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(map(cell, line)) + " |" for line in lines) + "\n"


def plain(text: str) -> str:
    """Text in which Markdown reads no marks of its own: ``<unk>`` stays there, and stars are stars."""
    return MARKS.sub(r"\\\g<0>", text)


def plain_cells(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[list[str], list[list[str]]]:
    """Cells of a table with nothing in them that Markdown would read."""
    return [plain(text) for text in headings], [[plain(text) for text in row] for row in rows]


def aligned(headings: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> str:
    """A table as Markdown whose columns stand below each other; where a cell does not fit into the width, the row goes
    on in the next one.

    Args:
      headings: of one word each.
      width: characters in a line; more where a number or a word would be cut.
    """
    fitted = fit(headings, [[cell.replace("|", r"\|") for cell in row] for row in rows], width)
    lines = [fitted.headings]
    for row in fitted.rows:
        lines += map(list, zip_longest(*(cell.split("\n") for cell in row), fillvalue=""))
    widths = [max(len(line[at]) for line in lines) for at in range(len(headings))]
    lines.insert(1, ["-" * wide for wide in widths])
    padded = [[cell.ljust(wide) for cell, wide in zip(line, widths, strict=True)] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in padded)


def comma_separated(results: Results, table: Sequence[TableRow]) -> str:
    """The table with full precision and one number a column; an axis keeps its name, see ``runs.parquet``."""
    numbers = ["n", "mean", "iqm", "low", "high", "validation", "difference", "difference_low", "difference_high"]
    shares = ["solved", "solved_low", "solved_high"]
    measured = [f"{name}{part}" for name in results.measures for part in ("", " low", " high")]
    names = column_names(
        {
            "score": ["metric", "better", *numbers],
            "solved": shares,
            "runs": ["failed"],
            "axis": [*results.others, results.compare],
            "tuned": results.tuned,
            "card": ["hidden", "parameters"],
            "measure": measured,
            "published": list(results.sources.values()),
        }
    )
    order = ("axis", "score", "published", "solved", "measure", "runs", "card", "tuned")
    columns = [names[key] for group in order for key in names if key[0] == group]
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, lineterminator="\n")
    writer.writeheader()
    for row in table:
        score, difference = row.score, row.difference or NONE
        found: dict[tuple[str, str], Any] = {("axis", name): value for name, value in row.labels.items()}
        solved = row.solved or NONE
        found |= dict(zip([("solved", name) for name in shares], (solved.mean, solved.low, solved.high), strict=True))
        found |= {("score", "metric"): row.metric, ("score", "better"): row.better, ("runs", "failed"): row.failed}
        values = [score.n, score.mean, score.iqm, score.low, score.high, row.validation]
        values += [difference.mean, difference.low, difference.high]
        found |= {("score", name): value for name, value in zip(numbers, values, strict=True)}
        for name in results.measures:
            summary = row.measures.get(name, NONE)
            found |= {("measure", name): summary.mean}
            found |= {("measure", f"{name} low"): summary.low, ("measure", f"{name} high"): summary.high}
        found |= {("published", results.sources[source]): value for source, value in row.published.items()}
        found |= {("card", "hidden"): row.hidden, ("card", "parameters"): row.parameters}
        found |= {
            ("tuned", path): encode(value) if isinstance(value, dict | list) else value
            for path, value in row.tuned.items()
        }
        known = {key: value for key, value in found.items() if value == value}  # NaN is an empty cell
        writer.writerow({names[key]: value for key, value in known.items()})
    return buffer.getvalue()


def latex(headings: Sequence[str], rows: Sequence[Sequence[str]], best: Sequence[bool] = (), note: str = "") -> str:
    """A ``tabular`` with booktabs rules.

    Args:
      best: by row whether its score is in bold.
      note: a comment before it.
    """
    cells = [list(map(_escape, row)) for row in rows]
    for row, bold in zip(cells, best, strict=False):
        if bold:
            row[headings.index(SCORE)] = rf"\textbf{{{row[headings.index(SCORE)]}}}"
    body = [" & ".join(row) + r" \\" for row in cells]
    head = " & ".join(map(_escape, headings)) + r" \\"
    columns = "l" * len(headings)
    lines = [
        *[f"% {note}."] * bool(note),
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        head,
        r"\midrule",
        *body,
        r"\bottomrule",
    ]
    return "\n".join([*lines, r"\end{tabular}"]) + "\n"


def measured(results: Results, table: Sequence[TableRow]) -> list[str]:
    """The measures that some run has."""
    return [name for name in results.measures if any(row.measures.get(name, NONE).n for row in table)]


def _has_a_column(measure: Mapping[str, Any]) -> bool:
    """Whether the table says that of every arm anyway."""
    return measure["split"] == "facts" and measure["column"] in ("parameters", "hidden")


def unmeasured(results: Results, table: Sequence[TableRow]) -> list[str]:
    """A sentence without a full stop on those that no run has, once some run has ended."""
    lacking = [name for name in results.measures if name not in measured(results, table)]
    ended = any(map(has_ended, results.reported))
    return [f"No run has {', '.join(lacking)}: no column of the table"] if lacking and ended else []


def verdict_cells(verdicts: Sequence[Verdict]) -> tuple[list[str], list[list[str]]]:
    """Headings and rows of the claims' answers."""
    return ["claim", "verdict", "what was measured"], [
        [f"{v.source}: {v.text}", v.answer, "; ".join(v.evidence)] for v in verdicts
    ]


MARKS = re.compile(r"[\\*`]|<(?=[A-Za-z/!?])|(?<!\w)_|_(?!\w)|(?<=\])\(")
NUMBER = re.compile(r"(?<![\w-])(-?\d+(?:[.,]\d+)*\.?)(?:e([+-])0*(\d+))?")
GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi "
    "omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega"
)
IN_LATEX = str.maketrans(
    {
        **{character: f"\\{character}" for character in "_%&#${}"},
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        "↓": r"$\downarrow$",
        "↑": r"$\uparrow$",
        "−": "$-$",
        "×": r"$\times$",
        "\n": " ",
        "≤": r"$\leq$",
        "≥": r"$\geq$",
        "‖": r"$\Vert$",
        "·": r"$\cdot$",
        "∞": r"$\infty$",
        "ⁿ": "$^n$",
        "²": "$^2$",
        "³": "$^3$",
        NOTHING: "--",
        **{
            letter: f"$\\{name}$"
            for letter, name in zip("αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩ", GREEK.split(), strict=True)
        },
    }
)


def _escape(text: str) -> str:
    found = NUMBER.sub(_typeset, text.translate(IN_LATEX))
    return "{[}" + found[1:] if found.startswith("[") else found  # after a line's end it would be an argument


def _typeset(number: re.Match[str]) -> str:
    """A number below zero with a minus, not a hyphen, and powers of ten as such."""
    digits, sign, power = number.groups()
    if power is None:
        return f"${digits}$" if digits.startswith("-") else number[0]
    return rf"${digits} \times 10^{{{sign.strip('+')}{power}}}$"
