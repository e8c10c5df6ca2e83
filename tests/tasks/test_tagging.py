"""Tagging: batches against the files, words read as unknown, scores against counts, and labelled files."""

import dataclasses
import json
from types import SimpleNamespace
from typing import Any

import jax
import numpy as np
import pytest

from rnn_research.data.codec import from_json, to_json
from rnn_research.data.labelled_sentences import layout, read_sentences
from rnn_research.data.plain import read
from rnn_research.execution.labelling import label
from rnn_research.experiment.choice import Choice
from rnn_research.experiment.config import ModelConfig
from rnn_research.models import Carry, network
from rnn_research.tasks.base import Batch, Seen
from rnn_research.tasks.tagging import score, tagging
from tests.contracts.small import TAGGED, config_of, made, task_of
from tests.contracts.test_tasks import harder
from tests.support.at_random import params_of
from tests.support.batches import draw

FILES = {split: str(TAGGED / f"{split}.conllu") for split in ("train", "valid", "test")}
FORM = layout("conllu")
LETTERS = Choice("convolution", features=3, span=3, embedding=2)


def sentences(split):
    return read_sentences(read(TAGGED / f"{split}.conllu"), split, FORM)


def test_batches_hold_the_sentences_of_the_files():
    task = tagging(**FILES, forget=0)
    words, codec = task.data.codec.vocabulary, task.data.codec
    for split in ("valid", "test"):
        batch = jax.tree.map(lambda leaf: leaf[0], task.data.held_out(split, 100))
        assert sorted(batch.about) == list(range(len(batch.about)))
        assert (np.diff(batch.lengths) >= 0).all()
        for row, number in enumerate(batch.about):
            one = sentences(split)[number]
            count = len(one.words)
            assert batch.lengths[row] == count == batch.weights[row].sum()
            assert [codec.names[label] for label in batch.targets[row, :count]] == list(one.labels)
            assert [words.names[word] for word in batch.inputs.words[row, :count]] == [w.lower() for w in one.words]
            assert np.array_equal(batch.inputs.characters[row, :count], words.spell(one.words))
    seen = set()
    batch = draw(task, 6)
    for row in range(6):
        count = batch.lengths[row]
        seen.add(tuple(words.surfaces[surface - 1] for surface in batch.inputs.surfaces[row, :count]))
    assert seen == {one.words for one in sentences("train")}


def test_rare_words_are_read_as_the_unknown_one_and_their_letters_all_the_same():
    task, plain = tagging(**FILES, forget=1.0), tagging(**FILES, forget=0)
    counts = task.data.codec.vocabulary.word_counts
    read_as, times = np.zeros(len(counts)), np.zeros(len(counts))
    for step in range(60):
        batch, whole = draw(task, 24, step), draw(plain, 24, step)
        assert np.array_equal(batch.inputs.characters, whole.inputs.characters)
        assert np.array_equal(batch.targets, whole.targets)
        words, unknown = whole.inputs.words, batch.inputs.words == 0
        assert np.array_equal(batch.inputs.words[~unknown], words[~unknown])
        np.add.at(times, words[words > 0], 1)
        np.add.at(read_as, words[(words > 0) & unknown], 1)
    expected = 1 / (1 + counts[1:])
    spread = np.sqrt(expected * (1 - expected) / times[1:])
    assert (np.abs(read_as[1:] / times[1:] - expected) < 4.5 * spread).all()
    assert not np.array_equal(draw(task, 24, 0).inputs.words, draw(task, 24, 0, jax.random.key(7)).inputs.words)


def test_the_baseline_and_the_scores_are_counted():
    task = tagging(**FILES)
    train, test = ([label for one in sentences(split) for label in one.labels] for split in ("train", "test"))
    commonest = max(sorted(set(train)), key=train.count)
    assert task.goal.baseline["accuracy"] == pytest.approx(test.count(commonest) / len(test))

    examples = task.data.held_out("test", 100)
    answers = np.where(np.arange(examples.targets.size).reshape(examples.targets.shape) % 3 == 0, 0, examples.targets)
    found = score(
        {"test": Seen({}, lambda: answers, examples)},
        known=len(task.data.codec.vocabulary.surfaces),
        names=task.target.names,
    )
    known = {word for one in sentences("train") for word in one.words}
    right: dict[bool, list[bool]] = {True: [], False: []}
    for row, number in enumerate(examples.about[0]):
        one = sentences("test")[number]
        for place, word in enumerate(one.words):
            right[word in known].append(bool(answers[0, row, place] == examples.targets[0, row, place]))
    assert found.numbers["known_accuracy"] == pytest.approx(np.mean(right[True]))
    assert found.numbers["unknown_accuracy"] == pytest.approx(np.mean(right[False]))
    assert found.numbers["unknown_share"] == pytest.approx(len(right[False]) / len(test))
    (matrix,) = found.exhibits
    assert matrix.rows == task.target.names
    for row, name in zip(matrix.values, matrix.rows):
        assert sum(row) == pytest.approx(1.0 if name in test else 0.0)


def test_padding_and_letters_of_padding_change_nothing():
    task = task_of("tagging")
    config = ModelConfig(
        cell=Choice("elman", hidden=3), embedding=2, characters=LETTERS, bidirectional=True, norm="layer"
    )
    model = network(config, task.inputs, task.target)
    batch = draw(task, 4)
    params = params_of(model)

    @jax.jit
    def everything(params, batch):
        carry = Carry(None, model.start(1).statistics)
        loss, gradient = jax.value_and_grad(
            lambda params: (lambda terms: (terms.loss * terms.weight).sum())(model.forward(params, batch, carry).terms)
        )(params)
        return loss, gradient, model.answer(params, batch, carry)[0]

    loss, gradient, answers = everything(params, batch)
    loss_2, gradient_2, answers_2 = everything(params, harder(task, batch))
    assert loss == pytest.approx(float(loss_2), rel=1e-6)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6), gradient, gradient_2)
    here = batch.weights > 0
    assert np.array_equal(answers[here], answers_2[:4, : here.shape[1]][here])
    assert float(np.abs(gradient["embedding"]["characters"]["letters"]["kernel"]).max()) > 0


@pytest.mark.slow
def test_a_labelled_file_scores_what_the_run_scored():
    config = config_of("tagging", embedding=2, characters=LETTERS, bidirectional=True)
    config = dataclasses.replace(config, train=dataclasses.replace(config.train, cuts=1))
    learner = made(config)
    done = list(learner.run([config]))[-1]
    codec = from_json(json.loads(json.dumps(to_json(task_of("tagging").data.codec))))
    trial: Any = SimpleNamespace(id="t", config=config, codec=codec, model=learner.trained(done.state))
    text = (TAGGED / "test.conllu").read_bytes()
    labelled = label(trial, text, "test")
    given, right = (read_sentences(one.decode(), "x", FORM) for one in (labelled, text))
    pairs = [pair for a, b in zip(given, right, strict=True) for pair in zip(a.labels, b.labels, strict=True)]
    assert len({a for a, _ in pairs}) > 1
    everything = made(config).trained(done.state)
    batch = jax.tree.map(lambda leaf: leaf[0], task_of("tagging").data.held_out("test", 100))
    answers = everything.answer(Batch(batch.inputs, None, None, batch.lengths))
    whole = np.mean((answers == batch.targets)[batch.weights > 0])
    assert np.mean([a == b for a, b in pairs]) == pytest.approx(whole)
    assert done.rows["test"]["accuracy"] == pytest.approx(whole, rel=1e-6)


def write(folder, **texts):
    paths = {}
    for split, text in texts.items():
        (folder / split).write_text(text)
        paths[split] = str(folder / split)
    return paths


def test_sentences_of_one_word_and_of_two_thousand(tmp_path):
    files = write(tmp_path, train="a\tX\nb\tY\n\nb\tY\n", valid="a\tX\n", test="a\tX\n" * 2000 + "\n\n\nb\tY\n")
    task = tagging(**files, format="columns")
    assert task.inputs.time == 2000
    assert task.data.held_out("test", 10).lengths.tolist() == [[1, 2000]]
    assert draw(task, 2).weights.sum(axis=1).tolist() in ([2, 1], [1, 2])


def test_the_codec_knows_the_columns_of_training(tmp_path):
    files = write(tmp_path, train="a D X\nb D Y\n", valid="a D X\n", test="a D X\n")
    assert tagging(**files, format="columns").data.codec.layout == ("columns", 3, 3, ("D",))
    assert tagging(**files, format="columns", column=3).data.codec.layout == ("columns", 3, 3, ("D",))
    with pytest.raises(ValueError, match="two labels are needed"):
        tagging(**files, format="columns", column=2)


@pytest.mark.parametrize(
    "texts, message",
    [
        (
            {"train": "a\tX\nb\tY\n", "valid": "a\tX\n", "test": "a\tX\nb\tZ\n"},
            r"test:2: the training sentences hold no label 'Z'",
        ),
        ({"train": "a\tX\nb\t\n", "valid": "a\tX\n", "test": "a\tX\n"}, "train:2: no label"),
        ({"train": "a\tX\n", "valid": "a\tX\nb\n", "test": "a\tX\n"}, "valid:2: 1 columns, not 2 as in line 1"),
        ({"train": "a\tX\n", "valid": "a\n", "test": "a\tX\n"}, "valid:1: 1 columns, and no column 2 for the labels"),
        ({"train": "a\tX\n", "valid": "\n\n", "test": "a\tX\n"}, "valid holds no sentence"),
        ({"train": "a\tX\n", "valid": "a\tX\n"}, "give all of train, valid and test their files: test has none"),
    ],
)
def test_what_files_lack_is_named(tmp_path, texts, message):
    with pytest.raises(ValueError, match=message):
        tagging(**write(tmp_path, **texts), format="columns")


def test_options_that_cannot_be_are_refused():
    for options, message in (
        ({"corpus": "ud_english_ewt", "labels": "upos"}, "unknown kind of labels 'upos'"),
        ({"corpus": "ewt"}, "unknown treebank 'ewt'; known: ud_english_ewt"),
        ({"corpus": "ud_english_ewt", "format": "columns"}, "is written in format=conllu"),
        ({**FILES, "letters": 1}, "letters must be 2 or more"),
        ({"forget": -1.0}, "forget must be 0 or more"),
    ):
        with pytest.raises(ValueError, match=message):
            tagging(**options)
