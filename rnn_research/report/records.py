"""The verdicts on record: what runs that are not on this machine came to, kept in the repository as JSON.

``docs/claims.json`` holds ``records``, an object a line, and ``worth``: by claim or paper what is to be known of its
record, written by hand. ``docs/claims.md`` is made of both.
"""

import itertools
import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rnn_research.experiment import registry
from rnn_research.report.verdicts import Measured, Verdict, parted
from rnn_research.runs.files import encode, storing, write_atomic

BEFORE = "before"  # the protocol that docs/statistics.md describes


# The flags that decide what a run is; the others say where and how it is made.
OF_THE_RUN = ("config", "grid", "seeds", "random", "until_decided", "max_seeds", "runner_up", "full")


class Record(NamedTuple):
    """A claim's answer in one run.

    Attributes:
      source, text: of the claim as it was then.
      measured: a line for each test.
      numbers: of each test ``effect``, ``low``, ``high``, ``level`` of the interval and ``n``, as far as is known.
      settings: in what the run was another than the experiment's file has it; empty for none.
      rules: ``BEFORE`` where it was judged by other rules than today's; else empty.
      revision, date: of the run; of what was written down before there was this file, those of the commit that did.
      page: of docs/ that says more; empty for none.
      options: of the command that made the run, see ``own_options``; empty for the plain one.
      changed: whether the experiment asks otherwise now, so that it is to be run again.
    """

    experiment: str
    source: str
    text: str
    verdict: str
    measured: tuple[str, ...]
    numbers: tuple[Mapping[str, float], ...]
    settings: str
    rules: str
    revision: str
    date: str
    page: str
    changed: bool = False
    options: str = ""

    @property
    def place(self) -> tuple[str, str]:
        """What it answers: an experiment, with which settings."""
        return self.experiment, self.settings


class Records(NamedTuple):
    """All that is on record.

    Attributes:
      worth: by claim (``C16``) or source of a paper's claim, what its record is worth.
    """

    records: tuple[Record, ...] = ()
    worth: Mapping[str, str] = {}


def own_options(command: Sequence[str]) -> str:
    """Of a command those options that made its run what it is, as they are typed; not where it lies, nor by how many
    workers it was made."""
    taken = [*command[1:], ""]  # a value may stand by itself behind its flag
    found = []
    for one, following in itertools.pairwise(taken):
        name, equals, _ = one.lstrip("-").partition("=")
        if one.startswith("-") and name.partition(".")[0] in OF_THE_RUN:
            found += [one] if equals or not following or following.startswith("-") else [one, following]
    return shlex.join(found)


def docs_folder() -> Path:
    """Where the record lies: ``docs/`` beside ``experiments/``."""
    return registry.DIRECTORY.parent / "docs"


def page_of(experiment: str, folder: Path) -> str:
    """The page of a folder that has a heading for an experiment, ``### attention: C36``; empty for none."""
    heading = re.compile(rf"^#+ {re.escape(experiment)}\b", re.MULTILINE)
    return next((page.name for page in sorted(folder.glob("*.md")) if heading.search(page.read_text("utf-8"))), "")


def read_records(path: Path) -> Records:
    """What a file holds; nothing where there is none.

    Raises:
      ValueError: it is no record.
    """
    if not path.is_file():
        return Records()
    try:
        held = json.loads(path.read_text("utf-8"))
        records = [Record(**one) for one in held["records"]]
        return Records(tuple(map(_frozen, records)), held["worth"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: {type(error).__name__}: {error}") from None


def _frozen(record: Record) -> Record:
    return record._replace(measured=tuple(record.measured), numbers=tuple(record.numbers))


def write_records(path: Path, held: Records) -> None:
    """Raises:
    StorageError: the file cannot be written.
    """
    with storing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    worth = ",\n".join(f"{_line(name)}: {_line(held.worth[name])}" for name in sorted(held.worth))
    records = ",\n".join(_line(record._asdict()) for record in held.records)
    write_atomic(path, f'{{"worth": {{\n{worth}\n}},\n"records": [\n{records}\n]}}\n')


def _line(value: Any) -> str:
    return encode(value, ensure_ascii=False)


def of_run(
    experiment: str, settings: str, verdicts: Sequence[Verdict], made: Mapping[str, Any], page: str
) -> list[Record]:
    """The records of a run.

    Args:
      made: its provenance.
    """
    return [
        Record(
            experiment,
            verdict.source,
            verdict.text,
            verdict.answer,
            tuple(map(shortened, verdict.evidence, verdict.measured)),
            tuple(map(_numbers, verdict.measured)),
            settings,
            "",
            made["git"],
            made["started"][:10],
            page,
            options=own_options(made["command"]),
        )
        for verdict in verdicts
    ]


def shortened(evidence: str, one: Measured | None) -> str:
    """Of what a verdict says of a test the estimate and the number of runs."""
    first, others = parted(evidence, one)
    return "; ".join([first, *(one for one in others[:1] if one.startswith("n = "))])


def _numbers(one: Measured | None) -> dict[str, float]:
    if one is None:
        return {}
    known = {"effect": one.effect, "low": one.low, "high": one.high, "level": one.level, "n": one.runs}
    return {name: float(f"{value:.6g}") for name, value in known.items() if value == value}


def with_runs(held: Records, found: Iterable[Sequence[Record]]) -> Records:
    """What is on record, with what runs came to in the place of older records of the same experiment and settings."""
    kept = list(held.records)
    for of_one in found:
        before = [record for record in kept if record.place == of_one[0].place]
        if all(record.date <= of_one[0].date for record in before):
            kept = [record for record in kept if record not in before] + list(of_one)
    return held._replace(records=tuple(sorted(kept, key=lambda record: record.place)))
