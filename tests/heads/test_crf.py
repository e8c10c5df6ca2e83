"""The head ``crf``, and answers in the order that a scheme of labels asks for, of both heads that know of it."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.data.spans import fault, names_of
from rnn_research.heads.chain import log_partition, score_of
from rnn_research.heads.crf import chain_of
from rnn_research.tasks.base import Batch, Target
from tests.support.heads import head_of, read_of

BATCH, TIME, WIDTH = 4, 6, 5
LENGTHS = np.array([6, 4, 1, 0])
COUNTS = np.arange(TIME)[None] < LENGTHS[:, None]


def example(target, seed=0, spread=1.0):
    """Parameters of any size, features, a batch of sequences of unlike lengths."""
    rng = np.random.default_rng(seed)
    params = jax.eval_shape(lambda: head_of(target).init(jax.random.key(0), WIDTH))
    params = jax.tree.map(lambda leaf: jnp.asarray(spread * rng.normal(size=leaf.shape)), params)
    features = jnp.asarray(rng.normal(size=(BATCH, TIME, WIDTH)))
    targets = rng.integers(0, target.size, (BATCH, TIME))
    batch = Batch(None, targets, COUNTS.astype(float), LENGTHS)
    return params, features, jax.tree.map(jnp.asarray, batch)


def test_the_loss_is_that_of_the_sequence_in_equal_shares(x64):
    target = Target("crf", 4, each_step=True)
    params, features, batch = example(target)
    terms = head_of(target).terms(params, read_of(target, features), batch, None)
    scores = features @ params["kernel"] + params["bias"][None, None]
    chain = chain_of(params)
    nats = log_partition(scores, chain, COUNTS) - score_of(scores, chain, COUNTS, batch.targets)
    np.testing.assert_allclose((terms.loss * terms.weight).sum(axis=1), nats, rtol=1e-10, atol=1e-12)
    for row, length in enumerate(LENGTHS):
        assert len(set(terms.loss[row, :length].tolist())) <= 1 and not terms.loss[row, length:].any()
    answers = head_of(target).answer(params, read_of(target, features), batch._replace(targets=None, weights=None))
    np.testing.assert_array_equal(terms.answers, answers)
    np.testing.assert_array_equal(terms.right, answers == batch.targets)


def test_without_transitions_it_is_a_softmax(x64):
    """While all scores of the chain are 0 steps are independent: the same loss, the same answers."""
    bound, free = Target("crf", 4, each_step=True), Target("softmax", 4, each_step=True)
    params, features, batch = example(free)
    chain = {name: 0 * leaf for name, leaf in example(bound)[0].items() if name not in params}
    crf, softmax = (
        head_of(target).terms(given, read_of(target, features), batch, None)
        for target, given in ((bound, params | chain), (free, params))
    )
    nats = [(terms.loss * terms.weight).sum(axis=1) for terms in (crf, softmax)]
    np.testing.assert_allclose(*nats, rtol=1e-10)
    np.testing.assert_array_equal(crf.answers, np.where(COUNTS, softmax.answers, 0))


def test_a_batch_padded_longer_is_the_same_batch():
    """More steps of weight 0, whatever they hold; the gradient too."""
    target = Target("crf", 4, each_step=True)
    params, features, batch = example(target)
    more = ((0, 0), (0, 3))

    def run(features, batch):
        def loss(params):
            terms = head_of(target).terms(params, read_of(target, features), batch, None)
            return (terms.loss * terms.weight).sum(), terms

        (value, terms), gradient = jax.value_and_grad(loss, has_aux=True)(params)
        return value, gradient, terms.answers[:, :TIME]

    spoiled = jnp.pad(jnp.where(COUNTS[..., None], features, jnp.inf), (*more, (0, 0)), constant_values=jnp.nan)
    longer = batch._replace(
        targets=jnp.pad(batch.targets, more, constant_values=3), weights=jnp.pad(batch.weights, more)
    )
    # The kernel's slope is a product with the features, which the layers below keep finite.
    clean, padded = jax.jit(run)(features, batch), jax.jit(run)(jnp.nan_to_num(spoiled, posinf=1e9), longer)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), padded, clean)
    value, gradient, answers = jax.jit(run)(spoiled, longer)
    assert value == padded[0] and np.isfinite(gradient["follows"]).all()
    np.testing.assert_array_equal(answers, clean[2])


@pytest.mark.parametrize("scheme", ["bio", "iob1", "bioes", "io"])
@pytest.mark.parametrize("head", ["crf", "softmax"])
def test_no_answer_is_one_that_the_scheme_forbids(head, scheme):
    names = names_of(("a", "b"), scheme)
    targets = {which: Target(head, len(names), True, names, options=(("scheme", which),)) for which in ("", scheme)}
    illegal = 0

    @jax.jit
    def answered(params, features, batch):
        return {
            which: head_of(target).answer(params, read_of(target, features), batch) for which, target in targets.items()
        }

    for seed in range(8):
        answers = jax.device_get(answered(*example(targets[""], seed, spread=5.0)))
        for row, length in enumerate(LENGTHS):
            labels, kept = ([names[i] for i in answers[which][row, :length]] for which in ("", scheme))
            assert fault(kept, scheme) is None
            if fault(labels, scheme) is None:
                assert kept == labels
            else:
                illegal += 1
    assert illegal or scheme == "io"


def test_a_bound_softmax_answers_the_likeliest_sequence_that_is_allowed(x64):
    names = names_of(("a",), "bioes")
    target = Target("softmax", len(names), True, names, options=(("scheme", "bioes"),))
    params, features, batch = example(target, spread=3.0)
    answers = head_of(target).answer(params, read_of(target, features), batch)
    nats = jax.nn.log_softmax(features @ params["kernel"] + params["bias"][None, None])
    for row, length in enumerate(LENGTHS[:3]):
        every = [
            one for one in itertools.product(range(5), repeat=length) if not fault([names[i] for i in one], "bioes")
        ]
        totals = [float(sum(nats[row, step, label] for step, label in enumerate(one))) for one in every]
        assert every[int(np.argmax(totals))] == tuple(answers[row, :length].tolist())


@pytest.mark.parametrize(
    "target, message",
    [
        (Target("crf", 3, each_step=False), "every step"),
        (Target("softmax", 3, each_step=False, names=("O", "B-a", "I-a"), options=(("scheme", "bio"),)), "every step"),
        (
            Target("crf", 2, each_step=True, names=("O", "E-a"), options=(("scheme", "bio"),)),
            "'E-a' is no label of the scheme bio",
        ),
        (Target("softmax", 2, each_step=True, names=("O", "B-a"), options=(("scheme", "bilou"),)), "unknown scheme"),
    ],
)
def test_targets_that_cannot_be_are_refused(target, message):
    with pytest.raises(ValueError, match=message):
        head_of(target)
