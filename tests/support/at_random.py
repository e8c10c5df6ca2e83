"""Parameters without their initialiser, which takes longer to compile than most of what is tested with them."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.models import Model


def at_random(make: Callable[[], Any], seed: int = 0, scale: float = 0.5) -> Any:
    """The tree that a function makes, with normal numbers in the place of every leaf, biases too."""
    rng = np.random.default_rng(seed)
    shapes = jax.eval_shape(make)
    return jax.tree.map(lambda leaf: jnp.asarray(rng.normal(0, scale, leaf.shape), leaf.dtype), shapes)


def params_of(model: Model, seed: int = 0, scale: float = 0.5) -> Any:
    """Such parameters of a model."""
    return at_random(lambda: model.init(jax.random.key(0), 1.0), seed, scale)
