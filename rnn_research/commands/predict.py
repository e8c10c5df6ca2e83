"""Label a file with a model that an experiment trained: texts, words, names, pen digits, handwriting (S20-S22, S24); or
translate it, line by line, with one that makes sequences of sequences (S25-S27).

    python -m rnn_research.predict --workdir=runs/sentiment --input=reviews.csv --output=labelled.csv
    python -m rnn_research.predict --workdir=runs/lemmatisation --input=words.txt --beam=5 --n_best=3 --scores

The input has the format that the trial's task reads, with or without labels of its own; the output is the same with the
labels that the model gives (of UNIPEN files: JSON lines), packed where its name ends in .gz. It takes its name when it
is whole; a link stays one, and what it leads to is written; a pipe or a device is written into.

Sequences are searched for as the trial's task says, unless --beam, --length_penalty or --coverage say otherwise. With
--n_best there is a line for each answer to each source, best first, with a column "rank"; with --scores a column
"score", the sum of ln p of its tokens in nats. With --given nothing is searched for: the targets that the file has
are scored so. --alignments=FILE is JSON lines: "source" and "answer", lists of tokens, and
"weights", of each token of the best answer how much it attends to each of the source.

Of the run directory's trials, the one with the best validation score labels, --arm=LSTM the best of an arm, --trial=ID
that one; with the parameters of its best look at the validation split. A line on the standard error says which it is;
another, where the input has labels, how those of the model agree with them. What it was trained on need not be there.

Exit status: 0 done; 2 bad input, of which nothing is written; 1 where the output cannot be written.
"""

import gzip
import os
import sys
from pathlib import Path
from typing import Any

from rnn_research.commands import flags
from rnn_research.execution import compile_cache, xla_settings
from rnn_research.runs.files import storing, write_atomic

STREAM = "-"
STANDARD_OUTPUT = (STREAM, "/dev/stdout")  # where the latter leads to a file, that is not to be replaced by another
FLAGS = (
    flags.text("workdir", "run directory of an experiment on a task that reads files"),
    flags.text("trial", "id of a trial, a folder under WORKDIR/trials; the best on validation if left out"),
    flags.text("arm", "an arm, by one of its labels or all: the best of its trials on validation"),
    flags.text("input", "file to label; - for the standard input", STREAM),
    flags.text("output", "file to write; - for the standard output", STREAM),
    flags.count("beam", "beginnings that the search for an answer keeps; 1: the likeliest token at each step"),
    flags.count("n_best", "answers to each source, at most BEAM; alone it searches with a beam of as many"),
    flags.switch("scores", "write the score of each answer beside it"),
    flags.switch("given", "write the score of the target that the file has beside it, and search for nothing"),
    flags.number("length_penalty", "rank answers by score / tokens ** LENGTH_PENALTY", least=0.0),
    flags.number("coverage", "rank them by how much of the source they attend to as well, times COVERAGE", least=0.0),
    flags.text("alignments", "file for the attention of the best answers"),
    flags.switch(
        "probabilities", "of texts and pen digits, write beside the label how likely each class is, as p(CLASS)"
    ),
)
OF_HEADS = ("beam", "n_best", "length_penalty", "coverage")  # flags that are options of a head


def main(argv: list[str]) -> int:
    """The whole command; returns the exit status."""
    return flags.run("predict", __doc__, FLAGS, argv, act)


def act(given: flags.Given) -> int:
    """Write the labelled file that the flags ask for, whole or not at all; returns the exit status.

    Raises:
      ValueError: bad input.
      StorageError: the output cannot be written.
    """
    values = given.values
    if not values.workdir:
        raise ValueError("name a run directory: --workdir=runs/NAME")
    workdir = flags.directory("workdir", values.workdir)
    output = None if values.output in STANDARD_OUTPUT else _writable("output", values.output)
    alignments = _writable("alignments", values.alignments) if values.alignments else None
    xla_settings.configure()
    compile_cache.use(True)
    xla_settings.start_devices()
    labelled, aligned = labels(workdir, values)
    if alignments:
        write_output(alignments, aligned)
    if output:
        write_output(output, labelled)
    else:
        sys.stdout.buffer.write(labelled)
    return 0


def labels(workdir: Path, values: Any) -> tuple[bytes, bytes]:
    """What the output and the file of alignments are to hold; which trial labels is said on the standard error.

    Raises:
      ValueError: no trained trial there, or none that labels files, or does what the flags ask for; an input that
        cannot be read.
    """
    # Imported now: the settings of the host must stand before jax is loaded.
    from rnn_research.data.pair_labeller import PairLabeller
    from rnn_research.data.plain import read_bytes
    from rnn_research.execution.labelling import answered, label
    from rnn_research.execution.n_best_files import write_alignments, write_n_best, write_scores
    from rnn_research.execution.target_scores import target_scores
    from rnn_research.execution.trained import chosen_trial, load_trial
    from rnn_research.runs.directory import RunDirectory

    run = RunDirectory(workdir)
    chosen = chosen_trial(run, values.trial, values.arm)
    options = searched(values)
    check_search(run, chosen, options, values)
    trial = load_trial(run, chosen, options=options)

    def say(what: str) -> None:
        print(f"predict: trial {trial.id}, {trial.about}: {what}", file=sys.stderr)

    if values.input == STREAM:
        data, name = sys.stdin.buffer.read(), "standard input"
    else:
        path = Path(values.input).expanduser()
        data, name = read_bytes(path), str(path)
    if values.given:
        return write_scores(trial.codec, *target_scores(trial, data, name, say)), b""
    if "n_best" not in options:
        return label(trial, data, name, say, values.probabilities), b""
    examples, found = answered(trial, data, name, say)
    if isinstance(trial.codec, PairLabeller):
        best = [(one.ids[0], one.lengths[0]) for one in found]
        for measure, value in trial.codec.agreement(examples, best).items():
            say(f"by the labels of {name}, the best answers: {measure} {value:.4g}")
    several = write_n_best(trial.codec, examples, found, ranks=values["n_best"].present, scores=values.scores)
    return several, write_alignments(trial.codec, examples, found) if values.alignments else b""


def searched(values: Any) -> dict[str, Any]:
    """The options of a head that the flags ask for; ``n_best`` is among them where more than the answers is wanted."""
    options = {name: values[name].value for name in OF_HEADS if values[name].present}
    searching = [*options, *(name for name in ("scores", "alignments", "probabilities") if values[name].present)]
    if values.given and searching:
        raise ValueError(f"--given searches for nothing, so it goes without --{searching[0]}")
    if options.get("n_best", 1) > options.get("beam", options.get("n_best", 1)):
        raise ValueError(f"--n_best={options['n_best']} wants a beam of as many, not --beam={options['beam']}")
    ranked = next((name for name in ("length_penalty", "coverage") if options.get(name)), "")
    if ranked and options.get("beam", options.get("n_best")) == 1:
        raise ValueError(f"--{ranked} ranks answers, of which a beam of 1 finds one: --beam=5")
    if "n_best" in options:
        options.setdefault("beam", options["n_best"])
    elif values.scores or values.alignments:
        options["n_best"] = 1
    return options


def check_search(run: Any, trial: str, options: dict[str, Any], values: Any) -> None:
    """Refuse flags that the model of a trial has nothing for; a trial that is not there is refused later.

    Raises:
      ValueError: the first one.
    """
    from rnn_research.experiment.choice import parameters
    from rnn_research.heads import HEADS
    from rnn_research.runs.files import read_json

    config, card = read_json(run.trial(trial) / "config.json"), run.card(trial)
    if not config or not card:
        return
    head, learner = card["target"]["head"], config["learner"]["name"]
    known = parameters(HEADS, head, "head") if learner == "network" else {}
    for name in options:
        flag = name if values[name].present else "scores" if values.scores else "alignments"
        if name not in known:
            what = f"a model with the head {head!r}" if learner == "network" else f"the learner {learner!r}"
            raise ValueError(f"--{flag} is for models that search for sequences, and trial {trial} is {what}")
    if values.alignments and config["model"].get("attention", "none") == "none":
        raise ValueError(f"--alignments is for models with attention, which trial {trial} has not")


def write_output(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, or into what is there and is none: a pipe, a device.

    Args:
      path: where a link leads is written; a name that ends in ``.gz`` asks for gzip.

    Raises:
      StorageError: it could not be written.
    """
    if path.suffix == ".gz":
        content = gzip.compress(content, mtime=0)  # the same labels, the same bytes
    if path.exists() and not path.is_file():
        with storing(path), open(path, "wb") as file:
            file.write(content)
    else:
        write_atomic(_target(path), content)


def _target(path: Path) -> Path:
    """Where a link leads, be it to a file that is not there yet; of what is no link, itself."""
    return Path(os.path.realpath(path))


def _writable(flag: str, output: str) -> Path:
    """The path of a file that can be made.

    Raises:
      ValueError: its folder is not there, or it is one itself.
    """
    path = Path(output).expanduser()
    if not path.exists() and not _target(path).parent.is_dir():
        raise ValueError(f"--{flag}: no directory {_target(path).parent if path.is_symlink() else path.parent}")
    if path.is_dir():
        raise ValueError(f"--{flag}: {path} is a directory")
    return path
