"""What models write on the way: texts, strategies; of a network and of n-grams, at each trial's own end."""

import dataclasses

import numpy as np
import pytest

from rnn_research.decoding.measures import known_words, words
from rnn_research.decoding.strategy import Strategy
from rnn_research.experiment import Choice, ModelConfig, TrainConfig, TrialConfig
from rnn_research.probes import PROBES
from rnn_research.probes.looking import check_probes
from rnn_research.probes.writing import SEED
from rnn_research.tasks.language_model import stream_of
from tests.support.subjects import changed, exhibits, learner_of, rows, subject_of
from tests.support.texts import WORDS, write_book


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return TrialConfig(
        task=Choice("language_model", path=write_book(tmp_path_factory.mktemp("text"), count=1500), length=8),
        model=ModelConfig(cell=Choice("gru", hidden=5)),
        probes=(
            Choice("texts", steps=(0, 4), texts=3, tokens=30),
            Choice("strategies", strategies=("greedy", "beam(2)"), texts=3, tokens=10),
        ),
        train=TrainConfig(steps=8, batch=4, eval_every=4, valid_examples=20, test_examples=20),
    )


@pytest.fixture(scope="module")
def learner(config):
    """Made for pilots of 4 updates, as it is in an experiment that tunes."""
    return learner_of(dataclasses.replace(config, train=dataclasses.replace(config.train, steps=4)))


@pytest.fixture(scope="module")
def found(learner, config):
    return list(learner.run([config]))


@pytest.mark.slow
def test_texts_are_written_when_asked_and_strategies_compared_at_the_trials_own_end(found):
    seen = rows(found, "probe")
    assert list(seen) == [0, 4, 8]
    assert [step for step, row in seen.items() if "words" in row] == [0, 4]
    assert [step for step, row in seen.items() if "repeated@greedy" in row] == [8]
    last = seen[8]
    for name in ("greedy", "beam(2)"):
        assert 0 <= last[f"repeated@{name}"] <= 1 and last[f"written_per_s@{name}"] > 0
        # All go on from one piece of text, and nothing is drawn.
        assert last[f"distinct@{name}"] == pytest.approx(1 / 3)


@pytest.mark.slow
def test_a_text_is_what_the_model_writes_with_the_probes_seed(found, learner, config):
    shown = exhibits(found)
    assert list(shown) == [0, 4] and [len(one["texts"].texts) for one in shown.values()] == [1, 1]
    subject, train = learner.subject, dataclasses.replace(config.train, steps=4)
    short = dataclasses.replace(config, train=train)
    state = next(event.state for event in learner.run([short]) if event.kind == "done")
    write = subject.write(subject.template._replace(params=state.params, statistics=state.carry.statistics))
    ids = write(Strategy("sample"), np.zeros((3, 0), np.int32), 30, SEED)
    texts = [subject.task.data.codec.decode(one) for one in ids]
    assert texts[0] == shown[4]["texts"].texts[0]
    dictionary = set(words(" ".join(WORDS)))
    shares = [known_words(text, dictionary) for text in texts]
    assert rows(found, "probe")[4]["words"] == pytest.approx(np.nanmean(shares), nan_ok=True)


def test_what_is_written_is_held_against_the_test_text_in_pieces_of_as_many_tokens(config):
    """Beside a dictionary and averages by hand. Of the words at both ends of a piece some may be cut off."""
    counted = changed(config, learner=Choice("ngram", order=3))
    learner = learner_of(counted)
    row = rows(list(learner.run([counted])), "probe")[0]
    data = learner.subject.task.data
    text = data.codec.decode(stream_of(data.held_out("test", 10**9)).ids)
    inner = [text[first : first + 30].rstrip(".\n ").split()[1:-1] for first in range(0, len(text), 30)]
    held = [[word for word in piece if word in WORDS] for piece in inner]
    share = np.mean([len(known) / len(piece) for known, piece in zip(held, inner, strict=True) if piece])
    length = np.mean([len("".join(known)) / len(known) for known in held if known])
    assert row["words"] + row["words_lacking"] == pytest.approx(share)
    assert row["word_length"] + row["word_length_lacking"] == pytest.approx(length)
    assert 2 < row["word_length"] < 6


def test_ngrams_write_when_they_are_counted(config):
    counted = changed(config, learner=Choice("ngram", order=3))
    seen = list(learner_of(counted).run([counted]))
    row, shown = rows(seen, "probe")[0], exhibits(seen)[0]
    assert {"words", "repeated@greedy", "distinct@beam(2)", "ngrams", "unseen", "seen"} <= row.keys()
    assert shown["texts"].when == "counted" and row["words"] > 0.5 and 0 < row["seen"] <= 1


def test_a_beam_of_more_texts_than_there_are_is_refused(config):
    probe = Choice("strategies", strategies=("beam(99999)",), tokens=1)
    with pytest.raises(ValueError, match="keeps more texts than there are"):
        check_probes(subject_of(config)._replace(config=changed(config, probes=(probe,))))


def test_a_network_that_reads_both_ways_cannot_write(config):
    subject = subject_of(config)._replace(write=None)
    for name in ("texts", "strategies"):
        with pytest.raises(ValueError, match="reads both ways cannot write"):
            PROBES[name]().check(subject)


def test_a_validation_text_that_holds_no_prompt_is_refused(tmp_path):
    path = tmp_path / "long_words.txt"
    path.write_text(f"{'a' * 400} b " * 20)
    config = TrialConfig(
        task=Choice("language_model", path=str(path), tokens="split", length=2),
        model=ModelConfig(cell=Choice("gru", hidden=5)),
        probes=(Choice("strategies", strategies=("greedy",), texts=3, tokens=10),),
    )
    with pytest.raises(ValueError, match=r"needs 16 tokens of validation text, not \d"):
        check_probes(subject_of(config))
