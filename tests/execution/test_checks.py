"""A bug in a user's own cell or task: found before training, one line, with the line of their code."""

import re

import pytest

from rnn_research.execution.blame import place_of, said
from rnn_research.execution.launcher import build_tasks, check_built, find_arms
from rnn_research.experiment import registry
from rnn_research.tasks import TASKS

HEAD = """
import jax
import jax.numpy as jnp
from typing import NamedTuple
from rnn_research.cells import CELLS, Cell
from rnn_research.experiment import *
from rnn_research.tasks import TASKS, Batch
from rnn_research.tasks.parity import parity

class State(NamedTuple):
    hidden: jax.Array

def mine(hidden: int):
    def init(key, size):
        return {"kernel": jnp.zeros((size, hidden))}
    def first():
        return State(jnp.zeros(hidden))
    def step(params, state, x):
        h = jnp.tanh(x @ params["kernel"] + state.hidden)
        return State(h), h
    return Cell(init, first, step)

def task(length: int = 4):
    made = parity(length)
    return made

CELLS["mine"] = mine
TASKS["own"] = task
EXPERIMENT = Experiment(
    question="?",
    base=TrialConfig(
        task=Choice("own"),
        model=ModelConfig(cell=Choice("mine", hidden=3), match="width"),
        train=TrainConfig(steps=2, batch=4, eval_every=1, valid_examples=8, test_examples=8),
    ),
    axes={"model.layers": (1, 2)},
    compare="layers",
)
"""
CELL = {
    ('params["kernel"] + state', 'params["kernel"].T + state'): r"cell mine: \w+: .*\(mine\.py:19: h = jnp\.tanh",
    ('params["kernel"] + state', 'params["kernal"] + state'): r"cell mine: KeyError: 'kernal' \(mine\.py:19: h = ",
    ("return State(h), h", "return h"): r"cell mine: step must return \(state, output\), not \w+$",
    ("return State(h), h", "return h, h"): r"cell mine: step returns a state of another structure than initial_state",
    (
        "return State(h), h",
        "return State(h[None]), h",
    ): r"cell mine: step returns hidden as float32\[1, 3\], initial_state made it float32\[3\]$",
    ("State(h), h", "State(h.astype(jnp.bfloat16)), h"): r"step returns hidden as bfloat16\[3\], .* float32\[3\]$",
    ("return State(h), h", "return State(h), h.sum()"): r"step must return an output \[hidden\].*, not float32\[\]$",
    ("h = jnp.tanh(", "h = 1 if x[0] > 0 else jnp.tanh("): r"TracerBoolConversionError.*\(mine\.py:19: h = 1 if",
    (
        "    def first():",
        "    assert hidden > 9\n    def first():",
    ): r"cell mine: AssertionError: +\(mine\.py:16: assert",
}
TASK = {
    ("made = parity(length)", "made = parity(length) / 2"): r"task own: TypeError: .*\(mine\.py:24: made = parity",
    ("return made", "return made._replace(measure=lambda terms, batch: {})"): r"measure must give the loss",
    (
        "return made",
        "return made._replace(measure=lambda terms, batch: {'loss': terms['loss']})",
    ): r"task own, cell mine: TypeError: .*\(mine\.py:25: return made\._replace",
    (
        "return made",
        "return made._replace(goal=made.goal._replace(metric='f1'))",
    ): r"task own: goal\.baseline lacks goal\.metric, 'f1'$",
    (
        "return made",
        "return made._replace(inputs=made.inputs._replace(time=9))",
    ): r"task own: inputs of a training batch must begin with \[4, 9\], as inputs\.time says, not float32\[4, 4, 2\]$",
    (
        "return made",
        "return made._replace(inputs=made.inputs._replace(size=7))",
    ): r"task own: inputs of a training batch must have 7 features a step, as inputs\.size says: float32\[4, 4, 2\]$",
    (
        "return made",
        "train = made.data.train\n"
        "    wide = lambda *a: train(*a)._replace(lengths=jnp.full(4, 3))\n"
        "    return made._replace(data=made.data._replace(train=wide))",
    ): r"task own: training and validation batches differ in structure: lengths$",
}


def checked(text, folder):
    """What a launch checks before it writes anything, of an experiment file."""
    path = folder / "mine.py"
    path.write_text(text)
    experiment = registry.load(str(path))
    found = find_arms(experiment)
    check_built(found, build_tasks(found))


def test_what_is_right_is_not_refused(tmp_path):
    checked(HEAD, tmp_path)


@pytest.mark.parametrize("change", [*CELL, *TASK], ids=lambda change: change[1].splitlines()[-1])
def test_a_bug_is_one_line_with_the_line_of_the_users_code(change, tmp_path):
    assert change[0] in HEAD
    with pytest.raises(ValueError) as refused:
        checked(HEAD.replace(*change), tmp_path)
    assert re.search({**CELL, **TASK}[change], str(refused.value)), refused.value
    assert "\n" not in str(refused.value)


def test_lengths_beyond_the_time_are_refused(tmp_path):
    longer = """
import numpy as np
def longer(length: int = 4):
    made = parity(length)
    train, held_out = made.data.train, made.data.held_out
    def scored(split, examples):
        batch = held_out(split, examples)
        return batch._replace(lengths=np.full(batch.weights.shape, 5, np.int32))
    def trained(arrays, key, step, size):
        return train(arrays, key, step, size)._replace(lengths=jnp.full(size, 5, jnp.int32))
    return made._replace(data=made.data._replace(train=trained, held_out=scored))
TASKS["own"] = longer
"""
    text = HEAD.replace("EXPERIMENT =", longer + "EXPERIMENT =")
    with pytest.raises(ValueError, match=r"task own: lengths must be from 0 to inputs\.time=4, not 5 to 5"):
        checked(text, tmp_path)


def test_only_code_that_the_package_called_is_to_blame():
    with pytest.raises(TypeError) as refused:
        TASKS["parity"](length="x")
    assert place_of(refused.value).startswith(("parity.py:", "synthetic.py:"))
    assert said(refused.value).startswith("TypeError: ")
    with pytest.raises(ZeroDivisionError) as refused:
        1 / 0  # noqa: B018
    assert place_of(refused.value) == ""


@pytest.fixture(autouse=True)
def _as_before(monkeypatch):
    """What the file registers is forgotten again."""
    from rnn_research.cells import CELLS

    yield
    CELLS.pop("mine", None)
    TASKS.pop("own", None)
