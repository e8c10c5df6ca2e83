"""Small tables of factories, and an experiment on them, for tests of what is run; nothing here imports jax."""

import dataclasses

from rnn_research.experiment import Choice, Experiment, ModelConfig, TrialConfig, Tune, Variant


def adding(length: int = 50):
    return length


def text(path: str = "", column: str = "text", length: int = 64, limit: int = 0):
    return path, column, length, limit


def lstm(hidden: int, *, forget_bias: float = 1.0, kind: str = "plain", flag: bool = False):
    return hidden, forget_bias, kind, flag


def network(): ...


def ngram(order: int, smoothing: str = "kneser_ney"):
    return order, smoothing


def gradients(every: int = 0, examples: int = 32):
    return every, examples


def texts(steps: tuple[int, ...] = (100, 300), texts: int = 20, tokens: int = 300):
    return steps, texts, tokens


def strategies(strategies: tuple[str, ...] = ("greedy", "sample(0.5)"), texts: int = 20):
    return strategies, texts


TABLES = {
    "task": {"adding": adding, "text": text, "digits": lambda: None},
    "cell": {"lstm": lstm, "gru": lstm, "elman": lstm},
    "learner": {"network": network, "ngram": ngram},
    "probe": {"gradients": gradients, "texts": texts, "strategies": strategies},
    "characters": {"none": lambda: None},
}

EXPERIMENT = Experiment(
    question="?",
    base=TrialConfig(model=ModelConfig(cell=Choice("lstm", hidden=8))),
    axes={
        "task": (Choice("adding", length=5), Choice("adding", length=9), Choice("digits")),
        "model.cell.name": ("lstm", "gru"),
    },
    compare="cell",
    tune=Tune(values=(0.1, 0.2), seeds=2, steps=100),
    name="test",
)

CURES = (Variant("none", {}), Variant("clip", {"optimizer.clip_norm": 0.5, "model.cell": Choice("gru", hidden=8)}))
VARIED = dataclasses.replace(EXPERIMENT, axes={"task.length": (5, 9), "cure": CURES}, compare="cure", tune=None)
VARIED = dataclasses.replace(VARIED, base=dataclasses.replace(VARIED.base, task=Choice("adding", length=5)))
