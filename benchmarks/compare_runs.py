"""Do two run directories hold the same numbers, bit for bit?

    python -m benchmarks.compare_runs runs/before runs/after

Trials are matched by stage, labels, seed and, for pilots, the value that they try; rows by step and split; curves and
texts by step and name. Columns of the wall clock are left out. A directory of format 2 may be compared too, in which
curves and texts were columns of the rows.

Exit status: 0 all is the same; 1 something differs, or is missing on one side.
"""

import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CLOCK = ("seconds", "steps_per_s", "tokens_per_s", "probe_seconds", "written_per_s", "update_ms")
SHOWN = 20

Numbers = dict[tuple, Any]


def numbers_of(run: Path) -> Numbers:
    """Every number, curve and text of a run directory, by (trial, step, split or ``exhibit``, column)."""
    found: Numbers = {}
    for entry in json.loads((run / "experiment.json").read_text(encoding="utf-8"))["trials"]:
        tried = entry.get("tuned") or {"learning_rate": entry.get("learning_rate")}
        tuned = tuple(tried.values()) if entry["stage"] == "pilot" else ()
        trial = (entry["stage"], *map(str, entry["labels"].values()), entry["seed"], *tuned)
        folder = run / "trials" / entry["id"]
        for path in (folder / "metrics.jsonl", folder / "exhibits.jsonl"):
            for row in map(json.loads, path.read_text(encoding="utf-8").splitlines() if path.exists() else ()):
                found |= {(trial, *key): value for key, value in cells(row)}
    return found


def cells(row: dict[str, Any]) -> Iterator[tuple[tuple, Any]]:
    """The numbers of a line, by (step, split, column)."""
    if "kind" in row:
        value = row["y"] if row["kind"] == "curve" else row["texts"][0] if row["kind"] == "texts" else row
        yield (row["step"], "exhibit", row["name"]), plain(value)
        return
    for column, value in row.items():
        if column in ("step", "split") or column.partition("@")[0] in CLOCK:
            continue
        split = "exhibit" if isinstance(value, list | str) and column != "loss" else row["split"]
        if isinstance(value, str) and value in ("Infinity", "-Infinity", "NaN"):
            split = row["split"]
        yield (row["step"], split, "texts" if column == "sample" else column), plain(value)


def plain(value: Any) -> Any:
    """Values that compare as they should: what is not a number equals itself, however it was written."""
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if value is None or value == "NaN" or (isinstance(value, float) and math.isnan(value)):
        return "nan"
    return float(value) if isinstance(value, int | float) or value in ("Infinity", "-Infinity") else value


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    before, after = (numbers_of(Path(path)) for path in arguments)
    lost, new = before.keys() - after.keys(), after.keys() - before.keys()
    shared = before.keys() & after.keys()
    changed = [key for key in shared if before[key] != after[key]]
    print(f"{len({key[0] for key in shared})} trials, {len(shared)} values in both: {len(changed)} differ")
    for name, keys in (("differs", changed), ("only in the first", lost), ("only in the second", new)):
        for column in sorted({key[2:] for key in keys}):
            same = [key for key in keys if key[2:] == column]
            example = min(same, key=str)
            print(f"  {name}: {'/'.join(column)}, {len(same)} times; first {example[:2]}: ", end="")
            print(f"{str(before.get(example))[:60]} -> {str(after.get(example))[:60]}")
    return int(bool(changed or lost or new))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
