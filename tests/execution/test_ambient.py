"""What a shell or a notebook has set changes no number unseen."""

import enum
import os

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.execution import ambient, xla_settings

VALUES = jax.config.values
HARMLESS = [name for name in VALUES if ambient.matches(name, ambient.HARMLESS)]
# Documented as changing what is computed, or known to.
COUNT = [
    "JAX_THREEFRY_PARTITIONABLE",
    "JAX_DEFAULT_PRNG_IMPL",
    "JAX_RANDOM_SEED_OFFSET",
    "JAX_ENABLE_X64",
    "JAX_DEFAULT_DTYPE_BITS",
    "JAX_DEFAULT_MATMUL_PRECISION",
    "JAX_SOFTMAX_CUSTOM_JVP",
    "JAX_DISABLE_JIT",
    "JAX_DISABLE_MOST_OPTIMIZATIONS",
    "JAX_DEBUG_NANS",
    "JAX_OPTIMIZATION_LEVEL",
    "JAX_USE_SHARDY_PARTITIONER",
    "JAX_ALLOW_F16_REDUCTIONS",
    "JAX_ENABLE_PGLE",
    "JAX_XLA_BACKEND",
    "JAX_ERROR_CHECKING_BEHAVIOR_NAN",
    "JAX_CPU_COLLECTIVES_IMPLEMENTATION",
    "JAX_A_SETTING_OF_TOMORROW",
    "XLA_SOMETHING",
    "NVIDIA_TF32_OVERRIDE",
    "OPENBLAS_CORETYPE",
    "LIBTPU_INIT_ARGS",
]
LEAVE_ALONE = [
    "JAX_COMPILATION_CACHE_DIR",
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS",
    "JAX_LOG_COMPILES",
    "JAX_TRACEBACK_FILTERING",
    "JAX_NUMPY_RANK_PROMOTION",
    "JAX_PLATFORMS",
    "JAX_NUM_CPU_DEVICES",
    "JAX_COORDINATOR_ADDRESS",
    "JAX_CUDA_VISIBLE_DEVICES",
    "XLA_PYTHON_CLIENT_PREALLOCATE",
    "HOME",
    "TZ",
    "LC_ALL",
    "TF_CPP_MIN_LOG_LEVEL",
]


def test_nothing_counts_where_nothing_is_set():
    assert ambient.settings({"XLA_FLAGS": " ".join(map("=".join, xla_settings.FLAGS))}, {}) == {}


@pytest.mark.parametrize("variable", COUNT)
def test_variables_that_count(variable):
    name = variable.lower()
    found = ambient.settings({variable: "other"}, {name: "other"} if name in ambient.COUNTED else {})
    assert "other" in found.values()


@pytest.mark.parametrize("variable", LEAVE_ALONE)
def test_variables_that_do_not(variable):
    plain = ambient.settings({}, {})
    assert ambient.settings({variable: "other"}, {}) == plain


def test_what_jax_is_by_itself():
    """In this version too; else every run would say that somebody had changed it."""
    mine = {"jax_numpy_rank_promotion"}
    assert not mine & set(ambient.COUNTED)
    assert {name: VALUES[name] for name in ambient.COUNTED if name in VALUES} == {
        name: usual for name, usual in ambient.COUNTED.items() if name in VALUES
    }


def others(value):
    """Other values of a setting, as far as one can tell from the one it has."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int | float):
        return [value + 1]
    if isinstance(value, enum.Enum):
        return [each for each in type(value) if each is not value]
    return []


def numbers(tag):
    """Of a small network's loss and gradients, with random numbers of every kind; compiled anew for every tag."""

    def loss(kernel, key):
        x = jax.random.normal(key, (16, 24))
        keep = jax.random.bernoulli(key, 0.7, x.shape)

        def step(state, row):
            return jnp.tanh(state @ kernel + row), jax.nn.softmax(state)

        _, seen = jax.lax.scan(step, jnp.zeros(24), x * keep)
        draws = jax.random.uniform(jax.random.fold_in(key, 1), seen.shape)
        return (seen * draws).sum(), jnp.full(2, tag)

    kernel = jax.random.orthogonal(jax.random.key(0), 24)
    (value, _), gradient = jax.jit(jax.value_and_grad(loss, has_aux=True))(kernel, jax.random.key(3))
    return np.asarray(value).tobytes() + np.asarray(gradient).tobytes()


def numbers_with(settings, tag):
    """With these settings of jax; None where they make an error of it."""
    before = {name: VALUES[name] for name in settings}
    try:
        for name, value in settings.items():
            jax.config.update(name, value)
        jax.clear_caches()
        return numbers(tag)
    except Exception:
        return None
    finally:
        for name, value in before.items():
            jax.config.update(name, value)
        jax.clear_caches()


TRIED = [(name, value) for name in HARMLESS for value in others(VALUES[name])]
TOGETHER = 8


@pytest.mark.filterwarnings("ignore:PERSISTENT CACHE WRITE")
@pytest.mark.parametrize("first", range(0, len(TRIED), TOGETHER))
def test_what_is_held_for_harmless_changes_no_bit(first):
    """Some at a time, in a program compiled anew; each in turn where one of them makes an error of it."""
    usual, some = numbers(0), TRIED[first : first + TOGETHER]
    found = numbers_with(dict(some), first + 1)
    if found is None:
        each = [numbers_with({name: value}, first + 1 + number / 10) for number, (name, value) in enumerate(some)]
        assert {*each, usual} - {None} == {usual}
    else:
        assert found == usual


@pytest.mark.parametrize("name", ["jax_threefry_partitionable", "jax_default_prng_impl"])
def test_what_counts_does_change_numbers(name):
    """The check above would see it."""
    assert numbers_with({name: False if name.endswith("able") else "rbg"}, 0) != numbers(0)


@pytest.mark.parametrize(
    ("flags", "found"),
    [
        ("", {}),
        ("--xla_dump_to=/tmp/x --xla_force_host_platform_device_count=1", {}),
        ("--xla_cpu_enable_fast_math", {"--xla_cpu_enable_fast_math": "true"}),
        ("--xla_cpu_multi_thread_eigen=true", {"--xla_cpu_multi_thread_eigen": "true"}),
        ("--xla_backend_extra_options=a=1", {"--xla_backend_extra_options": "a=1"}),
    ],
)
def test_flags_of_xla(monkeypatch, flags, found):
    environment = {"XLA_FLAGS": flags}
    monkeypatch.setattr(os, "environ", environment)
    xla_settings.configure()
    assert ambient.settings(environment, {}) == found


@pytest.mark.parametrize(
    ("backend", "asked", "found"),
    [
        ("gpu", None, "highest"),
        ("tpu", None, "highest"),
        ("gpu", "tensorfloat32", "tensorfloat32"),
        ("cpu", None, None),
    ],
)
def test_accelerators_multiply_in_whole_unless_asked(monkeypatch, backend, asked, found):
    monkeypatch.setattr(jax, "default_backend", lambda: backend)
    name = "jax_default_matmul_precision"
    before = jax.config.values[name]
    try:
        jax.config.update(name, asked)
        xla_settings.start_devices()
        assert jax.config.values[name] == found
        assert ambient.settings({"XLA_FLAGS": ""}, jax.config.values).get(name) == found
    finally:
        jax.config.update(name, before)


def test_thread_counts_are_pinned_and_devices_are_two_or_more(monkeypatch):
    shell = dict.fromkeys(xla_settings.PINNED, "7") | {"JAX_NUM_CPU_DEVICES": "1"}
    monkeypatch.setattr(os, "environ", shell)
    xla_settings.configure()
    assert {name: shell[name] for name in xla_settings.PINNED} == xla_settings.PINNED
    assert shell["JAX_NUM_CPU_DEVICES"] == "2"
    shell["JAX_NUM_CPU_DEVICES"] = "5"
    xla_settings.configure(devices=3)
    assert shell["JAX_NUM_CPU_DEVICES"] == "3"


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [("XLA_FLAGS", "flags.txt", "names a file"), ("JAX_NUM_CPU_DEVICES", "many", "is no number")],
)
def test_what_cannot_be_added_to_is_refused(monkeypatch, variable, value, message):
    monkeypatch.setattr(os, "environ", {variable: value})
    with pytest.raises(ValueError, match=message):
        xla_settings.configure()
