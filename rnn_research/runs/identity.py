"""What a trial's numbers depend on beside its configuration, as it is kept with the trial, and how two of them differ.

An identity is plain JSON, made by ``execution.identity``::

    {"code":     {"cell mingru": digest, "task adding": digest, …},
     "data":     {"language_model(path=book.txt)": digest},
     "settings": {"platform": "cpu", …}}          of jax and the machine: those that are not as they are by themselves

It is ``trained_with`` in a trial's ``card.json`` and beside each checkpoint, and in ``experiment.json`` that of the
launch.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

Identity = Mapping[str, Mapping[str, Any]]

UNFINISHED = ("running", "stopped")
PLACE = ("platform", "devices", "batch_devices", "pack")  # settings that only the process that trains can know
SHOWN = 3  # differences that are named
MISSING = "not set"


def conflicts(then: Identity, now: Identity) -> list[str]:
    """What differs between two identities, in words; nothing where one of them says nothing.

    Code and data count where both name them. A setting that is not named is as it is by itself; but those of the place
    count only where both know theirs.
    """
    found = [
        f"the {kind} of {name}"
        for kind in ("code", "data")
        for name, digest in then.get(kind, {}).items()
        if now.get(kind, {}).get(name, digest) != digest
    ]
    if "settings" not in then or "settings" not in now:
        return found
    before, after = then["settings"], now["settings"]
    placed = "platform" in before and "platform" in after
    names = [name for name in sorted({*before, *after}) if placed or name not in PLACE]
    return found + [
        f"{name} (now {after.get(name, MISSING)}, before {before.get(name, MISSING)})"
        for name in names
        if before.get(name) != after.get(name)
    ]


def merged(identities: Iterable[Identity]) -> dict[str, dict[str, Any]]:
    """All that they name, in one."""
    found: dict[str, dict[str, Any]] = {}
    for identity in identities:
        for kind, values in identity.items():
            found.setdefault(kind, {}).update(values)
    return found


def named(differences: Iterable[str]) -> str:
    """The commonest differences, for one line."""
    ranked = [name for name, _ in Counter(differences).most_common()]
    more = f" and {len(ranked) - SHOWN} more" if len(ranked) > SHOWN else ""
    return f"{', '.join(ranked[:SHOWN])}{more}"


def refusal(found: Mapping[str, list[str]]) -> str:
    """Why trials cannot be gone on with, in one line.

    Args:
      found: by trial, what differs.
    """
    what = named(one for differences in found.values() for one in differences)
    since = "this trial" if len(found) == 1 else f"these {len(found)} trials"
    return f"{what} changed since {since}; another --workdir, or --retrain"
