"""A dense layer, and what of the features it reads."""

import jax
import jax.numpy as jnp

from rnn_research.cells.base import Params
from rnn_research.cells.initializers import of_setting
from rnn_research.experiment.config import ModelConfig
from rnn_research.heads.base import InitHead, Read
from rnn_research.matmul import matmul
from rnn_research.tasks.base import Target


def dense(params: Params, features: jax.Array) -> jax.Array:
    """``x W + b``, ``[..., width] -> [..., size]``."""
    # As one product of two matrices: with more axes it is slower on a CPU.
    rows = features.reshape(-1, features.shape[-1])
    outputs = matmul(rows, params["kernel"]) + params["bias"][None]
    return outputs.reshape(*features.shape[:-1], -1)


def init_dense(size: int, config: ModelConfig) -> InitHead:
    """``kernel [width, size]`` as ``model.head_init`` says, ``bias [size]`` of zeros.

    Raises:
      ValueError: an unknown initialiser.
    """
    initializer = of_setting("model.head_init", config.head_init)

    def init(key: jax.Array, width: int) -> Params:
        return {"kernel": initializer(key, (width, size)), "bias": jnp.zeros(size)}

    return init


def check_pooling(config: ModelConfig, head: str) -> None:
    """For a head that reads all steps, and nothing of the sequence as a whole.

    Raises:
      ValueError: pooling, which would be passed over.
    """
    if config.pooling != "last":
        raise ValueError(f"model.pooling={config.pooling} is not for the head {head}, which reads every step")


def scored(target: Target, read: Read) -> jax.Array:
    """The features that are scored: ``[batch, time, width]`` or ``[batch, width]``."""
    return jnp.swapaxes(read.steps, 0, 1) if target.each_step else read.pooled
