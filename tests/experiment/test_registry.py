"""Experiments by name, in folders, and by file."""

import subprocess
import sys

import pytest

from rnn_research.experiment import registry

SMALL = """
import rnn_research.experiment as ex

EXPERIMENT = ex.Experiment(
    question="?",
    base=ex.TrialConfig(),
    axes={"model.cell": (ex.Choice("lstm", hidden=4), ex.Choice("gru", hidden=4)), "model.layers": (1, 2, 3)},
    compare="cell",
    claims=(ex.Claim("C0", "?", (ex.Compare("cell", "lstm", "gru", 0.0, where={"layers": ("1",)}),)),),
    figures=(ex.Curves("loss", "train", "y", where={"cell": ("l*",)}),),
    published=(ex.Published(1.5, "them, table 1", {"cell": ("gr*",)}),),
)
"""


def write(path, text=SMALL):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)


@pytest.fixture
def folders(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "DIRECTORY", tmp_path)
    write(tmp_path / "gradients" / "decay.py")
    write(tmp_path / "language" / "chars.py")
    write(tmp_path / "language" / "_shared.py", "x = 1\n")
    write(tmp_path / "lone.py")
    return tmp_path


def test_experiments_are_found_in_folders_by_name(folders):
    assert registry.names() == ["chars", "decay", "lone"]
    assert registry.by_folder() == {"": ["lone"], "gradients": ["decay"], "language": ["chars"]}
    assert registry.load("decay").name == "decay"
    with pytest.raises(ValueError, match="unknown experiment 'decey'; did you mean 'decay'"):
        registry.load("decey")


def test_a_file_that_others_import_is_no_experiment(folders):
    write(folders / "language" / "helpers.py", 'def cells():\n    """For the file beside this one."""\n')
    (folders / "language" / "latin.py").write_bytes("# coding: latin-1\nname = 'é'\n".encode("latin-1"))
    (folders / "language" / "gone.py").symlink_to(folders / "nowhere.py")
    forms = {"again": "from chars import EXPERIMENT", "more": "from chars import (\n    EXPERIMENT,\n)"}
    forms |= {"all": "from chars import *", "two": "import chars\nFULL = EXPERIMENT = chars.EXPERIMENT"}
    for name, text in forms.items():
        write(folders / "language" / f"{name}.py", text + "\n")
    assert registry.names() == sorted(["chars", "decay", "lone", *forms])
    assert [registry.load(name).name for name in forms] == list(forms)
    with pytest.raises(ValueError, match=r"helpers\.py: defines no EXPERIMENT"):
        registry.load("helpers")


def test_one_name_in_two_folders_is_refused_with_both_files(folders):
    write(folders / "language" / "decay.py")
    for ask in (registry.names, registry.by_folder, lambda: registry.load("chars")):
        with pytest.raises(ValueError, match=r"'decay': .*gradients/decay\.py and .*language/decay\.py"):
            ask()


def test_what_lies_in_the_project_is_listed_without_jax():
    code = (
        "from rnn_research.experiment import registry; print(*registry.by_folder());"
        "[registry.load(name) for name in registry.names()]; import sys; assert 'jax' not in sys.modules"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"gradients", "language", "long_dependencies"} <= set(found)


def test_a_file_by_its_path(tmp_path):
    assert registry.load(write(tmp_path / "mine.py")).name == "mine"
    with pytest.raises(ValueError, match="no such file"):
        registry.load(str(tmp_path / "yours.py"))
    with pytest.raises(ValueError, match="defines no EXPERIMENT"):
        registry.load(write(tmp_path / "empty.py", "x = 1\n"))
    with pytest.raises(ValueError, match="ZeroDivisionError"):
        registry.load(write(tmp_path / "broken.py", "x = 1 / 0\n"))


def test_a_file_may_hold_a_second_set_of_settings(tmp_path):
    file = write(tmp_path / "mine.py", SMALL + "FULL = EXPERIMENT.__class__(**vars(EXPERIMENT) | {'seeds': 99})\n")
    assert (registry.load(file).seeds, registry.load(file, full=True).seeds) == (8, 99)
    with pytest.raises(ValueError, match="--full: one has one set of settings"):
        registry.load(write(tmp_path / "one.py"), full=True)


def test_a_file_may_hold_dataclasses_and_import_its_neighbours(tmp_path):
    head = (
        "from __future__ import annotations\nfrom dataclasses import dataclass, field\nfrom typing import ClassVar\n"
        "import common\n\n@dataclass\nclass Size:\n    all: ClassVar[int] = 3\n    hidden: int = common.HIDDEN\n\n"
    )
    for folder, hidden in (("one", 5), ("two", 6)):  # neighbours of the same name, in two folders
        write(tmp_path / folder / "common.py", f"HIDDEN = {hidden}\n")
        file = write(tmp_path / folder / "mine.py", head + SMALL.replace("hidden=4", "hidden=Size().hidden"))
        before = list(sys.path)
        assert {choice["hidden"] for choice in registry.load(file).axes["model.cell"]} == {hidden}
        assert sys.path == before and "common" not in sys.modules


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"layers": ("1",)', '"layers": ("4",)', r"claim 'C0': no layers is '4'"),
        ('"layers": ("1",)', '"layer": ("1",)', "claim 'C0': no column 'layer'; did you mean 'layers'"),
        ('("l*",)', '("lst",)', "figure Curves: no cell is 'lst'; did you mean 'lstm'"),
        ('"lstm", "gru", 0.0', '"lstm", "gur", 0.0', "claim 'C0': no cell is 'gur'; did you mean 'gru'"),
        (
            'where={"layers": ("1",)}',
            'where={"cell": ("g*",)}',
            "claim 'C0' is about 'lstm', and its where leaves that out",
        ),
        ('"gru", 0.0', '"gru", 0.0, families="layers"', r"claim 'C0': 1 families \(1\), and it takes 5"),
        ('"gru", 0.0', '"gru", 0.0, along="cell"', "claim 'C0': along='cell' takes numbers above 0, not"),
        ('("gr*",)', '("gur",)', "published 1.5: no cell is 'gur'; did you mean 'gru'"),
        ('{"cell": ("gr*",)}', '{"cel": ("gr*",)}', "published 1.5: no column 'cel'; did you mean 'cell'"),
    ],
)
def test_a_claim_or_figure_about_what_no_arm_has_is_refused(tmp_path, old, new, message):
    assert SMALL.count(old) == 1
    with pytest.raises(ValueError, match=rf"mine\.py: {message}"):
        registry.load(write(tmp_path / "mine.py", SMALL.replace(old, new)))


COMMA = r"must be a tuple, not .*: write \(x,\), with the comma"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"model.layers": (1, 2, 3)', '"model.layers": (1)', rf"axes\['model.layers'\] {COMMA}"),
        ('"model.layers": (1, 2, 3)', '"task": (ex.Choice("parity"))', rf"axes\['task'\] {COMMA}"),
        ('"model.layers": (1, 2, 3)', '"v": (ex.Variant("a", {}))', rf"axes\['v'\] {COMMA}"),
        ('"model.layers": (1, 2, 3)', '"model.layers": ()', r"axes\['model.layers'\] holds no value"),
        ('{"cell": ("l*",)}', '{"cell": ("l*")}', rf"figures\[0\].where\['cell'\] {COMMA}"),
        ('{"layers": ("1",)}),)', '{"layers": ("1",)}))', rf"claims\[0\].tests {COMMA}"),
        ('{"cell": ("l*",)}),)', '{"cell": ("l*",)}))', rf"figures {COMMA}"),
        ('("1",)', "(1,)", r"claims\[0\].tests\[0\].where\['layers'\]\[0\] must be of type str, not 1"),
        ('"train", "y"', '"trian", "y"', r"figures\[0\].split cannot be 'trian'; did you mean 'train'"),
        ('question="?"', 'question=("?",)', "question must be of type str"),
        ('question="?"', 'question="?", seeds="5"', "seeds must be of type int, not '5'"),
        ('question="?"', 'question="?", seeds=True', "seeds must be of type int, not True"),
        ('question="?"', 'question="?", tune=ex.Tune((1e-3), 1, 100)', rf"tune.values {COMMA}"),
        ('question="?"', 'question="?", tune=(1e-3,)', "tune must be of type Tune or None"),
        ('question="?"', 'question="?", points={"train.batch": 2}', "points must be a tuple"),
        ('question="?"', 'question="?", measures=(ex.Measure("a", "b"))', f"measures {COMMA}"),
        (
            'question="?"',
            'question="?", measures=(ex.Measure("a", "b", at="lst"),)',
            r"measures\[0\].at cannot be 'lst'",
        ),
        ('1.5, "them, table 1"', '"1.5", "them"', r"published\[0\].value must be of type float, not '1.5'"),
        ('1.5, "them, table 1"', '1.5, ""', r"published\[0\] needs a source and a finite value"),
        ('1.5, "them, table 1"', 'float("nan"), "them"', r"published\[0\] needs a source and a finite value"),
        ('{"cell": ("gr*",)}),)', '{"cell": ("gr*",)}))', f"published {COMMA}"),
        ("ex.TrialConfig()", "ex.TrialConfig(task='adding')", "base.task must be of type Choice, not 'adding'"),
        ("ex.TrialConfig()", "ex.TrialConfig(probes=(ex.Choice('texts')))", f"base.probes {COMMA}"),
        ("ex.TrialConfig()", "ex.TrialConfig(optimizer=ex.TrainConfig())", "base.optimizer must be of type Optim"),
        ("ex.TrialConfig()", "ex.TrialConfig(optimizer=ex.OptimizerConfig(name='adm'))", "base.optimizer.name cannot"),
        ("ex.TrialConfig()", "ex.TrialConfig(train=ex.TrainConfig(steps='4'))", "base.train.steps must be of type int"),
        ('"lstm", "gru", 0.0', '"lstm", "gru", "0"', r"claims\[0\].tests\[0\].margin must be of type float, not '0'"),
        ('(ex.Compare("cell", "lstm", "gru", 0.0, where={"layers": ("1",)}),)', "()", "claim 'C0' has no tests"),
    ],
)
def test_a_slip_in_an_experiment_is_named_with_its_place(tmp_path, old, new, message):
    assert SMALL.count(old) == 1
    with pytest.raises(ValueError, match=rf"mine\.py: {message}"):
        registry.load(write(tmp_path / "mine.py", SMALL.replace(old, new)))


def test_what_a_claim_is_about_may_go_by_an_override_or_in_small(tmp_path):
    from rnn_research.experiment.arms import arms
    from rnn_research.experiment.overrides import override
    from rnn_research.experiment.smoke import smoke
    from tests.support.tables import TABLES

    experiment = registry.load(write(tmp_path / "mine.py", SMALL.replace('("1",)', '("2",)')))
    assert len(arms(override(experiment, {"model.layers": "3"}, {}, None, None, TABLES), TABLES)) == 2
    assert len(arms(override(experiment, {}, {"model.layers": "5,6"}, None, None, TABLES), TABLES)) == 4
    assert len(arms(smoke(experiment, TABLES), TABLES)) == 4
