"""Language models beside PyTorch, on a CPU, in one run: trained, and drawn from.

    python -m benchmarks.language

Training: LSTM layers between an embedding and a dense head, truncated backpropagation with the state carried over the
batches, gradients clipped at a global norm of 5, no dropout. ``words`` has the sizes of the small model of Zaremba et
al. (2014), by SGD; ``characters`` is smaller, by Adam. Rates and the norm decide nothing here, and are not the paper's.
Sampling: texts drawn from the softmax at temperature 1, 64 at a time; ``wide`` is ``characters`` with more units. The
text is random, its ids distributed by Zipf's law.

The contenders:

- ``ours``: in training the program that the launcher runs, one trial on each core, 50 or 100 steps to a dispatch (the
  experiments have up to 320); in sampling ``rnn_research.decoding.sample``, the better of one process that has all the
  cores and one single-threaded process for each core;
- ``torch``: the better of one process with a thread for each core and one single-threaded process for each core. In
  training ``torch.nn``'s own modules, the fastest of optimisers that are ``foreach`` or ``fused`` and, but for
  ``--no-compile``, of ``torch.compile`` for the loss or for the whole network, which needs a C++ compiler and takes a
  minute. In sampling a loop over ``nn.LSTM`` or ``nn.LSTMCell``, with ``torch.multinomial``, exponential clocks or a
  cumulative sum, whichever is the fastest; ``torch.compile`` of such a step was no faster.

They run by turns, in short rounds. A figure is tokens per second, over all the models that run at the same time; its
ratio to torch's is above 1 where ours is faster.
"""

import argparse
import time
from collections.abc import Sequence

from benchmarks.contenders import (
    Contender,
    Round,
    arguments,
    by_turns,
    closing,
    finish,
    installed,
    list_of,
    markdown,
    medians,
    positive,
    ratio,
)
from benchmarks.peers.language import Job
from rnn_research.cores import available_cores

WORDS = 10_000
JOBS = {
    "training": {
        "words": Job("training", WORDS, 200, 2, 200, batch=20, time=20, chunk=50, optimizer="sgd", learning_rate=1.0),
        "characters": Job(
            "training", 100, 64, 1, 128, batch=32, time=50, chunk=100, optimizer="adam", learning_rate=2e-3
        ),
    },
    "sampling": {
        "words": Job("sampling", WORDS, 200, 2, 200, batch=64, time=50),
        "characters": Job("sampling", 100, 64, 1, 128, batch=64, time=500),
        "wide": Job("sampling", 100, 64, 1, 512, batch=64, time=100),
    },
}
SIZES = ("words", "characters", "wide")
SIDES = ("ours", "torch")


def main(argv: Sequence[str] | None = None) -> None:
    args = parse(argv)
    started = time.monotonic()
    results = []
    for work in args.only:
        sizes = [size for size in JOBS[work] if size in args.sizes]
        with closing(start(work, args) if sizes else []) as contenders:
            for size in sizes:
                results.append(compare(contenders, size, make_job(work, size, args.vocabulary), args))
                print(progress(results[-1]), flush=True)
    finish(args, table(results), results, started)


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line; without PyTorch a line says so, and ours runs alone."""
    parser = arguments("benchmarks.language", __doc__, rounds=5, seconds=1.0)
    parser.add_argument(
        "--only", type=list_of(list(JOBS)), default=list(JOBS), help="of training, sampling; default: both"
    )
    parser.add_argument("--sizes", type=list_of(SIZES), default=SIZES, help=f"of {', '.join(SIZES)}; default: all")
    parser.add_argument("--vocabulary", type=positive(int), default=WORDS, help=f"number of words ({WORDS})")
    parser.add_argument(
        "--compile", action=argparse.BooleanOptionalAction, default=True, help="try torch.compile in training (yes)"
    )
    args = parser.parse_args(argv)
    if args.vocabulary < 2:
        parser.error("--vocabulary must be 2 or more")
    args.torch = installed("torch")
    return args


def make_job(work: str, size: str, words: int) -> Job:
    job = JOBS[work][size]
    return job._replace(vocabulary=words) if size == "words" else job


def start(work: str, args: argparse.Namespace) -> list[Contender]:
    """Start the workers: ours first."""
    many = available_cores() > 1
    if work == "training":
        contenders = [Contender("ours", "ours_language")]
    else:
        contenders = [Contender("ours processes", "ours_language", processes=available_cores())]
        contenders += [Contender("ours threads", "ours_language", "--threads")] if many else []
    if args.torch:
        extra = ["--compile"] if args.compile else []
        contenders.append(Contender("torch processes", "pytorch_language", 1, *extra, processes=available_cores()))
        contenders += [Contender("torch threads", "pytorch_language", available_cores(), *extra)] if many else []
    return contenders


def compare(contenders: Sequence[Contender], size: str, job: Job, args: argparse.Namespace) -> dict:
    """Tokens per second of every contender, and the ratio of the better of ours to the better of torch's."""
    forms = {contender.name: sorted(set(contender.prepare(job))) for contender in contenders}
    rounds = by_turns(contenders, args.rounds, args.seconds)
    rates = medians(rounds)
    modes = {side: [name for name in rates if name.startswith(side)] for side in SIDES}
    best = {side: max(names, key=lambda name: rates[name]) for side, names in modes.items() if names}
    return {
        "size": size,
        **job._asdict(),
        "tokens_per_second": rates,
        "forms": forms,
        "best": best,
        "ratio": ratio(rounds, best["ours"], best["torch"]) if "torch" in best else None,
        "rounds": rounds,
    }


def progress(result: dict) -> str:
    return f"{title(result)}: {figures(result['tokens_per_second'])} tokens/s"


def figures(rates: Round) -> str:
    return ", ".join(f"{name} {rate:,.0f}" for name, rate in rates.items())


def table(results: Sequence[dict]) -> str:
    """Markdown: a row for each work and size."""
    rows = []
    for result in results:
        rates, best, forms = result["tokens_per_second"], result["best"], result["forms"]
        # "torch processes" is said as "processes": the column has the rest of the name.
        row = [f"{rates[best[side]]:,.0f}{best[side].removeprefix(side)}" if side in best else "—" for side in SIDES]
        form = " / ".join(forms[best["torch"]]) if "torch" in best else "—"
        rows.append([title(result), *row, form, str(result["ratio"] or "—")])
    head = ["work (vocabulary; layers × hidden; batch, time)", "ours tokens/s", "torch tokens/s", "torch's form"]
    return markdown([*head, "ours / torch"], rows)


def title(result: dict) -> str:
    shape = f"{result['vocabulary']:,}; {result['layers']} × {result['hidden']}; {result['batch']}, {result['time']}"
    return f"{result['work']}, {result['size']} ({shape})"


if __name__ == "__main__":
    main()
