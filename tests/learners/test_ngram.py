"""n-gram models as learners: scored as networks are, on as much text; paused; what they come back from."""

import dataclasses
import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from rnn_research.data.sentences import with_swapped
from rnn_research.data.streams import Stream
from rnn_research.decoding.strategy import Strategy
from rnn_research.experiment import Choice, TrainConfig, TrialConfig
from rnn_research.learners import LEARNERS
from rnn_research.learners.ngram import documents, likeliest, likeliest_in_batches, score, score_rows
from rnn_research.ngrams import log_probabilities, next_probabilities
from rnn_research.ngrams.fit import fit, kept_documents, ngram
from rnn_research.tasks import TASKS
from rnn_research.tasks.language_model import language_model, stream_of
from rnn_research.training.devices import make_mesh
from rnn_research.training.program import Devices
from tests.support.texts import write_book, write_sentences

DEVICES = Devices(make_mesh())
START = -1


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    return language_model(path=write_book(tmp_path_factory.mktemp("text")), length=8)


def config_of(seed=0, train=None, **options):
    train = train or TrainConfig(steps=0)
    return TrialConfig(learner=Choice("ngram", **options), train=train, seed=seed)


def made(task, config):
    return LEARNERS["ngram"](**dict(config.learner.options)).make(config, task, DEVICES)


def whole(task, split):
    return stream_of(task.data.held_out(split, 10**9))


def counted(task, order, smoothing="kneser_ney"):
    train = Stream(*map(np.asarray, task.data.arrays))
    return fit(ngram(order, smoothing), documents(train), task.target.size)


def test_shuffling_costs_those_who_use_the_order(task):
    """C31: the same tokens in another order have a higher perplexity, but for a model that sees one at a time."""
    bits = {}
    for order in (1, 3):
        config = config_of(order=order)
        _, done = made(task, config).run([config])
        row = done.rows["test"]
        bits[order] = row["shuffling_bits"]
        assert row["shuffled_perplexity"] == pytest.approx(row["perplexity"] * 2 ** bits[order])
    assert bits[1] == pytest.approx(0, abs=1e-4) and bits[3] > 1


@pytest.mark.parametrize("order", [1, 2])
def test_the_sentences_preferred_are_those_that_a_bigram_counted_by_hand_finds_likelier(tmp_path, order):
    """C31, beside a bigram with one added to every count; to a unigram, a sentence and the swapped one are the same."""
    task = language_model(path=write_sentences(tmp_path), tokens="words", swaps=True)
    config = config_of(order=order, smoothing="add_k")
    row = list(made(task, config).run([config]))[-1].rows["test"]
    read, encode, size = task.data.codec.decode, task.data.codec.encode, task.target.size
    text = [START, *np.asarray(task.data.arrays.ids).tolist()]
    pairs, before = Counter(pairwise(text)), Counter(text[:-1])

    def bits(sentence):
        ids = [START, *encode(sentence).ids.tolist()]
        return -sum(math.log2((pairs[a, b] + 1) / (before[a] + size)) for a, b in pairwise(ids))

    originals, others = map(np.array, with_swapped([read(whole(task, "test").ids)]))
    added = np.array([bits(other) - bits(one) for one, other in zip(originals, others, strict=True)])
    if order == 1:
        assert row["original_preferred"] == 0.5 and row["swapping_bits"] == pytest.approx(0, abs=1e-9)
        return
    assert len(added) > 10 and (added > 0).mean() > 0.5
    assert row["original_preferred"] == (added > 0).mean()
    assert row["swapping_bits"] == pytest.approx(added.mean())


@pytest.mark.parametrize("smoothing", ["kneser_ney", "add_k"])
def test_ngrams_are_scored_as_networks_are(task, smoothing):
    found = score(task, counted(task, 3, smoothing), whole(task, "test"))
    assert found["bits_per_char"] < task.goal.baseline["bits_per_char"] / 1.5
    assert found["perplexity"] == pytest.approx(math.exp(found["loss"]))


def test_ngrams_are_scored_on_as_much_text_as_networks_are(task):
    config = config_of(order=2, train=TrainConfig(steps=0, valid_examples=5, test_examples=7))
    begun, done = made(task, config).run([config])
    for found, split, tokens in ((begun.rows["valid"], "valid", 40), (done.rows["test"], "test", 56)):
        stream = Stream(*(field[:tokens] for field in whole(task, split)))
        expected = score(task, counted(task, 2), stream)
        assert {name: found[name] for name in expected} == expected
        assert task.data.held_out(split, tokens // 8).weights.sum() == tokens
    assert done.best == (0, begun.rows["valid"]["loss"])


def test_ngrams_that_are_not_counted_yet_are_paused(task):
    configs = [config_of(seed, order=2) for seed in range(3)]
    asked = []

    def stopping():
        asked.append(0)
        return len(asked) > 1

    events = list(made(task, configs[0]).run(configs, stopping=stopping))
    assert [(event.trial, event.kind) for event in events] == [
        (0, "started"),
        (0, "done"),
        (1, "paused"),
        (2, "paused"),
    ]


def test_pilots_are_neither_tested_nor_looked_at(task):
    probed = dataclasses.replace(config_of(order=2), probes=(Choice("texts", steps=(0,), texts=2, tokens=5),))
    begun, done = made(task, probed).run([probed], test=False)
    assert begun.rows.keys() == {"train", "valid"} and not done.rows and not begun.exhibits


def test_seeds_of_ngrams_leave_out_other_parts_of_the_text():
    text = np.arange(50_000) % 1000
    total = fit(ngram(1), [text], 1000).counts.counts[0].sum()
    assert total == 50_000
    spec = ngram(1, leave_out=0.3)
    parts = [fit(spec, kept_documents(spec, [text], seed), 1000).counts.counts[0].sum() for seed in (0, 0, 1)]
    assert parts[0] == parts[1] != parts[2]
    assert all(20_000 < part < 48_000 and part % 1000 == 0 for part in parts)


def test_seeds_of_a_learner_are_those_of_what_is_left_out(task):
    configs = [config_of(seed, order=2, leave_out=0.5) for seed in (0, 1)]
    events = [event for event in made(task, configs[0]).run(configs) if event.kind == "done"]
    alone = list(made(task, configs[1]).run(configs[1:]))[-1]
    assert events[1].rows == alone.rows and events[0].rows != alone.rows
    assert len(events[0].state["ids"]) < len(task.data.arrays.ids)
    assert "deterministic" not in made(task, configs[0]).facts


def test_a_model_of_the_whole_text_says_that_seeds_change_nothing(task):
    configs = [config_of(seed, order=3) for seed in (0, 1)]
    learner = made(task, configs[0])
    events = [event for event in learner.run(configs) if event.kind == "done"]
    assert learner.facts == {"deterministic": True}
    assert events[0].rows == events[1].rows


@pytest.mark.parametrize("smoothing", ["kneser_ney", "none"])
def test_the_answers_are_the_likeliest_tokens(task, smoothing):
    """After every token, with the text begun anew at every beginning; across batches too."""
    model, size = counted(task, 3, smoothing), task.target.size
    inputs = np.random.default_rng(0).integers(0, size, (2, 12))
    inputs[0, 0] = inputs[1, 5] = inputs[1, 11] = size
    found = likeliest(model, inputs)
    assert found.shape == inputs.shape
    for row, ids in enumerate(inputs):
        context = []
        for step, token in enumerate(ids):
            context = [] if token == size else [*context, int(token)]
            p = next_probabilities(model, context)
            assert p[found[row, step]] == pytest.approx(p.max(), rel=1e-12)
    examples = task.data.held_out("valid", 40)
    batches = likeliest_in_batches(model, examples)
    assert batches.shape == examples.inputs.shape
    text = stream_of(examples).ids
    rows = len(examples.inputs[0])
    assert rows == 1
    np.testing.assert_array_equal(batches[:, 0].ravel(), likeliest(model, np.append(size, text[:-1])[None])[0])


@pytest.mark.parametrize("leave_out", [0.0, 0.4])
def test_a_model_that_is_loaded_writes_and_answers_as_the_one_that_was_counted(task, leave_out):
    config = config_of(2, order=3, smoothing="kneser_ney", leave_out=leave_out)
    learner = made(task, config)
    state = list(learner.run([config]))[-1].state
    kind = LEARNERS["ngram"](**dict(config.learner.options))
    loaded = kind.load(config, task.inputs._replace(vectors=None), task.target, state)
    train = Stream(*map(np.asarray, task.data.arrays))
    spec = ngram(3, leave_out=leave_out)
    model = fit(spec, kept_documents(spec, documents(train), 2), task.target.size)
    batch = task.data.held_out("test", 10)
    batch = batch._replace(inputs=batch.inputs[0], targets=None, weights=None)
    np.testing.assert_array_equal(loaded.answer(batch), likeliest(model, batch.inputs))
    prompts = np.tile(whole(task, "valid").ids[:4], (2, 1))
    for strategy in (Strategy("sample"), Strategy("greedy"), Strategy("beam", width=3), Strategy("sample", top_k=2)):
        texts = [one.write(strategy, prompts, 20, 5) for one in (learner.trained(state), loaded)]
        assert texts[0].shape == (2, 20)
        np.testing.assert_array_equal(*texts)


def test_ngrams_of_anything_but_text_are_refused():
    with pytest.raises(ValueError, match="learner ngram is for language models, not for task 'adding'"):
        made(TASKS["adding"](5), config_of(order=2))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"order": 0}, "order must be at least 1"),
        ({"smoothing": "kneser"}, "unknown smoothing 'kneser'; did you mean 'kneser_ney'"),
        ({"k": 0.0}, "k must be more than 0"),
        ({"leave_out": 1.0}, r"leave_out must be in \[0, 1\)"),
    ],
)
def test_options_that_cannot_be_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        LEARNERS["ngram"](**options)


def test_the_score_by_row_is_of_the_sequences_that_a_network_reads(task):
    """The same pieces of the text, in the same places, so that both can be compared part by part."""
    model, examples = counted(task, 3), task.data.held_out("test", 10**9)
    row, by_row = score_rows(task, model, examples)
    assert row == score(task, model, whole(task, "test"))
    np.testing.assert_array_equal(by_row.weight, (examples.about.characters * examples.weights).sum(axis=2))
    assert by_row.total.sum() / by_row.weight.sum() == pytest.approx(row["bits_per_char"])
    nats = -log_probabilities(model, documents(whole(task, "test")))
    assert by_row.total[1, 0] == pytest.approx(nats[8:16].sum() / math.log(2))  # the second eight tokens of the text
