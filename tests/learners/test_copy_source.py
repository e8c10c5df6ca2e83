"""The source as an answer, and what it is said to cost."""

import jax
import numpy as np
import pytest

from rnn_research.data.tokens import tokeniser
from rnn_research.learners.copy_source import copy_source
from rnn_research.learners.rules import shared_ids
from rnn_research.tasks.base import Batch
from tests.contracts.small import config_of, task_of
from tests.support.pair_tasks import pair_task, texts

TRAIN = [("abcd", "abc"), ("ba!", "ba"), ("cab", "cab"), ("", "a")]
TEST = [("ab!", "ab"), ("dcb", "cb"), ("b", "ab"), ("abcabcabcabc", "abc"), ("", "b")]


def trained(task):
    config = config_of("acronym")  # which task it is of does not matter to it
    learner = copy_source().make(config, task, None)
    *_, end = learner.run([config])
    return learner, end


def test_tokens_that_the_targets_have_are_copied_in_order_and_an_end_follows_where_there_is_room():
    task = pair_task(TRAIN, TEST)
    learner, end = trained(task)
    answers = learner.trained(end.state).answer(task.data.held_out("test", 5))
    time = task.target.time
    assert texts(task, answers)[:5] == [
        ("ab", True),
        ("cb", True),
        ("b", True),
        ("abcabcabcabc"[:time], False),
        ("", True),
    ]
    assert answers.ids.shape == (2, 3, time) and answers.lengths.reshape(-1)[:5].tolist() == [3, 3, 2, time, 1]
    loaded = copy_source().load(config_of("acronym"), task.inputs, task.target, end.state)
    one = jax.tree.map(lambda leaf: leaf[0], task.data.held_out("test", 5))
    np.testing.assert_array_equal(loaded.answer(Batch(one.inputs, None, None, one.lengths)).ids, answers.ids[0])


def test_the_loss_is_of_a_distribution_over_all_tokens_at_every_position():
    """The rule says 3 + 3 + 1 + 3 + 1 of the 15 tokens, here those of validation too."""
    task = pair_task(TRAIN, TEST)
    learner, end = trained(task)
    share, size = float(end.state["share"]), task.target.size
    assert share == pytest.approx(12 / 17)
    assert end.rows["test"]["accuracy"] == pytest.approx(11 / 15)
    nats = -(11 * np.log(share) + 4 * np.log((1 - share) / (size - 1))) / 15
    assert end.rows["test"]["loss"] == pytest.approx(nats)
    assert learner.facts["deterministic"]


def test_a_word_is_the_same_with_the_blank_before_it_or_without():
    rows = ["the dog saw a dog", "a dog saw the dog", "dog and dog", "dog"]
    bare, spaced = tokeniser("bare_words", rows), tokeniser("words", rows)
    assert "dog" in spaced.names and " dog" in spaced.names
    ids = shared_ids(bare, spaced)
    assert [spaced.names[ids[bare.names.index(word)] - 1] for word in ("dog", "saw")] == [" dog", " saw"]
    ids = shared_ids(spaced, bare)
    assert {bare.names[ids[spaced.names.index(word)] - 1] for word in ("dog", " dog")} == {"dog"}
    for alike in (bare, spaced):
        known = [name != "<unk>" for name in alike.names]
        np.testing.assert_array_equal(shared_ids(alike, alike), np.where(known, np.arange(1, alike.size + 1), 0))


def test_an_unknown_token_is_not_copied_and_tasks_without_a_common_token_are_refused():
    task = pair_task([("a b", "b c")], [("a z b b", "b c")], tokens="split")
    learner, end = trained(task)
    (answer, ended), *_ = texts(task, learner.trained(end.state).answer(task.data.held_out("test", 1)))
    assert (answer, ended) == ("b b", True)
    with pytest.raises(ValueError, match="copy_source: the targets of 'acronym' have no token of its sources"):
        trained(pair_task([("ab", "cd")], [("ab", "cd")]))
    for other in ("acronym", "sequential_digits"):
        with pytest.raises(ValueError, match=f"copy_source makes sequences of sequences, not what '{other}'"):
            copy_source().make(config_of(other), task_of(other), None)
