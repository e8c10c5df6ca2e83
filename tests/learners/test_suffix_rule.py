"""Rules of suffixes against all of them, tried one by one."""

from collections import Counter

import numpy as np
import pytest

from rnn_research.learners.suffix_rule import applied, as_text, packed, rules_of, suffix_rule, unpacked
from tests.contracts.small import config_of
from tests.support.pair_tasks import pair_task, texts

LONGEST = 5


def by_all_rules(pairs, source):
    """The commonest replacement of the longest suffix that any pair gives one for, over all pairs anew."""
    for length in range(min(LONGEST, len(source)), -1, -1):
        suffix, found = source[len(source) - length :], Counter()
        for one, target in pairs:
            stem = one[: len(one) - length]
            if len(one) >= length and one.endswith(suffix) and target.startswith(stem):
                found[target[len(stem) :]] += 1
        if found:
            return source[: len(source) - length] + found.most_common(1)[0][0]
    return source


def test_answers_are_those_of_all_rules_though_few_are_kept():
    rng = np.random.default_rng(0)
    ends = [("ing", ""), ("ies", "y"), ("s", ""), ("ed", "e"), ("ed", ""), ("", "")]

    def drawn(count):
        for _ in range(count):
            stem = "".join(rng.choice(list("abcdegiy"), rng.integers(0, 5)))
            before, after = ends[rng.integers(len(ends))]
            yield stem + before, stem + after if rng.random() < 0.9 else "b" + after

    pairs, others = list(drawn(150)), [source for source, _ in drawn(300)]
    table = list(range(300))  # source and target have the same ids, of the characters themselves
    rules = rules_of([([*map(ord, a)], [*map(ord, b)]) for a, b in pairs], table, LONGEST)
    for source in [*others, "", "zzz", "xing"]:
        assert as_text(applied(rules, table, source, LONGEST)) == by_all_rules(pairs, source), source
    assert unpacked(packed(rules)) == rules
    assert len(rules) < len({a[len(a) - k :] for a, _ in pairs for k in range(LONGEST + 1) if k <= len(a)}) / 2


def test_pairs_that_are_alike_need_no_rule_and_are_copied():
    rules = rules_of([([1, 2], [1, 2]), ([3], [3])], range(4), LONGEST)
    assert unpacked(packed(rules)) == rules == {}
    task = pair_task([("ab", "ab"), ("c", "c")], [("cab", "cab")])
    *_, end = suffix_rule().make(config_of("acronym"), task, None).run([config_of("acronym")])
    assert end.rows["test"]["accuracy"] == 1


def test_the_baseline_inflects_words_it_has_not_seen_and_memorises_those_it_has():
    train = [
        ("walking", "walk"),
        ("talking", "talk"),
        ("running", "run"),
        ("cats", "cat"),
        ("went", "go"),
        ("sheep",) * 2,
    ]
    task = pair_task(train, [("parking", "park"), ("dogs", "dog"), ("went", "go"), ("cut", "cut")])
    config = config_of("acronym")
    learner = suffix_rule().make(config, task, None)
    *_, end = learner.run([config])
    found = texts(task, learner.trained(end.state).answer(task.data.held_out("test", 4)))
    assert [text for text, _ in found[:4]] == ["park", "g", "go", "cut"]  # no source of training has a d or an o
    assert all(ended for _, ended in found)
    loaded = suffix_rule().load(config, task.inputs, task.target, {k: np.asarray(v) for k, v in end.state.items()})
    assert texts(task, loaded.answer(task.data.held_out("test", 4))) == found
    assert set(end.rows["test"]) >= {"loss", "accuracy"} and np.isfinite(end.rows["test"]["loss"])


def test_no_suffixes_are_refused():
    with pytest.raises(ValueError, match="suffixes of 1 token or more, not 0"):
        suffix_rule(longest=0)
