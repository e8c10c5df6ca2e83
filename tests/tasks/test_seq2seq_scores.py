"""Scores of answers by their definitions; BLEU and chrF by sacrebleu's own command."""

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from rnn_research.data.tokens import tokeniser
from rnn_research.exhibits import TEST_PARTS
from rnn_research.tasks import seq2seq_scores
from rnn_research.tasks.seq2seq_scores import (
    check_words,
    commonest,
    corpus_metrics,
    corpus_scores,
    score_pairs,
    text_of,
    words_by_part,
)
from tests.contracts.toys import edit_distance
from tests.support.pairs import seen_of

SOURCES = ["ab", "abc", "", "cab", "bac", "abcd", "dcba"]
TARGETS = ["ba", "cba", "", "bac", "cab", "dcba", "abcd"]
ANSWERS = ["ba", "cb", "a", "bac", "cabbb", "dxba", ""]


def scored(*texts, options=None, **made):
    seen, known = seen_of(*texts, **made)
    return score_pairs({"test": seen}, source_tokens=known, target_tokens=known, **options or {})


def curve(found, name):
    (one,) = [exhibit for exhibit in found.exhibits if exhibit.name == name]
    return one


def test_numbers_are_those_of_the_definitions_in_any_order_of_the_batches():
    edits = sum(edit_distance(*pair) for pair in zip(TARGETS, ANSWERS))
    for order in (range(7), [6, 2, 0, 5, 1, 4, 3]):
        found = scored(SOURCES, TARGETS, ANSWERS, order=order)
        assert found.numbers["exact_match"] == pytest.approx(2 / 7)
        assert found.numbers["character_error_rate"] == pytest.approx(edits / sum(map(len, TARGETS)))
        texts = curve(found, "answers").texts  # from all over the split, in the order of the file
        assert texts[:4] == ["ab\n→ ba", "\n→ a\nright: ", "bac\n→ cabbb\nright: cab", "dcba\n→ \nright: abcd"]
        assert texts[4:] == ["abc\n→ cb\nright: cba", "abcd\n→ dxba\nright: dcba"]
        assert np.mean(curve(found, TEST_PARTS).y) == pytest.approx(2 / 7)
        assert curve(found, TEST_PARTS).y[3] == 1 and curve(found, TEST_PARTS).y[4] == 0


def test_lengths_that_were_wanted_are_in_every_part_alike():
    """Right are all answers to short sources and none to long ones: no chance where there are 64 of each by design."""
    sources = ["ab"] * 64 + ["abcd"] * 64
    texts = (sources, sources, ["ab"] * 128)
    for even, spread in ((True, 0.0), (False, 0.5)):
        parts = curve(scored(*texts, options={"even_lengths": even}), TEST_PARTS).y
        assert len(parts) == 64 and np.mean(parts) == 0.5 and np.std(parts) == spread


def test_an_answer_ends_at_the_first_end_and_may_never_end():
    known = tokeniser("characters", ["abc"])
    assert text_of(np.array([1, 2, 0, 3, 0]), 5, known) == "ab"
    assert text_of(np.array([1, 2, 3, 3]), 3, known) == "abc"
    assert text_of(np.array([1, 2]), 0, known) == ""


def test_the_closest_of_several_right_answers_counts():
    references = [["k ae t", "k aa t"], ["d ao g"], ["b er d", "b ih r d"]]
    answers = ["k aa t", "d g", "b ih r t"]
    options = {"unit": "phoneme", "whole": "word", "metric": "word_error_rate", "right": {"test": references}}
    targets = [right for right, *_ in references]
    for order in (range(3), [2, 0, 1]):
        found = scored(["cat", "dog", "bird"], targets, answers, options=options, tokens="split", order=order)
        assert found.numbers["phoneme_error_rate"] == pytest.approx((0 + 1 + 1) / (3 + 3 + 4))
        assert found.numbers["word_error_rate"] == pytest.approx(2 / 3)
        assert found.numbers["exact_match"] == pytest.approx(1 / 3)


def test_what_is_unknown_is_not_right_where_the_references_are_given():
    known = tokeniser("split", ["a b"])
    seen, _ = seen_of(["a", "b"], ["a z", "b"], ["a z", "b"], tokens="split")
    options = {"source_tokens": known, "target_tokens": known, "positions": False}
    ids = seen.examples.targets.ids
    ids[ids > 2] = known.size  # as a vocabulary of two words has it
    answers = seen.answers()
    answers.ids[answers.ids > 2] = known.size
    assert score_pairs({"test": seen}, **options).numbers["exact_match"] == 1
    found = score_pairs({"test": seen}, right={"test": [["a z"], ["b"]]}, **options)
    assert found.numbers["exact_match"] == 0.5


def test_curves_are_means_over_the_answers_of_a_length_and_a_position():
    sources, targets = ["abc"] * 6 + ["ab"] * 5 + ["abcd"], ["cba"] * 6 + ["ba"] * 5 + ["dcba"]
    answers = ["cba", "cba", "cbb", "cb", "", "cbaa", *["ba"] * 4, "a", "dcba"]
    losses = np.tile(np.arange(1.0, 7.0), (12, 1)) * np.array([2.0] * 6 + [9.0] * 6)[:, None]
    found = scored(sources, targets, answers, losses=losses)
    by_length = curve(found, "exact_match_by_length")
    assert by_length.positions == [2, 3]  # there is but one source of length 4
    np.testing.assert_allclose(by_length.y, [4 / 5, 2 / 6])
    np.testing.assert_allclose(curve(found, "accuracy_by_length").y, [8 / 10, (3 + 3 + 2 + 2 + 0 + 3) / 18])
    assert curve(found, "accuracy_by_position").positions == [1, 2, 3]
    np.testing.assert_allclose(curve(found, "accuracy_by_position").y, [5 / 6, 5 / 6, 3 / 6])
    np.testing.assert_allclose(curve(found, "nats_by_position").y, [2, 4, 6])
    shorter = scored(sources, targets, answers, losses=losses, options={"at_length": 2})
    np.testing.assert_allclose(curve(shorter, "accuracy_by_position").y, [4 / 5, 4 / 5])
    np.testing.assert_allclose(curve(shorter, "nats_by_position").y, [9, 18])
    assert commonest(np.array([1, 3, 3, 2, 2])) == 3 and commonest(np.zeros(0, int)) == 0


def test_other_splits_that_are_tested_have_numbers_of_their_own_and_share_the_curves():
    test, known = seen_of(["abc"] * 5, ["abc"] * 5, ["abc", "abc", "b", "abc", "ab"])
    longer, _ = seen_of(["abcabc"] * 5, ["abcabc"] * 5, ["abcabc", "abc", *["b"] * 3])
    found = score_pairs({"longer": longer, "test": test}, source_tokens=known, target_tokens=known)
    assert (found.numbers["exact_match"], found.numbers["exact_match/longer"]) == (0.6, 0.2)
    assert found.numbers["character_error_rate/longer"] == pytest.approx((0 + 3 + 3 * 5) / 30)
    assert curve(found, "exact_match_by_length").positions == [3, 6]
    assert curve(found, "exact_match_by_length").y == pytest.approx([0.6, 0.2])
    assert curve(found, "accuracy_by_length").y == pytest.approx([(3 + 3 + 0 + 3 + 2) / 15, (6 + 3) / 30])
    assert curve(found, "accuracy_by_position").positions == [1, 2, 3]
    assert np.mean(curve(found, TEST_PARTS).y) == pytest.approx(0.6)


@pytest.mark.slow
def test_bleu_and_chrf_are_those_of_sacrebleu_s_command(tmp_path):
    rng = np.random.default_rng(0)
    vocabulary = ["the", "man,", "sees", "a", "dog.", "It's", "blue", "and", "Green!", "street"]
    right = [" ".join(rng.choice(vocabulary, rng.integers(3, 9))) for _ in range(30)]
    given = [" ".join(word for word in text.split() if rng.random() < 0.8) for text in right]
    found = scored(right, right, given, tokens="split", options={"words": True})
    (tmp_path / "right").write_text("\n".join(right))
    (tmp_path / "given").write_text("\n".join(given))
    command = [sys.executable, "-m", "sacrebleu", tmp_path / "right", "-i", tmp_path / "given", "-m", "bleu", "chrf"]
    said = json.loads(subprocess.run([*command, "-w", "9"], capture_output=True, check=True, text=True).stdout)
    assert [one["name"] for one in said] == ["BLEU", "chrF2"]
    assert [found.numbers["bleu"], found.numbers["chrf"]] == pytest.approx([one["score"] for one in said], abs=1e-8)
    assert 20 < found.numbers["bleu"] < 90
    caption = curve(found, "answers").caption
    assert all(f"{one['name']}|{one['signature']}" in caption for one in said)
    words = [(a.split(), b.split()) for a, b in zip(right, given)]
    edits = sum(edit_distance(tuple(a), tuple(b)) for a, b in words)
    assert found.numbers["word_error_rate"] == pytest.approx(edits / sum(len(a) for a, _ in words))


def test_another_reference_never_lowers_bleu_and_sources_may_have_fewer():
    given, right = ["the cat sat on the mat", "a dog runs home now"], [["the cat sat on a mat"], ["a dog runs home"]]
    alone, _ = corpus_scores(given, right)
    more, signatures = corpus_scores(given, [[*right[0], given[0]], right[1]])
    assert more["bleu"] > alone["bleu"]
    assert all("nrefs:var" in one or "nrefs:2" in one for one in signatures)


def test_signatures_say_whether_case_counts_and_so_lead_to_the_same_scores():
    given, right = ["it is a small dog"], [["It is a small Dog"]]
    as_is, said = corpus_scores(given, right)
    lowered, of_lowered = corpus_scores(given, [[right[0][0].lower()]], lower=True)
    assert all("case:mixed" in one for one in said) and all("case:lc" in one for one in of_lowered)
    assert lowered == corpus_scores(given, right, lower=True)[0] and lowered["bleu"] > as_is["bleu"]


def noisy(count, seed=1):
    """Answers and what is right, some of the answers bad; two references of every third."""
    rng = np.random.default_rng(seed)
    vocabulary = [f"w{i}" for i in range(12)]
    right = [[" ".join(rng.choice(vocabulary, rng.integers(4, 12)))] for _ in range(count)]
    keep = rng.uniform(0.5, 1, count)
    given = [" ".join(w for w in texts[0].split() if rng.random() < p) for texts, p in zip(right, keep)]
    return given, [[*texts, texts[0][3:]] if row % 3 == 0 else texts for row, texts in enumerate(right)]


@pytest.mark.parametrize("metric", ["bleu", "chrf"])
def test_parts_have_the_score_as_their_mean_and_the_variance_that_resampling_finds(metric):
    given, right = noisy(400)
    parts = words_by_part(metric, given, right)
    assert len(parts) == 64 and parts.mean() == pytest.approx(corpus_scores(given, right)[0][metric], abs=1e-9)
    streams: Any = [[texts[place] if place < len(texts) else None for texts in right] for place in range(2)]
    made = corpus_metrics()[metric]
    resampled = made.corpus_score(given, streams, n_bootstrap=1000)  # gives half the width of its 95% interval
    assert parts.std(ddof=1) / 8 == pytest.approx(resampled._ci / 1.96, rel=0.2)


@pytest.mark.parametrize("metric", ["bleu", "chrf"])
def test_a_task_of_bleu_or_chrf_keeps_its_parts_and_few_texts_have_none(metric):
    given, right = noisy(50)
    texts = [one[0] for one in right]
    options = {"words": True, "metric": metric, "positions": False}
    found = scored(texts, texts, given, tokens="split", options=options, order=range(49, -1, -1))
    assert np.mean(curve(found, TEST_PARTS).y) == pytest.approx(found.numbers[metric])
    assert len(curve(found, TEST_PARTS).y) == 10
    np.testing.assert_allclose(curve(found, TEST_PARTS).y, words_by_part(metric, given, [[one] for one in texts]))
    few = scored(texts[:24], texts[:24], given[:24], tokens="split", options=options)
    assert not [one for one in few.exhibits if one.name == TEST_PARTS]


def test_bleu_compares_with_the_texts_of_the_file_whatever_the_tokens_are():
    """Marks that the tokens set apart are not set apart in the reference (Post 2018)."""
    texts = ["a dog's 3.5 tail", "it is well-known"] * 4
    set_apart = [text.replace("'", " ' ").replace("-", " - ").replace(".", " . ") for text in texts]
    options = {"words": True, "positions": False, "right": {"test": [[one] for one in set_apart]}}
    alike = scored(texts, set_apart, set_apart, tokens="split", options=options).numbers
    options["references"] = {"test": [[one] for one in texts]}
    found = scored(texts, set_apart, set_apart, tokens="split", options=options).numbers
    assert alike["bleu"] == pytest.approx(100) and found["bleu"] < 60
    assert found["bleu"] == corpus_scores(set_apart, [[one] for one in texts])[0]["bleu"]
    assert found["exact_match"] == alike["exact_match"] == 1


def test_bleu_without_sacrebleu_is_refused_by_what_to_install(monkeypatch):
    check_words()
    monkeypatch.setattr(seq2seq_scores.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"pip install -r requirements-translation\.txt"):
        check_words()
