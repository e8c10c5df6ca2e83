"""``launch.py --claims``: where the claims stand, by the runs that are there and by what is on record."""

from collections.abc import Sequence
from pathlib import Path

from rnn_research.commands import flags
from rnn_research.runs.files import storing, write_atomic

RUNS = Path("runs")  # where runs lie, and the board with them
FILE, PAGE = "claims.json", "claims.md"  # of docs/


def claims(workdirs: Sequence[str], record: bool = False) -> int:
    """Write the board as a page and as Markdown, print it in lines; returns the exit status.

    Args:
      workdirs: run directories, or folders of them, beside those in ``runs/``.
      record: whether what the finished runs came to is put on record first.

    Raises:
      ValueError: one that is not there, or a record that cannot be read.
      StorageError: the board cannot be written.
    """
    given = [flags.directory("workdir", one) for one in workdirs]
    for one in given:
        if not one.is_dir():
            raise ValueError(f"--workdir: no directory {one}")
    # Imported now: statistics and templates take a second, which no other command need wait for.
    from rnn_research.report.board import collect
    from rnn_research.report.board_page import as_markdown, html, lines
    from rnn_research.report.records import docs_folder, read_records

    if record:
        put_on_record([RUNS, *given])
    board = collect([RUNS, *given], read_records(docs_folder() / FILE))
    print("\n".join(lines(board)), flush=True)
    with storing(RUNS):
        RUNS.mkdir(exist_ok=True)
    for name, content in {"claims.md": as_markdown(board, RUNS), "claims.html": html(board, RUNS)}.items():
        write_atomic(RUNS / name, content)
    print(f"board: {RUNS / 'claims.html'}, {RUNS / 'claims.md'}")
    return 0


def put_on_record(folders: Sequence[Path]) -> None:
    """Take the verdicts of runs into docs/claims.json, and make docs/claims.md of it again."""
    from rnn_research.report.board import records_of
    from rnn_research.report.board_page import recorded_page
    from rnn_research.report.records import docs_folder, read_records, with_runs, write_records

    held = read_records(docs_folder() / FILE)
    found, left = records_of(folders, held)
    made = with_runs(held, found)
    for line in left:
        print(line)
    for records in found:
        taken = "on record" if records[0] in made.records else "not recorded, as what is on record is of a later day"
        first = records[0]
        print(f"{first.experiment}{f' ({first.settings})' if first.settings else ''}: {len(records)} verdicts {taken}")
    new = {record.source.split()[0] for record in made.records if record not in held.records}
    if again := sorted(new & set(held.worth)):
        print(f"read again what {FILE} says that these are worth: {', '.join(again)}")
    write_records(docs_folder() / FILE, made)
    write_atomic(docs_folder() / PAGE, recorded_page(made))
    print(f"record: {docs_folder() / FILE}, {docs_folder() / PAGE}")
