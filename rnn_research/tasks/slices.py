"""Numbers by slices of what is scored, by length or by position: as means on the device, as curves on the host.

A slice is a name and a mask that says which terms belong to it; slices may overlap, and need not hold every term.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnn_research.exhibits import Curve
from rnn_research.tasks.base import Mean
from rnn_research.tasks.measures import weighted

THIRDS = ("first_third", "middle_third", "last_third")
FEWEST = 5.0  # weight of a slice that a curve has a point for: below that a point says more of chance than of the slice


def sliced(name: str, values: Any, weights: Any, slices: Mapping[str, Any]) -> dict[str, Mean]:
    """``NAME/SLICE``: the mean of the terms of every slice; NaN of one without any.

    Args:
      values, weights: of the terms, ``[batch]`` or ``[batch, time]``, jax or NumPy.
      slices: masks by name, of the values' shape, or ``[batch]`` for whole rows.
    """
    xp = weights.__array_namespace__()

    def of(mask: Any) -> Mean:
        mask = mask.reshape(*mask.shape, *[1] * (weights.ndim - mask.ndim))
        return weighted(values, xp.where(mask, weights, 0))

    return {f"{name}/{one}": of(mask) for one, mask in slices.items()}


def of_lengths(lengths: Any, chosen: Sequence[int]) -> dict[str, Any]:
    """Slices ``length_N`` of the rows of some lengths, ``[batch]`` each."""
    return {f"length_{one}": lengths == one for one in chosen}


def thirds(lengths: Any, time: int) -> dict[str, Any]:
    """Slices by position in rows of these lengths ``[batch]``, ``[batch, time]`` each: of a row of n steps, step i is
    in the third number ``⌊3 i / n⌋``; what lies past a row's end is in none."""
    xp = lengths.__array_namespace__()
    place, steps = xp.arange(time)[None], lengths[:, None]
    third = 3 * place // xp.maximum(steps, 1)
    return {name: (place < steps) & (third == number) for number, name in enumerate(THIRDS)}


def means_by(values: Any, weights: Any, keys: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means of terms with the same whole number; terms of weight 0 are left out.

    Args:
      values, weights, keys: NumPy, of one shape; a value of weight 0 may be anything.

    Returns:
      ``(keys, means, weights)``, ``[slices]`` each, the keys ascending.
    """
    counted = np.asarray(weights) > 0
    found, place = np.unique(np.asarray(keys)[counted], return_inverse=True)
    weight = np.asarray(weights, np.float64)[counted]
    total = np.bincount(place, weight * np.asarray(values, np.float64)[counted], len(found))
    of_slice = np.bincount(place, weight, len(found))
    return found, total / of_slice, of_slice


def curve_by(
    name: str,
    title: str,
    values: Any,
    weights: Any,
    keys: Any,
    *,
    of: str,
    fewest: float = FEWEST,
    caption: str = "",
    **fields: Any,
) -> Curve:
    """The means by slice as an exhibit, whose caption says of how many terms they are; slices whose terms weigh less
    than ``fewest`` together are left out.

    Args:
      values, weights, keys: as in ``means_by``.
      of: what the terms are: answers, tokens.
      fields: of the ``Curve``, as ``xlabel``.
    """
    found, means, weight = means_by(values, weights, keys)
    kept = weight >= fewest
    if kept.any():
        ends = dict.fromkeys(f"{end:g}" for end in (weight[kept].min(), weight[kept].max()))
        caption = f"{caption} Points are means of {' to '.join(ends)} {of}.".strip()
    return Curve(name, title, means[kept].tolist(), x=found[kept].tolist(), caption=caption, **fields)
