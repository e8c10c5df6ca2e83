"""Seeds that are added until the claims are answered."""

import json

import pytest

from tests.support import processes
from tests.support.durability import command
from tests.support.haste import flags

EXPERIMENT = """
import rnn_research.experiment as ex

EXPERIMENT = ex.Experiment(
    question="Does a rate of 0.03 learn more than RATE?",
    base=ex.TrialConfig(
        task=ex.Choice("recall_first", length=2),
        model=ex.ModelConfig(cell=ex.Choice("elman", hidden=8)),
        train=ex.TrainConfig(steps=20, batch=8, eval_every=10, valid_examples=8, test_examples=8),
    ),
    axes={"optimizer.learning_rate": (0.03, RATE)},
    compare="learning_rate",
    measures=(ex.Measure("last loss", "loss", split="train"),),
    claims=(
        ex.Claim("C99", "it does", (ex.Compare("learning_rate", "RATE", "0.03", 0.0, measure="last loss"),)),
        ex.Claim("C98", "a parameter is one", (ex.ParameterRatio("learning_rate", "0.03", 1.0),)),
    ),
)
"""


def decide(place, rate, *options):
    """What was printed, and ``experiment.json``."""
    place.mkdir(exist_ok=True)
    file = place / "rates.py"
    file.write_text(EXPERIMENT.replace("RATE", f"{rate:g}"))
    result = processes.launch(command(file, place / "run", "--until_decided", *options), settings=flags(), timeout=300)
    assert result.returncode == 0, result.stderr
    return result.stdout, json.loads((place / "run" / "experiment.json").read_text())


@pytest.mark.slow
def test_a_plain_effect_takes_the_first_look(tmp_path):
    shown, document = decide(tmp_path, 1e-5)
    assert "looks with 8, 16, 32 seeds, at which a verdict is false in at most 0.05 of such runs" in shown
    assert "decided: no primary claim is left that more than 8 seeds might answer\n" in shown
    assert document["looks"] == [{"seeds": 8, "error": 0.005}]
    assert len(document["trials"]) == 16
    # Once more: nothing is trained, nothing more is spent.
    shown, again = decide(tmp_path, 1e-5)
    assert again["looks"] == document["looks"]
    assert len(again["trials"]) == 16


@pytest.mark.slow
def test_without_an_effect_all_looks_are_taken_and_kept(tmp_path):
    """Rates that hardly differ: first up to 16 seeds, then, by another command, up to 32."""
    shown, document = decide(tmp_path, 0.0300001, "--max_seeds=16")
    assert "1 of 2 primary claims are undecided with 8 seeds: going on with 16" in shown
    assert "1 of 2 primary claims are undecided with 16 seeds: no more are planned" in shown
    assert [look["seeds"] for look in document["looks"]] == [8, 16]
    shown, document = decide(tmp_path, 0.0300001)
    assert [look["error"] for look in document["looks"]] == [0.005, 0.015, 0.03]
    assert (
        "The verdicts were looked at with 8, 16, 32 seeds; one of them is false in at most 0.05 of such runs" in shown
    )
    assert " at 97%, claimed more than +0" in shown
    assert len(document["trials"]) == 64
    fewer = command(tmp_path / "rates.py", tmp_path / "run", "--until_decided", "--max_seeds=16")
    refused = processes.launch(fewer, settings=flags(), timeout=300)
    assert refused.returncode == 2 and "was looked at with 32 seeds already" in refused.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--seeds=8",), "--until_decided chooses the seeds in this process: not with --seeds"),
        (("--max_seeds=4",), "--max_seeds must be 8 or more"),
    ],
)
def test_flags_that_do_not_go_with_it(tmp_path, options, said):
    result = processes.launch(
        ["--experiment=lstm_vs_gru", f"--workdir={tmp_path / 'x'}", "--until_decided", *options], timeout=300
    )
    assert result.returncode == 2
    assert said in result.stderr
    assert not (tmp_path / "x").exists()
