"""Trained networks that the page carries: which can be carried, and their weights as the page's script reads them.

The script (``templates/cells.js``) runs what is described here and nothing else: a network with a setting that it does
not know is left out and named, never run in another way.
"""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup

from rnn_research.experiment.config import ModelConfig, TrialConfig, from_dict
from rnn_research.report.render import number
from rnn_research.report.results import Results, TrialResult, by_labels, settings_text
from rnn_research.runs import checkpoints
from rnn_research.runs.directory import RunDirectory
from rnn_research.runs.files import read_json

MOST_PARAMETERS = 300_000  # of a network
ROOM = 1_000_000  # characters of base64 that all weights may take
MOST_NETWORKS = 48
LONGEST = 1000  # numbers of a sequence to add or multiply
NAMED = 6  # arms that are named as left out for one reason
# Of each cell, what its kernels' columns are multiples of, and the options that change what it computes.
CELLS = {
    "elman": (1, ("activation",)),
    "lstm": (4, ()),
    "gru": (3, ("reset_after",)),
    "window": (1, ("activation", "size")),
}
# What ``ModelConfig`` may be, as it changes only how parameters begin or are trained, or is in their shapes. Whatever
# else there is, or will be, must be as it is by default.
FREE = ("cell", "layers", "match", "init_scale", "head_init", "remat_every", "embedding", "embedding_init", "tied")
FREE += ("embedding_frozen", "dropout", "dropout_kind", "weight_noise")

NO_TASK = "the page has no way to ask what their task asks"
NO_ROOM = "there was no room for their weights"

Shapes = dict[str, tuple[int, int]]


class CannotCarryError(Exception):
    """Why the page cannot run a network."""


class Network(NamedTuple):
    """One network.

    Attributes:
      setting: of the axes that are not compared, on one line; arms of one setting stand side by side.
      name: of the arm, its value of the compared axis.
      packed: for the script, see ``pack``; its ``weights`` are base64.
    """

    setting: str
    name: str
    packed: dict[str, Any]


class Carried(NamedTuple):
    """What the page shows of networks.

    Attributes:
      networks: in the order of the table.
      left_out: why networks are not there, with how many and which; a sentence each.
    """

    networks: list[Network]
    left_out: list[str]


def carried(run: RunDirectory, results: Results) -> Carried:
    """Of each arm the run with the best validation score, as far as the script can run it, in the order of the table.

    An arm of which no run is done, or whose checkpoint is gone or damaged, is left out without a word.
    """
    networks, refused, room = [], [], ROOM
    for trials in by_labels(results.reported, [*results.others, results.compare]).values():
        done = [trial for trial in trials if trial.state == "done"]
        if not done:
            continue
        trial = min(done, key=lambda one: _validation(run, one))
        try:
            packed = pack(run, trial, room if len(networks) < MOST_NETWORKS else 0)
        except CannotCarryError as error:
            refused.append((str(error), results.called([trial.labels[name] for name in results.document["columns"]])))
            continue
        if packed:
            setting = settings_text(results.others, [trial.labels[name] for name in results.others])
            name = settings_text([results.compare], [trial.labels[results.compare]])
            networks.append(Network(setting, name, packed))
            room -= len(packed["weights"])
    return Carried(networks, _sentences(refused)) if networks else Carried([], [])


def fitting(found: Carried, room: int) -> Carried:
    """Those networks, in their order, whose weights have room together.

    Args:
      room: characters of base64.
    """
    kept, refused = [], []
    for network in found.networks:
        size = len(network.packed["weights"])
        if size <= room:
            kept.append(network)
            room -= size
        else:
            refused.append((NO_ROOM, ", ".join(filter(None, [network.setting, network.name]))))
    return Carried(kept, found.left_out + _sentences(refused)) if kept else Carried([], [])


def network_data(found: Carried) -> Markup:
    """What the script reads, as JSON that may stand within a ``script`` element; empty where there are no networks."""
    if not found.networks:
        return Markup("")
    settings: dict[str, list[dict[str, Any]]] = {}
    for network in found.networks:
        settings.setdefault(network.setting, []).append({"name": network.name, **network.packed})
    data = [{"setting": setting, "arms": arms} for setting, arms in settings.items()]
    # In ASCII: a token may be half of a surrogate pair, which UTF-8 has no form for.
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


def pack(run: RunDirectory, trial: TrialResult, room: int = ROOM) -> dict[str, Any] | None:
    """A trial's network for the script; None where its files do not hold one.

    ``cell``, ``options`` of it, ``hidden``, ``layers``; ``arrays``, the names, rows and columns of its parameters in
    the order in which they lie in ``weights``, float16, little-endian, in base64; ``about``, for people; and what it
    is asked, see ``question``.

    Args:
      room: characters that its weights may take.

    Raises:
      CannotCarryError: the script cannot run it, or there is no room.
    """
    found, facts = read_json(run.trial(trial.id) / "config.json"), trial.facts
    if not found or "inputs" not in facts:
        return None
    config = from_dict(TrialConfig, found)
    if config.learner.name != TrialConfig().learner.name:
        raise CannotCarryError("they are no networks")
    asked = question(config, facts, run.codec(trial.id) or {})
    options = check_model(config.model)
    if facts["parameters"] > MOST_PARAMETERS:
        raise CannotCarryError(f"they have more than {MOST_PARAMETERS:,} parameters")
    if encoded_size(facts["parameters"]) > room:
        raise CannotCarryError(NO_ROOM)
    params = best_parameters(run, trial.id)
    if params is None:
        return None
    wanted = shapes(config.model, facts)
    if {name: array.shape if array.ndim == 2 else (1, array.size) for name, array in params.items()} != wanted:
        raise CannotCarryError("their parameters are not those of a cell of the package")
    halves = [params[name].astype("<f2") for name in wanted]
    if not all(np.isfinite(array).all() for array in halves):
        raise CannotCarryError("a weight is beyond what 16 bits hold")
    weights = base64.b64encode(b"".join(array.tobytes() for array in halves)).decode()
    return {
        "cell": config.model.cell.name,
        "options": options,
        "hidden": facts["hidden"],
        "layers": config.model.layers,
        "arrays": [[name, *shape] for name, shape in wanted.items()],
        "weights": weights,
        "about": _about(config, trial),
        **asked,
    }


def encoded_size(parameters: int) -> int:
    """Characters of base64 that so many numbers of 16 bits take."""
    return -(-2 * parameters // 3) * 4


def question(config: TrialConfig, facts: Mapping[str, Any], codec: Mapping[str, Any]) -> dict[str, Any]:
    """What a network is asked: ``kind``, and with it

    * ``text``, what comes next: ``symbols``, the characters by id; after them one stands for all others, and, in what
      is read only, one for the beginning;
    * ``recall``, which was the first: ``symbols``, letters for the one-hot inputs, and the ``length`` of a sequence;
    * ``sum`` and ``product`` of the two marked numbers: the ``length``.

    Raises:
      CannotCarryError: it is asked something else.
    """
    task, inputs, target = config.task, facts["inputs"], facts["target"]
    reads = inputs["kind"], inputs["size"]
    gives = target["head"], target["size"], target["each_step"]
    options, length = dict(task.options), inputs["time"]
    if task.name == "language_model" and codec.get("kind") == "characters":
        known = len(codec["characters"]) + 1
        if (reads, gives) == (("ids", known + 1), ("softmax", known, True)) and not target["options"]:
            return {"kind": "text", "symbols": codec["characters"]}
    if task.name in ("adding", "multiplication") and (reads, gives) == (("numbers", 2), ("regression", 1, False)):
        if length > LONGEST:
            raise CannotCarryError(f"their sequences are longer than {LONGEST:,} steps")
        return {"kind": "sum" if task.name == "adding" else "product", "length": length}
    if task.name == "recall_first" and options.get("symbols", 27) <= 26:
        size = options["symbols"]
        if (reads, gives) == (("numbers", size), ("softmax", size, False)) and not target["options"]:
            letters = [chr(ord("a") + index) for index in range(size)]
            return {
                "kind": "recall",
                "symbols": letters,
                "length": length,
                "silent": not options.get("distractors", True),
            }
    raise CannotCarryError(NO_TASK)


def check_model(model: ModelConfig) -> dict[str, Any]:
    """The options of a cell that the script needs.

    Raises:
      CannotCarryError: a cell, or a setting, that it does not know.
    """
    cell, plain = model.cell, ModelConfig()
    if cell.name not in CELLS:
        raise CannotCarryError(f"the page cannot run {cell.name}")
    for name, value in vars(model).items():
        if name not in FREE and value != getattr(plain, name):
            raise CannotCarryError(f"the page cannot run model.{name}={value}")
    if model.dropout and model.dropout_kind == "zoneout":
        raise CannotCarryError("the page cannot run zoneout")
    given = dict(cell.options)
    try:
        return {name: given[name] for name in CELLS[cell.name][1]}
    except KeyError as error:
        raise CannotCarryError(f"the option {error} of {cell.name} is not on record") from None


def shapes(model: ModelConfig, facts: Mapping[str, Any]) -> Shapes:
    """The parameters of a network that the script knows, rows and columns by name, a bias as one row."""
    hidden, size, given = facts["hidden"], facts["target"]["size"], dict(model.cell.options)
    wide, read = CELLS[model.cell.name][0] * hidden, model.embedding or facts["inputs"]["size"]
    taps = given["size"] if model.cell.name == "window" else 1
    found: Shapes = {}
    for layer in range(model.layers):
        of_layer = {"input_kernel": (taps * (hidden if layer else read), wide), "bias": (1, wide)}
        if model.cell.name != "window":
            of_layer["recurrent_kernel"] = hidden, wide
        if model.cell.name == "gru" and given["reset_after"]:
            of_layer["candidate_bias"] = 1, hidden
        found |= {f"recurrent.{layer}.{name}": shape for name, shape in of_layer.items()}
    if model.embedding:
        found[f"embedding.{'frozen' if model.embedding_frozen else 'kernel'}"] = (
            facts["inputs"]["size"],
            model.embedding,
        )
    return found | ({} if model.tied else {"head.kernel": (hidden, size)}) | {"head.bias": (1, size)}


def best_parameters(run: RunDirectory, trial: str) -> dict[str, np.ndarray] | None:
    """The parameters of a trial's best look at validation, by name; None where no checkpoint that is whole is left."""
    kept = checkpoints.complete(run.checkpoints(trial))
    try:
        arrays = checkpoints.read(kept[-1]).arrays if kept else {}
    except (checkpoints.DamagedError, ValueError):
        return None
    prefix = "best.params."
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)} or None


def _validation(run: RunDirectory, trial: TrialResult) -> float:
    """What the parameters of its best look were chosen by, the lower the better."""
    score = run.status(trial.id).get("best_valid", np.inf)
    return score if np.isfinite(score) else np.inf


def _about(config: TrialConfig, trial: TrialResult) -> str:
    layers = f"{config.model.layers} layers" if config.model.layers > 1 else "1 layer"
    parts = [f"{config.model.cell.name}, {layers} of {trial.facts['hidden']} units"]
    parts.append(f"{trial.facts['parameters']:,} parameters")
    parts += [] if trial.seed is None else [f"seed {trial.seed}"]
    return ", ".join([*parts, f"test {trial.facts['metric'].replace('_', ' ')} {number(trial.score)}"])


def _sentences(refused: Iterable[tuple[str, str]]) -> list[str]:
    """``(reason, arm)``: a sentence for each reason."""
    reasons: dict[str, list[str]] = {}
    for reason, arm in refused:
        reasons.setdefault(reason, []).append(arm)
    return [f"{_listed(arms)}: {reason}." for reason, arms in reasons.items()]


def _listed(arms: Sequence[str]) -> str:
    more = f" and {len(arms) - NAMED} more" if len(arms) > NAMED else ""
    return "; ".join(arms[:NAMED]) + more
