"""A file labelled by a model: batches of like lengths, answers in the order of the file."""

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from rnn_research.data.codec import Labeller, Labels
from rnn_research.execution.labelling import ROWS, STEPS, answers, label
from rnn_research.learners import Trained


class Lines:
    """Lines of text; a label is the number of its characters, or one for each of them."""

    def __init__(self, each_step: bool, fixed: bool = False):
        self.each_step, self.fixed = each_step, fixed

    def read(self, data, name):
        for number, line in enumerate(data.decode().splitlines(), 1):
            if "!" in line:
                raise ValueError(f"{name}:{number}: a mark")
        return data.decode().splitlines()

    def encode(self, examples):
        lengths = np.array([len(line) for line in examples])
        codes = np.zeros((len(examples), lengths.max()), np.int32)
        for row, line in enumerate(examples):
            codes[row, : len(line)] = [ord(character) for character in line]
        return {"codes": codes}, None if self.fixed else lengths

    def write(self, examples, answers):
        if not self.each_step:
            return "".join(f"{line} {answer}\n" for line, answer in zip(examples, answers, strict=True)).encode()
        rows = zip(examples, answers, strict=True)
        return "".join("".join(map(chr, answer[: len(line)])) + "\n" for line, answer in rows).encode()

    def agreement(self, examples, answers):
        return {} if self.each_step else {"letters": float(sum(answers))}

    def state(self):
        return {"kind": "lines"}


def model(each_step, seen):
    def answer(batch):
        seen.append((batch.inputs["codes"].shape, batch.lengths))
        return batch.inputs["codes"] + 1 if each_step else batch.lengths

    return Trained(answer, None)


def trial(each_step=False, seen=None, codec: Any = None):
    config: Any = SimpleNamespace(task=SimpleNamespace(name="lines"))
    found: Any = SimpleNamespace(
        id="t", config=config, codec=codec or Lines(each_step), model=model(each_step, [] if seen is None else seen)
    )
    return found


@pytest.mark.parametrize("each_step", [False, True])
def test_answers_stand_in_the_order_of_the_file(each_step):
    lines = ["a" * length for length in np.random.default_rng(0).integers(0, 300, 3 * ROWS + 5)]
    seen = []
    data, counted = "".join(line + "\n" for line in lines).encode(), []
    found = label(trial(each_step, seen), data, "file", counted.append).decode()
    letters = [] if each_step else [f"by the labels of file: letters {sum(map(len, lines)):.4g}"]
    assert counted == [f"{len(lines)} examples", *letters]
    wanted = ["b" * len(line) if each_step else f"{line} {len(line)}" for line in lines]
    assert found == "".join(line + "\n" for line in wanted)
    # Four batches of one number of rows, of few lengths, with those of like lengths together.
    assert len(seen) == 4 and {shape[0] for shape, _ in seen} == {ROWS}
    assert {shape[1] for shape, _ in seen} <= {8, 16, 32, 64, 128, 256, 512}
    assert all(a.max() <= b.min() for (_, a), (_, b) in pairwise(seen))


def test_long_examples_stand_in_batches_of_few_rows():
    lines = ["a" * length for length in (40_000, *range(10), 300_000, *[5000] * 50)]
    seen, read = [], []

    class Watched(Lines):
        def encode(self, examples):
            read.append(len(examples) * max(map(len, examples)))
            return super().encode(examples)

    found = answers(model(False, seen).answer, Watched(False), lines)
    assert found == [len(line) for line in lines]
    shapes = [shape for shape, _ in seen]
    assert all(rows == 1 or rows * time <= STEPS for rows, time in shapes)
    assert max(read) == 300_000 and len(set(shapes)) <= 4 and shapes[-1] == (1, 524_288)


def test_a_long_example_lengthens_no_other_s_answer():
    found = answers(model(True, []).answer, Lines(True), ["a" * length for length in (100_000, *range(200))])
    assert max(map(len, found[1:])) == 256 and len(found[0]) == 131_072


def test_examples_that_all_have_the_same_steps():
    found = answers(model(True, seen := []).answer, Lines(True, fixed=True), ["ab"] * (ROWS + 1))
    assert [answer.tolist() for answer in found] == [[98, 99]] * (ROWS + 1)
    assert seen == [((ROWS, 2), None)] * 2


def test_what_cannot_be_labelled():
    assert isinstance(Lines(True), Labeller) and not isinstance(Labels(("a",)), Labeller)
    with pytest.raises(ValueError, match="trial t labels no files: its task is lines"):
        label(trial(codec=Labels(("a",))), b"a\n", "file")
    with pytest.raises(ValueError, match="trial t says no probabilities"):
        label(trial(), b"a\n", "file", probabilities=True)
    with pytest.raises(ValueError, match="file holds nothing to label"):
        label(trial(), b"", "file")
    with pytest.raises(ValueError, match="file:2: a mark"):
        label(trial(), b"a\n!\n", "file")
