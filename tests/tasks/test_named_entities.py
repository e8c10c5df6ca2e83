"""Named entities: spans of files in every scheme, what files lack, scores that a labelled file has too."""

import dataclasses
import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from rnn_research.data.codec import from_json, to_json
from rnn_research.data.labelled_sentences import layout, read_sentences
from rnn_research.data.locate import find
from rnn_research.data.plain import read
from rnn_research.data.spans import LETTERS, convert, fault, spans_of
from rnn_research.execution.labelling import label
from rnn_research.experiment.choice import Choice
from rnn_research.tasks.named_entities import ON_THE_HUB, named_entities, of_rows
from rnn_research.tasks.span_scores import span_numbers
from tests.contracts.small import NAMED, config_of, made, task_of
from tests.support.batches import draw

SPLITS = ("train", "valid", "test")
FILES = {split: str(NAMED / f"{split}.conll") for split in SPLITS}
FORM = layout("columns")


def sentences(split):
    return read_sentences(read(NAMED / f"{split}.conll"), split, FORM)


def rewritten(folder, scheme):
    """The files in another scheme."""
    paths = {}
    for split in SPLITS:
        lines = ["\n".join(map("\t".join, zip(one.words, convert(one.labels, scheme)))) for one in sentences(split)]
        (folder / split).write_text("\n\n".join(lines) + "\n")
        paths[split] = str(folder / split)
    return paths


@pytest.mark.parametrize("labels", LETTERS)
def test_labels_of_any_scheme_are_learned_and_the_true_spans_kept(labels):
    task = named_entities(**FILES, labels=labels)
    names = task.target.names
    batch = task.data.held_out("test", 100)
    for row, number in enumerate(batch.about.row[0]):
        one = sentences("test")[number]
        count = len(one.words)
        assert [names[label] for label in batch.targets[0, row, :count]] == convert(one.labels, labels)
        true = [
            ("O", "B-person", "I-person", "B-place", "I-place")[label] for label in batch.about.about[0, row, :count]
        ]
        assert true == list(one.labels)
    trained = draw(task, 4)
    assert trained.about.about.shape == trained.targets.shape and (trained.about.about > 0).any()
    assert (task.target.head, dict(task.target.options)["scheme"]) == ("crf", labels)
    free = named_entities(**FILES, labels=labels, head="softmax", constrained=False).target
    assert (free.head, free.options) == ("softmax", ())


@pytest.mark.parametrize("scheme", ["iob1", "bioes"])
def test_files_of_any_scheme_are_the_same_task(scheme, tmp_path):
    task, same = named_entities(**FILES), named_entities(**rewritten(tmp_path, scheme), scheme=scheme)
    assert same.data.digest == task.data.digest and same.target == task.target
    assert same.data.codec.scheme == scheme


@pytest.mark.slow
def test_a_labelled_file_scores_what_the_run_scored():
    config = config_of("named_entities", embedding=2, characters=Choice("convolution", features=3, embedding=2))
    config = dataclasses.replace(config, train=dataclasses.replace(config.train, cuts=1))
    learner = made(config)
    done = list(learner.run([config]))[-1]
    codec = from_json(json.loads(json.dumps(to_json(task_of("named_entities").data.codec))))
    trial: Any = SimpleNamespace(id="t", config=config, codec=codec, model=learner.trained(done.state))
    labelled = label(trial, (NAMED / "test.conll").read_bytes(), "test")
    given, right = read_sentences(labelled.decode(), "x", FORM), sentences("test")
    assert not any(fault(one.labels, "bio") for one in given)
    numbers = span_numbers(*([spans_of(one.labels) for one in part] for part in (right, given)), ("person", "place"))
    row = done.rows["test"]
    for name, value in numbers.items():
        assert row[name] == pytest.approx(value), name
    assert sum(spans_of(one.labels) != [] for one in given) and 0 <= row["surface_f1"] <= 1
    assert {exhibit.name for exhibit in done.exhibits} >= {"span_scores", "span_confusions", "f1_by_length"}


@pytest.mark.parametrize("learner", ["majority", "most_frequent_tag"])
def test_baselines_answer_with_spans(learner):
    """Anna is a person, Rome a place, New York one too; who was not in training is nobody."""
    from rnn_research.learners import LEARNERS
    from rnn_research.training.devices import make_mesh
    from rnn_research.training.program import Devices

    task = named_entities(**FILES, head="softmax", constrained=False)
    config = config_of("named_entities", learner)
    done = list(LEARNERS[learner]().make(config, task, Devices(make_mesh())).run([config]))[-1]
    if learner == "majority":
        assert done.rows["test"]["span_f1"] == 0
    else:  # of 8 names 5 are found whole, and 2 are taken for others
        answers = [["B-place", "O", "O", "B-place", "I-place"], ["B-person", "B-person", "O", "B-person"], ["O", "O"]]
        answers += [["B-place", "I-place", "O", "B-place", "O"], ["O", "B-person", "O"]]
        expected = span_numbers(
            [spans_of(one.labels) for one in sentences("test")], [spans_of(row) for row in answers], ("person", "place")
        )
        assert done.rows["test"]["span_f1"] == pytest.approx(expected["span_f1"])


GOOD = "a\tB-x\nb\tI-x\n"


@pytest.mark.parametrize(
    "texts, options, message",
    [
        ({"valid": "a\tO\n\nb\tI-x\n"}, {}, "valid:3: I-x cannot stand at the beginning in the scheme bio"),
        ({"train": "a\tB-x\nb\tI-y\n"}, {}, "train:2: I-y cannot stand after B-x in the scheme bio"),
        ({"test": "a\tB-x\n"}, {"scheme": "bioes"}, "train:2: I-x cannot stand at the end in the scheme bioes"),
        ({"test": "a\tO\nb\tB-z\n"}, {}, "test:2: the training sentences hold no spans of type 'z'; known: x"),
        ({"test": "a\tperson\n"}, {}, "test:1: 'person' is no label of the scheme bio"),
        ({"test": "a\tO\nb\t\n"}, {}, "test:2: no label"),
        ({"train": "a\tO\n"}, {}, "train holds no spans"),
        ({"test": ""}, {}, "test holds no sentence"),
        ({}, {"scheme": "iob"}, "unknown scheme of labels 'iob'"),
        ({}, {"labels": "bilou"}, "unknown scheme of labels 'bilou'"),
        ({}, {"head": "ctc"}, "unknown head of named_entities 'ctc'"),
        ({}, {"forget": -1.0}, "forget must be 0 or more"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, texts, options, message):
    paths = {}
    for split in SPLITS:
        (tmp_path / split).write_text(texts.get(split, GOOD))
        paths[split] = str(tmp_path / split)
    with pytest.raises(ValueError, match=message):
        named_entities(**paths, **options)


def test_a_sentence_of_one_word_and_one_of_two_thousand(tmp_path):
    paths = {}
    for split, text in {"train": GOOD, "valid": "a\tB-x\n", "test": "a\tB-x\n" * 2000}.items():
        (tmp_path / split).write_text(text)
        paths[split] = str(tmp_path / split)
    assert named_entities(**paths).data.held_out("test", 5).lengths.tolist() == [[2000]]


def test_rows_of_the_hub_are_the_sentences():
    datasets = pytest.importorskip("datasets")
    names = ["O", "B-person", "I-person"]
    tags = datasets.Features(
        {
            "id": datasets.Value("string"),
            "tokens": datasets.Sequence(datasets.Value("string")),
            "ner_tags": datasets.Sequence(datasets.ClassLabel(names=names)),
        }
    )
    rows = {"id": ["0", "1", "2"], "tokens": [["Anna", "Berg"], [], ["no"]], "ner_tags": [[1, 2], [], [0]]}
    table = datasets.Dataset.from_dict(rows, features=tags)
    found = of_rows(dict.fromkeys(ON_THE_HUB.values(), table), "hub", FORM)
    assert [one.labels for one in found["test"].sentences] == [("B-person", "I-person"), ("O",)]
    assert found["test"].sentences[1].line_of(0) == 4 and found["valid"].name == "hub (validation)"


@pytest.mark.skipif(not find("wnut17/wnut17train.conll"), reason="needs wnut17 in the data directory")
def test_wnut17_is_what_its_authors_say():
    """3,394, 1,009 and 1,287 sentences; 1,975, 836 and 1,079 names; no form of the test's names is in training."""
    task = named_entities()
    assert task.target.names[:3] == ("O", "B-corporation", "I-corporation") and task.target.size == 13
    for split, count, spans in (("valid", 1009, 836), ("test", 1287, 1079)):
        batches = task.data.held_out(split, 5000)
        assert (batches.lengths[batches.weights[..., 0] > 0]).size == count
        begins = [name.startswith("B-") for name in task.target.names]
        assert np.array(begins)[batches.about.about][batches.weights > 0].sum() == spans
    assert task.data.facts["training_examples"] == 3394
