"""Two records of one trial, compared: to the bit, to rounding, or not at all."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnn_research.runs import checkpoints
from rnn_research.runs.directory import RunDirectory

# Largest difference that rounding may come to, as a share of a column's or an array's largest magnitude. A step of
# float32 rounds by 6e-8; over hundreds of updates that grows by orders of magnitude, and no bound is certain.
ROUNDING = 1e-3
BITS, ROUNDED, OTHER = "bits", "rounding", "other"


class Comparison(NamedTuple):
    """How far two records agree.

    Attributes:
      agreement: ``bits``, all numbers and parameters; ``rounding``; or ``other``.
      largest: the largest difference of a number, relative to the largest magnitude in its column or array; inf where
        that cannot be said.
      where: the column or array of that; or what else differs; ``""`` where nothing does.
      parameters: whether there were parameters to compare.
    """

    agreement: str
    largest: float
    where: str
    parameters: bool


def compare(one: RunDirectory, other: RunDirectory, trial: str) -> Comparison:
    """Compare a trial's rows, wall-clock columns aside, how it ended, and its last state, in two directories."""
    ended = [{k: run.status(trial).get(k) for k in ("state", "step", "best_step")} for run in (one, other)]
    if ended[0] != ended[1]:
        said = run_ended(other, trial)
        return Comparison(OTHER, math.inf, f"it ended otherwise: {said}, not {run_ended(one, trial)}", False)
    try:
        before, after = last_state(one, trial), last_state(other, trial)
    except checkpoints.DamagedError as error:
        return Comparison(OTHER, math.inf, f"its last checkpoint: {error}", False)
    rows = numbers_of(one, trial), numbers_of(other, trial)
    found = row_differences(*rows)
    both = before is not None and after is not None
    if before is not None and after is not None and digests_of(one, trial) != digests_of(other, trial):
        found |= array_differences(before.arrays, after.arrays)
    where = max(found, key=lambda name: found[name], default="")
    largest = found.get(where, 0.0)
    agreement = BITS if not found else ROUNDED if largest <= ROUNDING else OTHER
    return Comparison(agreement, largest, where + _since(*rows, where), both)


def run_ended(run: RunDirectory, trial: str) -> str:
    status = run.status(trial)
    reason = f" ({status['reason']})" if status.get("reason") else ""
    return f"{status.get('state', 'missing')} at step {status.get('step', 0)}{reason}"


def numbers_of(run: RunDirectory, trial: str) -> list[dict[str, Any]]:
    """A trial's rows without what a clock has measured."""
    return without_clocks(run.rows(trial))


def without_clocks(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if not of_a_clock(name)} for row in rows]


def of_a_clock(column: str) -> bool:
    """Whether a column holds times or speeds."""
    return column.partition("@")[0].endswith(("seconds", "_per_s"))


def last_state(run: RunDirectory, trial: str) -> checkpoints.Checkpoint | None:
    """The newest checkpoint; None where there is none.

    Raises:
      DamagedError: it is not what was saved, or all that were saved lack their manifests.
    """
    kept = checkpoints.complete(run.checkpoints(trial))
    if not kept and any(run.checkpoints(trial).glob("[0-9]*")):
        raise checkpoints.DamagedError("its manifest is gone")
    return checkpoints.read(kept[-1]) if kept else None


def digests_of(run: RunDirectory, trial: str) -> dict[str, Any]:
    """Shape, type and digest of every array of the newest checkpoint; ``{}`` where there is none."""
    kept = checkpoints.complete(run.checkpoints(trial))
    return checkpoints.leaves(kept[-1]) if kept else {}


def row_differences(one: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """By column the largest difference, relative to the largest magnitude in it; only where there is one."""
    found: dict[str, float] = {}
    if [(row["step"], row["split"], sorted(row)) for row in one] != [
        (row["step"], row["split"], sorted(row)) for row in other
    ]:
        return {f"which rows there are{_first_missing(one, other)}": math.inf}
    splits = dict.fromkeys((row["split"], name) for row in one for name in row if name not in ("step", "split"))
    for split, name in splits:
        pairs = [(a[name], b[name]) for a, b in zip(one, other, strict=True) if a["split"] == split and name in a]
        largest = difference([a for a, _ in pairs], [b for _, b in pairs])
        if largest:
            found[f"{name} of {split}"] = largest
    return found


def _since(one: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]], where: str) -> str:
    """From which step on a column of a split differs."""
    name, _, split = where.rpartition(" of ")
    steps = (
        a["step"]
        for a, b in zip(one, other, strict=False)
        if a["split"] == split and name in a and difference([a[name]], [b[name]])
    )
    return next((f" from step {step} on" for step in steps), "")


def _first_missing(one: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]) -> str:
    """The first row that only one of them has, or whose columns are others."""
    keys = [[(row["step"], row["split"]) for row in rows] for rows in (one, other)]
    alone = sorted(set(keys[0]) ^ set(keys[1]), key=str)
    return f": {alone[0][1]} of step {alone[0][0]} is in one alone" if alone else ", or their columns"


def array_differences(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> dict[str, float]:
    """The same of arrays by name; those of whole numbers must be equal."""
    if {n: (a.shape, a.dtype) for n, a in one.items()} != {n: (a.shape, a.dtype) for n, a in other.items()}:
        return {"which parameters there are": math.inf}
    found = {name: difference(one[name], other[name]) for name in one}
    return {f"array {name}": largest for name, largest in found.items() if largest}


def difference(one: Iterable[Any] | np.ndarray, other: Iterable[Any] | np.ndarray) -> float:
    """The largest difference as a share of the largest magnitude; 0 for the same bits, inf for unlike infinities."""
    a, b = np.asarray(one), np.asarray(other)
    if a.tobytes() == b.tobytes():
        return 0.0
    a, b = a.astype(np.float64), b.astype(np.float64)
    finite = np.isfinite(a) & np.isfinite(b)
    if not np.array_equal(a[~finite], b[~finite], equal_nan=True):
        return math.inf
    scale = np.abs(a[finite]).max(initial=0.0)
    largest = np.abs(a[finite] - b[finite]).max(initial=0.0)
    # Zeros of unlike signs, or NaNs of unlike bits, are no difference of numbers but are not the same bits.
    return float(largest / scale) if scale and largest else (math.inf if largest else np.finfo(np.float64).tiny)
