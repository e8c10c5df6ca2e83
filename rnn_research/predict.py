"""Label a file with a trained model: ``python -m rnn_research.predict --help``."""

import sys

from rnn_research.commands.predict import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
