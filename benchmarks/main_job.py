"""A whole experiment, from the command to the table, beside a PyTorch script that makes the same runs.

    python -m benchmarks.main_job                                   lstm_vs_gru: cold, warm, PyTorch
    python -m benchmarks.main_job --grid.task="adding(length=50)"   a part of it; any flags of launch.py's that say what
                                                                    is run: --experiment, --config., --grid., --seeds,
                                                                    --smoke, --no_compile_cache ...
    python -m benchmarks.main_job --profile                         where each second of ours goes, by phase and program

- ``cold``: ``launch.py`` in a process of its own, with an empty cache of compiled programs;
- ``warm``: the same command with another run directory, and what the first left in the cache;
- ``torch``: ``benchmarks.peers.pytorch_job``: worker processes of one thread, one for each core, that take trials from
  a queue. The same tasks, cells, widths, seeds, updates, batches, pilots and looks at validation. ``nn.GRU`` has the
  reset gate after the product, where it is faster;
- ``torch compiled cold`` and ``warm``, with ``--compile=CELLS``: the same, the networks of these cells by
  ``torch.compile``, with an empty cache and with what that run left in it. It needs a C++ compiler and takes about a
  minute for 50 steps of a GRU, after which an update takes half as long.

Of each: seconds from its start to its end, processor seconds, the share of the cores that was busy, and the peak of the
memory of all its processes. ``--sample=K`` lets PyTorch train every K-th pilot and run of each arm, and scales its
seconds up by updates.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.contenders import arguments, finish, installed, list_of, markdown, positive
from benchmarks.measured import Measured, run_measured
from benchmarks.peers.trials import Arm, mains, next_pilots
from rnn_research.commands import flags, launch
from rnn_research.cores import available_cores
from rnn_research.execution import xla_settings
from rnn_research.experiment import registry
from rnn_research.experiment.experiment import Experiment
from rnn_research.experiment.overrides import override
from rnn_research.experiment.smoke import smoke

CONTENDERS = ("cold", "warm", "torch")
CELLS = ("elman", "lstm", "gru")
MEMORY_BIAS = ("forget_bias", "keep_bias")  # of the gate that keeps the memory, by our cells' options


def main(argv: Sequence[str] | None = None) -> None:
    args, of_launch = parse(argv)
    if args.profile:
        from benchmarks.profile import main as profile

        profile(of_launch)
        return
    started = time.monotonic()
    experiment = experiment_of(of_launch)
    rounds: list[dict[str, Measured]] = []
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        arms = arms_of(experiment) if "torch" in args.contenders else []
        for number in range(args.rounds):
            rounds.append(one_round(place / str(number), args, of_launch, arms))
            print(", ".join(f"{name} {one.seconds:.1f} s" for name, one in rounds[-1].items()), flush=True)
    if args.show:
        print("\n".join(f"\n{name}:\n{one.output}" for name, one in rounds[-1].items()))
    results = [summarise([one[name] for one in rounds], name) for name in rounds[0]]
    finish(args, table(results), results, started)


def parse(argv: Sequence[str] | None) -> tuple[argparse.Namespace, list[str]]:
    """The command line, and what of it is ``launch.py``'s."""
    parser = arguments("benchmarks.main_job", __doc__, rounds=1)
    parser.add_argument(
        "--contenders", type=list_of(CONTENDERS), default=CONTENDERS, help="of cold, warm, torch; default: all"
    )
    parser.add_argument(
        "--sample", type=positive(int), default=1, metavar="K", help="every K-th of PyTorch's trials (1)"
    )
    parser.add_argument("--compile", type=list_of(CELLS), default=[], metavar="CELLS", help="torch.compile these; none")
    parser.add_argument("--show", action="store_true", help="show what the last round printed")
    parser.add_argument("--profile", action="store_true", help="run ours once, in this process, and say what took long")
    args, of_launch = parser.parse_known_args(argv)
    if not any(argument.startswith("--experiment") for argument in of_launch):
        of_launch.insert(0, "--experiment=lstm_vs_gru")
    if "torch" in args.contenders and not installed("torch"):
        args.contenders = [name for name in args.contenders if name != "torch"]
    if "torch" in args.contenders and args.compile:
        args.contenders = [*args.contenders, "torch compiled cold", "torch compiled warm"]
    return args, of_launch


def one_round(
    place: Path, args: argparse.Namespace, of_launch: Sequence[str], arms: Sequence[Arm]
) -> dict[str, Measured]:
    """Every contender once."""
    place.mkdir()
    cache, found = place / "cache", {}
    for name in args.contenders:
        if name.startswith("torch"):
            compiled = args.compile if "compiled" in name else []
            found[name] = run_torch(place, cache, arms, args.sample, compiled)
        else:
            command = [sys.executable, "launch.py", *of_launch, f"--workdir={place / name}"]
            found[name] = run_measured(command, cache)
    return found


def experiment_of(of_launch: Sequence[str]) -> Experiment:
    """The experiment that a command line of ``launch.py`` runs."""
    given = flags.read("launch.py", launch.FLAGS, of_launch, ("config", "grid"))
    xla_settings.configure()
    from rnn_research.tables import TABLES

    experiment = registry.load(given.values.experiment)
    experiment = smoke(experiment, TABLES) if given.values.smoke else experiment
    return override(
        experiment, given.settings["config"], given.settings["grid"], given.values.seeds, given.values.random, TABLES
    )


def arms_of(experiment: Experiment) -> list[Arm]:
    """The arms as the PyTorch script takes them, their widths solved for.

    Raises:
      SystemExit: a setting that the script has no counterpart of.
    """
    from rnn_research.execution.launcher import build_tasks, find_arms
    from rnn_research.models import match_width

    found = find_arms(experiment)
    tasks, tune, given = build_tasks(found), experiment.tune, []
    for arm in found:
        config, task = arm.config, tasks[arm.config.task]
        if config.optimizer.name != "adam" or config.model.layers > 1 or config.model.cell.name not in CELLS:
            raise SystemExit("the PyTorch script trains one layer of elman, lstm or gru, by adam")
        cell = match_width(config.model, task.inputs, task.target).cell
        options = dict(cell.options)
        given.append(
            Arm(
                label="  ".join(map(str, arm.labels.values())),
                task=config.task.name,
                options=dict(config.task.options),
                cell=cell.name,
                hidden=options["hidden"],
                memory_bias=sum(float(options.get(name, 0)) for name in MEMORY_BIAS),
                steps=config.train.steps,
                batch=config.train.batch,
                eval_every=config.train.eval_every,
                valid=config.train.valid_examples,
                test=config.train.test_examples,
                clip_norm=config.optimizer.clip_norm,
                rates=list(tune.values) if tune else [config.optimizer.learning_rate],
                pilot_steps=tune.steps if tune else 0,
                pilot_seeds=tune.seeds if tune else 0,
                final_seeds=tune.final_seeds if tune else 0,
                limits=list(tune.limits or ()) if tune else [],
                seeds=experiment.seeds,
            )
        )
    return given


def run_torch(place: Path, cache: Path, arms: Sequence[Arm], every: int, compiled: Sequence[str]) -> Measured:
    """The PyTorch script; of a sample, what all trials would have taken."""
    path = place / "arms.json"
    path.write_text(json.dumps([arm._asdict() for arm in arms]))
    command = [sys.executable, "-m", "benchmarks.peers.pytorch_job", str(path), f"--sample={every}"]
    took = run_measured(command + ([f"--compile={','.join(compiled)}"] if compiled else []), cache)
    if every == 1:
        return took
    said = json.loads(took.output.splitlines()[-1])
    more = (scale(arms, said["trials"]) - 1) * said["training"]
    cpu_share = took.cpu_seconds / took.seconds
    return took._replace(seconds=took.seconds + more, cpu_seconds=took.cpu_seconds + cpu_share * more)


def scale(arms: Sequence[Arm], trials: Sequence[Sequence]) -> float:
    """How many times as long all trials take as those that were made, the first round of pilots and the runs; an arm's
    seconds are as its updates.

    Args:
      trials: of each its arm's number first, its steps fourth and its seconds last.
    """
    whole = 0.0
    for number, arm in enumerate(arms):
        own = [trial for trial in trials if trial[0] == number]
        steps = sum(trial.steps for trial in (*next_pilots(arm, {}), *mains(arm, arm.rates[0])))
        whole += sum(trial[-1] for trial in own) / sum(trial[3] for trial in own) * steps
    return whole / sum(trial[-1] for trial in trials)


def summarise(rounds: Sequence[Measured], name: str) -> dict:
    """Medians over the rounds, and the range of the seconds."""
    seconds = [one.seconds for one in rounds]
    peaks = [one.peak_bytes for one in rounds if one.peak_bytes]
    return {
        "name": name,
        "seconds": statistics.median(seconds),
        "range": [min(seconds), max(seconds)],
        "cpu_seconds": statistics.median(one.cpu_seconds for one in rounds),
        "busy": statistics.median(one.busy(available_cores()) for one in rounds),
        "peak_bytes": max(peaks) if peaks else None,
    }


def table(results: Sequence[dict]) -> str:
    """Markdown: a row for each contender; the ratio is the seconds of PyTorch's best over its own, and what has a warm
    cache meets all of them."""
    rows = []
    for result in results:
        least, largest = result["range"]
        spread = f" ({least:.1f}–{largest:.1f})" if largest > least else ""
        memory = f"{result['peak_bytes'] / 2**30:.2f}" if result["peak_bytes"] else "—"
        theirs = torch_seconds(results, warm="warm" in result["name"])
        times = f"{theirs / result['seconds']:.2f}" if theirs else "—"
        seconds = f"{result['seconds']:.1f}{spread}"
        rows.append([result["name"], seconds, f"{result['cpu_seconds']:.1f}", f"{result['busy']:.0%}", memory, times])
    return markdown(["", "seconds", "processor seconds", "cores busy", "peak GiB", "torch / this"], rows)


def torch_seconds(results: Sequence[dict], warm: bool) -> float | None:
    """Of PyTorch's best, cold or, where it may use what was compiled before, warm."""
    names = ("torch", "torch compiled cold", *(["torch compiled warm"] if warm else []))
    return min((result["seconds"] for result in results if result["name"] in names), default=None)


if __name__ == "__main__":
    main()
