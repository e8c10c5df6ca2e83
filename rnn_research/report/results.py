"""What a run directory says, as plain records to compute with."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import accumulate
from typing import Any, Literal, NamedTuple, TypeVar

from rnn_research.experiment.measures import solves
from rnn_research.runs.directory import RunDirectory, check_format, check_whole
from rnn_research.runs.identity import UNFINISHED, conflicts, merged, refusal

T = TypeVar("T")
ENDED = ("done", "diverged")
BOUNDED = (("lower", 0.0), ("higher", 1.0), ("higher", 100.0))  # which way is better, and what a perfect answer has
QUANTITIES = {"": (-math.inf, math.inf), "amount": (0.0, math.inf), "share": (0.0, 1.0)}  # see ``Measure``
SHARES = ("accuracy", "exact", "f1", "bleu", "chrf")  # in the names of metrics that are never below 0
ENDED_BADLY = ("diverged", "failed")
PICKS: dict[str, Callable[[list[float]], float]] = {
    "first": lambda values: values[0],
    "last": lambda values: values[-1],
    "change": lambda values: values[-1] - values[0] if len(values) > 1 else math.nan,
    "mean": lambda values: sum(values) / len(values),
    "total": sum,
    "least": lambda values: _extreme(min, values),
    "greatest": lambda values: _extreme(max, values),
    "spike": lambda values: _spike(values),
}


def _extreme(pick: Callable[..., float], values: list[float]) -> float:
    """The least or the greatest of those that are numbers, in whatever order they come; NaN where none is."""
    return pick((value for value in values if not math.isnan(value)), default=math.nan)


def _spike(values: list[float]) -> float:
    """The greatest ratio of a number to the least before it, infinite where one that is none follows; NaN where no two
    are numbers, or one is not above 0."""
    known = [value for value in values if not math.isnan(value)]
    if known and math.isnan(values[-1]):
        known.append(math.inf)
    if len(known) < 2 or min(known) <= 0:
        return math.nan
    return max(value / least for value, least in zip(known[1:], accumulate(known, min), strict=False))


class TrialResult(NamedTuple):
    """One trial.

    Attributes:
      labels: value of each axis, by column.
      seed: None of a learner that is deterministic: nothing in its runs depends on one.
      tuned: the settings that pilots chose for it, by path.
      facts: its card: metric, better, perfect, baseline, and what else is known of its learner and task, such as hidden
        and parameters; empty before it has begun.
      score: the reported metric on the test split; NaN for a trial that did not finish.
      skill: 0 for the trivial baseline, 1 for a perfect answer, 0 for a run that failed, NaN for one to come.
      rows: its metrics, one row per (step, split).
      exhibits: rows for ``exhibits.from_row``.
    """

    id: str
    stage: str
    labels: dict[str, Any]
    seed: int | None
    tuned: dict[str, Any]
    state: str
    reason: str
    facts: dict[str, Any]
    score: float
    skill: float
    rows: list[dict[str, Any]]
    exhibits: list[dict[str, Any]]


class Results(NamedTuple):
    """One run directory: ``experiment.json`` and the trials it lists, in order, without copies."""

    document: dict[str, Any]
    trials: list[TrialResult]

    @property
    def compare(self) -> str:
        """The column whose values are compared."""
        return self.document["compare"]

    @property
    def others(self) -> list[str]:
        """The other axes, in order."""
        return [name for name in self.document["columns"] if name != self.compare]

    @property
    def arms(self) -> list[Any]:
        """The values of the compared column, in order of appearance."""
        return list(dict.fromkeys(trial.labels[self.compare] for trial in self.reported))

    @property
    def tuned(self) -> list[str]:
        """The paths of the settings that pilots chose, in order of appearance."""
        return list(dict.fromkeys(path for trial in self.reported for path in trial.tuned))

    @property
    def measures(self) -> dict[str, dict[str, Any]]:
        """The experiment's measures by name."""
        return {measure["name"]: measure for measure in self.document["measures"]}

    @property
    def published(self) -> list[dict[str, Any]]:
        """The figures that others published, in order."""
        return self.document.get("published", [])

    @property
    def sources(self) -> dict[str, str]:
        """How the column of each of their sources is headed, by source in order of appearance."""
        return {figure["source"]: f"published: {figure['source']}" for figure in self.published}

    def value(self, trial: TrialResult, name: str) -> float:
        """A measure of a trial; NaN where it has none, or has not ended."""
        if name == "finished":
            return {"done": 1.0, "diverged": 0.0, "failed": 0.0}.get(trial.state, math.nan)
        if name in ("score", "skill"):
            return getattr(trial, name)
        if name == "solved":
            return solved(trial)
        return measured(trial, self.measures[name])

    def title(self, setting: Sequence[Any], when: str = "") -> str:
        """What a panel for a setting of the other axes is headed, and ``when`` its runs were looked at."""
        return " ".join(filter(None, (settings_text(self.others, setting), when)))

    def called(self, labels: Sequence[Any]) -> str:
        """What an arm is called, by the values of all its columns."""
        return settings_text(self.document["columns"], labels) or "run"

    @property
    def asked(self) -> int:
        """How many arms the last command asked for; 0 where that is not known."""
        points, axes = self.document.get("points", ()), self.document.get("axes", {})
        return math.prod(map(len, axes.values())) * max(1, len(points)) if points or axes else 0

    @property
    def reported(self) -> list[TrialResult]:
        """The trials that are no pilots."""
        return [trial for trial in self.trials if trial.stage == "main"]


def load(run: RunDirectory) -> Results:
    """Read a run directory.

    Raises:
      ValueError: it holds no experiment, one of another format, or trials that are not alike.
    """
    document = run.document()
    if document is None:
        raise ValueError(f"{run.path} holds no experiment")
    check_format(run.path, document)
    trials = [read_trial(run, entry) for entry in document["trials"]]
    check_alike(run, document, trials)
    return Results(document, without_copies(trials))


def check_alike(run: RunDirectory, document: Mapping[str, Any], trials: Sequence[TrialResult]) -> None:
    """Refuse to put trials into one table that were trained with different code, data or settings of jax.

    Raises:
      ValueError: what differs, and in how many of them.
    """
    found, held = {}, document.get("trained_with", {})
    for trial in trials:
        if trial.state in (*ENDED, *UNFINISHED):
            identity = trial.facts.get("trained_with", {})
            found[trial.id] = conflicts(identity, held)
            held = merged([identity, held])
    found = {name: differences for name, differences in found.items() if differences}
    if found:
        raise ValueError(f"{run.path} cannot be one table: {refusal(found)}")


def read_trial(run: RunDirectory, entry: dict[str, Any]) -> TrialResult:
    """The record of one trial, from its entry in ``experiment.json`` and its files.

    Raises:
      ValueError: it is done, and some of its files are not whole.
    """
    status, facts, rows = run.status(entry["id"]), run.card(entry["id"]), run.rows(entry["id"])
    state = status.get("state", "missing")
    exhibits = run.exhibits(entry["id"])
    check_whole(run, entry["id"], entry["stage"] == "pilot", status, facts, rows, exhibits)
    score = test_score(rows, facts) if state == "done" else math.nan
    return TrialResult(
        id=entry["id"],
        stage=entry["stage"],
        labels=entry["labels"],
        seed=None if facts.get("deterministic") else entry["seed"],
        tuned=entry["tuned"],
        state=state,
        reason=status.get("reason", ""),
        facts=facts,
        score=score,
        skill=0.0 if state in ENDED_BADLY else skill(score, facts),
        rows=rows,
        exhibits=exhibits,
    )


def without_copies(trials: Iterable[TrialResult]) -> list[TrialResult]:
    """One run of each arm whose learner is deterministic, the first that is done, else the first: the others say the
    same once more, and are no evidence. All runs of the other arms."""
    kept: dict[Any, TrialResult] = {}
    for trial in trials:
        key = trial.id if trial.seed is not None else (trial.stage, *map(repr, trial.labels.items()))
        if key not in kept or (trial.state == "done" and kept[key].state != "done"):
            kept[key] = trial
    return list(kept.values())


def by_seed(trials: Iterable[TrialResult], value: Callable[[TrialResult], float]) -> dict[int | None, float]:
    """The values that are finite, by seed."""
    found = {trial.seed: value(trial) for trial in trials}
    return {seed: number for seed, number in found.items() if math.isfinite(number)}


def rows_of(trial: TrialResult, split: str) -> list[dict[str, Any]]:
    """Those of one split, in the order of their steps."""
    return [row for row in trial.rows if row["split"] == split]


def test_score(rows: list[dict[str, Any]], facts: dict[str, Any]) -> float:
    """The reported metric on the test split; NaN where it was not scored."""
    return next((row[facts["metric"]] for row in rows if row["split"] == "test"), math.nan)


def skill(score: float, facts: dict[str, Any]) -> float:
    """Where a score lies between the trivial baseline (0) and a perfect answer (1)."""
    if math.isnan(score):
        return math.nan
    baseline = facts["baseline"][facts["metric"]]
    return (score - baseline) / (facts["perfect"] - baseline)


def possible(facts: Mapping[str, Any], measure: Literal["score", "skill"] = "score") -> tuple[float, float]:
    """Between what a score, or a skill, must lie, where none can be better than a perfect answer: an error or a loss of
    0, a share of 1 or 100%; nor a share of right answers below 0. What of an interval lies beyond holds no truth: what
    is left covers as often."""
    if (facts.get("better"), facts.get("perfect")) not in BOUNDED:
        return -math.inf, math.inf
    if measure == "skill":
        return -math.inf, 1.0
    if facts["better"] == "lower":
        return facts["perfect"], math.inf
    share = any(name in facts.get("metric", "") for name in SHARES)
    return 0.0 if share else -math.inf, facts["perfect"]


def possible_difference(facts: Mapping[str, Any]) -> tuple[float, float]:
    """Between what the difference of two scores must lie."""
    least, most = possible(facts)
    return least - most, most - least


def possible_measure(results: Results, measure: str, facts: Mapping[str, Any]) -> tuple[float, float]:
    """The same of what an experiment measures: of the task's metric as of a score, else by what it is said to be."""
    if is_share(results, measure):
        return 0.0, 1.0
    if of_metric(results, measure, facts):
        return possible(facts)
    return QUANTITIES[results.measures.get(measure, {}).get("quantity", "")]


def is_share(results: Results, measure: str) -> bool:
    """Whether a measure is 0 or 1 for every run."""
    return measure in ("finished", "solved") or results.measures.get(measure, {}).get("above") is not None


def of_metric(results: Results, measure: str, facts: Mapping[str, Any]) -> bool:
    """Whether a measure is made of values of the task's metric as they are: of the test's, of another split's, at other
    lengths (``accuracy@500``), or of a part of the split (``exact_match/length_20``)."""
    asked = results.measures.get(measure)
    if measure == "score" or asked is None:
        return measure == "score"
    as_it_is = asked["at"] not in ("total", "change", "spike") and not asked.get("minus")
    return as_it_is and re.split("[@/]", asked["column"])[0] == facts.get("metric")


def is_score(results: Results, measure: str, facts: Mapping[str, Any]) -> bool:
    """Whether a measure is the test score by another name, so that all that is known of scores is known of it."""
    asked = results.measures.get(measure)
    if asked is None:
        return measure == "score"
    as_it_is = not asked.get("minus") and asked["above"] is None and asked.get("until") is None
    once = asked["at"] not in ("total", "change", "spike")  # there is one row
    return asked["split"] == "test" and asked["column"] == facts.get("metric") and as_it_is and once


def has_ended(trial: TrialResult) -> bool:
    """Done, diverged or failed: nothing more is to come of it."""
    return trial.state == "done" or trial.state in ENDED_BADLY


def solved(trial: TrialResult) -> float:
    """1 for a run whose test score solves the task, 0 for one that does not or failed; NaN for one to come, and where
    the task has no such threshold."""
    if "solved" not in trial.facts or not has_ended(trial):
        return math.nan
    return float(trial.state == "done" and solves(trial.score, trial.facts))


def steps_to_solve(trial: TrialResult) -> tuple[float, bool]:
    """The step of the first look at which a run had solved its task on validation, or of its last; which of both. Of a
    run that failed before it had, infinite: nothing more is to come of it, however many updates others make."""
    metric = trial.facts["metric"]
    looks = [row for row in trial.rows if row["split"] == "valid" and metric in row]
    found = [float(row["step"]) for row in looks if solves(row[metric], trial.facts)]
    if found:
        return min(found), True
    last = max((float(row["step"]) for row in trial.rows), default=0.0)
    return (math.inf if trial.state in ENDED_BADLY else last), False


def facts_of(trials: Sequence[TrialResult]) -> dict[str, Any]:
    """What the first trial that has begun says of the model and the task."""
    return next((trial.facts for trial in trials if trial.facts), {})


def task_of(trials: Sequence[TrialResult]) -> Any:
    """What tells the task of trials from others, of what their cards say; None where none has begun."""
    facts = facts_of(trials)
    return {name: facts.get(name) for name in ("metric", "baseline", "inputs", "target", "digest")} if facts else None


def settings_text(columns: Sequence[str], values: Sequence[Any]) -> str:
    """Values of axes on one line; a number or a switch with the name of its axis."""
    return ", ".join(
        str(value) if isinstance(value, str) else f"{name} {value}" for name, value in zip(columns, values, strict=True)
    )


def measured(trial: TrialResult, measure: dict[str, Any]) -> float:
    """A ``Measure`` of a trial that has ended; NaN where its rows do not hold it."""
    if trial.state not in ("done", "diverged"):
        return math.nan
    split, column = measure["split"], measure["column"]
    if split == "facts":
        return float(trial.facts.get(column, math.nan))
    last, less = _reached(trial, measure.get("until")), measure.get("minus") or None
    if trial.state == "diverged" and math.isinf(last) and measure["at"] in ("last", "change"):
        return math.nan  # it has no end: what it had when it broke is that of fewer updates
    rows = [row for row in trial.rows if row["split"] == split and row["step"] <= last]
    rows = [row for row in rows if column in row and (less is None or less in row)]
    values = [row[column] - (row[less] if less else 0) for row in rows]
    if not values:
        return math.nan
    picked = float(PICKS[measure["at"]](values))
    if measure["above"] is None or math.isnan(picked):
        return picked
    return float(picked > measure["above"])


def _reached(trial: TrialResult, value: float | None) -> float:
    """The step of the first look at which the reported metric of the validation split was as good as a value; infinite
    where none was, or no value is asked for."""
    metric = trial.facts["metric"]
    facts = trial.facts | {"solved": value}
    looks = [row for row in trial.rows if row["split"] == "valid" and metric in row] if value is not None else []
    return min((row["step"] for row in looks if solves(row[metric], facts)), default=math.inf)


def keep(trials: Iterable[TrialResult], where: Mapping[str, Sequence[str]]) -> list[TrialResult]:
    """Those whose labels match a pattern of every column named."""
    return [
        trial
        for trial in trials
        if all(
            any(fnmatchcase(str(trial.labels[column]), pattern) for pattern in patterns)
            for column, patterns in where.items()
            if column in trial.labels
        )
    ]


def group_by(members: Iterable[T], key: Callable[[T], Any]) -> dict[Any, list[T]]:
    """Members by key, in order of first appearance."""
    found: dict[Any, list[T]] = {}
    for member in members:
        found.setdefault(key(member), []).append(member)
    return found


def by_labels(trials: Iterable[TrialResult], columns: Sequence[str]) -> dict[tuple, list[TrialResult]]:
    """Trials by the values of some axes."""
    return group_by(trials, lambda trial: tuple(trial.labels[name] for name in columns))
