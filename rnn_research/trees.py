"""Trees of arrays as arrays by name, and back."""

from collections.abc import Iterator, Mapping
from typing import Any

import jax
import numpy as np

Arrays = dict[str, np.ndarray]


def arrays_of(tree: Any) -> Arrays:
    """The leaves of a tree by their paths, as in ``params.head.kernel``."""
    return {name: np.asarray(leaf) for name, leaf in _named(tree)}


def tree_of(template: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    """The tree of the template's form that ``arrays_of`` took apart."""
    return jax.tree.unflatten(jax.tree.structure(template), [arrays[name] for name, _ in _named(template)])


def misfit(template: Any, arrays: Mapping[str, np.ndarray]) -> str:
    """How arrays differ from what a template (of arrays or shapes) asks for; empty where they fit."""
    wanted = {name: (tuple(leaf.shape), str(leaf.dtype)) for name, leaf in _named(template)}
    found = {name: (array.shape, str(array.dtype)) for name, array in arrays.items()}
    for name in sorted(wanted | found):
        if wanted.get(name) != found.get(name):
            return f"{name} is {found.get(name, 'absent')}, this model has {wanted.get(name, 'none')}"
    return ""


def _named(tree: Any) -> Iterator[tuple[str, Any]]:
    for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
        yield jax.tree_util.keystr(path, simple=True, separator="."), leaf
