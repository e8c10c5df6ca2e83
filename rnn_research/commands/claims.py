"""``launch.py --claims``: where the claims stand, by the runs that are there."""

from collections.abc import Sequence
from pathlib import Path

from rnn_research.commands import flags
from rnn_research.runs.files import storing, write_atomic

RUNS = Path("runs")  # where runs lie, and the board with them


def claims(workdirs: Sequence[str]) -> int:
    """Write the board as a page and as Markdown, print it in lines; returns the exit status.

    Args:
      workdirs: run directories, or folders of them, beside those in ``runs/``.

    Raises:
      ValueError: one that is not there.
      StorageError: the board cannot be written.
    """
    given = [flags.directory("workdir", one) for one in workdirs]
    for one in given:
        if not one.is_dir():
            raise ValueError(f"--workdir: no directory {one}")
    # Imported now: statistics and templates take a second, which no other command need wait for.
    from rnn_research.report.board import collect
    from rnn_research.report.board_page import as_markdown, html, lines

    board = collect([RUNS, *given])
    print("\n".join(lines(board)), flush=True)
    with storing(RUNS):
        RUNS.mkdir(exist_ok=True)
    for name, content in {"claims.md": as_markdown(board, RUNS), "claims.html": html(board, RUNS)}.items():
        write_atomic(RUNS / name, content)
    print(f"board: {RUNS / 'claims.html'}, {RUNS / 'claims.md'}")
    return 0
