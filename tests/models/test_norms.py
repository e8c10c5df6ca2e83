"""Norms, beside double precision."""

import jax
import numpy as np
import pytest

from rnn_research.models.norms import EPSILON, NORMS, layer

LENGTHS = np.array([5, 2, 3])
VALID = np.arange(5)[:, None] < LENGTHS[None]
RNG = np.random.default_rng(0)
LAST = int(np.flatnonzero(VALID.sum(axis=1) > 1)[-1])  # step that two sequences reach
PARAMS = {name: RNG.normal(size=4).astype(np.float32) for name in ("scale", "bias")}


@pytest.mark.parametrize("mean, deviation", [(0, 0.5), (0.99, 1e-3), (100, 1), (1000, 1)])
def test_layer_norm_is_exact_where_the_mean_is_large_beside_the_deviation(mean, deviation):
    norm, noise = layer(), np.random.default_rng(0).normal(size=(5, 3, 64))
    features = (mean + deviation * noise).astype(np.float32)
    found, _ = norm.apply(norm.init(jax.random.key(0), 64), (), features, None, lambda tree: tree)
    wide = features.astype(np.float64)
    exact = (wide - wide.mean(-1, keepdims=True)) / np.sqrt(wide.var(-1, keepdims=True) + 1e-6)
    # What is left is the rounding of the mean.
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-6 + 2e-7 * mean / deviation)


def alone(tree):
    """The sum over the devices, of which there is one."""
    return tree


def features():
    """Of three sequences of unlike lengths; the padding holds what must not enter."""
    found = RNG.normal(2, 3, size=(5, 3, 4)).astype(np.float32)
    return np.where(VALID[..., None], found, 1e9).astype(np.float32)


def kept_of(x):
    """The steps that count, one list a step."""
    return [x[t, VALID[t]].astype(np.float64) for t in range(len(x))]


def normalised(x, mean, variance):
    return PARAMS["scale"] * (x - mean) / np.sqrt(variance + EPSILON) + PARAMS["bias"]


def apply(name, *args):
    norm = NORMS[name]()
    return jax.jit(lambda statistics, x, valid: norm.apply(PARAMS, statistics, x, valid, *args))


def test_batch_norm_takes_the_moments_of_the_steps_that_count():
    x = features()
    flat = np.concatenate(kept_of(x))
    found, kept = apply("batch", alone)(NORMS["batch"]().statistics(4, 5), x, VALID)
    np.testing.assert_allclose(found[VALID], normalised(flat, flat.mean(0), flat.var(0)), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(kept.mean, flat.mean(0), rtol=1e-5)
    np.testing.assert_allclose(kept.variance, flat.var(0, ddof=1), rtol=1e-5)


def test_batch_norm_per_step_takes_those_of_the_sequences_that_reach_it():
    x = features()
    found, kept = apply("batch_per_step", alone)(NORMS["batch_per_step"]().statistics(4, 5), x, VALID)
    for t, own in enumerate(kept_of(x)):
        expected = normalised(own, own.mean(0), own.var(0))
        np.testing.assert_allclose(found[t, VALID[t]], expected, rtol=1e-4, atol=1e-5)
        known = len(own) > 1  # one sequence alone has no variance
        np.testing.assert_allclose(kept.mean[t], own.mean(0) if known else 0, rtol=1e-5)
        np.testing.assert_allclose(kept.variance[t], own.var(0, ddof=1) if known else 1, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["batch", "batch_per_step"])
def test_scores_are_by_the_running_moments(name):
    """The plain mean of the batches since they were begun anew. Beyond the last step that two sequences reach, those of
    that one."""
    train, score = apply(name, alone), apply(name, None)
    kept, means = NORMS[name]().statistics(4, 7), []
    for update in range(50):
        if update == 20:
            kept, means = NORMS[name]().anew(kept), []
        x = features()
        kept, means = (
            train(kept, x, VALID)[1],
            [*means, np.concatenate(kept_of(x)[:1] if "step" in name else kept_of(x)).mean(0)],
        )
        np.testing.assert_allclose(np.ravel(kept.mean)[:4], np.mean(means, axis=0), rtol=1e-3)
    x = RNG.normal(size=(9, 2, 4)).astype(np.float32)
    found, after = score(kept, x, None)
    assert jax.tree.all(jax.tree.map(lambda a, b: (a == b).all(), kept, after))
    moments = [
        (leaf[np.minimum(np.arange(9), LAST)][:, None] if "step" in name else leaf)
        for leaf in map(np.asarray, kept[:2])
    ]
    np.testing.assert_allclose(found, normalised(x, *moments), rtol=1e-4, atol=1e-4)


def test_steps_that_no_batch_reaches_since_they_were_begun_anew_keep_their_moments():
    train, norm = apply("batch_per_step", alone), NORMS["batch_per_step"]()
    before = train(norm.statistics(4, 5), features(), VALID)[1]
    assert norm.anew is not None
    after = train(norm.anew(before), x := features(), VALID & (np.arange(5) < 2)[:, None])[1]
    np.testing.assert_array_equal(after.mean[2:], before.mean[2:])
    np.testing.assert_allclose(after.mean[:2], [own.mean(0) for own in kept_of(x)[:2]], rtol=1e-4)
    np.testing.assert_array_equal(after.updates[:, 0] > 0, before.updates[:, 0] > 0)


@pytest.mark.parametrize("name", ["batch", "batch_per_step"])
def test_gradients_go_through_the_moments_and_not_through_the_padding(name):
    """Against differences, in double precision."""
    norm, x, weigh = NORMS[name](), features(), RNG.normal(size=(5, 3, 4))
    with jax.enable_x64(True):
        statistics = jax.tree.map(lambda leaf: leaf.astype(np.float64), norm.statistics(4, 5))
        params = {leaf: value.astype(np.float64) for leaf, value in PARAMS.items()}

        @jax.jit
        def loss(x):
            found, _ = norm.apply(params, statistics, x, VALID, alone)
            return jax.numpy.where(VALID[..., None], weigh * jax.numpy.tanh(found), 0).sum()

        x = x.astype(np.float64)
        gradient = np.asarray(jax.jit(jax.grad(loss))(x))
        assert not gradient[~VALID].any()
        for place in [(0, 0, 1), (1, 2, 3), (2, 0, 0)]:
            step = np.zeros_like(x)
            step[place] = 1e-5
            slope = (loss(x + step) - loss(x - step)) / 2e-5
            assert gradient[place] == pytest.approx(float(slope), rel=1e-4, abs=1e-6)


def test_devices_that_share_a_batch_use_the_moments_of_all_of_it():
    x = features()
    norm, statistics = NORMS["batch"](), NORMS["batch"]().statistics(4, 5)
    whole, kept = norm.apply(PARAMS, statistics, x, VALID, alone)
    halves, valid = np.stack([x, x]), np.stack([VALID, VALID & [True, False, False]])
    valid[0] &= [False, True, True]

    def shared(x, valid):
        return norm.apply(PARAMS, statistics, x, valid, lambda tree: jax.lax.psum(tree, "devices"))

    found, kept_of_each = jax.jit(jax.vmap(shared, axis_name="devices"))(halves, valid)
    for device in range(2):
        np.testing.assert_allclose(found[device][VALID], whole[VALID], rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(kept_of_each.mean[device], kept.mean, rtol=1e-5)
