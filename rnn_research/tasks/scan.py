"""SCAN: commands in, actions out; what is composed of known parts in new ways (Lake and Baroni 2018)."""

from functools import lru_cache
from pathlib import Path
from typing import Literal

from rnn_research.data.locate import DataNotFoundError, find
from rnn_research.data.pairs import Pair, by_chance, split_of
from rnn_research.data.plain import read
from rnn_research.tasks.base import Task
from rnn_research.tasks.seq2seq import Encoded, encode_pairs, of_pairs

NAMES = {"simple": "simple", "length": "length", "jump": "addprim_jump", "turn_left": "addprim_turn_left"}
SHARE = 0.05  # of the commands that validate


def scan(split: Literal["simple", "length", "jump", "turn_left"] = "simple", beam: int = 1) -> Task:
    """The actions of a command, word by word: "jump twice" becomes "I_JUMP I_JUMP". Read from ``--data_dir``.

    The splits are the published ones: ``simple``, by chance, 16,728 commands to train on and 4,182 to test; ``length``,
    commands of up to 22 actions and of more, 16,990 and 3,920; ``jump``, in training only by itself, 14,670 and 7,706;
    ``turn_left`` likewise, 21,890 and 1,208. There is no validation: a twentieth of the commands of training is taken
    for it, by a hash; commands that training repeats stay there.

    Metric and baseline: see ``tasks.seq2seq.of_pairs``; the empty answer is right for no command. Published, an LSTM of
    2 × 200 units, in per cent: simple 99.8, length 13.8, jump 0.1, turn left 90.0.

    Args:
      split: which.
      beam: see ``of_pairs``.

    Raises:
      ValueError: a line that is no command with its actions, by file and line.
      DataNotFoundError: the files are not there.
    """
    files = {}
    for part in ("train", "test"):
        name = f"scan/tasks_{part}_{NAMES[split]}.txt"
        path = find(f"{name}.gz") or find(name)
        if path is None:
            raise DataNotFoundError("scan", f"{name}.gz", "github.com/brendenlake/SCAN")
        files[part] = str(path)
    return of_pairs(prepare(files["train"], files["test"]), beam=beam, unit="action")


@lru_cache(maxsize=4)
def prepare(train: str, test: str) -> Encoded:
    """The pairs of two files of SCAN."""
    known, tested = commands(train), commands(test)
    times: dict[str, int] = {}
    for pair in known:
        times[pair.source] = times.get(pair.source, 0) + 1
    splits: dict[str, list[Pair]] = {"train": [], "valid": [], "test": tested}
    for pair in known:
        held_out = times[pair.source] == 1 and split_of(pair.source, SHARE) == "valid"
        splits["valid" if held_out else "train"].append(pair)
    splits["valid"] = by_chance(splits["valid"])
    return encode_pairs(splits, "split", "split")


def commands(path: str) -> list[Pair]:
    """The commands of a file and their actions, ``IN: command OUT: ACTIONS`` a line.

    Raises:
      ValueError: another line, as ``FILE:LINE: what``.
    """
    found = []
    for number, line in enumerate(read(Path(path)).split("\n"), 1):
        if not line:
            continue
        command, out, actions = line.partition(" OUT: ")
        if not out or not command.startswith("IN: "):
            raise ValueError(f"{path}:{number}: no IN: command OUT: ACTIONS")
        found.append(Pair(command.removeprefix("IN: "), actions.strip(), place=f"{path}:{number}"))
    if not found:
        raise ValueError(f"{path} holds no command")
    return found
