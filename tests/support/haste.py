"""XLA in haste: it compiles in a quarter of the time, and what it compiles is slower.

For tests of what our functions compute, whose sizes are so small that nearly all of their time was compiling. Where
bits are compared, or networks train for longer, programs are compiled as users' are.
"""

import contextlib
from functools import cache
from unittest import mock

import jax
from jax._src import compiler

OPTIONS = {
    "xla_backend_optimization_level": 0,
    "xla_llvm_disable_expensive_passes": True,
    "xla_cpu_use_fusion_emitters": False,
    "xla_cpu_parallel_codegen_split_count": 1,  # 32 parts, each with a start of its own, are for large programs
}


@cache
def known_options() -> dict[str, int | bool]:
    """Those of the options that this version of XLA has."""
    known = {}
    for name, value in OPTIONS.items():
        with contextlib.suppress(jax.errors.JaxRuntimeError):
            jax.jit(lambda x: x).lower(0.0).compile({name: value})
            known[name] = value
    return known


def flags() -> dict[str, str]:
    """The same as an environment variable, for a process of its own."""
    return {"XLA_FLAGS": " ".join(f"--{name}={str(value).lower()}" for name, value in known_options().items())}


@contextlib.contextmanager
def haste():
    """Inside, this process compiles so. Nothing changes where jax keeps its options elsewhere than in 0.10."""
    plain = getattr(compiler, "get_compile_options", None)
    if plain is None:
        yield
        return
    options = known_options()

    def hasty(*arguments, **named):
        given = named.pop("env_options_overrides", None) or {}
        return plain(*arguments, env_options_overrides={**options, **given}, **named)

    hasty.plain = plain
    with mock.patch.object(compiler, "get_compile_options", hasty):
        yield


@contextlib.contextmanager
def as_users():
    """Inside ``haste``, for what it does not suit."""
    hasty = getattr(compiler, "get_compile_options", None)
    plain = getattr(hasty, "plain", None)
    with mock.patch.object(compiler, "get_compile_options", plain) if plain else contextlib.nullcontext():
        yield
