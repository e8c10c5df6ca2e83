"""Everything from one command, wherever it is called, once the package is installed: ``pip install -e .``

    rnn-research launch --experiment=lstm_vs_gru       python launch.py
    rnn-research generate --workdir=runs/char_lm       python -m rnn_research.generate
    rnn-research predict --workdir=runs/classify       python -m rnn_research.predict
    rnn-research show --workdir=runs/char_lm           python -m rnn_research.show

``rnn-research COMMAND --help`` shows what a command takes.
"""

import importlib
import sys
from collections.abc import Sequence

from rnn_research.commands import flags
from rnn_research.lookup import lookup

COMMANDS = {name: f"rnn_research.commands.{name}" for name in ("launch", "generate", "predict", "show")}
HELP = ("-h", "--help", "--helpfull", "help")


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command named first does with the rest; returns the exit status, 2 where there is none of that name.

    Args:
      argv: those of this process if left out.
    """
    given = sys.argv[1:] if argv is None else list(argv)
    if not given or given[0] in HELP:
        print((__doc__ or "").rstrip())
        return 0 if given else 2
    try:
        module = lookup(COMMANDS, given[0], "command")
    except ValueError as error:
        return flags.refuse("rnn-research", str(error), 2)
    return importlib.import_module(module).main(given[1:])
