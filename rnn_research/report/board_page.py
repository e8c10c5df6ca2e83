"""The board of claims as Markdown, as one HTML page without a script, and as lines for a terminal."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rnn_research.report import markup
from rnn_research.report.board import NOT_RUN, Answer, Board, collect
from rnn_research.report.lectures import Stated, System
from rnn_research.report.markup import fill, inline, page_of
from rnn_research.report.records import Records, docs_folder
from rnn_research.report.render import markdown

ABOUT = """\
Made of [claims.json](claims.json) by `python launch.py --claims --record`, which takes up what the finished runs of
`runs/` and of every `--workdir` came to; a test holds this page against that file. Each row is a claim as an
experiment asks it, by the protocol of [statistics.md](statistics.md). *By former rules* is a record by the rules
before it; where the claim or the experiment has changed since, it is to be run again. A command has the options of
the run that it answers for. In brackets the minutes that the plain one takes on two cores. Revision and date of what
was recorded before this file was kept are those of the commit that did so.

"""
UNASKED = "no experiment asks it"


def html(board: Board, folder: Path) -> str:
    """The board as a page; its links are relative to the folder that it is to lie in."""
    lectures: dict[int, list[tuple[Stated, list[Answer]]]] = {}
    for stated, answers in board.claims:
        lectures.setdefault(stated.lectures[0], []).append((stated, answers))
    return fill(
        "board.html",
        style=inline("board.css"),
        summary=summary(board),
        worth=board.worth,
        lectures=lectures.items(),
        systems=board.systems,
        papers=board.papers,
        unread=board.unread,
        link=lambda answer: link(answer, folder),
        took=took,
        unanswered=unanswered,
    )


def as_markdown(board: Board, folder: Path, about: str = "") -> str:
    """The board as Markdown: a table of the claims, one of the systems, one of what papers claim.

    Args:
      folder: that it is to lie in.
      about: what is said before the tables.
    """
    headings = ["id", "lecture", "claim", "asked as", "verdict", "measured", "run, or what answers it"]
    rows = [row for stated, answers in board.claims for row in _claim_rows(stated, answers, folder)]
    systems = [_system_row(system, answers, folder) for system, answers in board.systems]
    papers = [_told(answer, folder) for answers in board.papers.values() for answer in answers]
    parts = [
        f"# Where the claims stand\n\n{about}{summary(board)}\n",
        markdown(headings, rows),
        "## What the lectures describe, and where it is\n",
        markdown(["id", "system", "where", "experiments", "verdicts"], systems),
        "## What papers claim\n",
        markdown(["asked as", "verdict", "measured", "run, or what answers it"], papers),
        "## What these records are worth\n" if board.worth else "",
        markdown(["claim", "its record"], [[name, said] for name, said in sorted(board.worth.items())])
        if board.worth
        else "",
        "".join(f"* {line}\n" for line in board.unread),
    ]
    return "\n".join(filter(None, parts))


def recorded_page(held: Records) -> str:
    """docs/claims.md: the board of what is on record, whatever runs there are."""
    return as_markdown(collect([], held), docs_folder(), ABOUT)


def lines(board: Board) -> list[str]:
    """A line for each claim: its id, how often it got which verdict, and by which experiments."""
    text, lecture = [], 0
    for stated, answers in board.claims:
        if stated.lectures[0] != lecture:
            lecture = stated.lectures[0]
            text.append(f"lecture {lecture}")
        counted = Counter(answer.verdict + " (on record)" * bool(answer.recorded) for answer in answers)
        said = ", ".join(f"{verdict} {count}" if count > 1 else verdict for verdict, count in counted.items())
        by = ", ".join(dict.fromkeys(answer.experiment for answer in answers)) or stated.tests
        text.append(f"  {stated.id}  {said or unanswered(stated)}" + (f"  ({by})" if by else ""))
    return [*text, *board.unread, summary(board)]


def summary(board: Board) -> str:
    """How many of the lectures' claims have an answer."""
    ran = [stated.id for stated, answers in board.claims if any(answer.run for answer in answers)]
    recalled = sum(
        stated.id not in ran and any(answer.recorded for answer in answers) for stated, answers in board.claims
    )
    tested = sum(bool(stated.tests) for stated, _ in board.claims)
    missing = {answer.experiment: answer.minutes for answer in _answers(board) if answer.verdict == NOT_RUN}
    hours = sum(minutes or 0 for minutes in missing.values()) / 60
    takes = f", about {hours:.1f} h on two cores" if hours else ""
    left = f"; of {len(missing)} experiments some claim is still to be run{takes}" if missing else ""
    on_record = f", {recalled} {'more ' if ran else ''}have a verdict on record" if recalled else ""
    said = f"{len(ran)} have been put to a run here{on_record}" if ran or not recalled else on_record.removeprefix(", ")
    return f"Of {len(board.claims)} claims, {said} and {tested} are held by tests{left}."


def link(answer: Answer, folder: Path) -> str:
    """Where a run's report is, seen from a folder; the page that says more of what is on record."""
    target = page_of(answer.run) if answer.run else answer.page
    assert target is not None
    return markup.link(target, folder)


def said_of(answer: Answer, folder: Path) -> str:
    """Since when it is on record, with the page that says more."""
    text = f"on record since {answer.recorded}"
    return f"[{text}]({link(answer, folder)})" if answer.page else text


def took(answer: Answer) -> str:
    return "" if answer.minutes is None else f" ({answer.minutes:g} min)"


def unanswered(stated: Stated) -> str:
    """What stands in the place of a verdict where no experiment asks."""
    return "held by a test" if stated.tests else UNASKED


def _answers(board: Board) -> list[Answer]:
    groups = [*(answers for _, answers in [*board.claims, *board.systems]), *board.papers.values()]
    return [answer for answers in groups for answer in answers]


def _claim_rows(stated: Stated, answers: Sequence[Answer], folder: Path) -> list[list[str]]:
    first = [stated.id, ", ".join(map(str, stated.lectures)), stated.fact]
    if not answers:
        where = f"`{stated.tests}`" if stated.tests else ""
        return [[*first, "", unanswered(stated), "", where]]
    return [[*(first if answer is answers[0] else ("", "", "")), *_told(answer, folder)] for answer in answers]


def _told(answer: Answer, folder: Path) -> list[str]:
    measured = "; ".join([*answer.effect, *([answer.note] if answer.note else [])])
    where = f"`{answer.command}`{took(answer)}"
    if answer.run:
        where = f"[{answer.experiment}]({link(answer, folder)})"
    elif answer.recorded:
        where = f"{said_of(answer, folder)}; {where}"
    return [f"{answer.source}: {answer.text}", answer.verdict, measured, where]


def _system_row(system: System, answers: Sequence[Answer], folder: Path) -> list[str]:
    said = [
        f"{answer.verdict}: {answer.text}"
        + (f" ([{answer.experiment}]({link(answer, folder)}))" if answer.run else "")
        + (f" ({said_of(answer, folder)})" if answer.recorded else "")
        for answer in answers
    ]
    where = ", ".join(f"`{path}`" for path in system.where)
    return [system.id, system.name, where, ", ".join(system.experiments), "; ".join(said)]
