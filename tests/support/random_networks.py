"""A run whose arms are networks with random weights, as a launch would have left them."""

from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.experiment.choice import Choice
from rnn_research.experiment.config import ModelConfig, TrialConfig, to_dict
from rnn_research.models import Model, network
from rnn_research.report.build import build
from rnn_research.runs import checkpoints
from rnn_research.runs.directory import RunDirectory
from rnn_research.runs.files import alone, read_json, write_json
from rnn_research.tasks.base import Inputs, Target
from rnn_research.training.step import Best
from rnn_research.trees import arrays_of
from tests.support.made_up_run import write_run

SYMBOLS = (*"\n <>abdeinrst", "é", "𝄞")
KNOWN = len(SYMBOLS) + 1  # with the one that stands for all others
TEXT = Choice("language_model"), Inputs("ids", KNOWN + 1, 8), Target("softmax", KNOWN, each_step=True)
RECALL = Choice("recall_first", length=5, symbols=4, distractors=True)
TASKS = {
    "text": TEXT,
    "sum": (Choice("adding", length=12), Inputs("numbers", 2, 12), Target("regression", 1, each_step=False)),
    "recall": (RECALL, Inputs("numbers", 4, 5), Target("softmax", 4, each_step=False)),
    "other": (Choice("parity", length=6), Inputs("numbers", 1, 6), Target("softmax", 2, each_step=False)),
}


def model(name: str, hidden: int, options: Any = None, **settings: Any) -> ModelConfig:
    return ModelConfig(cell=Choice(name, hidden=hidden, **options or {}), **settings)


TANH = {"activation": "tanh"}
ARMS = {
    ("text", "elman"): model("elman", 7, TANH),
    ("text", "elman, relu"): model("elman", 5, {"activation": "relu"}, layers=2),
    ("text", "lstm"): model("lstm", 6, embedding=3, embedding_frozen=True),
    ("text", "lstm, 2 layers"): model("lstm", 5, layers=2, dropout=0.3),
    ("text", "gru"): model("gru", 6, {"reset_after": True}),
    ("text", "gru, tied"): model("gru", 6, {"reset_after": True}, layers=2, embedding=6, tied=True),
    ("text", "gru of the lectures"): model("gru", 5, {"reset_after": False}, layers=2),
    ("text", "window"): model("window", 4, {"activation": "sigmoid", "size": 3}, layers=2),
    ("sum", "elman"): model("elman", 4, {"activation": "sigmoid"}),
    ("sum", "lstm"): model("lstm", 4),
    ("recall", "gru"): model("gru", 4, {"reset_after": True}),
    # These cannot be carried.
    ("text", "normed"): model("lstm", 4, norm="layer"),
    ("text", "both ways"): model("elman", 4, TANH, reverse=True),
    ("text", "zoned out"): model("elman", 4, TANH, dropout=0.1, dropout_kind="zoneout"),
    ("text", "lstm of 1997"): model("lstm_1997", 4),
    ("text", "too large"): model("elman", 4, TANH),
    ("other", "elman"): model("elman", 4, TANH),
}
CARRIED = [labels for labels in ARMS if labels[0] != "other"][:11]


class RandomNetwork(NamedTuple):
    """One of them: its task's inputs and target, the network, and its parameters, which 16 bits hold exactly."""

    config: ModelConfig
    inputs: Inputs
    target: Target
    model: Model
    params: Any


def random_network(labels: tuple[str, str]) -> RandomNetwork:
    """The network of an arm, biases and all at random."""
    config, (_, inputs, target) = ARMS[labels], TASKS[labels[0]]
    made, rng = network(config, inputs, target), np.random.default_rng(list(ARMS).index(labels))
    shapes = jax.eval_shape(lambda key: made.init(key, 1.0), jax.random.key(0))
    params = jax.tree.map(lambda leaf: jnp.asarray(rng.normal(0, 0.7, leaf.shape).astype("f2"), "f4"), shapes)
    return RandomNetwork(config, inputs, target, made, params)


def random_networks_run(place: Path) -> RunDirectory:
    """The run and its report, made in a directory, or those that another process of the tests has made there."""
    place.mkdir(exist_ok=True)
    with alone(place):
        if not (place / "made").exists():
            build(write_random_networks(place / "run"))
            (place / "made").touch()
    return RunDirectory(place / "run")


def write_random_networks(path: Path) -> RunDirectory:
    """The run directory, seed 1 of each arm the best."""
    run = write_run(path, {labels: [0.2, 0.1] for labels in ARMS})
    for labels, config in ARMS.items():
        task, inputs, target = TASKS[labels[0]]
        for seed in range(2):
            directory = run.trial(f"{labels[0]}-{labels[1]}-{seed}")
            card = read_json(directory / "card.json")
            card |= {"hidden": config.cell["hidden"], "inputs": inputs._asdict(), "target": target._asdict()}
            card["parameters"] = 300_001 if labels[1] == "too large" else 1234
            write_json(directory / "card.json", card)
            write_json(directory / "config.json", to_dict(TrialConfig(task=task, model=config, seed=seed)))
            write_json(directory / "status.json", {"state": "done", "reason": "", "best_valid": 0.2 - 0.1 * seed})
            if labels[0] == "text":
                write_json(directory / "codec.json", {"kind": "characters", "characters": list(SYMBOLS)})
        if labels in CARRIED:
            found: Any = random_network(labels)
            score, step = jnp.float32(0), jnp.int32(20)
            best = {"best": Best(score, step, found.params, found.model.start(1).statistics)}
            checkpoints.save(run.checkpoints(f"{labels[0]}-{labels[1]}-1"), 20, arrays_of(best), {})
    return run
