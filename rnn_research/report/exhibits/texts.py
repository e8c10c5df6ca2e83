"""Texts of the first seed of each arm, step by step, with the validation score beside them (S17)."""

import re
from collections.abc import Sequence
from typing import Any

from rnn_research.report.drawing import Drawing, Section
from rnn_research.report.exhibits.looks import Look
from rnn_research.report.markup import fill
from rnn_research.report.render import number
from rnn_research.report.results import Results, by_labels

FIRST = "Of the first seed of each arm."
SCORED = "Of the first seed of each arm; the score is that on validation at the same step."


def draw_texts(results: Results, looks: Sequence[Look]) -> list[Drawing | Section]:
    """One section: a table for each arm, a row for each look at its first run that has texts."""
    arms: dict[str, list[Look]] = {}
    for labels, trials in by_labels([look.trial for look in looks], results.document["columns"]).items():
        arms[results.called(labels)] = [look for look in looks if look.trial.id == trials[0].id]
    shown = looks[0].exhibit
    caption = " ".join(filter(None, (shown.caption, SCORED if any(map(_scored, arms.values())) else FIRST)))
    tables = [_table(name, of_run) for name, of_run in arms.items()]
    html = fill("texts.html", caption=caption, tables=tables)
    return [Section(shown.title, html, "\n".join(_document(name, of_run) for name, of_run in arms.items()))]


def _table(name: str, looks: Sequence[Look]) -> dict[str, Any]:
    """What the template shows of an arm."""
    numbers = list(dict.fromkeys(key for look in looks for key in look.exhibit.numbers))
    scored = _scored(looks)
    rows = []
    for look in looks:
        values = [_when(look), *(number(_score(look)) for _ in scored)]
        values += [number(look.exhibit.numbers.get(key)) for key in numbers]
        rows.append({"values": values, "texts": look.exhibit.texts})
    return {"name": name, "heads": ["when", *scored, *numbers, "text"], "rows": rows}


def _document(name: str, looks: Sequence[Look]) -> str:
    parts = [f"## {name}\n"]
    for look in looks:
        about = [f"{name} {number(_score(look))}" for name in _scored(looks)]
        about += [f"{key} {number(value)}" for key, value in look.exhibit.numbers.items()]
        texts = "\n\n".join(map(_fenced, look.exhibit.texts))
        numbers = f" ({', '.join(about)})" if about else ""
        parts.append(f"{_when(look).capitalize()}{numbers}:\n\n{texts}\n")
    return "\n".join(parts)


def _fenced(text: str) -> str:
    """As it is, between marks that are longer than any in it."""
    marks = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{marks}text\n{text}\n{marks}"


def _when(look: Look) -> str:
    return look.exhibit.when or (f"after {look.step:,} updates" if look.step else "before training")


def _scored(looks: Sequence[Look]) -> list[str]:
    """The reported metric on validation, where the texts are of a step and do not come with their own."""
    other = any(look.exhibit.when or _key(look) in look.exhibit.numbers for look in looks)
    return [] if other else [_metric(looks[0])]


def _score(look: Look) -> float:
    """The reported metric on validation at the step of the look; NaN where it was not taken."""
    rows = [row for row in look.trial.rows if row["split"] == "valid" and row["step"] == look.step]
    return rows[-1].get(_key(look), float("nan")) if rows else float("nan")


def _metric(look: Look) -> str:
    return _key(look).replace("_", " ")


def _key(look: Look) -> str:
    return look.trial.facts.get("metric", "loss")
