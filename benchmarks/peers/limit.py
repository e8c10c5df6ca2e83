"""What a training step cannot do without: its products with the recurrent kernel, and its transcendental functions.

Of a step: ``time`` products ``[batch, hidden] x [hidden, gates hidden]`` forward and as many ``[batch, gates hidden] x
[gates hidden, hidden]`` backward; one ``[hidden, time batch] x [time batch, gates hidden]``, the kernel's gradient; a
``tanh`` for each of the cell's sigmoids and hyperbolic tangents. By XLA, one step on each
single-threaded device, as ours.
"""

from benchmarks.peers.worker import Form, Job, serve
from rnn_research.execution import xla_settings

xla_settings.configure()

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402

from rnn_research.training.devices import TRIALS, make_mesh, spread  # noqa: E402

GATES = {"elman": 1, "lstm": 4, "gru": 3}
FUNCTIONS = {"elman": 1, "lstm": 5, "gru": 3}  # a tanh or sigmoid each, by unit and time step


def products(job: Job, kernels: tuple[jax.Array, jax.Array], data: dict[str, jax.Array]) -> jax.Array:
    """The kernel's gradient ``[hidden, gates hidden]``, and in it a number that depends on all other products.

    Args:
      kernels: the kernel and its transpose, so that no product has to turn it.
      data: ``states [time, batch, hidden]``, ``errors [time, batch, gates hidden]``, and the states as ``columns
        [hidden, time batch]``.
    """

    def accumulate(total, pair):
        h, dz = pair
        return (total[0] + h @ kernels[0], total[1] + dz @ kernels[1]), None

    zeros = jnp.zeros_like(data["errors"][0]), jnp.zeros_like(data["states"][0])
    (ahead, back), _ = jax.lax.scan(accumulate, zeros, (data["states"], data["errors"]))
    rows = data["errors"].reshape(-1, data["errors"].shape[-1])
    return data["columns"] @ rows + ahead.sum() + back.sum()


def functions(job: Job, values: jax.Array) -> jax.Array:
    """``tanh`` of ``[batch, functions hidden]``, once for each time step."""
    return jax.lax.fori_loop(0, job.time, lambda _, x: jnp.tanh(x), values)


def prepare(job: Job) -> Form:
    mesh = make_mesh()
    count, rows, width = mesh.size, job.time * job.batch, GATES[job.cell] * job.hidden
    key = jax.random.key(0)
    data = {
        "states": 1e-3 * jax.random.normal(key, (job.time, job.batch, job.hidden)),
        "errors": 1e-3 * jax.random.normal(key, (job.time, job.batch, width)),
        "columns": 1e-3 * jax.random.normal(key, (job.hidden, rows)),
    }

    def local(carry):
        """A chunk of steps on one device; each depends on the one before."""

        def step(carry, _):
            kernel, values = carry
            kernels = jax.lax.optimization_barrier((kernel, kernel.T))
            return (kernel + 1e-6 * products(job, kernels, data), functions(job, values)), None

        first = jax.tree.map(lambda leaf: leaf[0], carry)
        last, _ = jax.lax.scan(step, first, length=job.chunk)
        return jax.tree.map(lambda leaf: leaf[None], last)

    chunk = jax.jit(jax.shard_map(local, mesh=mesh, in_specs=TRIALS, out_specs=TRIALS, check_vma=False))
    kernel = jnp.zeros((count, job.hidden, width))
    values = jnp.ones((count, job.batch, FUNCTIONS[job.cell] * job.hidden))
    carry = spread((kernel, values), mesh, TRIALS)

    def run():
        nonlocal carry
        carry = jax.block_until_ready(chunk(carry))
        return job.chunk * count

    return Form("limit", run)


if __name__ == "__main__":
    serve(prepare)
