"""Bags of n-grams, against scikit-learn's own vectoriser and classifier on the same texts."""

import numpy as np
import pytest
from scipy.special import log_softmax
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression

from rnn_research.experiment import Choice, TrainConfig, TrialConfig
from rnn_research.learners import LEARNERS
from rnn_research.learners.bag_of_ngrams import STRENGTHS, features, places_of
from rnn_research.tasks import TASKS
from rnn_research.training.devices import make_mesh
from rnn_research.training.program import Devices

DEVICES = Devices(make_mesh())
LETTERS = np.array(list("abcdefgh"))


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """Texts of letters, none too: those of a class have more of some of them."""
    rng, place = np.random.default_rng(0), tmp_path_factory.mktemp("texts")
    found = {}
    for split, size in (("train", 150), ("valid", 40), ("test", 30)):
        labels = rng.integers(3, size=size)
        likely = np.full((3, 8), 1 / 8) + np.eye(3, 8) / 8 - 1 / 64
        rows = ["".join(rng.choice(LETTERS, rng.integers(0, 9), p=likely[k] / likely[k].sum())) for k in labels]
        found[split] = rows, labels
        lines = "".join(f"{text}\tclass {label}\n" for text, label in zip(rows, labels))
        (place / f"{split}.tsv").write_text("text\tlabel\n" + lines)
    paths = {split: str(place / f"{split}.tsv") for split in found}
    return found, TASKS["text_classification"](**paths, tokens="characters")


def run(task, n=2, tfidf=True, seed=0):
    train = TrainConfig(valid_examples=1000, test_examples=1000)
    config = TrialConfig(learner=Choice("bag_of_ngrams", n=n, tfidf=tfidf), train=train, seed=seed)
    kind = LEARNERS["bag_of_ngrams"](n=n, tfidf=tfidf)
    learner = kind.make(config, task, DEVICES)
    return kind, config, list(learner.run([config]))


@pytest.mark.parametrize(("n", "tfidf"), [(1, False), (2, True)])
def test_scores_are_those_of_scikit_learn(texts, n, tfidf):
    found, task = texts
    count = CountVectorizer(analyzer="char", ngram_range=(1, n), lowercase=False)
    inputs = count.fit_transform(found["train"][0])
    weigh = TfidfTransformer().fit(inputs) if tfidf else None
    inputs = {split: count.transform(rows) for split, (rows, _) in found.items()}
    inputs = {split: weigh.transform(x) if weigh else x for split, x in inputs.items()}

    def nats(strength, split):
        model = LogisticRegression(C=strength, max_iter=2000, tol=1e-8).fit(inputs["train"], found["train"][1])
        scores = log_softmax(model.decision_function(inputs[split]), axis=1)
        labels = found[split][1]
        return -scores[np.arange(len(labels)), labels].mean(), (scores.argmax(axis=1) == labels).mean()

    losses = [nats(strength, "valid")[0] for strength in STRENGTHS]
    best = STRENGTHS[int(np.argmin(losses))]
    _, _, (started, done) = run(task, n, tfidf)
    assert done.state["strength"] == best not in (STRENGTHS[0], STRENGTHS[-1])
    assert started.rows["valid"]["loss"] == pytest.approx(min(losses), rel=1e-3)
    loss, accuracy = nats(best, "test")
    assert done.rows["test"]["loss"] == pytest.approx(loss, rel=1e-3)
    assert done.rows["test"]["accuracy"] == pytest.approx(accuracy)
    assert len(done.state["ngrams"]) == len(count.vocabulary_)


def test_what_training_lacks_and_empty_texts_count_nothing(texts):
    _, task = texts
    kind, config, (_, done) = run(task)
    other = [np.array([], np.int32), np.array([99, 99]), np.array([99, 0])]
    found = features(done.state, places_of(done.state), other).toarray()
    assert not found[:2].any() and np.isclose(np.linalg.norm(found[2]), 1)
    loaded = kind.load(config, task.inputs, task.target, done.state)
    batch = task.data.held_out("test", 1000)
    first = batch._replace(inputs=batch.inputs[0], lengths=batch.lengths[0], targets=None, weights=None)
    longer = first._replace(inputs=np.pad(first.inputs, ((0, 0), (0, 5))))
    answers = loaded.answer(first)
    np.testing.assert_array_equal(answers, loaded.answer(longer))
    right = (answers == batch.targets[0])[batch.weights[0] > 0].mean()
    assert right == pytest.approx(float(done.rows["test"]["accuracy"]))


@pytest.mark.parametrize("task", ["sequential_digits", "copy_memory"])
def test_tasks_that_have_no_ngrams_are_refused(task):
    config = TrialConfig(task=Choice(task))
    with pytest.raises(ValueError, match=f"bag_of_ngrams counts ids .* task '{task}'"):
        LEARNERS["bag_of_ngrams"]().make(config, TASKS[task](), DEVICES)
    with pytest.raises(ValueError, match="n of 1 or more"):
        LEARNERS["bag_of_ngrams"](n=0)
