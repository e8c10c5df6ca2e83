"""Open the page of a run in the browser: the table, the figures, the verdicts, and the trained networks themselves, to
type to.

    python -m rnn_research.show --workdir=runs/char_lm

The page is WORKDIR/report/index.html, one file that needs no network. It is made first where it is not there, or where
the run has written something since. Its path is printed; --no_browser does no more than that. While a run goes on,
python launch.py --report --watch --workdir=WORKDIR serves a page that follows it.

Exit status: 0 done; 1 the page cannot be written; 2 bad input.
"""

import sys
import webbrowser
from pathlib import Path

from rnn_research.commands import flags
from rnn_research.runs.directory import RunDirectory

FLAGS = (
    flags.text("workdir", "run directory of an experiment"),
    flags.switch("no_browser", "make the page if need be and print where it is; open nothing"),
)


def main(argv: list[str]) -> int:
    """The whole command; returns the exit status."""
    return flags.run("show", __doc__, FLAGS, argv, act)


def act(given: flags.Given) -> int:
    """Make the page where there is none that is up to date, and open it; returns the exit status.

    Raises:
      ValueError: no directory named, one that is not there, or one that holds no experiment.
      StorageError: the page cannot be written.
    """
    values = given.values
    if not values.workdir:
        raise ValueError("name a run directory: --workdir=runs/NAME")
    run = RunDirectory(flags.directory("workdir", values.workdir))
    if not run.path.is_dir():
        raise ValueError(f"--workdir: no directory {run.path}")
    page = up_to_date(run)
    print(f"report: {page}", flush=True)
    if not values.no_browser and not webbrowser.open(page.resolve().as_uri()):
        print("show: there is no browser to open it in", file=sys.stderr)
    return 0


def up_to_date(run: RunDirectory) -> Path:
    """The page of a run, made anew where the run has written something since it was made.

    Raises:
      ValueError: the directory holds no experiment, or one of another format.
      StorageError: it cannot be written.
    """
    # Imported now: statistics and templates take a second, which --help need not wait for.
    from rnn_research.report.live import written

    page = run.report / "index.html"
    changed = max((when for when, _ in written(run).values()), default=0)
    if not page.exists() or page.stat().st_mtime_ns < changed:
        from rnn_research.report.build import build

        made = build(run)
        if made.unwritten:
            raise made.unwritten
    elif run.document() is None:
        raise ValueError(f"{run.path} holds no experiment")
    return page
