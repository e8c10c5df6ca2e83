"""Open the page of a run in the browser: ``python -m rnn_research.show --help``."""

import sys

from rnn_research.commands.show import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
