"""Write text with a trained language model: ``python -m rnn_research.generate --help``."""

import sys

from rnn_research.commands.generate import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
