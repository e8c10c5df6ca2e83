"""The configuration of one trial: frozen dataclasses, the only truth about what is run.

Nothing here imports jax, so that listing and help answer at once.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from rnn_research.experiment.choice import Choice

DEFAULT_CELL = Choice("lstm", hidden=32)
DEFAULT_TASK = Choice("adding")


@dataclass(frozen=True)
class ModelConfig:
    """A stack of recurrent layers and a dense head.

    Attributes:
      cell: which cell, with its options; ``hidden`` is the width.
      layers: recurrent layers (S13).
      residual: add a layer's input to its output, from the second layer on (S09).
      bidirectional: read both ways and join (S12).
      match: ``width`` gives every cell the width ``hidden``; ``parameters`` solves each cell's width so that
        the whole model has as many parameters as the same model with LSTM cells of width ``hidden``.
      init_scale: multiplies every initial recurrent kernel; the spectral radius of an orthogonal one.
      remat_every: see ``rnn_research.unroll``.
    """

    cell: Choice = DEFAULT_CELL
    layers: int = 1
    residual: bool = False
    bidirectional: bool = False
    match: Literal["width", "parameters"] = "width"
    init_scale: float = 1.0
    remat_every: int = 0


@dataclass(frozen=True)
class OptimizerConfig:
    """An optax chain: clip by global norm, scale by the rule, decay weights, scale by the schedule.

    Attributes:
      name: the rule.
      learning_rate: the peak.
      schedule: after the warm-up, constant, linear to zero or half a cosine to zero.
      warmup: share of the steps in which the rate rises linearly.
      clip_norm: largest global gradient norm (S07); 0 for no clipping.
      weight_decay: decoupled, as in AdamW.
      momentum: of SGD and RMSProp.
    """

    name: Literal["adam", "rmsprop", "sgd"] = "adam"
    learning_rate: float = 1e-3
    schedule: Literal["constant", "linear", "cosine"] = "constant"
    warmup: float = 0.0
    clip_norm: float = 1.0
    weight_decay: float = 0.0
    momentum: float = 0.0


@dataclass(frozen=True)
class TrainConfig:
    """How long, on what batches, and how often to look.

    Attributes:
      steps: updates of the parameters.
      batch: examples in an update.
      eval_every: updates in one dispatch to the device, after which the validation split is scored and one
        row of metrics is written.
      valid_examples, test_examples: examples to score; a smaller split is scored whole.
    """

    steps: int = 1000
    batch: int = 32
    eval_every: int = 100
    valid_examples: int = 512
    test_examples: int = 2048


@dataclass(frozen=True)
class TrialConfig:
    """Everything that decides a trial's numbers."""

    task: Choice = DEFAULT_TASK
    model: ModelConfig = field(default_factory=ModelConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    seed: int = 0


# The fields that trials of one compiled program may differ in.
LANES = (
    "seed",
    "train.steps",
    "optimizer.learning_rate",
    "optimizer.clip_norm",
    "optimizer.weight_decay",
    "model.init_scale",
)


def to_dict(config: Any) -> Any:
    """A config as plain JSON values."""
    if isinstance(config, Choice):
        return {"name": config.name, **dict(config.options)}
    if dataclasses.is_dataclass(config):
        return {f.name: to_dict(getattr(config, f.name)) for f in dataclasses.fields(config)}
    if isinstance(config, Mapping):
        return {key: to_dict(value) for key, value in config.items()}
    if isinstance(config, tuple | list):
        return [to_dict(value) for value in config]
    return config


def fingerprint(config: Any) -> str:
    """Ten hex digits that name a config, or any JSON value; the same config, the same digits."""
    text = json.dumps(to_dict(config), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def validate(config: TrialConfig) -> None:
    """Refuse values that no run can have.

    Raises:
      ValueError: the first one found, by its path.
    """
    positive = {
        "train.steps": config.train.steps,
        "train.batch": config.train.batch,
        "train.eval_every": config.train.eval_every,
        "train.valid_examples": config.train.valid_examples,
        "train.test_examples": config.train.test_examples,
        "model.layers": config.model.layers,
        "optimizer.learning_rate": config.optimizer.learning_rate,
    }
    not_negative = {
        "seed": config.seed,
        "model.init_scale": config.model.init_scale,
        "model.remat_every": config.model.remat_every,
        "optimizer.clip_norm": config.optimizer.clip_norm,
        "optimizer.weight_decay": config.optimizer.weight_decay,
    }
    for path, value in positive.items():
        if not value > 0:
            raise ValueError(f"{path} must be more than 0, not {value}")
    for path, value in not_negative.items():
        if not value >= 0:
            raise ValueError(f"{path} must be 0 or more, not {value}")
    for path, value in {
        "optimizer.warmup": config.optimizer.warmup,
        "optimizer.momentum": config.optimizer.momentum,
    }.items():
        if not 0 <= value < 1:
            raise ValueError(f"{path} must be in [0, 1), not {value}")
    if config.train.steps % config.train.eval_every:
        raise ValueError(
            f"train.steps ({config.train.steps}) must be a multiple of train.eval_every ({config.train.eval_every})"
        )
