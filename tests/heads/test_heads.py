"""Heads against optax and NumPy: terms, answers, gradients; what padding holds counts for nothing."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from rnn_research.experiment.config import ModelConfig
from rnn_research.heads import HEADS, Read
from rnn_research.heads.softmax import softmax
from rnn_research.tasks.base import Batch, Target
from tests.support.at_random import at_random
from tests.support.heads import head_of, passing, read_of

BATCH, TIME, WIDTH = 4, 3, 5
PADDED = np.array([[1, 1, 0], [1, 0.5, 2], [0, 0, 0], [1, 0, 0]])  # weights, of which some are 0
TARGETS = {
    "classes of each step": Target("softmax", 6, each_step=True),
    "a class": Target("softmax", 6, each_step=False),
    "a number of each step": Target("regression", 1, each_step=True),
    "a number": Target("regression", 1, each_step=False),
    "a number from 0 to 1": Target("sigmoid_regression", 1, each_step=False),
    "numbers of each step": Target("regression", 2, each_step=True),
    "numbers": Target("regression", 2, each_step=False),
    "switches of each step": Target("bernoulli", 3, each_step=True),
    "switches": Target("bernoulli", 3, each_step=False),
}
FLAT = ("flattened", "softmax")
every_target = pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)


def example(target, seed=0):
    """Parameters, features and a batch in which some terms weigh nothing."""
    rng = np.random.default_rng(seed)
    params = {"kernel": rng.normal(size=(WIDTH, target.size)), "bias": rng.normal(size=target.size)}
    steps = (BATCH, TIME) if target.each_step else (BATCH,)
    features = rng.normal(size=(*steps, WIDTH))
    if target.head == "softmax":
        targets = rng.integers(0, target.size, steps)
    elif target.head == "bernoulli":
        targets = rng.integers(0, 2, (*steps, target.size)).astype(float)
    else:
        targets = rng.normal(size=steps if target.size == 1 else (*steps, target.size))
    weights = PADDED if target.each_step else PADDED[:, 1]
    return jax.tree.map(jnp.asarray, (params, features, Batch(None, targets, weights)))


def expected_terms(target, params, features, batch):
    """The loss of every term, and the answers, as the definitions say."""
    outputs = features @ params["kernel"] + params["bias"].reshape((1,) * (features.ndim - 1) + (-1,))
    if target.head == "softmax":
        loss = optax.losses.softmax_cross_entropy_with_integer_labels(outputs, batch.targets)
        return loss, outputs.argmax(axis=-1)
    if target.head == "bernoulli":
        p = 1 / (1 + jnp.exp(-outputs))
        return -jnp.log(p**batch.targets * (1 - p) ** (1 - batch.targets)).sum(axis=-1), (p > 0.5).astype(float)
    if target.head == "sigmoid_regression":
        outputs = 1 / (1 + jnp.exp(-outputs))
    if target.size == 1:
        return (outputs[..., 0] - batch.targets) ** 2, outputs[..., 0]
    return ((outputs - batch.targets) ** 2).sum(axis=-1), outputs


def total(target, terms_of, weights):
    """``(params, features) -> `` the weighted sum of the terms that count, and its gradient."""

    def of(params, features):
        return jnp.sum(jnp.where(weights > 0, terms_of(params, features), 0) * weights)

    return jax.jit(jax.value_and_grad(of, argnums=(0, 1)))


def assert_close(found, expected):
    for mine, reference in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(mine, reference, rtol=1e-9, atol=1e-12)


@every_target
def test_terms_answers_and_gradients_are_those_of_the_definition(target, x64):
    params, features, batch = example(target)
    head, counts = head_of(target), batch.weights > 0
    terms = head.terms(params, read_of(target, features), batch, None)
    loss, answers = expected_terms(target, params, features, batch)
    assert terms.loss.shape == terms.weight.shape == batch.weights.shape
    np.testing.assert_array_equal(terms.weight, batch.weights)
    np.testing.assert_allclose(terms.loss[counts], loss[counts], rtol=1e-10)
    found = head.answer(params, read_of(target, features), batch._replace(targets=None, weights=None))
    assert found.shape == batch.targets.shape
    np.testing.assert_allclose(found, answers, rtol=1e-12)
    if target.head == "softmax":
        np.testing.assert_array_equal(terms.right[counts], (answers == batch.targets)[counts])
    elif target.head == "bernoulli":
        np.testing.assert_array_equal(terms.right[counts], (answers == batch.targets).all(axis=-1)[counts])
    else:
        assert terms.right is None
    ours = total(target, lambda p, x: head.terms(p, read_of(target, x), batch, None).loss, batch.weights)
    theirs = total(target, lambda p, x: expected_terms(target, p, x, batch)[0], batch.weights)
    assert_close(ours(params, features), theirs(params, features))


@every_target
def test_padding_may_hold_anything(target, x64):
    """Neither value nor errors know what features and targets of weight 0 are."""
    params, features, batch = example(target)
    head, padded = head_of(target), batch.weights == 0

    @jax.jit
    def run(params, features, batch):
        def of(params, features):
            return jnp.sum(head.terms(params, read_of(target, features), batch, None).loss * batch.weights)

        return jax.value_and_grad(of)(params, features)

    clean = run(params, features, batch)
    for filler in (np.nan, np.inf, 1e30):
        spoiled = jnp.where(padded[..., None], filler, features)
        targets = batch.targets
        if target.head != "softmax":
            targets = jnp.where(padded.reshape(padded.shape + (1,) * (targets.ndim - padded.ndim)), filler, targets)
        value, gradients = run(params, spoiled, batch._replace(targets=targets))
        assert value == clean[0]
        # The kernel's is a product with the features themselves: those the layers below have to keep finite.
        np.testing.assert_allclose(gradients["bias"], clean[1]["bias"], rtol=1e-12)


@pytest.mark.parametrize("each_step", [True, False])
def test_a_large_softmax_is_that_of_a_small_one(each_step, x64):
    target = Target("softmax", 6, each_step)
    params, features, batch = example(target)
    batch = batch._replace(weights=jnp.ones_like(batch.weights))
    small, large = (softmax(ModelConfig(), target, large=size) for size in (7, 6))
    found = []
    for head in (small, large):
        terms = head.terms(params, read_of(target, features), batch, None)
        run = total(target, lambda p, x, head=head: head.terms(p, read_of(target, x), batch, None).loss, batch.weights)
        found.append((run(params, features), terms.loss, terms.weight))
        np.testing.assert_array_equal(
            terms.right, head.answer(params, read_of(target, features), batch) == batch.targets
        )
    assert_close(*found)
    jaxprs = [
        str(jax.make_jaxpr(lambda x, head=head: head.terms(params, read_of(target, x), batch, None).loss)(features))
        for head in (small, large)
    ]
    assert ["custom_vjp" in text for text in jaxprs] == [False, True]


def test_switches_that_are_surely_wrong_have_finite_terms_and_errors():
    """Where σ is 0 or 1 to the last bit: 100 nats each, and an error of one."""
    target = Target("bernoulli", 2, each_step=False)
    batch = Batch(None, jnp.array([[1.0, 0.0]]), jnp.ones(1))

    def loss(outputs):
        return head_of(target).terms(passing(2), read_of(target, outputs), batch, None).loss[0]

    value, error = jax.value_and_grad(loss)(jnp.array([[-100.0, 100.0]]))
    assert value == 200
    np.testing.assert_array_equal(error, [[-1, 1]])


def test_only_a_head_of_every_step_gives_the_scores_of_the_next_token():
    for target in TARGETS.values():
        head = head_of(target)
        assert (head.logits is not None) == (target.head == "softmax" and target.each_step)
    params, features, _ = example(TARGETS["classes of each step"])
    logits = head_of(TARGETS["classes of each step"]).logits(params, features)
    expected = np.asarray(features) @ np.asarray(params["kernel"]) + np.asarray(params["bias"])
    np.testing.assert_allclose(logits, expected, rtol=1e-5, atol=1e-6)


@every_target
def test_a_head_begins_with_no_bias_and_a_kernel_of_its_initialiser(target):
    params = HEADS[target.head](ModelConfig(head_init="normal(0.5)"), target).init(jax.random.key(0), 400)
    assert params["kernel"].shape == (400, target.size) and not params["bias"].any()
    assert float(params["kernel"].std()) == pytest.approx(0.5, rel=0.15)


def test_flattened_reads_the_features_of_all_steps_side_by_side(x64):
    """As a softmax of one step whose features are theirs; steps beyond its number are padding."""
    rng = np.random.default_rng(0)
    flattened, plain = (HEADS[name](ModelConfig(), Target(name, 6, each_step=False, time=TIME)) for name in FLAT)
    params = at_random(lambda: flattened.init(jax.random.key(0), WIDTH), scale=1.0)
    assert params["kernel"].shape == (TIME * WIDTH, 6)
    steps = jnp.asarray(rng.normal(size=(TIME, BATCH, WIDTH)))
    batch = Batch(None, jnp.asarray(rng.integers(0, 6, BATCH)), jnp.ones(BATCH))
    longer = Read(jnp.concatenate([steps, jnp.full((2, BATCH, WIDTH), jnp.nan)]), steps[-1])
    rows = jnp.stack([steps[:, example].ravel() for example in range(BATCH)])
    assert_close(flattened.terms(params, longer, batch, None), plain.terms(params, Read(steps, rows), batch, None))
    assert_close(flattened.answer(params, longer, batch), plain.answer(params, Read(steps, rows), batch))


@pytest.mark.parametrize(
    "target",
    [
        Target("flattened", 6, each_step=False),
        Target("flattened", 6, each_step=True, time=3),
        Target("sigmoid_regression", 2, each_step=False),
    ],
)
def test_targets_that_a_head_cannot_have_are_refused(target):
    with pytest.raises(ValueError, match=target.head):
        head_of(target)
