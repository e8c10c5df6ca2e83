"""Language models: the state that is carried over, causality, the scores, and what the tokens leave unsaid."""

import math
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.data.streams import Stream
from rnn_research.experiment.choice import Choice
from rnn_research.experiment.config import ModelConfig, TrainConfig, TrialConfig
from rnn_research.gradients import decay_curves
from rnn_research.models import Dropout, sequence_model
from rnn_research.models.width import count, match_width
from rnn_research.ngrams.fit import fit, ngram
from rnn_research.tasks import TASKS
from rnn_research.tasks.language_model import held_out_text, language_model, text_means, text_scores
from rnn_research.training.counting import Counting, documents, run_counting, score
from rnn_research.training.devices import make_mesh
from rnn_research.training.optimizer import lane_of
from rnn_research.training.pack import run_pack
from rnn_research.training.program import compile_program
from rnn_research.training.step import WHOLE, evaluate, final_scores, held_out, init_state, train_chunk, training_data

CELLS = {
    "elman": Choice("elman", hidden=5),
    "lstm": Choice("lstm", hidden=5),
    "gru": Choice("gru", hidden=5),
    "window": Choice("window", hidden=5, size=4),
    "convolution": Choice("convolution", hidden=5, depth=3),
}
WORDS = ("the", "cat", "sat", "on", "a", "mat", "while", "dogs", "ran", "after", "their", "tails", "in", "deep", "snow")


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A small text of random words, one document."""
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("text") / "book.txt"
    path.write_text(" ".join(rng.choice(WORDS, 4000)) + ".\n")
    return str(path)


def run(model, *arguments, **options):
    return jax.jit(model.run)(*arguments, **options)


def docs(length=16, **options):
    return language_model(length=length, **options)


def models(task):
    for name, cell in CELLS.items():
        yield name, sequence_model(ModelConfig(cell=cell, layers=2), task)
    yield "embedded", sequence_model(ModelConfig(cell=CELLS["lstm"], embedding=7, layer_norm=True, layers=2), task)
    yield "tied", sequence_model(ModelConfig(cell=CELLS["gru"], embedding=5, tied=True, residual=True, layers=3), task)


def test_the_probabilities_of_the_next_token_sum_to_one_at_every_step(book):
    for tokens in ("characters", "bpe", "words", "split"):
        task = language_model(path=book, tokens=tokens, vocabulary=0 if tokens == "characters" else 300, length=8)
        batch = task.batch(task.data, jax.random.key(0), "train", 3, 4)
        for name, model in models(task):
            params = model.init(jax.random.key(1), 1.0)
            p = jax.nn.softmax(jax.jit(model.apply)(params, batch.inputs), axis=-1)
            assert p.shape == (4, 8, task.text.tokeniser.size)
            np.testing.assert_allclose(p.sum(axis=-1), 1, rtol=1e-5, err_msg=f"{tokens} {name}")


def test_the_state_carried_over_two_halves_gives_what_one_pass_gives():
    task = docs(length=12)
    batch = task.batch(task.data, jax.random.key(0), "train", 0, 3)
    starts = np.zeros((3, 12), bool)
    starts[0, 3] = starts[1, 8] = starts[2, 6] = True
    for name, model in models(task):
        params = model.init(jax.random.key(1), 1.0)
        whole_state, whole = run(model, params, batch.inputs, starts=starts, state=model.start(3))
        state, first = run(model, params, batch.inputs[:, :6], starts=starts[:, :6], state=model.start(3))
        state, second = run(model, params, batch.inputs[:, 6:], starts=starts[:, 6:], state=state)
        np.testing.assert_allclose(jnp.concatenate([first, second]), whole, atol=1e-5, err_msg=name)
        for mine, theirs in zip(jax.tree.leaves(state), jax.tree.leaves(whole_state)):
            np.testing.assert_allclose(mine, theirs, atol=1e-5, err_msg=name)


def test_a_start_makes_the_rest_a_document_of_its_own():
    task = docs(length=12)
    batch = task.batch(task.data, jax.random.key(0), "train", 0, 2)
    starts = jnp.zeros((2, 12), bool).at[:, 5].set(True)
    for name, model in models(task):
        params = model.init(jax.random.key(1), 1.0)
        _, both = run(model, params, batch.inputs, starts=starts)
        _, second = run(model, params, batch.inputs[:, 5:])
        np.testing.assert_allclose(both[5:], second, atol=1e-5, err_msg=name)


def test_no_output_depends_on_later_tokens_but_those_of_a_network_that_reads_both_ways():
    task = docs(length=10)
    inputs = task.batch(task.data, jax.random.key(0), "train", 0, 2).inputs
    changed = inputs.at[:, 6:].set((inputs[:, 6:] + 1) % task.input_size)
    for name, model in models(task):
        params = model.init(jax.random.key(1), 1.0)
        apply = jax.jit(model.apply)
        before, after = apply(params, inputs), apply(params, changed)
        np.testing.assert_array_equal(before[:, :6], after[:, :6], err_msg=name)
        assert not np.allclose(before[:, 6:], after[:, 6:])
    leaky = sequence_model(ModelConfig(cell=CELLS["lstm"], bidirectional=True), task)
    params = leaky.init(jax.random.key(1), 1.0)
    assert not np.allclose(leaky.apply(params, inputs)[:, :6], leaky.apply(params, changed)[:, :6])
    assert leaky.still(3) is None


def test_training_batches_go_on_where_the_rows_stopped_and_cover_the_text_once_an_epoch(book):
    task = language_model(path=book, length=7)
    ids, key, rows = np.asarray(task.data[0]), jax.random.key(3), 4
    steps = -(-len(ids) // (rows * 7)) + 1
    batches = [task.batch(task.data, key, "train", step, rows) for step in range(steps)]
    walks = np.concatenate([batch.targets.ids for batch in batches], axis=1)
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
    for task in (docs(), language_model(path=book, length=16)):
        for batch in (
            task.batch(task.data, jax.random.key(0), "train", 5, 8),
            *(jax.tree.map(lambda leaf: leaf[0], task.held_out(split, 10**9)) for split in ("valid", "test")),
        ):
            inputs, targets, starts = map(np.asarray, (batch.inputs, batch.targets.ids, batch.starts))
            assert (inputs[starts] == task.output_size).all()
            later = ~starts[:, 1:] & (np.asarray(batch.weights)[:, 1:] > 0)
            np.testing.assert_array_equal(inputs[:, 1:][later], targets[:, :-1][later])


@pytest.mark.parametrize("count", [1, 50, 5000, 200_000])
def test_held_out_batches_hold_every_token_once(count):
    rng = np.random.default_rng(count)
    ids = rng.integers(0, 9, count).astype(np.int32)
    stream = Stream(ids, rng.random(count).astype(np.float32), rng.random(count).astype(np.float32), ids == 8)
    for examples in (10**9, 7):
        batches = held_out_text(stream, 9, 20, examples)
        kept = min(count, examples * 20)
        rows = batches.weights.swapaxes(0, 1).reshape(-1) > 0
        assert rows.sum() == kept
        for mine, theirs in zip((*batches.targets, batches.starts), stream):
            np.testing.assert_array_equal(mine.swapaxes(0, 1).reshape(-1)[rows], theirs[:kept])


def test_a_uniform_model_has_the_vocabulary_as_its_perplexity(book):
    for tokens in ("characters", "words"):
        task = language_model(path=book, tokens=tokens, length=8)
        size = task.text.tokeniser.size
        model = sequence_model(ModelConfig(cell=CELLS["gru"]), task)
        params = jax.tree.map(jnp.zeros_like, model.init(jax.random.key(0), 1.0))
        row = evaluate(task, model, params, held_out(task, "test", 10**9))
        assert row["perplexity"] == pytest.approx(size, rel=1e-4)
        stream = task.text.streams["test"]
        bits = (len(stream.ids) * math.log(size) + stream.extra.sum()) / math.log(2) / stream.characters.sum()
        assert row["bits_per_char"] == pytest.approx(float(bits), rel=1e-4)
        assert row["perplexity"] == pytest.approx(2 ** (float(row["loss"]) / math.log(2)), rel=1e-5)  # C31: 2^H


def test_scores_are_the_same_without_the_softmax(book):
    """What a large vocabulary is scored by, on a small one, beside the plain way: values, and gradients of training."""
    task = language_model(path=book, tokens="words", length=8)
    assert task.of_nats is None
    assert language_model(tokens="words", length=8).of_nats
    config = TrialConfig(model=ModelConfig(cell=CELLS["lstm"]), train=TrainConfig(steps=4, batch=3, eval_every=4))
    rows = []
    for one in (task, task._replace(of_nats=text_means)):
        model, lane, data = sequence_model(config.model, one), lane_of(config), training_data(config, one)
        state = init_state(config, one, model, lane)
        state, found = jax.jit(partial(train_chunk, config, one, model))(state, lane, data)
        rows.append(found | {"test": final_scores(one, model, state.params, data)})
    for split, values in rows[0].items():
        for name, value in values.items():
            assert float(rows[1][split][name]) == pytest.approx(float(value), rel=1e-3, abs=1e-5), (split, name)


def test_shuffling_costs_those_who_use_the_order(book):
    """C31: the same tokens in another order have a higher perplexity, but for a model that sees one at a time."""
    task = language_model(path=book, length=8)
    text, shuffled = task.text.streams["test"], task.text.streams["shuffled"]
    np.testing.assert_array_equal(np.sort(text.ids), np.sort(shuffled.ids))
    assert (text.ids != shuffled.ids).mean() > 0.5
    assert text.characters.sum() == shuffled.characters.sum()
    bits = {}
    for order in (1, 3):
        config = TrialConfig(model=ModelConfig(cell=Choice("ngram", order=order)))
        _, done = run_counting(Counting(task, ngram(order)), [config])
        row = done.rows["test"]
        bits[order] = row["shuffling_bits"]
        assert row["shuffled_perplexity"] == pytest.approx(row["perplexity"] * 2 ** bits[order])
    assert bits[1] == pytest.approx(0, abs=1e-4) and bits[3] > 1


def test_a_network_is_scored_on_the_shuffled_text_too(book):
    task = language_model(path=book, length=8)
    config = TrialConfig(model=ModelConfig(cell=CELLS["gru"]))
    model = sequence_model(config.model, task)
    params = model.init(jax.random.key(0), 1.0)
    data = training_data(config, task)
    row = jax.jit(lambda params: final_scores(task, model, params, data, WHOLE))(params)
    ids = task.text.streams["shuffled"].ids
    inputs = np.concatenate([[task.output_size], ids[:-1]])[None]
    p = jax.nn.log_softmax(model.apply(params, jnp.asarray(inputs)), axis=-1)[0]
    assert row["shuffled_perplexity"] == pytest.approx(np.exp(-p[np.arange(len(ids)), ids].mean()), rel=1e-4)


def test_scores_of_a_text_equal_those_of_its_batches(book):
    task = language_model(path=book, tokens="words", length=8)
    model = sequence_model(ModelConfig(cell=CELLS["lstm"]), task)
    params = model.init(jax.random.key(0), 1.0)
    stream = task.text.streams["valid"]
    inputs = np.concatenate([[task.output_size], stream.ids[:-1]])[None]
    p = jax.nn.log_softmax(model.apply(params, jnp.asarray(inputs)), axis=-1)[0]
    expected = text_scores(-np.asarray(p)[np.arange(len(stream.ids)), stream.ids], stream)
    row = jax.jit(lambda params, batches: evaluate(task, model, params, batches))(
        params, held_out(task, "valid", 10**9)
    )
    for name, value in expected.items():
        assert float(row[name]) == pytest.approx(value, rel=1e-4), name


def test_what_tokens_leave_unsaid_is_paid_for(book):
    """A model that knew each class for certain would still pay the bits between class and text."""
    task = language_model(path=book, tokens="words", reduce="stop", length=8)
    stream = task.text.streams["test"]
    scores = text_scores(np.zeros(len(stream.ids)), stream)
    assert scores["loss"] == 0
    assert scores["bits_per_char"] > 0.1
    assert stream.characters.sum() == pytest.approx(0.05 * len(Path(book).read_text()), abs=1)


def test_ngrams_are_scored_as_networks_are(book):
    task = language_model(path=book, length=8)
    for smoothing in ("kneser_ney", "add_k"):
        counted = fit(ngram(3, smoothing), documents(task.text.streams["train"]), task.text.tokeniser.size)
        found = score(counted, task.text.streams["test"])
        assert found["bits_per_char"] < task.baseline["bits_per_char"] / 1.5
        assert found["perplexity"] == pytest.approx(math.exp(found["loss"]))


def test_ngrams_are_scored_on_as_much_text_as_networks_are(book):
    task = language_model(path=book, length=8)
    train = TrainConfig(steps=0, valid_examples=5, test_examples=7)
    config = TrialConfig(model=ModelConfig(cell=Choice("ngram", order=2)), train=train)
    begun, done = run_counting(Counting(task, ngram(2)), [config])
    counted = fit(ngram(2), documents(task.text.streams["train"]), task.text.tokeniser.size)
    for found, split, tokens in ((begun.rows["valid"], "valid", 40), (done.rows["test"], "test", 56)):
        stream = Stream(*(field[:tokens] for field in task.text.streams[split]))
        expected = score(counted, stream)
        assert {name: found[name] for name in expected} == expected
        assert held_out(task, split, tokens // 8).weights.sum() == tokens


def test_ngrams_that_are_not_counted_yet_are_paused(book):
    task = language_model(path=book, length=8)
    configs = [TrialConfig(model=ModelConfig(cell=Choice("ngram", order=2)), seed=seed) for seed in range(3)]
    asked = []

    def stopping():
        asked.append(0)
        return len(asked) > 1

    events = list(run_counting(Counting(task, ngram(2)), configs, stopping=stopping))
    assert [(event.trial, event.kind) for event in events] == [
        (0, "started"),
        (0, "done"),
        (1, "paused"),
        (2, "paused"),
    ]


def test_seeds_of_ngrams_leave_out_other_parts_of_the_text():
    text = np.arange(50_000) % 1000
    whole = fit(ngram(1), [text], 1000)
    parts = [fit(ngram(1, leave_out=0.3), [text], 1000, seed).counts.counts[0].sum() for seed in (0, 0, 1)]
    assert whole.counts.counts[0].sum() == 50_000
    assert parts[0] == parts[1] != parts[2]
    assert all(20_000 < part < 48_000 and part % 1000 == 0 for part in parts)


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["elman", "lstm", "gru", "window", "convolution"])
def test_every_cell_learns_the_text(book, cell):
    task = language_model(path=book, length=20)
    options = {"size": 8} if cell == "window" else {"depth": 3} if cell == "convolution" else {}
    config = TrialConfig(
        model=ModelConfig(cell=Choice(cell, hidden=48, **options)),
        train=TrainConfig(steps=300, batch=16, eval_every=300, valid_examples=10**6),
    )
    config = config.__class__(**(vars(config) | {"optimizer": config.optimizer.__class__(learning_rate=1e-2)}))
    model, lane = sequence_model(config.model, task), lane_of(config)
    step = jax.jit(lambda state, data: train_chunk(config, task, model, state, lane, data))
    _, rows = step(init_state(config, task, model, lane), training_data(config, task))
    # Words are drawn at random: about log2(15) bits for 4.7 characters is the least.
    assert float(rows["valid"]["bits_per_char"]) < 1.15
    assert task.baseline["bits_per_char"] > 3


@pytest.mark.slow
def test_training_goes_on_from_a_state_as_if_it_had_never_stopped(book):
    """The recurrent state that is carried over is part of what is kept; dropout's keys come from the step."""
    task = language_model(path=book, length=10)
    model_config = ModelConfig(cell=CELLS["lstm"], embedding=6, dropout=0.3)
    config = TrialConfig(model=model_config, train=TrainConfig(steps=12, batch=4, eval_every=3, valid_examples=20))
    program = compile_program(
        config, task, sequence_model(config.model, task), training_data(config, task), make_mesh()
    )
    whole = list(run_pack(program, [config], due=lambda trial, step: step == 6))
    halfway = next(event for event in whole if event.step == 6)
    assert np.abs(halfway.state.carry[0].hidden).max() > 0
    rest = list(run_pack(program, [config], {0: halfway.state}))
    assert [event.rows for event in rest] == [event.rows for event in whole[2:]]
    for mine, theirs in zip(jax.tree.leaves(rest[-1].state), jax.tree.leaves(whole[-1].state)):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.slow
def test_devices_that_share_a_batch_carry_their_rows_over(book):
    task = language_model(path=book, length=10)
    config = TrialConfig(
        model=ModelConfig(cell=CELLS["gru"]), train=TrainConfig(steps=6, batch=4, eval_every=3, valid_examples=20)
    )
    ends = []
    for shared in (1, 2):
        mesh = make_mesh(jax.devices()[:2], batch_devices=shared)
        program = compile_program(config, task, sequence_model(config.model, task), training_data(config, task), mesh)
        ends.append(list(run_pack(program, [config]))[-1])
    for mine, theirs in zip(jax.tree.leaves(ends[0].state), jax.tree.leaves(ends[1].state)):
        np.testing.assert_allclose(mine, theirs, atol=1e-5)
    assert ends[0].rows["test"]["loss"] == pytest.approx(ends[1].rows["test"]["loss"], rel=1e-5)


def test_the_error_in_a_text_is_sent_back_to_the_start_of_its_document(book):
    task = language_model(path=book, length=10)
    model = sequence_model(ModelConfig(cell=CELLS["lstm"], layers=2, embedding=4), task)
    params = model.init(jax.random.key(0), 1.0)
    batch = task.batch(task.data, jax.random.key(0), "train", 0, 3)
    batch = batch._replace(starts=jnp.zeros((3, 10), bool).at[:, 6].set(True))
    curve = jax.jit(lambda params, batch: decay_curves(model, task, params, batch))(params, batch)["decay"]
    # Nudges to the state that step 6 reads, and those before, have no effect: the state is put back there.
    assert (np.asarray(curve[:2]) > 0).all() and not np.asarray(curve[3:]).any()


def test_dropout_thins_in_training_only(book):
    task = language_model(path=book, length=8)
    config = TrialConfig(model=ModelConfig(cell=CELLS["lstm"], embedding=6, dropout=0.5), train=TrainConfig(batch=4))
    model = sequence_model(config.model, task)
    lane = lane_of(config)
    state = init_state(config, task, model, lane)
    inputs = task.batch(task.data, jax.random.key(0), "train", 0, 4).inputs
    _, thinned = run(model, state.params, inputs, dropout=Dropout(jax.random.key(0), 0.5))
    assert 0.3 < float((thinned == 0).mean()) < 0.7
    _, whole = run(model, state.params, inputs)
    assert (np.asarray(whole) != 0).all()
    keys = jax.random.split(jax.random.key(2), 300)
    draw = jax.jit(jax.vmap(lambda key: model.run(state.params, inputs, dropout=Dropout(key, 0.1))[1]))
    np.testing.assert_allclose(draw(keys).mean(axis=0), whole, atol=0.1)


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("tied", [False, True])
def test_equal_parameters_at_every_depth(layers, tied):
    task = docs()
    config = ModelConfig(
        cell=Choice("gru", hidden=24), layers=layers, match="parameters", embedding=24 * tied, tied=tied
    )
    target = count(ModelConfig(cell=Choice("lstm", hidden=24), embedding=24 * tied, tied=tied), task)
    matched = match_width(config, task)
    assert count(matched, task) == pytest.approx(target, rel=0.05)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (ModelConfig(tied=True), "model.tied needs model.embedding"),
        (ModelConfig(tied=True, embedding=5), "as wide as the last layer, not model.embedding=5 and a layer of 32"),
        (ModelConfig(embedding=5, embedding_init="nromal(0.1)"), "nromal"),
        (ModelConfig(embedding_init="glove"), "needs model.embedding"),
    ],
)
def test_embeddings_that_cannot_be_are_refused(config, message):
    with pytest.raises(ValueError, match=message):
        sequence_model(config, docs())


def test_an_embedding_is_refused_for_a_task_that_reads_numbers():
    with pytest.raises(ValueError, match="this one reads numbers"):
        sequence_model(ModelConfig(embedding=5), TASKS["adding"]())


def test_word_vectors_become_the_embedding(book):
    task = language_model(path=book, tokens="words", length=8)
    model = sequence_model(ModelConfig(cell=CELLS["lstm"], embedding=6, embedding_init="ppmi"), task)
    vectors, found = task.text.vectors("ppmi", 6)
    kernels = [np.asarray(model.init(jax.random.key(k), 1.0)["embedding"]["kernel"]) for k in (0, 1)]
    assert found.sum() >= len(WORDS)
    np.testing.assert_allclose(kernels[0][: len(found)][found], vectors[found], rtol=1e-6)
    assert not np.allclose(kernels[0][-1], kernels[1][-1])


def test_a_length_below_one_is_refused():
    with pytest.raises(ValueError, match="length 1 or more"):
        language_model(length=0)
