"""The page of a run, opened as a user asks for it; and a network that training left, in it."""

import os
import shutil
import webbrowser

import numpy as np
import pytest

from rnn_research.commands.show import main
from rnn_research.execution.loading import load
from rnn_research.runs.directory import RunDirectory
from tests.support.browser import visiting
from tests.support.made_up_run import SCORES, write_run


@pytest.fixture
def opened(monkeypatch):
    """The addresses that a browser was asked for; none is started."""
    found = []
    monkeypatch.setattr(webbrowser, "open", lambda address: found.append(address) or True)
    return found


@pytest.fixture
def run(tmp_path):
    """One with two runs of an arm, without a report."""
    return write_run(tmp_path / "a run", {labels: values[:2] for labels, values in list(SCORES.items())[:1]})


def test_the_page_is_made_once_and_opened(run, opened, capsys):
    page = run.report / "index.html"
    assert main([f"--workdir={run.path}"]) == 0
    assert capsys.readouterr().out == f"report: {page}\n"
    assert opened == [page.resolve().as_uri()] and "%20" in opened[0]
    made = page.stat().st_mtime_ns
    assert main([f"--workdir={run.path}", "--no_browser"]) == 0
    assert page.stat().st_mtime_ns == made and len(opened) == 1


def test_a_page_older_than_the_metrics_is_made_anew(run, opened):
    page = run.report / "index.html"
    page.parent.mkdir()
    page.write_text("old")
    newest = run.metrics("t-a-0").stat().st_mtime
    os.utime(page, (newest - 10, newest - 10))
    assert main([f"--workdir={run.path}"]) == 0
    assert "made_up" in page.read_text()


def test_without_a_browser_the_path_is_said(run, monkeypatch, capsys):
    monkeypatch.setattr(webbrowser, "open", lambda address: False)
    assert main([f"--workdir={run.path}"]) == 0
    said = capsys.readouterr()
    assert "index.html" in said.out and said.err == "show: there is no browser to open it in\n"


def test_bad_input_is_one_line(tmp_path, opened, capsys):
    for argv, said in (
        ([], "show: name a run directory: --workdir=runs/NAME\n"),
        ([f"--workdir={tmp_path / 'none'}"], f"show: --workdir: no directory {tmp_path / 'none'}\n"),
        ([f"--workdir={tmp_path}"], f"show: {tmp_path} holds no experiment\n"),
    ):
        assert main(argv) == 2
        assert capsys.readouterr().err == said
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "index.html").touch()  # a page of something else
    assert main([f"--workdir={tmp_path}"]) == 2 and opened == []


@pytest.mark.slow
def test_a_trained_network_answers_in_the_page_as_it_does_in_jax(unbroken_arm, tmp_path, browser):
    """Up to what its weights lose by being rounded to 16 bits."""
    shutil.copytree(unbroken_arm.workdir, tmp_path / "run")
    assert main([f"--workdir={tmp_path / 'run'}", "--no_browser"]) == 0
    trial = load(tmp_path / "run", arm="elman")
    inputs = np.random.default_rng(0).random((1, 30, 2)).astype("f4")
    with visiting(browser) as visit:
        page = visit(RunDirectory(tmp_path / "run").report / "index.html")
        assert trial.about.partition("seed ")[2].partition(",")[0] in page.locator(".network .meta").first.inner_text()
        answer = (
            "inputs => headOf(network(NETWORKS[0].arms[0]), steps(network(NETWORKS[0].arms[0]), inputs).made.at(-1))[0]"
        )
        assert page.evaluate(answer, inputs[0].tolist()) == pytest.approx(float(trial.answer(inputs)[0]), abs=0.01)
