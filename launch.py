"""Run an experiment, or make its report again: ``python launch.py --help``."""

import sys

from rnn_research.commands.launch import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
