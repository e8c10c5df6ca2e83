"""Make the whole report of a run directory from its files."""

from typing import Any, NamedTuple

from rnn_research.report.best import NOTE, marked
from rnn_research.report.carried import carried
from rnn_research.report.drawing import Drawing, Section
from rnn_research.report.figures import draw
from rnn_research.report.page import page
from rnn_research.report.remarks import remarks
from rnn_research.report.render import (
    cells,
    comma_separated,
    latex,
    markdown,
    plain,
    plain_cells,
    unmeasured,
    verdict_cells,
    with_bold,
)
from rnn_research.report.results import Results, load
from rnn_research.report.table import TableRow, make_table
from rnn_research.report.verdicts import Verdict, judge
from rnn_research.runs.directory import RunDirectory, flat
from rnn_research.runs.files import StorageError, read_json, storing, write_atomic
from rnn_research.runs.parquet import write_parquet


class Report(NamedTuple):
    """What was made, and the numbers behind it.

    Attributes:
      unwritten: why the files could not be written; None where they were.
    """

    results: Results
    table: list[TableRow]
    verdicts: list[Verdict]
    remarks: list[str]
    unwritten: StorageError | None = None


def build(run: RunDirectory) -> Report:
    """Write ``metrics.parquet`` and ``report/``: index.html, table.md, .csv, .tex, the figures, and samples.md where
    texts were written. Where they cannot be written, the numbers are still there to be printed.

    Raises:
      ValueError: the directory holds no experiment, or one of another format.
    """
    report = read(run)
    try:
        _write(run, report)
    except StorageError as error:
        return report._replace(unwritten=error)
    return report


def read(run: RunDirectory) -> Report:
    """The numbers of a report, with nothing written.

    Raises:
      ValueError: the directory holds no experiment, or one of another format.
    """
    results = load(run)
    table = make_table(results)
    return Report(results, table, judge(results), [*remarks(results), *unmeasured(results, table)])


def configs(run: RunDirectory, results: Results) -> dict[str, dict[str, Any]]:
    """The resolved configuration of every trial that has one, by its dotted paths."""
    found = {trial.id: read_json(run.trial(trial.id) / "config.json") for trial in results.trials}
    return {name: flat(config) for name, config in found.items() if config}


def _write(run: RunDirectory, report: Report) -> None:
    """Raises:
    StorageError: a file cannot be written.
    """
    write_parquet(run, {trial.id: trial.rows for trial in report.results.trials})
    with storing(run.report):
        run.report.mkdir(exist_ok=True)
    for name, content in files(run, report).items():
        write_atomic(run.report / name, content)


def files(run: RunDirectory, report: Report, *, live: bool = False) -> dict[str, str | bytes]:
    """What ``report/`` holds, by name.

    Args:
      live: whether the page is to load itself again when it has changed.
    """
    results, table, verdicts, said, _ = report
    headings, rows = cells(results, table)
    claims = markdown(*plain_cells(*verdict_cells(verdicts))) if verdicts else ""
    title = f"# {plain(results.document['name'])}\n\n{plain(results.document['question'])}\n\n"
    parts, best = draw(results), marked(results, table)
    note = NOTE if any(best) else ""
    notes = filter(None, [note, *said])
    heads, lines = plain_cells(headings, rows)
    shown = markdown(heads, with_bold(heads, lines, best))
    found: dict[str, str | bytes] = {
        "table.md": "\n".join(filter(None, [title + shown, "".join(f"{plain(line)}.\n" for line in notes), claims])),
        "table.csv": comma_separated(results, table),
        "table.tex": latex(headings, rows, best, note),
        "index.html": page(
            results, table, verdicts, parts, said, configs(run, results), carried(run, results), best=best, live=live
        ),
    }
    if samples := [part.markdown for part in parts if isinstance(part, Section) and part.markdown]:
        found["samples.md"] = title + "\n".join(samples)
    for part in parts:
        if isinstance(part, Drawing):
            found |= {f"{part.name}.svg": part.svg, f"{part.name}.png": part.png}
    return found
