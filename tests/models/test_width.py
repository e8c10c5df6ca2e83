"""The width that gives a network a number of parameters."""

import dataclasses

import jax
import pytest

from rnn_research.cells import CELLS
from rnn_research.experiment import Choice, ModelConfig
from rnn_research.models import match_width, network
from rnn_research.models.width import _nearest, count, unmatched
from rnn_research.tasks import TASKS
from rnn_research.tasks.base import Inputs, Target

TASK = TASKS["adding"](8)


def size(config):
    """Parameters, counted from the shapes of the real trees."""
    shapes = jax.eval_shape(network(config, TASK.inputs, TASK.target).init, jax.random.key(0), 1.0)
    return sum(leaf.size for leaf in jax.tree.leaves(shapes))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
def test_matched_width_has_the_number_of_parameters_nearest_to_one_layer_of_lstm(cell, layers):
    lstm = ModelConfig(cell=Choice("lstm", hidden=12))
    asked = ModelConfig(cell=Choice(cell, hidden=12), layers=layers, match="parameters")
    matched = match_width(asked, TASK.inputs, TASK.target)
    hidden = matched.cell["hidden"]
    wanted = size(lstm)
    gaps = {
        width: abs(size(dataclasses.replace(matched, cell=Choice(cell, hidden=width))) - wanted)
        for width in (hidden - 1, hidden, hidden + 1)
    }
    assert gaps[hidden] == min(gaps.values())
    if cell == "lstm" and layers == 1:
        assert hidden == 12
    equal_width = dataclasses.replace(matched, match="width")
    assert match_width(equal_width, TASK.inputs, TASK.target).cell["hidden"] == hidden


IDS, NEXT = Inputs("ids", 101, 16), Target("softmax", 100, each_step=True)


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("tied", [False, True])
def test_equal_parameters_at_every_depth(layers, tied):
    embedding = 24 * tied
    config = ModelConfig(
        cell=Choice("gru", hidden=24), layers=layers, match="parameters", embedding=embedding, tied=tied
    )
    reference = ModelConfig(cell=Choice("lstm", hidden=24), embedding=embedding, tied=tied)
    matched = match_width(config, IDS, NEXT)
    assert count(matched, IDS, NEXT) == pytest.approx(count(reference, IDS, NEXT), rel=0.05)


def test_a_width_that_is_given_stays():
    config = ModelConfig(cell=Choice("gru", hidden=24), layers=3)
    assert match_width(config, IDS, NEXT) is config


@pytest.mark.parametrize("cell", ["elman", "lstm"])
def test_ids_that_are_not_embedded_are_as_many_numbers(cell):
    """The width is then that of any task with as many, however long its sequences are."""
    config = ModelConfig(cell=Choice(cell, hidden=12), match="parameters")
    found = {match_width(config, inputs, NEXT) for inputs in (IDS, IDS._replace(time=99), Inputs("numbers", 101, 5))}
    (matched,) = found
    lstm = count(ModelConfig(cell=Choice("lstm", hidden=12)), IDS, NEXT)
    gaps = [
        abs(count(dataclasses.replace(matched, cell=Choice(cell, hidden=width)), IDS, NEXT) - lstm)
        for width in range(matched.cell["hidden"] - 1, matched.cell["hidden"] + 2)
    ]
    assert gaps[1] == min(gaps)


def test_widths_make_up_for_what_attention_adds():
    target = Target("decoder", 30, each_step=False, time=9)
    base = ModelConfig(cell=Choice("lstm", hidden=24), match="parameters", embedding=8)
    counts = {}
    for attention in ("none", "additive"):
        config = match_width(dataclasses.replace(base, attention=attention), IDS, target)
        counts[attention] = count(config, IDS, target)
        assert (config.cell["hidden"] == 24) == (attention == "none")
    assert list(counts.values()) == pytest.approx([counts["none"]] * 2, rel=0.05)


@pytest.mark.parametrize("tied", [False, True])
def test_what_is_checked_unmatched_is_a_network_of_the_width_that_is_asked_for(tied):
    config = ModelConfig(cell=Choice("gru", hidden=9), match="parameters", embedding=4, tied=tied)
    checked = unmatched(config)
    assert (checked.cell["hidden"], checked.match, checked.embedding) == (9, "width", 9 if tied else 4)
    assert count(checked, IDS, NEXT) > 0
    equal_width = dataclasses.replace(config, match="width")
    assert unmatched(equal_width) is equal_width


def test_a_cell_that_cannot_be_narrow_is_refused_unmatched(monkeypatch):
    def in_pairs(hidden: int):
        if hidden % 2:
            raise ValueError(f"hidden must be even, not {hidden}")
        return CELLS["elman"](hidden)

    monkeypatch.setitem(CELLS, "in_pairs", in_pairs)
    config = ModelConfig(cell=Choice("in_pairs", hidden=8), match="parameters")
    for refuses in (unmatched, lambda config: match_width(config, IDS, NEXT)):
        with pytest.raises(ValueError, match="hidden must be even, not 1"):
            refuses(config)


@pytest.mark.parametrize(
    "size",
    [
        lambda h: 3 * h * h + 5 * h + 1,
        lambda h: h * h - h,
        lambda h: 7 * h,
        lambda h: 100 * (h // 10),
        lambda h: h**3,
        lambda h: 2**h,
        lambda h: h * h + 40 * (h > 3),
    ],
)
def test_the_nearest_size_is_found_be_it_a_parabola_or_not(size):
    """A cell of one's own may grow by steps, by the cube of its width, or faster."""
    for wanted in (1, 7, 8, 9, 20, 43, 44, 45, 100, 150, 5000):
        low = max((hidden for hidden in range(1, 1000) if size(hidden) < wanted), default=1)
        assert _nearest(size, wanted) == min((low, low + 1), key=lambda hidden: abs(size(hidden) - wanted)), wanted


def test_a_parabola_is_known_from_four_sizes():
    asked = []

    def size(hidden):
        asked.append(hidden)
        return 3 * hidden * hidden + 5 * hidden + 1

    assert _nearest(size, 10**6) == 577  # 1 001 673; of 576 it is 998 209
    assert asked == [1, 2, 3, 577]
