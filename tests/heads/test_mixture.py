"""The mixture of Gaussians against SciPy: density, moments of what is drawn; what padding holds counts for nothing."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import log_softmax, softmax
from scipy.stats import multivariate_normal

from rnn_research.data.strokes import Move
from rnn_research.heads.mixture import draw_move, log_density, split
from rnn_research.tasks.base import Batch, Target
from tests.support.heads import head_of, passing, read_of

K, STATES = 3, 3
SIZE = STATES + 6 * K
TARGET = Target("mixture", STATES, each_step=True, options=(("components", K),))


def example(rows=4, time=3, seed=0):
    """Outputs ``[rows, time, SIZE]`` and a batch, some terms of which weigh nothing."""
    rng = np.random.default_rng(seed)
    outputs = rng.normal(size=(rows, time, SIZE))
    pen = rng.integers(0, STATES, (rows, time)).astype(np.int32)
    weights = np.ones((rows, time))
    weights[1:3, -1] = weights[2:3] = 0
    return outputs, Batch(None, Move(rng.normal(size=(rows, time, 2)), pen), weights)


def gaussians(output):
    """The components of one output, frozen distributions of SciPy, and their weights."""
    pairs = output[STATES + K : STATES + 5 * K].reshape(2, K, 2)
    (means, widths), slopes = (pairs[0], np.exp(pairs[1])), np.tanh(output[STATES + 5 * K :])
    made = []
    for mean, (a, b), rho in zip(means, widths, slopes, strict=True):
        made.append(multivariate_normal(mean, np.array([[a * a, rho * a * b], [rho * a * b, b * b]])))  # type: ignore
    return made, softmax(output[STATES : STATES + K])


def terms_of(outputs, batch):
    return head_of(TARGET).terms(passing(SIZE), read_of(TARGET, outputs), jax.tree.map(jnp.asarray, batch), None)


def test_terms_are_those_of_scipys_densities(x64):
    outputs, batch = example()
    terms = terms_of(outputs, batch)
    for place in zip(*np.nonzero(batch.weights), strict=True):
        made, weights = gaussians(outputs[place])
        density = sum(w * one.pdf(batch.targets.offset[place]) for w, one in zip(weights, made, strict=True))
        expected = -np.log(density) - log_softmax(outputs[place][:STATES])[batch.targets.pen[place]]
        assert float(terms.loss[place]) == pytest.approx(expected, rel=1e-9)
    np.testing.assert_array_equal(terms.weight, batch.weights)
    assert terms.right is None


def test_the_density_integrates_to_one(x64):
    outputs, _ = example(1, 1)
    sides, step = np.linspace(-60, 60, 1201, retstep=True)
    grid = jnp.stack(jnp.meshgrid(sides, sides), axis=-1).reshape(-1, 2)
    found = split(jnp.asarray(outputs[0]), K, STATES)
    assert float(jnp.exp(log_density(found, grid)).sum() * step**2) == pytest.approx(1, abs=1e-4)


def test_padding_may_hold_anything(x64):
    outputs, batch = example()
    padded = batch.weights == 0

    @jax.jit
    def run(outputs, batch):
        return jax.value_and_grad(lambda outputs: jnp.sum(terms_of(outputs, batch).loss * batch.weights))(outputs)

    clean, spoiled = (
        run(
            np.where(padded[..., None], filler, outputs),
            batch._replace(
                targets=Move(
                    np.where(padded[..., None], filler, batch.targets.offset),
                    np.where(padded, 99, batch.targets.pen),
                )
            ),
        )
        for filler in (0.0, np.nan)
    )
    assert clean[0] == spoiled[0]
    np.testing.assert_array_equal(clean[1], spoiled[1])
    assert np.isfinite(spoiled[1]).all() and not spoiled[1][padded].any() and clean[1][~padded].all()


def test_points_far_off_and_straight_lines_have_finite_terms_and_errors():
    """Outputs as large as a wild update makes them, and a pen a thousand widths from where it was expected."""
    outputs, batch = example()
    for scale in (50.0, 1e4):
        value, errors = jax.value_and_grad(
            lambda outputs: jnp.sum(terms_of(outputs, batch._replace(weights=np.ones((4, 3)))).loss)
        )(jnp.asarray(scale * outputs, jnp.float32))
        assert np.isfinite(value) and np.isfinite(errors).all()


def test_answers_are_the_weightiest_mean_and_the_likeliest_pen(x64):
    outputs, batch = example()
    found = head_of(TARGET).answer(passing(SIZE), read_of(TARGET, outputs), batch._replace(targets=None, weights=None))
    np.testing.assert_array_equal(found.pen, outputs[..., :STATES].argmax(axis=-1))
    means = outputs[..., STATES + K : STATES + 3 * K].reshape(4, 3, K, 2)
    best = outputs[..., STATES : STATES + K].argmax(axis=-1)
    np.testing.assert_allclose(found.offset, np.take_along_axis(means, best[..., None, None], axis=2)[:, :, 0])


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_what_is_drawn_has_the_moments_of_the_mixture(temperature, x64):
    output, draws = example(seed=1)[0][0, 0], 40_000
    found = split(jnp.broadcast_to(output, (draws, SIZE)), K, STATES)
    offset, pen = jax.jit(draw_move)(found, jax.random.key(0), temperature)
    made, _ = gaussians(output)
    weights = softmax(output[STATES : STATES + K] / temperature)
    mean = sum(w * one.mean for w, one in zip(weights, made, strict=True))
    second = sum(
        w * (temperature * one.cov + np.outer(one.mean, one.mean)) for w, one in zip(weights, made, strict=True)
    )
    deviation = np.sqrt(np.diag(second - np.outer(mean, mean)))
    assert (np.abs(offset.mean(axis=0) - mean) < 5 * deviation / np.sqrt(draws)).all()
    found_cov = np.cov(np.asarray(offset).T)
    np.testing.assert_allclose(found_cov, second - np.outer(mean, mean), atol=0.05 * deviation.max() ** 2)
    shares = softmax(output[:STATES])  # at any temperature
    np.testing.assert_allclose(np.bincount(pen, minlength=STATES) / draws, shares, atol=0.015)


@pytest.mark.parametrize(
    "target",
    [
        Target("mixture", 3, each_step=True, options=(("components", 0),)),
        Target("mixture", 3, each_step=False, options=(("components", 2),)),
        Target("mixture", 1, each_step=True, options=(("components", 2),)),
    ],
)
def test_targets_that_the_head_cannot_have_are_refused(target):
    with pytest.raises(ValueError, match="mixture"):
        head_of(target)
