"""The configuration of one trial: frozen dataclasses, the only truth about what is run.

Nothing here imports jax, so that listing and help answer at once.
"""

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args, get_origin, get_type_hints

from rnn_research.experiment.choice import Choice
from rnn_research.experiment.settings import check_ranges, setting, settings, static
from rnn_research.experiment.variant import Variant

DEFAULT_CELL = Choice("lstm", hidden=32)
DEFAULT_TASK = Choice("adding")
DEFAULT_LEARNER = Choice("network")
NO_CHARACTERS = Choice("none")
PRETRAINED = ("glove", "ppmi", "ppmi_whole")  # word vectors that ``model.embedding_init`` may name


@dataclass(frozen=True)
class ModelConfig:
    """An embedding, a stack of recurrent layers and a dense head: what the learner ``network`` trains.

    Attributes:
      cell: which cell, with its options; ``hidden`` is the width.
      layers: recurrent layers (S13).
      residual: add a layer's input to its output, from the second layer on (S09).
      bidirectional: read both ways and join (S12).
      reverse: read from the last step that counts back to the first (C34); outputs stay beside their inputs.
      match: ``width`` gives every cell the width ``hidden``; ``parameters`` solves each cell's width so that
        the whole model has as many parameters as the same model with one layer of LSTM cells of width ``hidden``,
        without norm and attention.
      init_scale: multiplies every initial recurrent kernel; the spectral radius of an orthogonal one.
      head_init: initialiser of the head's kernel, a name in ``cells.initializers``.
      skip: every how many steps the state read so many steps ago is added to the state (S09); 0 for never.
      remat_every: see ``rnn_research.unroll``.
      embedding: width of a learned vector for each id, for tasks that read ids; 0 for one-hot inputs (S16).
      embedding_init: an initialiser's name; or ``glove``, ``ppmi`` or ``ppmi_whole``, vectors learned beforehand
        (``data.vectors``).
      characters: what reads the letters of each word, for tasks that give them: ``none``, ``recurrent`` or
        ``convolution`` with their options (``models.characters``); ``embedding=0`` then reads the letters alone.
      tied: the head's kernel is the embedding's, transposed (Press and Wolf 2017).
      dropout: share of features left out (not kept) in training, of what ``dropout_kind`` says.
      dropout_kind: ``outputs``, of the embedding's and of every layer's, at each step anew (Zaremba et al. 2014);
        ``variational``, of these and of what recurrent kernels are multiplied by, the same ones at all steps of a
        sequence (Gal and Ghahramani 2016); ``recurrent``, of the latter alone, at each step anew; ``zoneout``: of the
        state, the share that stays what it was (Krueger et al. 2017), such a network cannot write.
      weight_noise: standard deviation of Gaussian noise on all parameters while an update's gradient is computed, drawn
        anew for each (Graves 2011, without learning it); the training loss that is recorded has it, scores do not.
      norm: how every layer's outputs are normalised (S14): ``none``; ``layer``, over their features; ``batch``, over
        batch and time; ``batch_per_step``, over the batch at each step. A network with running moments cannot write.
      pooling: what the outputs of the last layer come to, where there is one target for the sequence (S20): those after
        the last step (going back, after the first), or their mean, or the greatest of each, over the steps that count.
      embedding_frozen: the vectors of ``embedding`` stay as they begin; nothing decays them.
      attention: of a decoder, by what similarity of its state and the encoder's outputs it looks back at them at every
        step (S27): ``dot``, ``bilinear`` or ``additive``; ``none``: all it knows of the source is the encoder's last
        state (S25).
      scheduled_sampling: of a decoder, the share of steps in training that read its own likeliest token in the place of
        the true one before (Bengio et al. 2015), drawn for each row and step; the others are the rate of teacher
        forcing. Losses are scored with none of it.
    """

    cell: Choice = setting(DEFAULT_CELL, table="cell")
    layers: int = setting(1, above=0)
    residual: bool = setting(False)
    bidirectional: bool = setting(False)
    reverse: bool = setting(False)
    match: Literal["width", "parameters"] = setting("width")
    init_scale: float = setting(1.0, least=0, traced=True)
    head_init: str = setting("lecun")
    skip: int = setting(0, least=0)
    remat_every: int = setting(0, least=0)
    embedding: int = setting(0, least=0)
    embedding_init: str = setting("normal(0.1)")
    characters: Choice = setting(NO_CHARACTERS, table="characters")
    tied: bool = setting(False)
    dropout: float = setting(0.0, least=0, below=1, traced=True, switch=True)
    dropout_kind: Literal["outputs", "variational", "recurrent", "zoneout"] = setting("outputs")
    weight_noise: float = setting(0.0, least=0, traced=True, switch=True)
    norm: str = setting("none")
    pooling: Literal["last", "mean", "max"] = setting("last")
    embedding_frozen: bool = setting(False)
    attention: Literal["none", "dot", "bilinear", "additive"] = setting("none")
    scheduled_sampling: float = setting(0.0, least=0, below=1, traced=True, switch=True)


@dataclass(frozen=True)
class OptimizerConfig:
    """An optax chain: clip by global norm, clip by value, scale by the rule, decay weights, scale by the schedule.

    All of it is of the gradient of the loss that is recorded, the mean over the terms of a batch: over its rows, and
    over the steps where each has a term. A paper whose loss is the sum over T steps has for SGD a T-th of our rate, and
    T times our limits.

    Attributes:
      name: the rule: Adam with β 0.9 and 0.999 and ε 1e-8 beside the root; RMSProp with decay 0.9, no correction of the
        first steps and ε 1e-8 under the root (beside it in PyTorch and Torch: gradients below 1e-4 are scaled less
        here); SGD.
      learning_rate: the peak.
      schedule: after the warm-up, constant, linear to zero or half a cosine to zero; or stepped: the steps fall into
        ``periods`` equal parts, the rate is the peak in the first ``hold`` of them and ``factor`` times the one before
        in each that follows (by default as in the text of Zaremba et al. 2014, a part being an epoch; their code holds
        it for one more).
      warmup: share of the steps in which the rate rises linearly.
      clip_norm: largest global gradient norm (S07); 0 for no clipping.
      clip_value: largest magnitude of a component of the gradient (S07, the lazy way); 0 for no clipping.
      weight_decay: decoupled, as in AdamW.
      momentum: of SGD and RMSProp.
    """

    name: Literal["adam", "rmsprop", "sgd"] = setting("adam")
    learning_rate: float = setting(1e-3, above=0, traced=True)
    schedule: Literal["constant", "linear", "cosine", "stepped"] = setting("constant")
    warmup: float = setting(0.0, least=0, below=1)
    periods: int = setting(13, above=0)
    hold: int = setting(4, least=0)
    factor: float = setting(0.5, above=0)
    clip_norm: float = setting(1.0, least=0, traced=True)
    clip_value: float = setting(0.0, least=0, traced=True, switch=True)
    weight_decay: float = setting(0.0, least=0, traced=True)
    momentum: float = setting(0.0, least=0, below=1)


@dataclass(frozen=True)
class PenaltyConfig:
    """What is added to the loss that is minimised, each with its weight; the loss that is recorded is without.

    Attributes:
      l2: half the sum of squares of every kernel.
      omega: Pascanu's Ω against vanishing gradients, through the recurrent kernel only; for one layer of Elman cells.
      orthogonality: ``‖UᵀU − I‖²`` of every recurrent kernel.
    """

    l2: float = setting(0.0, least=0, traced=True, switch=True)
    omega: float = setting(0.0, least=0, traced=True, switch=True)
    orthogonality: float = setting(0.0, least=0, traced=True, switch=True)


@dataclass(frozen=True)
class TrainConfig:
    """How long, on what batches, and how often to look.

    Attributes:
      steps: updates of the parameters; 0 to look at the initial ones only.
      batch: examples in an update.
      eval_every: updates in one dispatch to the device, after which the validation split is scored and one
        row of metrics is written.
      valid_examples, test_examples: examples to score; a smaller split is scored whole.
      cuts: how many lengths batches are cut to, at most, where the task has batches of like lengths; each is compiled
        by itself. 1: all are padded to the longest.
    """

    steps: int = setting(1000, least=0, traced=True)
    batch: int = setting(32, above=0)
    eval_every: int = setting(100, above=0)
    valid_examples: int = setting(512, above=0)
    test_examples: int = setting(2048, above=0)
    cuts: int = setting(6, above=0)


@dataclass(frozen=True)
class TrialConfig:
    """Everything that decides a trial's numbers.

    Attributes:
      task: what is learned.
      learner: what learns it: ``network`` trains ``model``; others, ``ngram(order=5)``, have their own settings.
      probes: what is looked at during training, without touching it; at most one of each name.
    """

    task: Choice = setting(DEFAULT_TASK, table="task")
    learner: Choice = setting(DEFAULT_LEARNER, table="learner")
    model: ModelConfig = field(default_factory=ModelConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    penalty: PenaltyConfig = field(default_factory=PenaltyConfig)
    probes: tuple[Choice, ...] = setting((), table="probe")
    train: TrainConfig = field(default_factory=TrainConfig)
    seed: int = setting(0, least=0, traced=True)


def traced_paths() -> tuple[str, ...]:
    """The settings that trials of one compiled program may differ in."""
    return tuple(path for path, rule, _ in settings(TrialConfig()) if rule.traced)


def signature(config: TrialConfig) -> str:
    """Fingerprint of all that a compiled program depends on."""
    return fingerprint(static(config))


def to_dict(config: Any) -> Any:
    """A config as plain JSON values."""
    if isinstance(config, Choice):
        return {"name": config.name} | {name: to_dict(value) for name, value in config.options}
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
    if get_origin(kind) is tuple:
        return tuple(from_dict(get_args(kind)[0], value) for value in values)
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
    """Refuse values that no trial can have.

    A probe's option ``steps``, where it has one, is known here: updates after which it looks.

    Raises:
      ValueError: the first one found, by its path.
    """
    check_ranges(config)
    steps, every = config.train.steps, config.train.eval_every
    if steps % every:
        raise ValueError(f"train.steps ({steps}) must be a multiple of train.eval_every ({every})")
    if not steps and not config.probes and config.learner.name == DEFAULT_LEARNER.name:
        raise ValueError("train.steps is 0 and there are no probes: nothing would be trained and nothing looked at")
    if config.penalty.omega and (config.model.cell.name, config.model.layers) != ("elman", 1):
        raise ValueError("penalty.omega is for a model of one layer of Elman cells")
    if config.penalty.omega and (config.model.bidirectional or config.model.reverse or config.model.skip):
        raise ValueError("penalty.omega is for a model that reads one way and has no skip connections")
    if config.penalty.omega and (config.model.dropout or config.model.weight_noise or config.model.norm != "none"):
        raise ValueError(
            "penalty.omega is for a model without dropout, weight noise and norm: it reads slopes off the layer's "
            "outputs"
        )
    for name, count in Counter(probe.name for probe in config.probes).items():
        if count > 1:
            raise ValueError(f"probes holds {name!r} {count} times; one of each name can be")
    for probe in config.probes:
        for step in dict(probe.options).get("steps", ()):
            if step % every or not 0 <= step <= steps:
                raise ValueError(
                    f"probes.{probe.name}.steps: {step} must be a multiple of train.eval_every ({every}) and at most "
                    f"train.steps ({steps})"
                )
