"""Whether texts hang together: existing n-grams against plain sets, models that can and cannot tell what is far."""

import numpy as np
import pytest

from rnn_research.experiment import Choice, TrainConfig, TrialConfig
from rnn_research.ngrams import count
from rnn_research.probes.coherence import existing, pieces
from tests.support.subjects import exhibits, learner_of, rows


def test_existing_ngrams_are_those_of_plain_sets():
    rng = np.random.default_rng(0)
    train, texts = rng.integers(0, 4, 60), rng.integers(0, 4, (3, 20))
    found = existing(count(train, 4, 5), texts, (1, 2, 4))
    for n, share in zip((1, 2, 4), found, strict=True):
        held = {tuple(train[i : i + n]) for i in range(len(train) - n + 1)}
        runs = [tuple(text[i : i + n]) in held for text in texts for i in range(len(text) - n + 1)]
        assert share == pytest.approx(np.mean(runs))
    assert np.isnan(existing(count(train, 4, 5), texts[:, :2], (3,))).all()


def test_pieces_are_apart_and_of_the_text():
    ids = np.arange(100)
    found = pieces(ids, 4, 20)
    assert found.shape == (4, 20) and len(np.unique(found)) == 80
    assert (np.diff(found, axis=1) == 1).all() and found[0, 0] == 0 and found[-1, -1] == 99
    assert pieces(ids, 9, 30).shape == (3, 30)
    np.testing.assert_array_equal(pieces(ids, 9, 200), ids[None])


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Letters by chance, each twice, eight apart: "abcdefghabcdefgh...": what is 8 apart is the same in half of the
    places, and no bigram tells."""
    letters = np.random.default_rng(0).integers(97, 105, (1500, 8)).astype(np.uint8)
    path = tmp_path_factory.mktemp("text") / "book.txt"
    path.write_bytes(np.concatenate([letters, letters], axis=1).tobytes())
    return str(path)


def looked(book, order):
    probe = Choice("coherence", texts=20, tokens=800, spans=(1, 2, 4), distances=(4, 8, 900), far=8)
    config = TrialConfig(
        task=Choice("language_model", path=book),
        learner=Choice("ngram", order=order),
        probes=(probe,),
        train=TrainConfig(steps=0),
    )
    return list(learner_of(config).run([config]))


def test_bigrams_lose_what_is_eight_apart_and_long_ngrams_do_not(book):
    short, long = (rows(looked(book, order), "probe")[0] for order in (2, 12))
    assert short["information@8_real"] == long["information@8_real"] > 0.5
    assert abs(short["linked"]) < 0.02 and long["linked"] > 0.3
    assert abs(short["information@4"]) < 0.01
    assert short["existing@2"] == 1 and "information@900" not in short
    assert short["existing@4"] == pytest.approx(short["existing@4_real"], abs=0.1)


def test_the_curves_are_the_numbers(book):
    found = looked(book, 2)
    row, shown = rows(found, "probe")[0], exhibits(found)[0]
    assert list(shown["information"].y) == pytest.approx([row["information@4"], row["information@8"]], rel=1e-5)
    assert shown["information"].x == (4, 8)
    assert shown["existing"].beside["held-out text"][2] == pytest.approx(row["existing@4_real"], rel=1e-5)
