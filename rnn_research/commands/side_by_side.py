"""``launch.py --report`` with several ``--workdir``: runs side by side."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from rnn_research.commands import flags
from rnn_research.commands.claims import RUNS
from rnn_research.runs.files import storing, write_atomic

UNLIMITED = sys.maxsize


def side_by_side(workdirs: Sequence[str]) -> int:
    """Print in what runs differ and how far their arms came, and write that with the curves as one page into ``runs/``,
    beside the runs and in none of them; returns the exit status.

    Raises:
      ValueError: a directory that holds no experiment, or nothing to compare.
      StorageError: the page cannot be written; the table is printed.
    """
    paths = [flags.directory("workdir", one) for one in workdirs]
    # Imported now: statistics and templates take a second, which no other command need wait for.
    from rnn_research.report.side_by_side import put_together
    from rnn_research.report.side_by_side_page import as_html, as_lines, as_markdown

    together = put_together(paths)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else UNLIMITED
    print(as_lines(together, width), flush=True)
    with storing(RUNS):
        RUNS.mkdir(exist_ok=True)
    name = file_name(paths)
    for ending, content in {"md": as_markdown(together, RUNS), "html": as_html(together, RUNS)}.items():
        write_atomic(RUNS / f"{name}.{ending}", content)
    print(f"\nside by side: {RUNS / name}.html, {RUNS / name}.md")
    return 0


def file_name(paths: Sequence[Path]) -> str:
    """``compared-A-B``; of directories of one name as many of their parents' names as tell them apart."""
    parts = [path.resolve().parts for path in paths]
    for depth in range(1, max(map(len, parts)) + 1):
        names = ["_".join(part.strip("/") for part in of_path[-depth:]) for of_path in parts]
        if len(set(names)) == len(names):
            break
    return "-".join(["compared", *names])
