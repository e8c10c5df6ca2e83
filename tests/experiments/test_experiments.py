"""Every experiment of the registry: its arms at full size; every stage of it, shrunk to seconds, as a user runs it."""

import importlib.util
import os
from pathlib import Path

import pandas as pd
import pytest

from rnn_research.execution.launcher import find_arms
from rnn_research.exhibits import TEST_PARTS
from rnn_research.experiment import registry
from rnn_research.experiment.arms import count_arms
from rnn_research.experiment.tuning import next_beyond
from rnn_research.report.drawing import slug
from rnn_research.report.reach import TITLE
from rnn_research.runs.directory import RunDirectory
from tests.contracts.small import NEEDS, PACKAGES
from tests.support.haste import flags
from tests.support.processes import launch

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("RNN_RESEARCH_DATA", ROOT.parent / "shared" / "data"))
# Exhibits that tasks make of the test, so that there need be no probe, and their figures.
OF_THE_TEST = {"confusions", "span_scores", "span_confusions", "f1_by_length"}  # exhibits that no probe makes
OF_THE_TEST |= {"exact_match_by_length", "accuracy_by_length", "accuracy_by_position", "nats_by_position", "answers"}
# Experiments that try one task with several values of a number beside what they compare.
SWEPT = {"char_lm", "depth", "exploding_gradients", "ngram_order"}
# What some measure needs, a long source say, is none of a run of seconds.
SHORTENED = {"attention", "beam_width", "bottleneck", "gates", "war_and_peace"}
PAIRS = Path(__file__).parents[1] / "contracts" / "pairs"
GIVEN = {  # in the place of a dataset of the hub
    "translation": [f"--config.task.{split}={PAIRS / split}.tsv" for split in ("train", "valid", "test")]
}


def without_data(name):
    """Why an experiment cannot run here, or an empty text."""
    task = registry.load(name).base.task
    corpus = dict(task.options).get("corpus", "")
    lacking = [package for package in PACKAGES.get(task.name, ()) if importlib.util.find_spec(package) is None]
    if lacking:
        return f"{task.name} needs {lacking[0]}"
    needed = task.name if task.name in NEEDS else corpus
    found = DATA.is_dir() or needed in ("", "python_docs", "python_source", "python_modules")
    return "" if found else f"{needed} is read from the data directory, and there is none"


@pytest.mark.parametrize("name", registry.names())
def test_every_arm_can_be(name):
    experiment = registry.load(name)
    assert len(find_arms(experiment)) == count_arms(experiment)
    assert experiment.claims
    assert all(claim.tests for claim in experiment.claims)


FULL = [name for name in registry.names() if "\nFULL = " in Path(registry.load(name).file).read_text()]


@pytest.mark.parametrize("name", FULL)
def test_every_arm_of_the_full_settings_can_be(name):
    experiment = registry.load(name, full=True)
    assert len(find_arms(experiment)) == count_arms(experiment)
    usual = registry.load(name)
    assert (experiment.base, experiment.tune) != (usual.base, usual.tune)


@pytest.mark.parametrize("end", [0, -1], ids=["lowest", "highest"])
def test_every_rate_that_is_tuned_may_go_two_further_at_either_end(end):
    """A limit that the next candidate misses by a digit is none that anybody meant."""
    short = []
    for name in registry.names():
        tune = registry.load(name).tune
        if tune is None:
            continue
        tried = [*tune.values]
        for _ in range(2):
            if (beyond := next_beyond(tune, tried, sorted(tried)[end])) is None:
                short.append(f"{name}: {tune.limits} beyond {sorted(tried)[end]}")
                break
            tried.append(beyond)
    assert not short


@pytest.mark.slow
@pytest.mark.parametrize("name", registry.names())
def test_every_stage_in_small(name, tmp_path):
    if reason := without_data(name):
        pytest.skip(reason)
    command = [
        f"--experiment={name}",
        "--smoke",
        *([f"--data_dir={DATA}"] if DATA.is_dir() else []),
        *GIVEN.get(name, []),
    ]
    # Compiled in haste: what the programs compute, other tests see to.
    result = launch(command, cwd=tmp_path, settings=flags(), figures=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"report: runs/{name}-smoke/report/index.html" in result.stdout
    run = RunDirectory(tmp_path / "runs" / f"{name}-smoke")
    document = run.document()
    table = (run.report / "table.md").read_text()
    for claim in document["claims"]:
        assert f"{claim['source']}: {claim['text']}"[:60] in result.stdout.replace("\n", " ")
    lacking = table.partition("No run has ")[2].partition("\n")[0]
    for measure in document["measures"]:
        assert f"| {measure['name']} |" in table or measure["name"] in lacking
    assert not lacking or name in SHORTENED
    base = document["identity"]["base"]
    trained = base["train"]["steps"] > 0
    shown = [row for entry in document["trials"] for row in run.exhibits(entry["id"])]
    exhibits = {row["name"] for row in shown} - {TEST_PARTS}
    figures = {
        slug(TITLE) if figure["kind"] == "Reach" else slug(figure["ylabel"] or figure["y"])
        for figure in document["figures"]
    }
    figures |= {"learning_curves"} if trained else set()
    figures |= {"validation_score_by_setting"} if name in SWEPT else set()
    figures |= {"what_the_pilots_said"} if document["identity"]["tune"] else set()
    figures |= {"the_error_sent_back_step_by_step"} if "decay" in exhibits else set()
    figures |= {
        slug(row["title"])
        for row in shown
        if row["kind"] in ("matrix", "images") or ("lines" in row.get("views", ()) and row["y"])
    }
    figures |= {"what_it_drew"} if "drawings" in exhibits else set()
    shown_as_text = exhibits & {"texts", "answers"}
    exhibits -= OF_THE_TEST
    written = {path.name for path in run.report.iterdir() if path.stat().st_size}
    frame = pd.read_parquet(run.parquet)
    samples = {"samples.md"} if shown_as_text else set()
    assert written == {"index.html", "table.md", "table.csv", "table.tex"} | samples | {
        f"{figure}.{kind}" for figure in figures for kind in ("svg", "png")
    }
    counted = "ngrams" in frame
    splits = {"test"} | ({"train", "valid"} if trained or counted else set())
    splits |= {"probe"} if counted or exhibits or "probe_seconds" in frame else set()
    assert set(frame.split) == splits
    assert set(frame[frame.split.isin(["test", "probe"])].stage) == {"main"}  # of these, pilots see nothing
    assert set(frame.state) <= {"done", "diverged"}
