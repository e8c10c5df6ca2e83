"""The most frequent label of each word, against a count in plain Python."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from rnn_research.data.labelled_sentences import layout, read_sentences
from rnn_research.experiment import Choice, TrialConfig
from rnn_research.learners import LEARNERS
from rnn_research.tasks import adding
from rnn_research.tasks.tagging import tagging
from rnn_research.training.devices import make_mesh
from rnn_research.training.program import Devices

KIND, DEVICES = LEARNERS["most_frequent_tag"](), Devices(make_mesh())
CONFIG = TrialConfig(task=Choice("tagging"), learner=Choice("most_frequent_tag"))
TRAIN = "run\tV\nrun\tN\nrun\tV\n\nthe\tD\nThe\tD\ncat\tN\ndog\tN\n\nyes\tX\nyes\tN\n"  # N is the commonest
TEST = "the\tD\nrun\tN\nTHE\tN\n\nyes\tN\nrun\tV\n"


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tagged")
    for name, text in (("train", TRAIN), ("valid", "cat\tN\n"), ("test", TEST)):
        (folder / name).write_text(text)
    return tagging(**{name: str(folder / name) for name in ("train", "valid", "test")}, format="columns")


def test_words_get_the_label_that_they_have_most_often(task):
    learner = KIND.make(CONFIG, task, DEVICES)
    started, done = learner.run([CONFIG])
    given = defaultdict(Counter)
    commonest: Counter = Counter()
    form = layout("columns")
    for one in read_sentences(TRAIN, "x", form):
        for word, label in zip(one.words, one.labels):
            given[word][label] += 1
            commonest[label] += 1
    right = []
    for one in read_sentences(TEST, "x", form):
        for word, label in zip(one.words, one.labels):
            counts = given.get(word, commonest)
            right.append(max(counts, key=lambda label: (counts[label], commonest[label])) == label)
    assert done.rows["test"]["accuracy"] == pytest.approx(np.mean(right)) == pytest.approx(4 / 5)
    assert done.rows["test"]["unknown_accuracy"] == 1.0 and started.rows["valid"]["accuracy"] == 1.0
    assert learner.facts["deterministic"]
    table = done.state["probabilities"]
    np.testing.assert_allclose(table.sum(axis=1), 1)
    batch = task.data.held_out("valid", 1)
    row = task.data.codec.vocabulary.places["cat"]
    assert started.rows["valid"]["loss"] == pytest.approx(-np.log(table[row, batch.targets[0, 0, 0]]))


def test_only_labels_of_words_are_learned():
    with pytest.raises(ValueError, match="learner most_frequent_tag is for labels of words, not for task 'adding'"):
        KIND.make(TrialConfig(task=Choice("adding")), adding(8), DEVICES)
