"""Language models' batches: where rows go on, what they read, what is held out, what the task says of itself."""

import jax
import numpy as np
import pytest

from rnn_research.data.streams import Stream
from rnn_research.experiment import Choice, ModelConfig
from rnn_research.models import network
from rnn_research.tasks.base import Batch
from rnn_research.tasks.language_model import batch_of, held_out_text, language_model, stream_of
from tests.support.batches import draw, held
from tests.support.texts import write_book

KINDS = {"characters": 0, "bpe": 300, "words": 300, "bare_words": 300, "split": 300}


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    return write_book(tmp_path_factory.mktemp("text"))


@pytest.mark.parametrize("tokens", KINDS)
def test_the_probabilities_of_the_next_token_sum_to_one_at_every_step(book, tokens):
    """Of every kind of token; for models of every kind see tests/models/test_carry.py."""
    task = language_model(path=book, tokens=tokens, vocabulary=KINDS[tokens], length=8)
    size = task.data.codec.size
    assert (task.inputs.size, task.target.size) == (size + 1, size)
    assert task.inputs.kind == ("ids" if tokens in ("characters", "bpe") else "words")
    batch = draw(task, 4, step=3)
    for config in (
        ModelConfig(cell=Choice("lstm", hidden=5), layers=2),
        ModelConfig(cell=Choice("gru", hidden=5), embedding=5, tied=True),
    ):
        model = network(config, task.inputs, task.target)

        @jax.jit
        def run(key, batch, model=model):
            params = model.init(key, 1.0)
            _, logits = model.stream.advance(params, model.start(4).state, batch.inputs)
            return jax.nn.softmax(logits, axis=-1), model.forward(params, batch, model.start(4)).terms.loss

        # No document begins here: the stream reads one.
        p, nats = run(jax.random.key(1), Batch(batch.inputs, batch.targets, batch.weights))
        assert p.shape == (4, 8, size)
        np.testing.assert_allclose(p.sum(axis=-1), 1, rtol=1e-5)
        own = np.take_along_axis(np.asarray(p), batch.targets[..., None], axis=-1)[..., 0]
        np.testing.assert_allclose(nats, -np.log(own), rtol=1e-4)


def test_training_batches_go_on_where_the_rows_stopped_and_cover_the_text_once_an_epoch(book):
    task = language_model(path=book, length=7)
    ids, key, rows = np.asarray(task.data.arrays.ids), jax.random.key(3), 4
    steps = -(-len(ids) // (rows * 7)) + 1
    batches = [draw(task, rows, step, key) for step in range(steps)]
    walks = np.concatenate([batch.targets for batch in batches], axis=1)
    starts = np.concatenate([batch.starts for batch in batches], axis=1)
    doubled = np.concatenate([ids, ids])
    begun = set()
    for row in range(rows):
        places = [p for p in range(len(ids)) if (doubled[p : p + 200] == walks[row, :200]).all()]
        assert len(places) == 1
        begun.add(places[0])
        np.testing.assert_array_equal(walks[row], np.resize(np.roll(ids, -places[0]), walks.shape[1]))
        # The text begins once in a walk round it.
        assert (np.flatnonzero(starts[row]) + places[0]).tolist() in ([], [len(ids)])
    gaps = np.diff(sorted(begun))
    assert gaps.max() - gaps.min() <= 1
    # Rows overlap by less than two sequences: every token is read.
    assert walks.shape[1] >= len(ids) // rows


def test_inputs_are_the_tokens_before_and_the_beginning_before_each_document(book):
    for task in (language_model(length=16), language_model(path=book, length=16)):
        for batch in (draw(task, 8, step=5), *(held(task, split) for split in ("valid", "test"))):
            assert (batch.inputs[batch.starts] == task.target.size).all()
            later = ~batch.starts[:, 1:] & (batch.weights[:, 1:] > 0)
            np.testing.assert_array_equal(batch.inputs[:, 1:][later], batch.targets[:, :-1][later])


@pytest.mark.parametrize("count", [1, 50, 5000, 200_000])
def test_held_out_batches_hold_every_token_once(count):
    rng = np.random.default_rng(count)
    ids = rng.integers(0, 9, count).astype(np.int32)
    characters = rng.integers(1, 6, count).astype(np.float32)
    stream = Stream(ids, characters, rng.random(count).astype(np.float32), ids == 8)
    for examples in (10**9, 7):
        batches = held_out_text(stream, 9, 20, examples)
        kept = (
            max([n for n in range(min(count, 20 * 7) + 1) if characters[:n].sum() <= 140]) if examples == 7 else count
        )
        rows = batches.weights.swapaxes(0, 1).reshape(-1) > 0
        assert rows.sum() == kept
        for mine, theirs in zip((batches.targets, *batches.about, batches.starts), stream, strict=True):
            np.testing.assert_array_equal(mine.swapaxes(0, 1).reshape(-1)[rows], theirs[:kept])
        # And what was cut can be joined.
        for mine, theirs in zip(stream_of(batches), stream, strict=True):
            np.testing.assert_array_equal(mine, theirs[:kept])
    whole = batch_of(stream)
    assert whole.targets.shape == whole.weights.shape == whole.starts.shape == (1, count)


@pytest.mark.parametrize("tokens", KINDS)
def test_unlike_tokens_are_scored_on_the_same_text(book, tokens):
    task = language_model(path=book, tokens=tokens, vocabulary=KINDS[tokens], length=16)
    stream = stream_of(task.data.held_out("valid", 20))
    assert 300 < stream.characters.sum() <= 320


def test_a_length_below_one_is_refused():
    with pytest.raises(ValueError, match="length 1 or more"):
        language_model(length=0)


def test_a_file_that_has_changed_is_read_again(tmp_path):
    book = tmp_path / "book.txt"
    found = []
    for text in ("ab", "abc"):
        book.write_text(text * 1000)
        found.append(language_model(path=str(book)))
    assert [task.target.size for task in found] == [3, 4]
    assert language_model(path=str(book)).data.arrays is not None


def test_a_split_without_tokens_is_refused(tmp_path):
    path = tmp_path / "blank.txt"
    path.write_text("cat dog " * 450 + " " * 400 + "a b c d " * 26)  # the validation part is all blanks
    with pytest.raises(ValueError, match=r"blank\.txt: valid holds no token"):
        language_model(path=str(path), tokens="split", length=4)
