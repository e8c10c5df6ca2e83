"""Norms of the error sent back from every loss to every earlier state, beside one parameter gradient, on a CPU.

    python -m benchmarks.gradients

The measure is the gradient by the parameters of the sum of the losses of all steps. The contenders:

- ``curve``: ``gradient_norms`` of the last step's loss;
- ``triangle``: ``gradient_norms`` of the losses of all steps;
- ``one by one``: the triangle without it: one run of the network, then a whole backward pass for each loss;
- ``all at once``: these backward passes in one, by ``jax.vmap``; left out above a limit of memory.

All are jitted, run on one thread and give the same numbers, which is checked. They run by turns, in short rounds;
a ratio is wall time over that of the parameter gradient in the same round: median (least–largest).
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

from rnn_research.execution.xla_settings import configure

configure()

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402

from benchmarks.contenders import list_of, markdown, positive  # noqa: E402
from rnn_research.cells import CELLS, Cell, Tap, tapped  # noqa: E402
from rnn_research.cores import available_cores  # noqa: E402
from rnn_research.gradients.norms import gradient_norms, vector_norm  # noqa: E402
from rnn_research.recurrence import unroll  # noqa: E402

RECURRENT = ("elman", "lstm", "gru")
CONTENDERS = ("curve", "triangle", "one by one", "all at once")
LARGEST = 2**30  # bytes of the errors that ``all at once`` holds


def loss(output: jax.Array) -> jax.Array:
    return jnp.sum(jnp.square(output - 0.5))


def main(argv: Sequence[str] | None = None) -> None:
    args = parse(argv)
    started = time.monotonic()
    columns = ["gradient ms", *(column for name in CONTENDERS for column in (f"{name} ms", "ratio"))]
    size = f"batch {args.batch}, time {args.time}, input {args.input}, hidden {args.hidden}"
    rows = []
    for name in args.cells:
        rounds = measure(CELLS[name](args.hidden), args)
        rows.append([name, *figures(rounds)])
        print(
            f"{name}: "
            + ", ".join(f"{key} {statistics.median(r[key] for r in rounds):.1f}" for key in rounds[0])
            + " ms"
        )
    print("\n" + markdown([f"cell ({size})", *columns], rows) + "\n")
    turns = f"{args.rounds} rounds of {args.seconds:g} s for each"
    print(f"jax {jax.__version__}; {available_cores()} cores, one thread; {turns}")
    print(f"{time.monotonic() - started:.0f} s in all")


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gradients", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--cells",
        type=list_of(list(CELLS)),
        default=RECURRENT,
        help=f"comma-separated, of {', '.join(CELLS)}; default: {','.join(RECURRENT)}",
    )
    for name, default in (("time", 128), ("batch", 32), ("hidden", 128), ("input", 128)):
        parser.add_argument(f"--{name}", type=positive(int), default=default, help=f"({default})")
    parser.add_argument("--rounds", type=positive(int), default=5, help="rounds for each contender (5)")
    parser.add_argument("--seconds", type=positive(float), default=0.3, help="least length of a round (0.3)")
    return parser.parse_args(argv)


def measure(cell: Cell, args: argparse.Namespace) -> list[dict[str, float]]:
    """Milliseconds of every contender in every round."""
    key, input_key = jax.random.split(jax.random.key(0))
    params = cell.init(key, args.input)
    inputs = jax.random.normal(input_key, (args.batch, args.time, args.input))
    runs = {name: jax.jit(run) for name, run in contenders(cell, inputs.shape).items()}
    results = {name: run(params, inputs) for name, run in runs.items()}  # compiled here
    check(results)
    # By turns, so that whatever else the machine does meets all alike.
    return [
        {name: timed(run, (params, inputs), args.seconds) for name, run in runs.items()} for _ in range(args.rounds)
    ]


def contenders(cell: Cell, shape: tuple[int, ...]) -> dict[str, Callable]:
    """``(params, inputs) -> result`` by name, the parameter gradient first."""
    batch, time, _ = shape

    def total_loss(params, inputs):
        _, outputs = jax.vmap(lambda example: unroll(cell, params, example))(inputs)
        return jax.vmap(jax.vmap(loss))(outputs).sum()

    def tapped_losses(params, inputs, taps):
        """``[time]``, summed over the batch; ``taps`` are added to the states that the steps read."""
        run = jax.vmap(lambda x, tap: unroll(tapped(cell), params, (x, Tap(state=tap)))[1])
        return jax.vmap(jax.vmap(loss))(run(inputs, taps)).sum(axis=0)

    def backward_passes(over_losses):
        def run(params, inputs):
            taps = jax.tree.map(lambda a: jnp.zeros((batch, time, *a.shape)), cell.initial_state())
            _, pull = jax.vjp(lambda taps: tapped_losses(params, inputs, taps), taps)

            def norms(picked):
                parts = jax.tree.leaves(pull(picked)[0])
                return vector_norm(jnp.stack([vector_norm(part, range(2, part.ndim)) for part in parts]), 0)

            return over_losses(norms, jnp.eye(time))

        return run

    runs = {
        "gradient": jax.grad(total_loss),
        "curve": lambda params, inputs: gradient_norms(cell, params, inputs, loss, at=-1).total,
        "triangle": lambda params, inputs: gradient_norms(cell, params, inputs, loss).total,
        "one by one": backward_passes(jax.lax.map),
    }
    floats = sum(leaf.size for leaf in jax.tree.leaves(cell.initial_state()))
    if 4 * time * time * batch * floats <= LARGEST:
        runs["all at once"] = backward_passes(lambda norms, picked: jax.vmap(norms)(picked))
    return runs


def check(results: dict[str, Any]) -> None:
    """All ways give the same norms."""
    triangle = np.asarray(results["triangle"])
    np.testing.assert_allclose(results["curve"], triangle[:, -1], rtol=1e-3, atol=1e-6)
    for name in CONTENDERS[2:]:
        if name in results:
            # Entry k is the error at the state that step k reads, which is the state after step k − 1.
            states = np.moveaxis(np.asarray(results[name]), 0, 1)[:, :, 1:]
            np.testing.assert_allclose(states, np.tril(triangle, -1)[:, :, :-1], rtol=1e-3, atol=1e-6)


def timed(run: Callable, arguments: tuple, seconds: float) -> float:
    """Mean milliseconds of a run, over at least so many seconds."""
    count, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds or not count:
        jax.block_until_ready(run(*arguments))
        count += 1
    return 1000 * elapsed / count


def figures(rounds: list[dict[str, float]]) -> list[str]:
    """The cells of a row of the table."""
    entries = [f"{statistics.median(r['gradient'] for r in rounds):.1f}"]
    for name in CONTENDERS:
        if name not in rounds[0]:
            entries += ["—", "—"]
            continue
        ratios = [r[name] / r["gradient"] for r in rounds]
        entries.append(f"{statistics.median(r[name] for r in rounds):.1f}")
        entries.append(f"{statistics.median(ratios):.1f} ({min(ratios):.1f}–{max(ratios):.1f})")
    return entries


if __name__ == "__main__":
    main()
