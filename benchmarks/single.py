"""One language model on the whole machine beside PyTorch with all its threads, on a CPU.

    python -m benchmarks.single

One model is trained, truncated backpropagation with the state carried over, as ``benchmarks.language`` trains several.
``words`` has the sizes of the small model of Zaremba et al. (2014) with 35 steps, by SGD; ``characters`` is a smaller
one with one layer, by Adam.

The contenders:

- ``ours N``: what ``launch.py --batch_devices=N`` runs with one trial: the batch shared by N single-threaded devices,
  for more than there are cores with ``--devices=N`` too. For N = 1 one core has the trial and the others a copy of it,
  as every device works in every dispatch;
- ``torch``: one process with a thread for each core, the fastest of the forms that ``benchmarks.language`` tries.

They run by turns, in short rounds. A figure is tokens per second of the one model; the ratio is that of the best of
ours over torch's.
"""

import argparse
import time
from collections.abc import Sequence

from benchmarks.contenders import Contender, arguments, closing, finish, installed, list_of, markdown, whole_numbers
from benchmarks.language import compare, progress, title
from benchmarks.peers.language import Job
from rnn_research.cores import available_cores

JOBS = {
    "words": Job("training", 10_000, 200, 2, 200, batch=20, time=35, chunk=20, optimizer="sgd"),
    "characters": Job("training", 100, 128, 1, 128, batch=32, time=100, chunk=40, optimizer="adam", learning_rate=2e-3),
}


def main(argv: Sequence[str] | None = None) -> None:
    args = parse(argv)
    started = time.monotonic()
    results = []
    with closing(start(args)) as contenders:
        for size in args.sizes:
            results.append(compare(contenders, size, JOBS[size], args))
            print(progress(results[-1]), flush=True)
    finish(args, table(results), results, started)


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line; without PyTorch a line says so, and ours runs alone."""
    cores = available_cores()
    parser = arguments("benchmarks.single", __doc__, rounds=5, seconds=1.0)
    parser.add_argument(
        "--sizes", type=list_of(list(JOBS)), default=list(JOBS), help=f"of {', '.join(JOBS)}; default: all"
    )
    parser.add_argument(
        "--devices",
        type=whole_numbers,
        default=sorted({1, cores, 2 * cores}),
        metavar="N,N",
        help="devices that share a batch; as many as its examples divide by; default: 1, the cores, twice the cores",
    )
    parser.add_argument(
        "--compile", action=argparse.BooleanOptionalAction, default=True, help="try torch.compile (yes)"
    )
    args = parser.parse_args(argv)
    for count in args.devices:
        if any(JOBS[size].batch % count for size in args.sizes):
            parser.error(f"--devices: {count} cannot share a batch of {[JOBS[size].batch for size in args.sizes]}")
    args.torch = installed("torch")
    return args


def start(args: argparse.Namespace) -> list[Contender]:
    contenders = [Contender(f"ours {count}", "ours_language", f"--batch_devices={count}") for count in args.devices]
    if args.torch:
        extra = ["--compile"] if args.compile else []
        contenders.append(Contender("torch", "pytorch_language", available_cores(), *extra))
    return contenders


def table(results: Sequence[dict]) -> str:
    """Markdown: a row for each size."""
    names = list(results[0]["tokens_per_second"]) if results else []
    rows = []
    for result in results:
        rates, best = result["tokens_per_second"], result["best"]
        form = result["forms"][best["torch"]][0] if "torch" in best else "—"
        row = [f"{rates[name]:,.0f}" for name in names]
        rows.append([title(result), *row, form, best["ours"], str(result["ratio"] or "—")])
    heads = [f"{name} tokens/s" for name in names]
    return markdown(
        ["work (vocabulary; layers × hidden; batch, time)", *heads, "torch's form", "best", "best / torch"], rows
    )


if __name__ == "__main__":
    main()
