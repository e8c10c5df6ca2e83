"""Every experiment of the registry: its arms at full size; every stage of it, shrunk to seconds, as a user runs it."""

import os
from pathlib import Path

import pandas as pd
import pytest

from rnn_research.execution.launcher import find_arms
from rnn_research.exhibits import TEST_PARTS
from rnn_research.experiment import registry
from rnn_research.experiment.arms import count_arms
from rnn_research.report.drawing import slug
from rnn_research.report.reach import TITLE
from rnn_research.runs.directory import RunDirectory
from tests.support.haste import flags
from tests.support.processes import launch

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("RNN_RESEARCH_DATA", ROOT.parent / "shared" / "data"))


def without_data(name):
    """Why an experiment cannot run here, or an empty text."""
    corpus = dict(registry.load(name).base.task.options).get("corpus", "")
    needed = corpus and corpus not in ("python_docs", "python_source")
    return f"{corpus} is read from the data directory, and there is none" if needed and not DATA.is_dir() else ""


@pytest.mark.parametrize("name", registry.names())
def test_every_arm_can_be(name):
    experiment = registry.load(name)
    assert len(find_arms(experiment)) == count_arms(experiment)
    assert experiment.claims
    assert all(claim.tests for claim in experiment.claims)


@pytest.mark.slow
@pytest.mark.parametrize("name", registry.names())
def test_every_stage_in_small(name, tmp_path):
    if reason := without_data(name):
        pytest.skip(reason)
    command = [f"--experiment={name}", "--smoke", *([f"--data_dir={DATA}"] if DATA.is_dir() else [])]
    # Compiled in haste: what the programs compute, other tests see to.
    result = launch(command, cwd=tmp_path, settings=flags(), figures=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"report: runs/{name}-smoke/report/index.html" in result.stdout
    run = RunDirectory(tmp_path / "runs" / f"{name}-smoke")
    document = run.document()
    table = (run.report / "table.md").read_text()
    for claim in document["claims"]:
        assert f"{claim['source']}: {claim['text']}"[:60] in result.stdout.replace("\n", " ")
    for measure in document["measures"]:
        assert f"| {measure['name']} |" in table
    base = document["identity"]["base"]
    trained = base["train"]["steps"] > 0
    shown = [row for entry in document["trials"] for row in run.exhibits(entry["id"])]
    exhibits = {row["name"] for row in shown} - {TEST_PARTS}
    figures = {
        slug(TITLE) if figure["kind"] == "Reach" else slug(figure["ylabel"] or figure["y"])
        for figure in document["figures"]
    }
    figures |= {"learning_curves"} if trained else set()
    figures |= {"what_the_pilots_said"} if document["identity"]["tune"] else set()
    figures |= {slug(row["title"]) for row in shown if row["kind"] == "images"}
    decay = {"how_the_error_decays_on_its_way_back", "the_error_sent_back_step_by_step"}
    figures |= decay if "decay" in exhibits else set()
    figures |= {"products_of_step_jacobians"} if "log10_product" in exhibits else set()
    figures |= {"existing_n_grams", "mutual_information_by_distance"} if "existing" in exhibits else set()
    written = {path.name for path in run.report.iterdir() if path.stat().st_size}
    frame = pd.read_parquet(run.parquet)
    samples = {"samples.md"} if "texts" in exhibits else set()
    assert written == {"index.html", "table.md", "table.csv", "table.tex"} | samples | {
        f"{figure}.{kind}" for figure in figures for kind in ("svg", "png")
    }
    counted = "ngrams" in frame
    splits = {"test"} | ({"train", "valid"} if trained or counted else set())
    splits |= {"probe"} if counted or exhibits or "probe_seconds" in frame else set()
    assert set(frame.split) == splits
    assert set(frame[frame.split.isin(["test", "probe"])].stage) == {"main"}  # of these, pilots see nothing
    assert set(frame.state) <= {"done", "diverged"}
