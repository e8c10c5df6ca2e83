"""Run directories with known numbers, written as a launch would leave them."""

from pathlib import Path

from rnn_research.exhibits import Curve, Strip, as_row
from rnn_research.runs.directory import FORMAT, RunDirectory
from rnn_research.runs.files import append_rows, write_json

CARD = {
    "hidden": 8,
    "parameters": 1234,
    "cell_parameters": 400,
    "elman_parameters": 100,
    "metric": "mse",
    "better": "lower",
    "perfect": 0.0,
    "baseline": {"mse": 0.2, "loss": 0.2},
}
SCORES = {
    ("t", "a"): [0.10, 0.12, 0.14, 0.11, 0.13],
    ("t", "b"): [0.02, 0.03, 0.05, 0.01, 0.04],
}
TWO_TASKS = SCORES | {("u", cell): values for (_, cell), values in SCORES.items()}


def compare(arm="b", against="a", margin=0.0, where=None, measure="skill"):
    return {
        "kind": "Compare",
        "column": "cell",
        "arm": arm,
        "against": against,
        "margin": margin,
        "where": where or {},
        "measure": measure,
    }


def level(measure, side, value, where=None):
    return {"kind": "Level", "measure": measure, "side": side, "value": value, "where": where or {}}


def write_run(
    path: Path,
    scores,
    claims=(),
    states=None,
    card=None,
    measures=(),
    figures=(),
    probe=None,
    exhibits=None,
    columns=("task", "cell"),
    tuned=None,
    more=None,
    deterministic=(),
    primary=(),
    published=(),
):
    """A run directory: ``scores[(task, cell)]`` is a list of test errors by seed.

    Args:
      card: facts that differ from ``CARD``'s.
      probe: ``(cell, seed, step)`` to the row of a look, at the steps 0 and 20.
      exhibits: ``(cell, seed, step)`` to what is shown at those steps.
      columns: what the two axes are called; the second is compared.
      tuned: settings that pilots chose, by path.
      more: numbers that all training rows have beside the losses.
      deterministic: values of the compared axis whose learner no seed changes.
      primary: whether each claim is; all are if left out.
      published: figures of others.
    """
    trials = []
    for labels, values in scores.items():
        for seed, value in enumerate(values):
            cell = labels[1]
            trial = "-".join(map(str, (*labels, seed)))
            entry = {"id": trial, "stage": "main", "arm": 0, "labels": dict(zip(columns, labels))}
            trials.append(entry | {"seed": seed, "tuned": tuned or {}})
            directory = path / "trials" / trial
            directory.mkdir(parents=True)
            state = (states or {}).get((*labels, seed), "done")
            rows = [
                {"step": step, "split": split, "loss": 0.2 / step, "mse": 0.2 / step} | (more or {})
                for step in (10, 20)
                for split in ("train", "valid")
            ]
            if probe:
                rows.insert(0, {"step": 0, "split": "probe", **probe(cell, seed, 0)})
                rows.append({"step": 20, "split": "probe", **probe(cell, seed, 20)})
            if state == "done":
                rows.append({"step": 20, "split": "test", "loss": value, "mse": value})
            append_rows(directory / "metrics.jsonl", rows)
            if exhibits:
                shown = [as_row(one, step) for step in (0, 20) for one in exhibits(cell, seed, step)]
                append_rows(directory / "exhibits.jsonl", shown)
            reason = (
                "non-finite loss at step 3; first in the activations, with finite parameters"
                if state == "diverged"
                else ""
            )
            write_json(directory / "status.json", {"state": state, "reason": reason})
            write_json(
                directory / "card.json",
                CARD | (card or {}) | ({"deterministic": True} if cell in deterministic else {}),
            )
    document = {
        "format": FORMAT,
        "name": "made_up",
        "question": "Is a < b & c?",
        "compare": columns[1],
        "columns": list(columns),
        "claims": [
            {"source": "C99", "text": "b is better", "tests": list(tests), "primary": first}
            for tests, first in zip(claims, primary or [True] * len(claims), strict=True)
        ],
        "measures": list(measures),
        "figures": list(figures),
        "published": list(published),
        "identity": {"tune": None},
        "provenance": {
            "started": "now",
            "cpus": 2,
            "devices": ["cpu:0"],
            "python": "3",
            "versions": {},
            "git": "",
            "command": [],
        },
        "trials": trials,
    }
    write_json(path / "experiment.json", document)
    return RunDirectory(path)


KEPT = {"name": "kept at end", "column": "kept", "split": "probe", "at": "last", "above": None}
MEASURES = [
    KEPT,
    KEPT | {"name": "kept at start", "at": "first"},
    KEPT | {"name": "greatest", "at": "greatest"},
    KEPT | {"name": "mean", "at": "mean"},
    KEPT | {"name": "share", "above": 0.5},
    KEPT | {"name": "absent", "column": "nothing"},
]


def faded(cell, step):
    """A curve by which b keeps more, at the end yet more."""
    rate = {"a": 0.5, "b": 0.9}[cell] ** (0.5 if step else 1.0)
    return [3.0 * rate**d for d in range(1, 12)]


def decaying(cell, seed, step):
    """What is read off the curve, for the rows."""
    curve = faded(cell, step)
    return {"kept": curve[-1] / curve[0] + 0.001 * seed}


def decay(y):
    """A curve as the gradient probe shows it."""
    return Curve(
        name="gradient_decay",
        title="How the error decays on its way back",
        y=y,
        first=1,
        xlabel="distance back from the last step (steps)",
        ylabel="error kept",
        caption="The error sent back from the last step, ‖∂L_T/∂s_{T−d}‖, as a share of what it is one step back.",
        scale="share",
        views=("lines", "strip"),
        strip=Strip(
            title="The error sent back, step by step",
            xlabel=f"step k that the error of step {len(y) + 1} is sent back to",
            caption="In powers of ten: bright where it arrives, dark where it has vanished.",
            backwards=True,
        ),
    )


def products(y):
    """A curve as the Jacobian probe shows it."""
    return Curve(
        name="jacobian_products",
        title="Products of step Jacobians",
        y=y,
        first=1,
        xlabel="span t (steps)",
        ylabel="log10 ‖∂s_t/∂s_0‖",
        reference=0,
    )


def fading(cell, seed, step):
    """Exhibits of both probes."""
    return [decay(faded(cell, step)), products([-0.1 * d for d in range(5)])]
