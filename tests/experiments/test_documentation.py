"""The examples in the documentation, executed as they stand there."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

from rnn_research.commands.elsewhere import INSTEAD_OF
from rnn_research.commands.flags import read
from rnn_research.commands.launch_flags import FLAGS, check_together
from rnn_research.experiment.arms import arms
from rnn_research.experiment.overrides import override
from rnn_research.experiment.registry import load, names
from rnn_research.tables import TABLES
from tests.support.haste import flags
from tests.support.processes import environment, launch

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 40  # lines of an example


def blocks(name):
    return re.findall(r"^```python\n(.*?)^```$", (ROOT / name).read_text(), re.M | re.S)


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """The three files of docs/own.md, in a folder."""
    folder = tmp_path_factory.mktemp("own")
    for text in blocks("docs/own.md"):
        first, rest = text.split("\n", 1)
        (folder / first.removeprefix("# ")).write_text(rest)
    assert len(list(folder.iterdir())) == 3
    return folder


def test_the_example_of_pairs_has_an_arm_that_looks_back_and_one_that_does_not():
    found: dict[str, Any] = {}
    exec(blocks("docs/seq2seq.md")[0], found)
    made = {arm.labels["encoder"]: arm.config for arm in arms(found["EXPERIMENT"], TABLES)}
    assert {name: (config.model.attention, len(config.probes)) for name, config in made.items()} == {
        "one vector": ("none", 0),
        "looks back": ("additive", 1),
    }


def test_each_is_short(own):
    for path in own.iterdir():
        assert len([line for line in path.read_text().splitlines() if line.strip()]) <= LONGEST, path.name


def test_the_baseline_of_the_task_is_what_a_trivial_answer_comes_to(own, monkeypatch):
    monkeypatch.syspath_prepend(own)
    import my_task

    task = my_task.comes_again(length=5, symbols=3)
    batch = task.data.held_out("test", 4096)
    p = np.mean(batch.targets)
    assert max(p, 1 - p) == pytest.approx(task.goal.baseline["accuracy"], abs=0.03)
    loss = -p * np.log(p) - (1 - p) * np.log(1 - p)
    assert loss == pytest.approx(task.goal.baseline["loss"], abs=0.03)


def test_the_cell_follows_its_equations(own, monkeypatch):
    monkeypatch.syspath_prepend(own)
    import my_cell

    rng, cell = np.random.default_rng(0), my_cell.minimal_gated(3)
    w, u, b = rng.normal(size=(2, 6)), rng.normal(size=(3, 6)), rng.normal(size=6)
    h, x = rng.normal(size=3), rng.normal(size=2)
    params = {"input_kernel": jnp.array(w), "recurrent_kernel": jnp.array(u), "bias": jnp.array(b)}
    state, output = cell.step(params, my_cell.State(jnp.array(h)), jnp.array(x))
    f = 1 / (1 + np.exp(-(x @ w[:, :3] + h @ u[:, :3] + b[:3])))
    expected = (1 - f) * h + f * np.tanh(x @ w[:, 3:] + (f * h) @ u[:, 3:] + b[3:])
    np.testing.assert_allclose(output, expected, rtol=1e-5)
    np.testing.assert_array_equal(state.hidden, output)


@pytest.mark.slow
def test_the_experiment_runs(own):
    result = launch(["--experiment=my_experiment.py", "--smoke"], own, settings=flags())
    assert result.returncode == 0, result.stderr
    found = pd.read_parquet(own / "runs" / "my_experiment-smoke" / "metrics.parquet")
    assert set(found["cell"]) == {"gru", "minimal_gated"}  # the ends of the axis
    assert "Zhou 2016" in result.stdout


def test_the_library_example_of_the_readme():
    namespace = {}
    exec(blocks("README.md")[0], namespace)
    assert not np.asarray(namespace["outputs"])[40:].any()
    assert np.isfinite(
        namespace["norms"].norms if hasattr(namespace["norms"], "norms") else namespace["norms"][0]
    ).all()


def commands():
    """What documentation and experiments say to type of the package's experiments, with whatever is set there."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "experiments").rglob("*.py"))]
    found = {}
    for page in pages:
        text = re.sub(r"\\+\n\s*", "", page.read_text())
        for line in re.findall(r"python launch\.py (--experiment=\w+(?: [^\n`]*)?)(?=[\n`])", text):
            given = shlex.split(re.split(r"\s{3,}(?!-)|\s#", line)[0])
            if given[0].partition("=")[2] in names() and given[1:]:
                found.setdefault(" ".join(given), given)
    return found


@pytest.mark.parametrize("given", [pytest.param(given, id=text) for text, given in commands().items()])
def test_commands_can_be_given_as_they_are_written(given):
    """As far as that can be said without their data: no flag, path, option or value is refused."""
    read_flags = read("launch.py", FLAGS, given, ("config", "grid"), INSTEAD_OF)
    check_together(read_flags)
    values, settings = read_flags.values, read_flags.settings
    experiment = load(values.experiment, full=bool(values.full))
    experiment = override(experiment, settings["config"], settings["grid"], values.seeds, values.random, TABLES)
    assert arms(experiment, TABLES)


@pytest.mark.slow
def test_the_tour_goes_through(tmp_path, monkeypatch):
    """Its cells in order, in one namespace, as a notebook runs them; the experiment small."""
    notebook = json.loads((ROOT / "docs" / "tour.ipynb").read_text())
    for name, value in (environment() | flags() | {"MPLBACKEND": "agg"}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    namespace = {}
    for cell in notebook["cells"]:
        assert not cell.get("outputs")
        if cell["cell_type"] == "code":
            text = "".join(cell["source"]).replace("seeds=2, quiet", "seeds=1, smoke=True, quiet")
            exec(text.replace('"train.steps": 600', '"model.cell": "lstm(hidden=4)"'), namespace)
    reach, found = namespace["reach"], namespace["found"]
    assert reach["lstm"][0] / reach["lstm"][-1] > reach["elman"][0] / reach["elman"][-1]
    assert found.status == 0 and "<table>" in found._repr_html_()
    assert namespace["answers"].shape == namespace["held_out"].targets.shape
