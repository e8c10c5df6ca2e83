"""Embedded Reber strings and counter languages: every string against a reader of its own, and how likely each is."""

import re
from collections import Counter

import numpy as np
import pytest

from rnn_research.tasks import counter_language, embedded_reber
from tests.support.batches import draw
from tests.support.heads import scores

# Reber's grammar as a regular expression: T S* X or P T* V, back by X or P, out by S or V.
REBER = "B(TS*(X(XT*V(PXT*V)*(PS|V)|S))|PT*V(PXT*V)*(PS|V))E"
NEXT = {0: "B1", 1: "T2P3", 2: "S2X4", 3: "T3V5", 4: "X3S6", 5: "P4V6", 6: "E7"}


def strings(batch, alphabet):
    """What each row reads, and the last symbol that it asks for; targets are the inputs one step on."""
    own = np.full(len(batch.inputs), batch.inputs.shape[1]) if batch.lengths is None else batch.lengths
    found = []
    for row, targets, length in zip(batch.inputs.argmax(axis=-1), batch.targets, own, strict=True):
        np.testing.assert_array_equal(row[1:length], targets[: length - 1])
        found.append("".join(alphabet[symbol] for symbol in [*row[:length], targets[length - 1]]))
    return found


def chances(length, state=0, begun="", chance=1.0):
    """Reber strings of a length and how likely the grammar makes each: every walk, one by one."""
    if state == 7:
        return {begun: chance} if len(begun) == length else {}
    if len(begun) == length:
        return {}
    pairs = re.findall("([A-Z])([0-9])", NEXT[state])
    found = {}
    for symbol, leads in pairs:
        found |= chances(length, int(leads), begun + symbol, chance / len(pairs))
    return found


@pytest.mark.parametrize("length, shortest", [(9, 0), (40, 0), (16, 9)])
def test_strings_are_reber_strings_between_two_that_are_alike(length, shortest):
    batch = draw(embedded_reber(length, shortest), size=500)
    found = strings(batch, "BTPSXVE")
    assert set(map(len, found)) == set(range(shortest or length, length + 1))
    assert all(re.fullmatch(f"B([TP]){REBER}\\1E", string) for string in found)
    assert Counter(string[1] for string in found)["T"] / 500 == pytest.approx(0.5, abs=0.08)


def test_strings_of_a_length_are_as_likely_as_the_grammar_makes_them():
    wanted = chances(8)
    total = sum(wanted.values())
    assert len(wanted) > 5 and all(re.fullmatch(REBER, string) for string in wanted)
    found = Counter(string[2:-2] for string in strings(draw(embedded_reber(12), size=20000), "BTPSXVE"))
    assert set(found) == set(wanted)
    for string, chance in wanted.items():
        assert found[string] / 20000 == pytest.approx(chance / total, abs=0.015)


def test_reber_accuracy_is_of_the_last_symbol_but_one():
    task = embedded_reber(14, shortest=9)
    batch = draw(task, size=4000)
    asked = np.arange(13) == batch.lengths[:, None] - 2
    right = np.eye(7, dtype=np.float32)[batch.targets]
    wrong = np.roll(right, 1, axis=-1)
    assert scores(task, np.where(asked[..., None], right, wrong), batch)["accuracy"] == 1
    assert scores(task, np.where(asked[..., None], wrong, right), batch)["accuracy"] == 0
    always_t = np.zeros((4000, 13, 7))
    always_t[..., 1] = 1e-3
    result = scores(task, always_t, batch)
    assert result["accuracy"] == pytest.approx(task.goal.baseline["accuracy"], abs=0.03)
    assert result["loss"] == pytest.approx(task.goal.baseline["loss"], rel=1e-3)


@pytest.mark.parametrize("letters", [2, 3])
@pytest.mark.parametrize("shortest", [0, 3, 6])
def test_counter_languages_have_as_many_of_each_letter(letters, shortest):
    batch = draw(counter_language(13, shortest, letters), size=400)
    found = strings(batch, "abc"[:letters] + "$")
    most, least = 13 // letters, -(-shortest // letters) or 13 // letters
    assert Counter(map(len, found)).keys() == {letters * n + 2 for n in range(least, most + 1)}
    for string in found:
        n = (len(string) - 2) // letters
        assert string == "$" + "".join(letter * n for letter in "abc"[:letters]) + "$"


def test_a_string_is_accepted_when_all_is_right_from_the_first_b_on():
    task = counter_language(12, shortest=3, letters=3)
    batch = draw(task, size=300)
    right = np.eye(4, dtype=np.float32)[batch.targets]
    wrong = np.roll(right, 1, axis=-1)
    n = (batch.lengths[:, None] - 1) // 3
    steps = np.arange(task.inputs.time)
    assert scores(task, np.where((steps <= n)[..., None], wrong, right), batch)["accuracy"] == 1
    for step in (n + 1, 3 * n):  # at the first b, at the end
        assert scores(task, np.where((steps == step)[..., None], wrong, right), batch)["accuracy"] == 0
    half = np.arange(300) < 150
    assert scores(task, np.where(half[:, None, None], right, wrong), batch)["accuracy"] == 0.5


@pytest.mark.parametrize("letters", [2, 3])
def test_who_names_the_symbol_just_read_accepts_nothing(letters):
    task = counter_language(12, shortest=letters, letters=letters)
    batch = draw(task, size=300)
    assert scores(task, batch.inputs, batch)["accuracy"] == task.goal.baseline["accuracy"] == 0
    even = scores(task, np.zeros_like(batch.inputs), batch)
    assert even["loss"] == pytest.approx(task.goal.baseline["loss"], rel=1e-5)
