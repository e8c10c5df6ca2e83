"""``metrics.parquet``: all rows of all trials in one table; ``pandas.read_parquet`` is the whole API.

One row for every row of every trial's ``metrics.jsonl``. Its columns, in groups:

* of the row: ``step`` (updates so far) and ``split`` (train, valid, test, probe);
* of the trial: ``trial`` (its id), ``seed``, ``stage`` (main, or pilot of a tuning), ``state`` (done, diverged, …);
* ``axis``: the label of each axis, under the axis' column as in the report's table;
* ``tuned``: each setting that pilots chose, under the last part of its path: ``learning_rate``;
* ``card``: ``hidden``, the width that was solved for, and ``parameters``, how many there are;
* ``metric``: the numbers of the row, under their names; NaN where a row has no such number.

A column has its plain name unless a group further up has it; then that of its group comes before it. With an axis over
``model.cell.hidden``, ``hidden`` is the axis and ``card.hidden`` the width solved for; with one over ``penalty.l2``,
``l2`` is the axis and ``metric.l2`` what the penalty came to.
"""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from rnn_research.runs.directory import RunDirectory
from rnn_research.runs.files import encode, write_atomic

ROW, TRIAL, CARD = ("step", "split"), ("trial", "seed", "stage", "state"), ("hidden", "parameters")


def column_names(groups: Mapping[str, Sequence[str]]) -> dict[tuple[str, str], str]:
    """A column of its own for every name of every group.

    Args:
      groups: names by group; of two with the same name, the one of the earlier group has it plain.

    Returns:
      Columns by group and name.
    """
    found: dict[tuple[str, str], str] = {}
    taken: set[str] = set()
    for group, names in groups.items():
        for name in names:
            plain = last_part(name) if group == "tuned" else name
            column = plain if plain not in taken else f"{group}.{name}"
            while column in taken:
                column = f"{group}.{column}"
            taken.add(column)
            found[group, name] = column
    return found


def last_part(path: str) -> str:
    """Of a setting's path, without the ``name`` of a choice: ``optimizer.learning_rate`` → ``learning_rate``."""
    return path.removesuffix(".name").rpartition(".")[2]


def write_parquet(run: RunDirectory, known: Mapping[str, list[dict[str, Any]]] | None = None) -> None:
    """Gather all rows of the listed trials.

    Args:
      known: rows by trial that have been read already.
    """
    import pandas as pd

    entries = (run.document() or {}).get("trials", [])
    held = known or {}
    rows = {entry["id"]: held[entry["id"]] if entry["id"] in held else run.rows(entry["id"]) for entry in entries}
    groups: dict[str, list[str]] = {
        "row": list(ROW),
        "trial": list(TRIAL),
        "axis": _union(entry["labels"] for entry in entries),
        "tuned": _union(entry["tuned"] for entry in entries),
        "card": list(CARD),
        "metric": [name for name in _union(row for of_trial in rows.values() for row in of_trial) if name not in ROW],
    }
    names = column_names(groups)
    parts = [_frame(run, entry, rows[entry["id"]], names) for entry in entries if rows[entry["id"]]]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"trial": [], "step": [], "split": []})
    for name in frame:
        # A column of a file holds one kind of value.
        if frame[name].dtype == object and len(set(map(type, frame[name].dropna()))) > 1:
            frame[name] = frame[name].map(str, na_action="ignore")
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    write_atomic(run.parquet, buffer.getvalue())


def _frame(run: RunDirectory, entry: dict[str, Any], rows: list[dict[str, Any]], names: Mapping) -> Any:
    """One trial's rows under their columns."""
    import pandas as pd

    card = run.card(entry["id"])
    values = {("trial", "stage"): entry["stage"]}
    values |= {("tuned", path): _scalar(value) for path, value in entry["tuned"].items()}
    values |= {("axis", name): value for name, value in entry["labels"].items()}
    values |= {("trial", "seed"): entry["seed"], ("trial", "trial"): entry["id"]}
    values |= {("trial", "state"): run.status(entry["id"]).get("state")}
    values |= {("card", name): card.get(name) for name in CARD}
    fixed = pd.DataFrame({names[key]: value for key, value in values.items()}, index=range(len(rows)))
    own = pd.DataFrame(rows)
    own.columns = [names["row" if name in ROW else "metric", name] for name in own.columns]
    return fixed.join(own)


def _scalar(value: Any) -> Any:
    """A choice with its options is written as JSON."""
    return encode(value) if isinstance(value, dict | list) else value


def _union(mappings: Any) -> list[str]:
    """All keys, in order of first appearance."""
    return list(dict.fromkeys(name for mapping in mappings for name in mapping))
