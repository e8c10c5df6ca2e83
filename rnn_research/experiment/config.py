"""The configuration of one trial: frozen dataclasses, the only truth about what is run.

Nothing here imports jax, so that listing and help answer at once.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_type_hints

from rnn_research.experiment.choice import Choice
from rnn_research.experiment.variant import Variant

DEFAULT_CELL = Choice("lstm", hidden=32)
DEFAULT_TASK = Choice("adding")
PRETRAINED = ("glove", "ppmi")  # word vectors that ``model.embedding_init`` may name


@dataclass(frozen=True)
class ModelConfig:
    """An embedding, a stack of recurrent layers and a dense head; or, with ``cell`` ``ngram``, counts (S01).

    Attributes:
      cell: which cell, with its options; ``hidden`` is the width. ``ngram`` counts, and all else here says nothing.
      layers: recurrent layers (S13).
      residual: add a layer's input to its output, from the second layer on (S09).
      bidirectional: read both ways and join (S12).
      match: ``width`` gives every cell the width ``hidden``; ``parameters`` solves each cell's width so that
        the whole model has as many parameters as the same model with one layer of LSTM cells of width ``hidden``.
      init_scale: multiplies every initial recurrent kernel; the spectral radius of an orthogonal one.
      head_init: initialiser of the head's kernel, a name in ``cells.initializers``.
      skip: every how many steps the state read so many steps ago is added to the state (S09); 0 for never.
      remat_every: see ``rnn_research.unroll``.
      embedding: width of a learned vector for each id, for tasks that read ids; 0 for one-hot inputs (S16).
      embedding_init: an initialiser's name; or ``glove`` or ``ppmi``, vectors learned elsewhere (``data.vectors``).
      tied: the head's kernel is the embedding's, transposed (Press and Wolf 2017).
      dropout: share of features left out of the embedding's and of every layer's outputs in training (Zaremba 2014).
      layer_norm: normalise every layer's outputs over their features (S14).
    """

    cell: Choice = DEFAULT_CELL
    layers: int = 1
    residual: bool = False
    bidirectional: bool = False
    match: Literal["width", "parameters"] = "width"
    init_scale: float = 1.0
    head_init: str = "lecun"
    skip: int = 0
    remat_every: int = 0
    embedding: int = 0
    embedding_init: str = "normal(0.1)"
    tied: bool = False
    dropout: float = 0.0
    layer_norm: bool = False


@dataclass(frozen=True)
class OptimizerConfig:
    """An optax chain: clip by global norm, clip by value, scale by the rule, decay weights, scale by the schedule.

    Attributes:
      name: the rule.
      learning_rate: the peak.
      schedule: after the warm-up, constant, linear to zero or half a cosine to zero; or stepped: the steps fall into
        ``periods`` equal parts, the rate is the peak in the first ``hold`` of them and ``factor`` times the one before
        in each that follows (Zaremba et al. 2014).
      warmup: share of the steps in which the rate rises linearly.
      clip_norm: largest global gradient norm (S07); 0 for no clipping.
      clip_value: largest magnitude of a component of the gradient (S07, the lazy way); 0 for no clipping.
      weight_decay: decoupled, as in AdamW.
      momentum: of SGD and RMSProp.
    """

    name: Literal["adam", "rmsprop", "sgd"] = "adam"
    learning_rate: float = 1e-3
    schedule: Literal["constant", "linear", "cosine", "stepped"] = "constant"
    warmup: float = 0.0
    periods: int = 13
    hold: int = 4
    factor: float = 0.5
    clip_norm: float = 1.0
    clip_value: float = 0.0
    weight_decay: float = 0.0
    momentum: float = 0.0


@dataclass(frozen=True)
class PenaltyConfig:
    """What is added to the loss that is minimised, each with its weight; the loss that is recorded is without.

    Attributes:
      l2: half the sum of squares of every kernel.
      omega: Pascanu's Ω against vanishing gradients, through the recurrent kernel only; for one layer of Elman cells.
      orthogonality: ``‖UᵀU − I‖²`` of every recurrent kernel.
    """

    l2: float = 0.0
    omega: float = 0.0
    orthogonality: float = 0.0


@dataclass(frozen=True)
class ProbeConfig:
    """What is measured on the parameters during training, without touching it; rows of the split ``probe``.

    Attributes:
      gradients: how the error sent back from the last step decays, ``‖∂L_T/∂s_k‖`` for every step k (S29).
      jacobians: norms of the step Jacobians ``∂s_j/∂s_{j−1}`` and of their products over all spans.
      lengths: other lengths of the task to score at the end, as in ``200,1000``.
      every: steps between two looks, in whole chunks; 0 for one after every chunk. There is one before the first
        step and one after the last in any case.
      examples: validation sequences looked at.
      samples: steps after which a language model writes a text, as in ``100,300,500`` (S17); with 0, before the first.
      strategies: ways of generating compared at the end, as in ``greedy,sample,sample(0.5),beam(4)`` (S18).
      texts: how many of each are written then.
      tokens: length of a text.
    """

    gradients: bool = False
    jacobians: bool = False
    lengths: str = ""
    every: int = 0
    examples: int = 32
    samples: str = ""
    strategies: str = ""
    texts: int = 20
    tokens: int = 300

    @property
    def measures(self) -> bool:
        """Whether there is anything to measure, beside texts to be written."""
        return self.gradients or self.jacobians or bool(self.lengths)


@dataclass(frozen=True)
class TrainConfig:
    """How long, on what batches, and how often to look.

    Attributes:
      steps: updates of the parameters; 0 to look at the initial ones only.
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
    penalty: PenaltyConfig = field(default_factory=PenaltyConfig)
    probe: ProbeConfig = field(default_factory=ProbeConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    seed: int = 0


# The fields that trials of one compiled program may differ in.
LANES = (
    "seed",
    "train.steps",
    "optimizer.learning_rate",
    "optimizer.clip_norm",
    "optimizer.clip_value",
    "optimizer.weight_decay",
    "model.init_scale",
    "model.dropout",
    "penalty.l2",
    "penalty.omega",
    "penalty.orthogonality",
)
# Of these, the ones whose terms a program holds only where they are not 0.
SWITCHED = ("model.dropout", "penalty.l2", "penalty.omega", "penalty.orthogonality")


def to_dict(config: Any) -> Any:
    """A config as plain JSON values."""
    if isinstance(config, Choice):
        return {"name": config.name, **dict(config.options)}
    if isinstance(config, Variant):
        return {"name": config.name, "settings": {path: to_dict(value) for path, value in config.settings}}
    if dataclasses.is_dataclass(config):
        return {f.name: to_dict(getattr(config, f.name)) for f in dataclasses.fields(config)}
    if isinstance(config, Mapping):
        return {key: to_dict(value) for key, value in config.items()}
    if isinstance(config, tuple | list):
        return [to_dict(value) for value in config]
    return config


def from_dict(kind: Any, values: Any) -> Any:
    """The config of a class that ``to_dict`` made plain; a field that was not there yet has its default."""
    if kind is Choice:
        return Choice(values["name"], **{name: value for name, value in values.items() if name != "name"})
    if not dataclasses.is_dataclass(kind):
        return values
    kinds = get_type_hints(kind)
    known = {f.name for f in dataclasses.fields(kind)}
    fields: Any = {name: from_dict(kinds[name], value) for name, value in values.items() if name in known}
    return kind(**fields)  # pyright: ignore[reportCallIssue]


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
        "train.batch": config.train.batch,
        "train.eval_every": config.train.eval_every,
        "train.valid_examples": config.train.valid_examples,
        "train.test_examples": config.train.test_examples,
        "model.layers": config.model.layers,
        "probe.examples": config.probe.examples,
        "probe.texts": config.probe.texts,
        "probe.tokens": config.probe.tokens,
        "optimizer.periods": config.optimizer.periods,
        "optimizer.factor": config.optimizer.factor,
        "optimizer.learning_rate": config.optimizer.learning_rate,
    }
    not_negative = {
        "seed": config.seed,
        "train.steps": config.train.steps,
        "model.skip": config.model.skip,
        "model.embedding": config.model.embedding,
        "optimizer.hold": config.optimizer.hold,
        "optimizer.clip_value": config.optimizer.clip_value,
        "penalty.l2": config.penalty.l2,
        "penalty.omega": config.penalty.omega,
        "penalty.orthogonality": config.penalty.orthogonality,
        "probe.every": config.probe.every,
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
        "model.dropout": config.model.dropout,
    }.items():
        if not 0 <= value < 1:
            raise ValueError(f"{path} must be in [0, 1), not {value}")
    if config.train.steps % config.train.eval_every:
        raise ValueError(
            f"train.steps ({config.train.steps}) must be a multiple of train.eval_every ({config.train.eval_every})"
        )
    if config.penalty.omega and (config.model.cell.name, config.model.layers) != ("elman", 1):
        raise ValueError("penalty.omega is for a model of one layer of Elman cells")
    if config.penalty.omega and (config.model.bidirectional or config.model.skip):
        raise ValueError("penalty.omega is for a model that reads one way and has no skip connections")
    other_lengths(config.probe)
    for step in sample_steps(config.probe):
        if step % config.train.eval_every or step > config.train.steps:
            raise ValueError(
                f"probe.samples: {step} must be a multiple of train.eval_every ({config.train.eval_every}) and at most "
                f"train.steps ({config.train.steps})"
            )


def other_lengths(probe: ProbeConfig) -> list[int]:
    """The lengths that ``probe.lengths`` names.

    Raises:
      ValueError: one is no whole number.
    """
    return _whole_numbers("probe.lengths", probe.lengths)


def sample_steps(probe: ProbeConfig) -> list[int]:
    """The steps that ``probe.samples`` names.

    Raises:
      ValueError: one is no whole number.
    """
    return _whole_numbers("probe.samples", probe.samples)


def _whole_numbers(path: str, text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise ValueError(f"{path} must be whole numbers with commas between, not {text!r}") from None
