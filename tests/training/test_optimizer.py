"""The rules and the schedules beside optax's."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from rnn_research.experiment import OptimizerConfig, TrialConfig
from rnn_research.experiment.config import static
from rnn_research.training.optimizer import make_optimizer, norms, schedule
from rnn_research.training.step import clip_and_measure
from rnn_research.training.traced import traced_values


@pytest.mark.parametrize("name", ["adam", "rmsprop", "sgd"])
def test_rules_equal_optax_aliases(name):
    config = OptimizerConfig(name=name, learning_rate=0.1, clip_norm=0, momentum=0.5)
    ours = make_optimizer(config, traced_values(TrialConfig(optimizer=config)))
    aliases = {
        "adam": optax.adam(0.1),
        "rmsprop": optax.chain(optax.scale_by_rms(decay=0.9), optax.trace(0.5), optax.scale(-0.1)),
        "sgd": optax.sgd(0.1, momentum=0.5),
    }
    params = {"w": jnp.array([1.0, -2.0])}
    states = [ours.init(params), aliases[name].init(params)]
    for scale in (1.0, 5.0):
        gradient = {"w": scale * jnp.array([0.3, -4.0])}
        (a, states[0]), (b, states[1]) = (
            optimizer.update(gradient, state, params) for optimizer, state in zip((ours, aliases[name]), states)
        )
        np.testing.assert_allclose(a["w"], b["w"], rtol=1e-6)


@pytest.mark.parametrize("kind", ["constant", "linear", "cosine"])
def test_schedules(kind):
    config = OptimizerConfig(schedule=kind, warmup=0.2)
    values = np.asarray(schedule(config, jnp.arange(101), jnp.array(100)))
    np.testing.assert_allclose(values[:20], np.arange(1, 21) / 20, rtol=1e-5)
    expected = {
        "constant": np.ones(81),
        "linear": 1 - np.arange(81) / 80,
        "cosine": 0.5 * (1 + np.cos(np.pi * np.arange(81) / 80)),
    }[kind]
    np.testing.assert_allclose(values[20:], expected, atol=1e-6)


def test_the_stepped_schedule_is_zarembas():
    """Rate 1 in the first four of 13 epochs, then half of what it was in each."""
    values = schedule(OptimizerConfig(schedule="stepped"), jnp.arange(1300), jnp.array(1300))
    expected = np.repeat([1, 1, 1, 1, *(0.5**n for n in range(1, 10))], 100)
    np.testing.assert_allclose(values, expected, rtol=1e-6)


LARGE = [1e20, -2e20, 0.05]
UNIT = np.array([1, -2, 0]) / 5**0.5


@pytest.mark.parametrize(
    ("gradient", "norm", "value", "expected"),
    [
        (LARGE, 0.0, 0.1, [0.1, -0.1, 0.05]),
        (LARGE, 0.0, 0.0, LARGE),
        (LARGE, 1.0, 0.0, UNIT),
        (LARGE, 1.0, 0.5, np.clip(UNIT, -0.5, 0.5)),
        ([3e38, -3e38, 0.0], 1.0, 0.0, np.array([1, -1, 0]) / 2**0.5),  # the norm itself is above float32
        ([np.inf, -2.0, 0.05], 0.0, 0.1, [0.1, -0.1, 0.05]),
        ([0.0, 0.0, 0.0], 1.0, 0.1, [0, 0, 0]),
        ([1e-30, 0.0, 0.0], 1.0, 0.1, [1e-30, 0, 0]),
        ([np.nan, -2.0, 0.05], 0.0, 0.1, [np.nan, -0.1, 0.05]),
        ([np.nan, -2.0, 0.05], 1.0, 0.1, [np.nan] * 3),
    ],
)
def test_clipping_takes_what_overflows(gradient, norm, value, expected):
    config = OptimizerConfig(clip_norm=norm, clip_value=value)
    traced = traced_values(TrialConfig(optimizer=config))
    clipped = jax.jit(lambda g: clip_and_measure({"w": g}, static(config), traced)[1]["w"])(
        jnp.array(gradient, jnp.float32)
    )
    np.testing.assert_allclose(clipped, expected, rtol=1e-5, atol=1e-12)


def test_a_norm_is_that_of_numpy_whatever_the_magnitudes():
    for large in (1e-37, 1e-25, 1e-19, 1e-15, 3.0, 1e10, 1e19, 1e30, 1e38):
        tree = {"a": jnp.array([large, -large / 8]), "b": jnp.array([[0.3 * large]])}
        found = jax.jit(norms)(tree)
        expected = large * np.linalg.norm([1, 1 / 8, 0.3])
        assert float(found.scaled) / float(found.scale) == pytest.approx(expected, rel=1e-6, abs=0)
        assert float(found.whole) == pytest.approx(expected, rel=1e-6, abs=0)
        assert (found.scale == 1) == (1e-15 <= large < 2e19)


def test_leaves_whose_squares_fit_alone_but_not_together_have_a_norm():
    found = jax.jit(norms)([jnp.array([1.5e19])] * 3)
    assert float(found.whole) == pytest.approx(1.5e19 * 3**0.5, rel=1e-6)
    np.testing.assert_allclose(found.leaves, 1.5e19, rtol=1e-6)


def test_a_group_has_its_own_norm_beside_one_that_overflows():
    config = OptimizerConfig(clip_norm=1.0)
    traced = traced_values(TrialConfig(optimizer=config))

    def measured(gradients):
        return clip_and_measure(gradients, static(config), traced)[2]

    for magnitudes in ((1e30, 0.5, 1e-25), (1e-25, 0.5, 0.0), (1e19, 0.5, 0.5)):
        gradients = {name: jnp.full((3,), size) for name, size in zip("abc", magnitudes)}
        for found in (
            jax.jit(lambda g: clip_and_measure(g, static(config), traced)[2])(gradients),
            jax.vmap(lambda g: clip_and_measure(g, static(config), traced)[2])(
                jax.tree.map(lambda leaf: leaf[None], gradients)
            ),
        ):
            norms = [float(np.squeeze(found[f"grad_norm/{name}"])) for name in "abc"]
            assert norms == pytest.approx([size * 3**0.5 for size in magnitudes], rel=1e-6, abs=0)


def test_a_gradient_that_is_known_to_be_zeros_has_norm_zero():
    """As that of a parameter that is frozen, which XLA sees before the program runs."""
    found = jax.jit(lambda leaf: norms([leaf, jnp.zeros((60, 5))]))(jnp.ones((3, 3)))
    assert found.whole == 3 and found.leaves.tolist() == [3, 0]
