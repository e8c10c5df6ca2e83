"""Experiments from a notebook or a script: ``rr.launch`` runs one, ``rr.results`` reads what one has left.

A launch is a process of its own, as from the shell: its numbers are the same to the bit, whatever the notebook has
imported, set or used up, and nothing of the notebook is changed by it.
"""

import os
import subprocess
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rnn_research.commands.launch import PROGRAM, default_workdir
from rnn_research.runs.directory import RunDirectory

if TYPE_CHECKING:
    import pandas as pd

COMPLAINS = "launch.py: "
TABLE_BEGINS = "┏"  # of what a launch prints at last, which the result shows better


class Figure(NamedTuple):
    """A figure of the report; a notebook shows it."""

    path: Path

    def _repr_svg_(self) -> str:
        return self.path.read_text(encoding="utf-8")


class Finished(NamedTuple):
    """What a run directory says; a notebook shows its table and verdicts.

    Attributes:
      workdir: the run directory, for ``rr.load``.
      table: a row for each arm and each trivial baseline, full precision, a number a column: as ``report/table.csv``.
      verdicts: of the claims: ``source``, ``claim``, ``verdict``, ``measured``.
      remarks: what is to be said beside the table.
      html: of the table as people read it, and of the verdicts.
      status: of the launch, 0 where all went well; 1 where trials failed.
    """

    workdir: Path
    table: "pd.DataFrame"
    verdicts: "pd.DataFrame"
    remarks: list[str]
    html: str
    status: int = 0

    @property
    def metrics(self) -> "pd.DataFrame":
        """All rows of all trials; docs/running.md says what the columns are."""
        import pandas as pd

        return pd.read_parquet(RunDirectory(self.workdir).parquet)

    @property
    def figures(self) -> dict[str, Figure]:
        """The report's figures by name."""
        return {path.stem: Figure(path) for path in sorted(RunDirectory(self.workdir).report.glob("*.svg"))}

    def _repr_html_(self) -> str:
        return self.html


def launch(
    experiment: str | Path,
    *,
    config: Mapping[str, Any] | None = None,
    grid: Mapping[str, Any] | None = None,
    workdir: str | Path | None = None,
    quiet: bool = False,
    **flags: Any,
) -> Finished:
    """Run an experiment, as ``python launch.py`` does, and return what it found; called again, trains what is missing.

    ``rr.launch("lstm_vs_gru", config={"task": "adding(length=20)"}, seeds=2)``

    Args:
      experiment: its name, or the path of a file that defines one: ``%%writefile mine.py`` makes one in a notebook.
      config: settings of every trial, ``--config.PATH=VALUE``.
      grid: axes, ``--grid.PATH=VALUES``: a list of values, or text as the flag takes it.
      workdir: the run directory; ``runs/NAME`` if left out.
      quiet: print no progress.
      flags: the other flags of ``launch.py`` by name: ``smoke=True``, ``data_dir="corpora"``.

    Raises:
      ValueError: what ``launch.py`` refuses, as it says it.
      RuntimeError: it could not be brought to an end.
    """
    place = workdir or default_workdir(Path(experiment).stem, *map(flags.get, ("smoke", "runner_up", "full")))
    arguments = [f"--experiment={experiment}", f"--workdir={place}"]
    for prefix, settings in (("config", config), ("grid", grid)):
        arguments += [f"--{prefix}.{path}={_text(value)}" for path, value in (settings or {}).items()]
    arguments += [f"--{name}={_text(value)}" for name, value in flags.items() if value is not None]
    status, said = _run([sys.executable, "-u", str(PROGRAM), *arguments], quiet)
    if status == 2:
        raise ValueError(said)
    if status not in (0, 1) or not RunDirectory(Path(place)).document():
        raise RuntimeError(f"launch.py ended with {status}: {said}")
    if status:
        warnings.warn(said, stacklevel=2)
    return results(place)._replace(status=status)


def results(workdir: str | Path) -> Finished:
    """What a run directory says; trains nothing, draws nothing, writes nothing.

    Raises:
      ValueError: it holds no experiment, or one of another format.
    """
    import io

    import pandas as pd

    from rnn_research.report.markup import fill
    from rnn_research.report.remarks import remarks
    from rnn_research.report.render import cells, comma_separated
    from rnn_research.report.results import load
    from rnn_research.report.table import make_table
    from rnn_research.report.verdicts import judge

    path = Path(workdir).expanduser().resolve()
    found = load(RunDirectory(path))
    table, verdicts = make_table(found), judge(found)
    headings, rows = cells(found, table)
    answers = [(one.source, one.text, one.answer, "; ".join(one.evidence)) for one in verdicts]
    shown = fill("result.html", headings=headings, rows=rows, answers=answers)
    return Finished(
        path,
        pd.read_csv(io.StringIO(comma_separated(found, table))),
        pd.DataFrame(answers, columns=["source", "claim", "verdict", "measured"]),
        remarks(found),
        shown,
    )


def _run(command: Sequence[str], quiet: bool) -> tuple[int, str]:
    """Run a launch and pass on what it says of its progress; its status, and what it complained of.

    An interrupt is handed to it, so that it saves what it has, and then raised here.
    """
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"}
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env=environment,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        complaints, shows = [], not quiet
        while True:
            try:
                for line in process.stdout:
                    shows = shows and not line.startswith(TABLE_BEGINS)
                    if line.startswith(COMPLAINS):
                        complaints.append(line.removeprefix(COMPLAINS).strip())
                    elif shows:
                        print(line, end="", flush=True)
                return process.wait(), "; ".join(complaints)
            except KeyboardInterrupt:
                process.terminate()
                process.wait()
                raise


def _text(value: Any) -> str:
    """A value as the command line has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ",".join(map(_text, value))
    return str(value)
