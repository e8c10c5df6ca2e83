"""The board: where every claim of the lectures stands, by the run directories that are there and by what is on record.
Runs nothing."""

import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rnn_research.experiment import registry
from rnn_research.experiment.config import TrialConfig, to_dict
from rnn_research.experiment.describe import described
from rnn_research.experiment.experiment import Experiment, Tune, identity
from rnn_research.report.lectures import CLAIMS, SYSTEMS, Stated, System
from rnn_research.report.records import BEFORE, Record, Records, docs_folder, of_run, own_options, page_of, shortened
from rnn_research.report.remarks import unfinished
from rnn_research.report.results import has_ended, load
from rnn_research.report.verdicts import judge
from rnn_research.runs.directory import RunDirectory, flat
from rnn_research.runs.files import StorageError

NOT_RUN = "not run yet"
NO_RECORDS = Records()
ID = re.compile(r"[CS]\d\d\b")
SHOWN = 3  # settings that are named where a run has others than the experiment's file
DEFAULTS = flat({"base": to_dict(TrialConfig()), "tune": to_dict(Tune((), 1, 1))})
OF_THE_RUN = ("axes", "points")  # what decides which trials there are, beside the identity


class Answer(NamedTuple):
    """A claim of an experiment and how it stands.

    Attributes:
      source: as the experiment has it: ``C16 for text``.
      verdict: or ``NOT_RUN``.
      effect: what was measured, an entry for each test.
      run: the directory that says so; None where there is none.
      note: what is to be known of that run.
      as_asked: whether the run has the settings that the experiment's file has now.
      minutes: that the experiment takes on two cores; None where that is not known.
      recorded: of which day it is on record; empty of what a run here says.
      page: of docs/ that says more of what is on record.
      options: of the command that made it; empty where that was the plain one, and for what is to be run.
      file: that defines the experiment, where it is none of the repository's.
    """

    source: str
    text: str
    verdict: str
    experiment: str
    effect: tuple[str, ...] = ()
    run: Path | None = None
    note: str = ""
    as_asked: bool = True
    minutes: float | None = None
    recorded: str = ""
    page: Path | None = None
    options: str = ""
    file: str = ""

    @property
    def command(self) -> str:
        """What answers it, or would again."""
        return f"python launch.py --experiment={shlex.quote(self.file or self.experiment)} {self.options}".rstrip()


class Board(NamedTuple):
    """All claims, each with its answers, in the order of the lectures.

    Attributes:
      papers: by source, what experiments claim that no lecture does.
      unread: a line for each run directory that could not be read.
      worth: by claim or source, what its record is worth.
    """

    claims: list[tuple[Stated, list[Answer]]]
    systems: list[tuple[System, list[Answer]]]
    papers: dict[str, list[Answer]]
    unread: list[str]
    worth: Mapping[str, str]


class Run(NamedTuple):
    """A run directory.

    Attributes:
      document: its ``experiment.json``.
      experiment: what it is of, as its file has it now; None where that does not load.
      differs: in what its settings are others than the file's.
      file: of the experiment, where it is none of the repository's.
    """

    directory: RunDirectory
    document: dict[str, Any]
    experiment: Experiment | None
    differs: tuple[str, ...]
    file: str

    @property
    def settings(self) -> str:
        return ", ".join(self.differs)

    @property
    def place(self) -> tuple[str, str]:
        """What it answers: an experiment, with which settings."""
        return self.document["name"], self.settings

    @property
    def date(self) -> str:
        return self.document["provenance"]["started"][:10]


def collect(folders: Iterable[Path], held: Records = NO_RECORDS) -> Board:
    """Put the latest verdicts of every experiment together, of runs that are here and of those on record.

    Args:
      folders: run directories, or folders of run directories.
    """
    experiments, faults = registered()
    found, unread = latest(folders, experiments)
    unread = [*faults, *unread]
    on_record = {record.place: record.date for record in held.records}
    answers, here = [], set()
    for run in found:
        if on_record.get(run.place, "") > run.date:
            continue
        try:
            of_run = answers_of(run)
        except (ValueError, StorageError) as error:
            unread.append(str(error))
            continue
        answers += of_run
        here |= {run.place} if of_run else set()
    answers += [recalled(record, experiments) for record in held.records if record.place not in here]
    answered = {(answer.experiment, answer.source, answer.text) for answer in answers if answer.as_asked}
    for experiment in experiments.values():
        answers += [
            Answer(claim.source, claim.text, NOT_RUN, experiment.name, minutes=experiment.minutes)
            for claim in experiment.claims
            if (experiment.name, claim.source, claim.text) not in answered
        ]
    by_id: dict[str, list[Answer]] = {}
    for answer in answers:
        name = ID.match(answer.source)
        by_id.setdefault(name[0] if name else answer.source, []).append(answer)
    return Board(
        [(one, by_id.pop(one.id, [])) for one in sorted(CLAIMS, key=lambda one: (one.lectures[0], one.id))],
        [(one, by_id.pop(one.id, [])) for one in SYSTEMS],
        dict(sorted(by_id.items())),
        unread,
        held.worth,
    )


def registered() -> tuple[dict[str, Experiment], list[str]]:
    """The repository's experiments by name, and a line for each file that does not load."""
    found, faults = {}, []
    for name in registry.names():
        try:
            found[name] = registry.load(name)
        except ValueError as error:
            faults.append(str(error))
    return found, faults


def recalled(record: Record, experiments: Mapping[str, Experiment]) -> Answer:
    """The answer that is on record, and what is to be known of it."""
    experiment = experiments.get(record.experiment)
    asked = {(claim.source, claim.text) for claim in experiment.claims} if experiment else set()
    notes = [f"other settings than the file's: {record.settings}"] * bool(record.settings)
    notes += ["by former rules"] * (record.rules == BEFORE)
    notes += ["the experiment has changed since"] * record.changed
    notes += ["the claim has changed since"] * ((record.source, record.text) not in asked)
    return Answer(
        record.source,
        record.text,
        record.verdict,
        record.experiment,
        record.measured,
        note="; ".join(notes),
        as_asked=not record.settings and not record.changed,
        minutes=experiment.minutes if experiment and not record.options else None,  # known of the plain command
        recorded=record.date,
        page=docs_folder() / record.page if record.page else None,
        options=record.options,
    )


def records_of(folders: Iterable[Path], held: Records) -> tuple[list[list[Record]], list[str]]:
    """What runs of the repository's experiments came to, for the record; and a line for each that is left out, as it is
    unfinished or has fewer seeds than its experiment asks for."""
    experiments, faults = registered()
    found, left = latest(folders, experiments)
    left = [*faults, *left]
    pages = {record.experiment: record.page for record in held.records}
    kept = []
    for run in found:
        name = run.document["name"]
        if name not in experiments or run.file:
            left.append(f"{run.directory.path} is not recorded: {name} is none of the repository's experiments")
            continue
        try:
            results = load(run.directory)
        except (ValueError, StorageError) as error:
            left.append(str(error))
            continue
        seeds = len({entry["seed"] for entry in run.document["trials"] if entry["stage"] == "main"})
        few = [f"{seeds} seeds of {experiments[name].seeds}"] * (seeds < experiments[name].seeds)
        if reasons := [*unfinished(results), *few]:
            left.append(f"{run.directory.path} is not recorded: {'; '.join(reasons)}")
            continue
        made, page = run.document["provenance"], pages.get(name) or page_of(name, docs_folder())
        kept.append(of_run(name, run.settings, judge(results), made, page))
    return [records for records in kept if records], left


def latest(folders: Iterable[Path], experiments: Mapping[str, Experiment]) -> tuple[list[Run], list[str]]:
    """The last begun of every experiment's runs with the same settings, those with the file's own first; and what
    cannot be read. Those of ``--smoke`` answer nothing, nor do forks."""
    found: dict[tuple[str, ...], Run] = {}
    unread = []
    for path in sorted({run.resolve() for folder in folders for run in runs_in(folder)}):
        directory = RunDirectory(path)
        try:
            document = directory.document() or {}
            if "fork" in document or "--smoke" in document["provenance"]["command"]:
                continue
            run = read_run(directory, document, experiments)
        except (KeyError, ValueError, StorageError) as error:
            unread.append(f"{path}: {error}")
            continue
        unknown = () if run.experiment else (str(path),)  # it cannot be told from others of its name
        key = (document["name"], run.file, *unknown, *run.differs)
        before = found.get(key)
        if before is None or before.document["provenance"]["started"] <= document["provenance"]["started"]:
            found[key] = run
    return sorted(found.values(), key=lambda run: (run.document["name"], run.differs)), unread


def read_run(directory: RunDirectory, document: dict[str, Any], experiments: Mapping[str, Experiment]) -> Run:
    """A run of one of the repository's experiments, or of one of the user's own.

    Raises:
      KeyError: a document without what they all have.
    """
    experiment, file = experiments.get(document["name"]), str(document.get("file", ""))
    if experiment is None or not _is_in_repository(file, experiment):
        try:
            experiment = registry.load(file)
        except ValueError:
            experiment = None
    else:
        file = ""
    return Run(directory, document, experiment, differences(document, experiment) if experiment else (), file)


def _is_in_repository(file: str, experiment: Experiment) -> bool:
    """Whether the file of a run is that of one of the repository's experiments, in this clone of it or another."""
    inner = Path(experiment.file).relative_to(registry.DIRECTORY.parent)
    return not file or Path(file).parts[-len(inner.parts) :] == inner.parts


def runs_in(folder: Path) -> list[Path]:
    """The run directory that a folder is, or those that lie in it."""
    if (folder / "experiment.json").is_file():
        return [folder]
    return [path.parent for path in folder.glob("*/experiment.json")]


def differences(document: Mapping[str, Any], experiment: Experiment) -> tuple[str, ...]:
    """In what a run is another than the experiment's file has it: ``task.corpus=war_and_peace_en``."""
    of_file = described(experiment) | identity(experiment)
    names = [*identity(experiment), *OF_THE_RUN]
    written = flat({name: {**document, **document["identity"]}.get(name) for name in names})
    now = flat(json.loads(json.dumps({name: of_file[name] for name in names})))
    # A setting that the run's version did not have yet is what it is by itself, unless the file says otherwise.
    before = DEFAULTS | written
    differing = [name for name in before | now if name in now | written and before.get(name) != now.get(name)]
    return tuple(
        name if name.partition(".")[0] in OF_THE_RUN else f"{name.removeprefix('base.')}={before.get(name)}"
        for name in differing
    )


def answers_of(run: Run) -> list[Answer]:
    """The verdicts of a run; none where nothing of it has ended.

    Raises:
      ValueError: it is of another format, or its trials are not alike.
    """
    results = load(run.directory)
    if not any(map(has_ended, results.reported)):
        return []
    experiment = run.experiment
    asked = {(claim.source, claim.text) for claim in experiment.claims} if experiment else set()
    notes = [*unfinished(results), *_said(run.differs)]
    if experiment is None:
        notes.append(f"{run.file or 'its experiment'} does not load here, so nobody can tell what its settings are now")
    found = []
    for verdict in judge(results):
        changed = ["the claim has changed since"] if asked and (verdict.source, verdict.text) not in asked else []
        said = zip(verdict.evidence, verdict.measured, strict=True)
        effect = tuple(shortened(evidence, one) for evidence, one in said)
        note = "; ".join([*notes, *changed])
        name, path, as_asked = run.document["name"], run.directory.path, bool(experiment) and not run.differs
        options = own_options(run.document["provenance"]["command"])
        minutes = experiment.minutes if experiment and not options else None
        answer = Answer(verdict.source, verdict.text, verdict.answer, name, effect, path, note, as_asked, minutes)
        found.append(answer._replace(options=options, file=run.file))
    return found


def _said(differs: Sequence[str]) -> list[str]:
    if not differs:
        return []
    more = f" and {len(differs) - SHOWN} more" if len(differs) > SHOWN else ""
    return [f"other settings than the file's: {', '.join(differs[:SHOWN])}{more}"]
