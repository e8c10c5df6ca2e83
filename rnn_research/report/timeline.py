"""What language models wrote at snapshots on the way, with the loss beside it (S17)."""

from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple

from rnn_research.report.render import number
from rnn_research.report.results import Results, TrialResult, by_labels


class Snapshot(NamedTuple):
    """A text of the first seed of an arm; ``score`` is the reported metric on validation at the same step."""

    when: str
    score: float
    words: float
    sample: str


def timelines(results: Results) -> dict[str, list[Snapshot]]:
    """The snapshots of every arm that wrote texts, by what the arm is called."""
    found = {}
    columns = results.document["columns"]
    for labels, trials in by_labels(results.reported, columns).items():
        snapshots = _snapshots(trials[0])
        if snapshots:
            found[results.called(labels)] = snapshots
    return found


def _snapshots(trial: TrialResult) -> list[Snapshot]:
    metric = trial.facts.get("metric", "loss")
    scores = {row["step"]: row[metric] for row in trial.rows if row["split"] == "valid"}
    rows: Sequence[dict[str, Any]] = [row for row in trial.rows if "sample" in row]
    return [Snapshot(_when(row), scores.get(row["step"], float("nan")), row["words"], row["sample"]) for row in rows]


def _when(row: dict[str, Any]) -> str:
    if "ngrams" in row:
        return "counted"
    return f"after {row['step']:,} updates" if row["step"] else "before training"


def timeline_html(results: Results) -> str:
    """A section of the page; empty where nothing was written."""
    parts = []
    for name, snapshots in timelines(results).items():
        rows = "".join(
            f"<tr><td>{snapshot.when}</td><td>{number(snapshot.score)}</td><td>{_share(snapshot.words)}</td>"
            f"<td class='sample'>{escape(snapshot.sample)}</td></tr>"
            for snapshot in snapshots
        )
        head = f"<th></th><th>{escape(_metric(results))}</th><th>known words</th><th>text</th>"
        parts.append(f"<h3>{escape(name)}</h3><table class='samples'><tr>{head}</tr>{rows}</table>")
    if not parts:
        return ""
    note = (
        "Drawn from the model at temperature 1 by the first seed of each arm; the score is that on validation at the "
        "same step. Known words: the share of words, over all texts drawn, that the training text holds."
    )
    return f"<h2>What it wrote</h2><p class='note'>{note}</p>{''.join(parts)}"


def timeline_markdown(results: Results) -> str:
    """The same as a document of its own; empty where nothing was written."""
    parts = []
    for name, snapshots in timelines(results).items():
        parts.append(f"## {name}\n")
        for snapshot in snapshots:
            about = f"{_metric(results)} {number(snapshot.score)}, known words {_share(snapshot.words)}"
            parts.append(f"{snapshot.when.capitalize()} ({about}):\n\n```text\n{snapshot.sample}\n```\n")
    return "\n".join(parts)


def _metric(results: Results) -> str:
    return next((trial.facts["metric"] for trial in results.reported if trial.facts), "").replace("_", " ")


def _share(value: float) -> str:
    return "–" if value != value else f"{value:.0%}"
