"""Write text with a language model that an experiment trained (S17, S18).

    python -m rnn_research.generate --workdir=runs/char_lm --prompt="The " --length=500 --temperature=0.8

Of the run directory's trials, the one with the best validation score writes, --arm=LSTM the best of an arm, --trial=ID
that one; with the parameters of its best look at the validation split. A line on the standard error says which it is.
The same seed gives the same text.

Exit status: 0 done; 2 bad input.
"""

import sys
from pathlib import Path
from typing import Any

from rnn_research.commands import flags
from rnn_research.execution import compile_cache, xla_settings

FLAGS = (
    flags.text("workdir", "run directory of an experiment on language models"),
    flags.text("trial", "id of a trial, a folder under WORKDIR/trials; the best on validation if left out"),
    flags.text("arm", "an arm, by one of its labels or all: the best of its trials on validation"),
    flags.text("prompt", "what the text begins with", ""),
    flags.count("length", "tokens to write", 500),
    flags.count("texts", "texts to write, in one batch", 1),
    flags.choice("strategy", "how tokens are chosen", ("sample", "greedy", "beam")),
    flags.number("temperature", "below 1 likely tokens become likelier, above 1 less likely; of sample", 1.0),
    flags.whole("top_k", "draw from so many of the likeliest tokens only; 0 for all; of sample", 0),
    flags.number("top_p", "draw from the likeliest tokens of this probability together only; of sample", 1.0),
    flags.count("width", "prefixes that beam keeps", 4),
    flags.whole("seed", "of sample: the same seed, the same text", 0),
)
OF_STRATEGIES = {"temperature": "sample", "top_k": "sample", "top_p": "sample", "seed": "sample", "width": "beam"}


def main(argv: list[str]) -> int:
    """The whole command; returns the exit status."""
    return flags.run("generate", __doc__, FLAGS, argv, act)


def act(given: flags.Given) -> int:
    """Print the texts that the flags ask for; returns the exit status.

    Raises:
      ValueError: bad input.
    """
    values = given.values
    if not values.workdir:
        raise ValueError("name a run directory: --workdir=runs/NAME")
    workdir = flags.directory("workdir", values.workdir)
    xla_settings.configure()
    compile_cache.use(True)
    xla_settings.start_devices()
    for written in write(workdir, values):
        print(written, flush=True)
    return 0


def write(workdir: Path, values: Any) -> list[str]:
    """The texts that the flags ask for, each with its prompt.

    Raises:
      ValueError: no trained language model there, or what it cannot write.
    """
    # Imported now: the settings of the host must stand before jax is loaded.
    import numpy as np

    from rnn_research.data.encoding import Tokeniser
    from rnn_research.data.plain import newlines
    from rnn_research.decoding.strategy import Strategy
    from rnn_research.execution.trained import load_trial
    from rnn_research.runs.directory import RunDirectory

    trial = load_trial(RunDirectory(workdir), values.trial, arm=values.arm)
    tokeniser, writer = trial.codec, trial.model.write
    if writer is None or not isinstance(tokeniser, Tokeniser):
        raise ValueError(f"trial {trial.id} cannot write: it is no language model that reads one way")
    prompt = newlines(values.prompt)  # as the texts that are read
    unknown = tokeniser.unknown(prompt)
    if unknown:
        raise ValueError(f"the model does not know {', '.join(map(repr, unknown))} of the prompt")
    for name, strategy in OF_STRATEGIES.items():
        if values[name].present and values.strategy != strategy:
            raise ValueError(f"--{name} is for --strategy={strategy}")
    strategy = Strategy(values.strategy, values.temperature, values.width, values.top_k, values.top_p)
    prompts = np.tile(tokeniser.encode(prompt).ids, (values.texts, 1))
    written = writer(strategy, prompts, values.length, values.seed)
    print(f"generate: trial {trial.id}, {trial.about}", file=sys.stderr)
    return [tokeniser.continued(prompt, ids) for ids in written]
