"""The columns that tables have for the settings that arms differ in, and how values are written in them."""

from collections.abc import Sequence
from typing import Any

from rnn_research.experiment.choice import Choice, parse
from rnn_research.experiment.experiment import Experiment
from rnn_research.experiment.text_form import split_parts, within_brackets, written
from rnn_research.experiment.variant import Variant

# Columns that every row of results has beside the axes'.
RESERVED = ("seed", "trial", "step", "split", "stage", "state")


def pools(experiment: Experiment) -> dict[str, tuple]:
    """Every path that arms differ in, with its values."""
    found = {path: tuple(values) for path, values in experiment.axes.items()}
    for point in experiment.points:
        for path, value in point.items():
            found[path] = (*found.get(path, ()), value)
    return {path: tuple(dict.fromkeys(values)) for path, values in found.items()}


def columns(experiment: Experiment) -> dict[str, str]:
    """The column of every path that arms differ in: ``model.cell.name`` → ``cell``.

    It is the path's last word; of a path whose last word is taken, as many words more as it takes. The first path keeps
    the short name, so that claims that use it stand when the command line adds an axis.

    Raises:
      ValueError: an axis of variants has a name that is taken.
    """
    found: dict[str, str] = {}
    named = {path for path, values in pools(experiment).items() if any(isinstance(value, Variant) for value in values)}
    taken = {*RESERVED, *named}
    for path in pools(experiment):
        if path in named:
            if path in (*RESERVED, *found.values()):
                raise ValueError(f"an axis of variants cannot be called {path!r}: a column of that name is there")
            found[path] = path
            continue
        words = path.removesuffix(".name").split(".")
        suffixes = [".".join(words[start:]) for start in reversed(range(len(words)))]
        found[path] = next((suffix for suffix in suffixes if suffix not in taken), path)
        if found[path] in taken:
            raise ValueError(f"two axes would fill the column {path!r}")
        taken.add(found[path])
    return found


def label(value: Any, values: Sequence[Any], ran: Any) -> Any:
    """How a value of an axis is written in tables.

    A variant and a choice by name, a choice with the options given where that name is not enough; several choices with
    theirs. All else as it stands in the configuration that is run: tables show what ran. No label is empty.

    Args:
      value: as the axis gives it.
      values: all of the axis.
      ran: what the resolved configuration holds there; None for a variant.
    """
    if isinstance(value, Variant):
        return value.name
    if isinstance(ran, Choice):
        names = [_choice(other).name for other in values]
        chosen = _choice(value)
        return chosen.name if names.count(chosen.name) == 1 else str(chosen)
    if isinstance(ran, tuple) and any(isinstance(one, Choice) for one in ran):
        given = split_parts(within_brackets(value)) if isinstance(value, str) else value
        return ",".join(str(_choice(one)) for one in given)
    if isinstance(ran, tuple):
        return ",".join(map(written, ran)) or "none"
    return '""' if ran == "" else ran


def _choice(value: Any) -> Choice:
    return value if isinstance(value, Choice) else parse(str(value))
