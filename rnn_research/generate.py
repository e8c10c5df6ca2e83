"""Write text with a language model that an experiment trained (S17, S18).

    python -m rnn_research.generate --workdir=runs/char_lm --prompt="The " --length=500 --temperature=0.8

Of the run directory's trials, the one with the best validation score writes, unless --trial names another; with the
parameters of its lowest validation loss. The same seed gives the same text.

Exit status: 0 done; 2 bad input.
"""

import sys
from functools import partial
from pathlib import Path
from typing import Any

from absl import flags

from rnn_research.data import locate
from rnn_research.execution import xla_settings

FLAGS = flags.FlagValues()
text = partial(flags.DEFINE_string, flag_values=FLAGS)
count = partial(flags.DEFINE_integer, flag_values=FLAGS, lower_bound=1)
whole = partial(flags.DEFINE_integer, flag_values=FLAGS, lower_bound=0)
amount = partial(flags.DEFINE_float, flag_values=FLAGS)

text("workdir", None, "run directory of an experiment on language models")
text("trial", None, "id of a trial, a folder under WORKDIR/trials; the best on validation if left out")
text("prompt", "", "what the text begins with")
count("length", 500, "tokens to write")
count("texts", 1, "texts to write, in one batch")
flags.DEFINE_enum("strategy", "sample", ["greedy", "sample", "beam"], "how tokens are chosen", flag_values=FLAGS)
amount("temperature", 1.0, "below 1 likely tokens become likelier, above 1 less likely; of sample")
whole("top_k", 0, "draw from so many of the likeliest tokens only; 0 for all; of sample")
amount("top_p", 1.0, "draw from the likeliest tokens of this probability together only; of sample")
count("width", 4, "prefixes that beam keeps")
whole("seed", 0, "of sample: the same seed, the same text")
text("data_dir", None, "directory with corpora; also RNN_RESEARCH_DATA")
flags.DEFINE_bool("help", False, "show this help", short_name="h", flag_values=FLAGS)


def main(argv: list[str]) -> int:
    """The whole command; returns the exit status."""
    try:
        unknown = FLAGS(["generate", *argv])[1:]
        if FLAGS.help:
            print(help_text())
            return 0
        if unknown:
            raise ValueError(f"unexpected argument {unknown[0]!r}; --help shows the flags")
        if not FLAGS.workdir:
            raise ValueError("name a run directory: --workdir=runs/NAME")
        if FLAGS.data_dir:
            locate.use(FLAGS.data_dir)
        xla_settings.configure()
        for written in write():
            print(written, flush=True)
        return 0
    except (ValueError, flags.Error) as error:
        print(f"generate: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def write() -> list[str]:
    """The texts that the flags ask for, each with its prompt."""
    # Imported now: the settings of the host must stand before jax is loaded.
    import numpy as np

    from rnn_research.decoding.strategy import Strategy
    from rnn_research.execution.trained import load_writer
    from rnn_research.runs.directory import RunDirectory

    run = RunDirectory(Path(FLAGS.workdir))
    tokeniser, writer = load_writer(run, FLAGS.trial)
    unknown = tokeniser.unknown(FLAGS.prompt)
    if unknown:
        raise ValueError(f"the model does not know {', '.join(map(repr, unknown))} of the prompt")
    if FLAGS.strategy != "sample":
        given: list[Any] = [name for name in ("temperature", "top_k", "top_p") if FLAGS[name].present]
        if given:
            raise ValueError(f"--{given[0]} is for --strategy=sample")
    strategy = Strategy(FLAGS.strategy, FLAGS.temperature, FLAGS.width, FLAGS.top_k, FLAGS.top_p)
    prompts = np.tile(tokeniser.encode(FLAGS.prompt).ids, (FLAGS.texts, 1))
    return [FLAGS.prompt + tokeniser.decode(ids) for ids in writer(strategy, prompts, FLAGS.length, FLAGS.seed)]


def help_text() -> str:
    lines = [(__doc__ or "").rstrip(), "", "Flags:"]
    for name in sorted(FLAGS):
        flag = FLAGS[name]
        if flag.name == name:
            lines.append(
                f"  --{name:<14}{flag.help} ({flag.default})" if flag.default else f"  --{name:<14}{flag.help}"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
