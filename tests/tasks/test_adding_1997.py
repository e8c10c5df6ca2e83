"""The adding problem of 1997: sequences recounted one by one, and what always answering 0.5 comes to."""

import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.tasks import adding_1997
from tests.support.batches import draw
from tests.support.heads import scores

T = 30


def test_a_sequence_is_marked_and_added_up_as_the_paper_says():
    batch = draw(adding_1997(T), size=3000)
    assert batch.inputs.shape == (3000, 33, 2)
    assert set(batch.lengths) == {30, 31, 32, 33}
    values = batch.inputs[..., 0][batch.inputs[..., 1] != 0]
    assert values.min() >= -1 and values.max() < 1 and abs(values.mean()) < 0.03
    firsts, seconds, hidden = set(), set(), 0
    for inputs, target, length in zip(batch.inputs, batch.targets, batch.lengths, strict=True):
        assert not inputs[length:].any()
        numbers, marks = inputs[:length].T
        assert marks[0] == marks[-1] == -1
        marked = np.flatnonzero(marks == 1)
        assert np.isin(np.delete(marks, [0, length - 1]), [0, 1]).all()
        assert len(marked) in (1, 2)
        hidden += len(marked) == 1  # the first step was drawn, and does not count
        assert target == pytest.approx(0.5 + sum(numbers[step] for step in marked) / 4, abs=1e-6)
        assert marked[-1] < T // 2 and (len(marked) == 1 or marked[0] < 10)
        if len(marked) == 2 and marked[1] >= 10:
            firsts.add(int(marked[0]))
            seconds.add(int(marked[1]))
    assert firsts == set(range(1, 10)) and seconds == set(range(10, T // 2))
    assert hidden / 3000 == pytest.approx(0.1 + 0.9 / 14, abs=0.02)


def test_its_baseline_is_the_answer_a_half():
    task = adding_1997(T)
    result = scores(task, np.zeros((20000, 1)), draw(task, size=20000))  # before the logistic function
    assert result.pop("accuracy_middle") > result["accuracy"]
    assert result == pytest.approx(task.goal.baseline, rel=0.03)


def test_an_answer_is_right_up_to_four_hundredths():
    task = adding_1997(T)
    batch = draw(task, size=4)
    batch = batch._replace(targets=np.array([0.09, 0.11, 0.5, 0.91], np.float32))
    answers = batch.targets + np.array([0.039, -0.039, 0.041, -0.041], np.float32)
    found = scores(task, np.log(answers / (1 - answers))[:, None], batch)
    assert found["accuracy"] == 0.5 and found["accuracy_middle"] == 0.5
    assert scores(adding_1997(T, linear=True), answers[:, None], batch) == pytest.approx(found, rel=1e-4)
    assert task.derive({"accuracy": jnp.float32(0.75)})["wrong"] == 640


def test_too_short_is_refused():
    with pytest.raises(ValueError, match="length 20 or more, not 19"):
        adding_1997(19)
