"""Run an experiment, or make its report again.

    python launch.py --list                                  what there is
    python launch.py --experiment=lstm_vs_gru                run it; again: only what is missing
    python launch.py --experiment=path/to/file.py            one of your own
    python launch.py --report --workdir=runs/lstm_vs_gru     tables and figures from the saved files

Change an experiment without touching its file:

    --config.optimizer.learning_rate=3e-4                    in every trial
    --config.task="adding(length=200)"                       another task, with its options
    --grid.model.cell.hidden=64,128                          one more axis, or other values for an axis

Exit status: 0 done; 1 some trials failed; 2 bad input, nothing was written; 130 or 143 stopped by a signal.
"""

import json
import os
import sys
from pathlib import Path

from absl import flags

from rnn_research.execution import host
from rnn_research.experiment import registry
from rnn_research.experiment.config import to_dict
from rnn_research.experiment.experiment import Experiment, arms, column, identity, smoke
from rnn_research.experiment.overrides import override

FLAGS = flags.FlagValues()
flags.DEFINE_string(
    "experiment", None, "name of an experiment (see --list) or path of a file that defines one", flag_values=FLAGS
)
flags.DEFINE_string("workdir", None, "run directory; runs/NAME if left out", flag_values=FLAGS)
flags.DEFINE_string("data_dir", None, "directory with corpora; also RNN_RESEARCH_DATA", flag_values=FLAGS)
flags.DEFINE_integer("seeds", None, "runs per arm instead of the experiment's own number", flag_values=FLAGS)
flags.DEFINE_integer("devices", None, "CPU devices to use; as many as cores if left out", flag_values=FLAGS)
flags.DEFINE_enum("executor", "inline", ["inline"], "where trials run: inline, in this process", flag_values=FLAGS)
flags.DEFINE_bool("smoke", False, "shrink the experiment to seconds, every stage kept", flag_values=FLAGS)
flags.DEFINE_bool("list", False, "list the experiments", flag_values=FLAGS)
flags.DEFINE_bool("print_config", False, "print the resolved settings and run nothing", flag_values=FLAGS)
flags.DEFINE_bool("report", False, "make the report of --workdir again", flag_values=FLAGS)
flags.DEFINE_bool("help", False, "show this help", short_name="h", flag_values=FLAGS)


def main(argv: list[str]) -> int:
    """The whole command; returns the exit status."""
    try:
        config, grid = parse(argv)
        if FLAGS.help:
            print(help_text())
            return 0
        if FLAGS.list:
            return list_experiments()
        if FLAGS.report:
            return report()
        if not FLAGS.experiment:
            raise ValueError("name an experiment: --experiment=NAME; --list shows them, --help the rest")
        if FLAGS.data_dir:
            if not os.path.isdir(FLAGS.data_dir):
                raise ValueError(f"--data_dir: no directory {FLAGS.data_dir}")
            os.environ["RNN_RESEARCH_DATA"] = FLAGS.data_dir
        host.configure(FLAGS.devices)
        experiment = registry.load(FLAGS.experiment)
        experiment = smoke(experiment) if FLAGS.smoke else experiment
        return run(override(experiment, config, grid, FLAGS.seeds))
    except (ValueError, flags.Error) as error:
        print(f"launch.py: {' '.join(str(error).split())}", file=sys.stderr)
        return 2


def run(experiment: Experiment) -> int:
    """Check everything, then run what is missing and report."""
    # Imported now: the settings of the host must stand before jax is loaded, and --list must not wait for it.
    from rnn_research.cells import CELLS
    from rnn_research.execution.inline import group_arms
    from rnn_research.tasks import TASKS

    found = arms(experiment, {"task": TASKS, "cell": CELLS})
    if FLAGS.print_config:
        print(json.dumps(described(experiment) | {"arms": [to_dict(arm.config) for arm in found]}, indent=2))
        return 0
    import jax
    from rich.console import Console

    from rnn_research.execution.display import Display, print_report
    from rnn_research.execution.inline import run_inline
    from rnn_research.experiment.choice import build
    from rnn_research.report.build import build as build_report
    from rnn_research.runs.directory import open_directory
    from rnn_research.runs.provenance import provenance

    tasks = {choice: build(choice, TASKS, "task") for choice in dict.fromkeys(arm.config.task for arm in found)}
    devices = [str(device) for device in jax.devices()]
    document = described(experiment) | {"provenance": provenance(devices), "trials": []}
    default = f"runs/{experiment.name}" + ("-smoke" if FLAGS.smoke else "")
    directory = open_directory(Path(FLAGS.workdir or default), identity(experiment), document)
    with Display(Console()) as display:
        display.plan(experiment, len(found), count_trials(experiment, len(found)), len(group_arms(found)), devices)
        outcome = run_inline(experiment, found, tasks, directory, display)
    built = build_report(directory)
    print_report(Console(), built)
    print(f"report: {directory.report / 'index.html'}")
    if outcome.stopped_by:
        print(f"stopped; what is done is kept. Go on with the same command: python {' '.join(sys.argv)}")
        return 128 + outcome.stopped_by
    for reason in sorted(set(outcome.failed.values())):
        count = list(outcome.failed.values()).count(reason)
        print(f"launch.py: {count} trials failed: {reason}", file=sys.stderr)
    return 1 if outcome.failed else 0


def report() -> int:
    """Make the report of a run directory again, from its files alone."""
    from rich.console import Console

    from rnn_research.execution.display import print_report
    from rnn_research.report.build import build
    from rnn_research.runs.directory import RunDirectory

    if not FLAGS.workdir:
        raise ValueError("--report needs --workdir")
    directory = RunDirectory(Path(FLAGS.workdir))
    built = build(directory)
    print_report(Console(), built)
    print(f"report: {directory.report / 'index.html'}")
    return 0


def list_experiments() -> int:
    """One line an experiment; a file that does not load says why."""
    for name in registry.names():
        try:
            experiment = registry.load(name)
        except ValueError as error:
            print(f"{name}: {error}")
            continue
        number = 1
        for values in experiment.axes.values():
            number *= len(values)
        print(f"{name}  ({count_trials(experiment, number)} trials, about {experiment.minutes:g} min)")
        print(f"    {experiment.question}")
    return 0


def count_trials(experiment: Experiment, arms: int) -> int:
    """Pilots and reported runs together."""
    tune = experiment.tune
    return arms * (experiment.seeds + (len(tune.values) * tune.seeds if tune else 0))


def described(experiment: Experiment) -> dict:
    """The experiment as JSON values, for ``experiment.json`` and ``--print_config``."""
    return {
        "name": experiment.name,
        "question": experiment.question,
        "seeds": experiment.seeds,
        "compare": experiment.compare,
        "columns": [column(path) for path in experiment.axes],
        "axes": to_dict(experiment.axes),
        "claims": [
            {
                "source": claim.source,
                "text": claim.text,
                "tests": [{"kind": type(test).__name__, **to_dict(test)} for test in claim.tests],
            }
            for claim in experiment.claims
        ],
    }


def parse(argv: list[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Read the flags; ``--config.PATH=VALUE`` and ``--grid.PATH=VALUES`` are returned by path.

    Raises:
      ValueError: a setting without a value.
      absl.flags.Error: an unknown flag, or a value of the wrong type.
    """
    settings: dict[str, dict[str, str]] = {"config": {}, "grid": {}}
    rest = []
    for argument in argv:
        kind, _, setting = argument.removeprefix("--").partition(".")
        if not argument.startswith("--") or kind not in settings:
            rest.append(argument)
            continue
        path, equals, value = setting.partition("=")
        if not equals or not path:
            raise ValueError(f"{argument}: write --{kind}.PATH=VALUE")
        settings[kind][path] = value
    unknown = FLAGS(["launch.py", *rest])[1:]
    if unknown:
        raise ValueError(f"unexpected argument {unknown[0]!r}; --help shows the flags")
    return settings["config"], settings["grid"]


def help_text() -> str:
    lines = [(__doc__ or "").rstrip(), "", "Flags:"]
    for name in sorted(FLAGS):
        flag = FLAGS[name]
        if flag.name == name:
            lines.append(f"  --{name:<14}{flag.help}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
