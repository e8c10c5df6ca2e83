"""Settings of jax and of the machine that a user's shell or notebook may have made: which of them numbers depend on.

Each is pinned (``xla_settings``), or it is refused, or it counts: it is recorded with every trial and compared. What is
known to leave numbers alone is listed in ``HARMLESS``; whatever else is called ``JAX_...`` counts, so that a setting
which a later jax brings is never passed over.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from rnn_research.execution.xla_settings import FLAGS, flags_of

# Of ``jax.config``: settings that code may make as well, with what they are by themselves.
COUNTED: dict[str, Any] = {
    "jax_allow_f16_reductions": True,
    "jax_debug_infs": False,  # these make an error of what is a result: that a run diverged
    "jax_debug_nans": False,
    "jax_default_device": None,
    "jax_default_matmul_precision": None,
    "jax_default_prng_impl": "threefry2x32",
    "jax_disable_jit": False,
    "jax_disable_most_optimizations": False,
    "jax_enable_x64": False,
    "jax_high_dynamic_range_gumbel": False,
    "jax_random_seed_offset": 0,
    "jax_threefry_gpu_kernel_lowering": False,
    "jax_threefry_partitionable": True,
}

# Names of ``jax.config``, or of variables in small letters.
HARMLESS = (
    # compiled programs are kept, not changed
    "jax_*cache*",
    "jax_compiler_detailed_logging_min_ops",
    # what is printed, dumped, traced back
    "jax_*traceback*",
    "jax_captured_constants_*",
    "jax_debug_log_modules",
    "jax_distributed_debug",
    "jax_dump_*",
    "jax_hlo_source_file_canonicalization_regex",
    "jax_include_debug_info_in_dumps",
    "jax_log_*",
    "jax_logging_level",
    "jax_pallas_verbose_errors",
    "jax_pprint_use_color",
    "jax_source_url_schema",
    # checks that raise, or do nothing
    "check_vma",
    "jax_array_garbage_collection_guard",
    "jax_check_*",
    "jax_debug_key_reuse",
    "jax_debug_leaked_clients_on_clear_backends",
    "jax_disable_bwd_checks",
    "jax_disable_vmap_shmap_error",
    "jax_disallow_mesh_context_manager",
    "jax_enable_checks",
    "jax_explicit_x64_dtypes",
    "jax_legacy_prng_key",
    "jax_mutable_array_checks",
    "jax_no_execution",
    "jax_no_tracing",
    "jax_numpy_dtype_promotion",
    "jax_numpy_rank_promotion",
    "jax_thread_guard",
    "jax_transfer_guard*",
    # when, not what
    "jax_*timeout*",
    "jax_cpu_enable_async_dispatch",
    "jax_enable_preemption_service",
    "jax_enable_recoverability",
    # programs on their way elsewhere
    "jax2tf_*",
    "jax_cross_host_*",
    "jax_export_*",
    "jax_force_dcn_cross_host_transfers",
    "jax_serialization_version",
    "jax_share_binary_between_hosts*",
    # which processes and devices there are: what matters of that is in ``execution.identity``
    "jax_*_visible_devices",
    "jax_coordinator_*",
    "jax_local_device_ids",
    "jax_num_cpu_devices",
    "jax_num_processes",
    "jax_partition_index",
    "jax_platform_name",
    "jax_platforms",
    "jax_process_*",
    "jax_slice_index",
)

# Variables of others that numbers may depend on; ``XLA_FLAGS`` is taken apart.
VARIABLES = (
    "CUBLAS_WORKSPACE_CONFIG",
    "DNNL_*",
    "JAX_*",
    "LIBTPU_INIT_ARGS",
    "MKL_CBWR",
    "NPY_DISABLE_CPU_FEATURES",
    "NPY_ENABLE_CPU_FEATURES",
    "NVIDIA_TF32_OVERRIDE",
    "ONEDNN_*",
    "OPENBLAS_CORETYPE",
    "TF_CUDNN_*",
    "TF_ENABLE_ONEDNN_OPTS",
    "XLA_*",
)
HARMLESS_XLA = ("XLA_FLAGS", "XLA_PYTHON_CLIENT_*")  # the second is about memory
HARMLESS_FLAGS = ("--xla_dump_*", "--xla_force_host_platform_device_count")


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def counts(variable: str) -> bool:
    """Whether an environment variable may change numbers by what it says; one of ``COUNTED`` is seen in jax itself."""
    if variable.startswith("JAX"):
        return variable.lower() not in COUNTED and not matches(variable.lower(), HARMLESS)
    return matches(variable, VARIABLES) and not matches(variable, HARMLESS_XLA)


def settings(environment: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that count and are not as they are by themselves, by name.

    Args:
      environment: of this process.
      values: ``jax.config.values``.
    """
    found = {name: str(values[name]) for name, usual in COUNTED.items() if values.get(name, usual) != usual}
    found |= {name: value for name, value in environment.items() if counts(name)}
    flags, usual = flags_of(environment.get("XLA_FLAGS", "")), dict(FLAGS)
    for name in sorted({*flags, *usual}):
        if flags.get(name) != usual.get(name) and not matches(name, HARMLESS_FLAGS):
            found[name] = flags.get(name, "left out")
    return dict(sorted(found.items()))


def check_precision() -> None:
    """Refuse double precision for all of jax: models are trained in single precision.

    Raises:
      ValueError: it is on.
    """
    import jax

    if jax.config.values.get("jax_enable_x64"):
        raise ValueError("jax_enable_x64 is on, but models are trained in single precision; unset JAX_ENABLE_X64")
