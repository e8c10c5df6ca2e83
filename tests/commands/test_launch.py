"""The command line, as a person uses it: in a process of its own."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from rnn_research.commands.flags import check_encoding, directory
from rnn_research.commands.launch import main
from rnn_research.experiment import registry
from tests.support import processes
from tests.support.haste import flags

ROOT = Path(__file__).resolve().parents[2]
CLOCK = ["seconds", "steps_per_s", "tokens_per_s"]

# Of a shell that has set many things.
SHELL = {
    "LC_ALL": "C",
    "TZ": "Asia/Kathmandu",
    "PYTHONHASHSEED": "7",
    "OMP_NUM_THREADS": "7",
    "OPENBLAS_NUM_THREADS": "7",
    "MKL_NUM_THREADS": "7",
    "PJRT_NPROC": "7",
    "XLA_FLAGS": "--xla_force_host_platform_device_count=1 --xla_dump_hlo_as_text=true",
    "JAX_CPU_ENABLE_ASYNC_DISPATCH": "0",
    "JAX_NUMPY_DTYPE_PROMOTION": "standard",
    "JAX_TRACEBACK_FILTERING": "off",
    "JAX_ENABLE_COMPILATION_CACHE": "0",
}

OWN_EXPERIMENT = """
from rnn_research.experiment import (
    Choice, Claim, Compare, Experiment, ModelConfig, OptimizerConfig, TrainConfig, TrialConfig, Tune)

EXPERIMENT = Experiment(
    question="Does it run?",
    base=TrialConfig(
        task=Choice("adding", length=6),
        model=ModelConfig(cell=Choice("elman", hidden=3)),
        train=TrainConfig(steps=STEPS, batch=4, eval_every=2, valid_examples=8, test_examples=8),
    ),
    axes={"model.cell.name": ("elman", "gru")},
    compare="cell",
    tune=Tune(values=(1e-3, 1e-2), seeds=1, steps=2),
    claims=(Claim("C19", "better", (Compare("cell", "gru", "elman", margin=0.0),)),),
)
"""


def launch(*arguments, cwd, **named):
    """The command to its end, in a process of its own."""
    return processes.launch(arguments, cwd, **named)


def launch_from_the_shell(*arguments, cwd, prefix=(), **variables):
    """The same as a shell starts it."""
    command = [*prefix, sys.executable, str(ROOT / "launch.py"), *arguments]
    settings = processes.environment() | variables
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=settings, timeout=600)


def own_experiment(directory, steps=4):
    path = directory / "mine.py"
    path.write_text(OWN_EXPERIMENT.replace("STEPS", str(steps)))
    return path


def metrics(workdir):
    return pd.read_parquet(Path(workdir) / "metrics.parquet").drop(columns=CLOCK)


def snapshot(workdir):
    """Content of every file of a run directory."""
    return {str(p.relative_to(workdir)): p.read_bytes() for p in sorted(Path(workdir).rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of a small experiment of one's own, and what the command printed."""
    directory = tmp_path_factory.mktemp("own")
    result = launch(f"--experiment={own_experiment(directory)}", "--seeds=5", cwd=directory, figures=True)
    assert result.returncode == 0, result.stderr
    return directory, result


@pytest.mark.slow
def test_a_file_outside_the_repository_runs(finished):
    directory, result = finished
    assert "mine: Does it run?" in result.stdout
    assert re.search(
        r"^14 trials \(4 of them pilots, of 2 updates for 4\) in 2 programs on 2 devices \([^)]*\)$",
        result.stdout,
        re.M,
    )
    assert re.search(r"elman  test mse [\d.]+ \[[\d.]+, [\d.]+\]  n=5  hidden 3", result.stdout)
    frame = metrics(directory / "runs/mine")
    assert len(frame[frame.stage == "main"].trial.unique()) == 10
    document = json.loads((directory / "runs/mine/experiment.json").read_text())
    assert document["provenance"]["versions"]["jax"]
    assert len(document["trials"]) == 14


def test_the_second_time_nothing_is_trained(finished):
    directory, first = finished
    before, document = snapshot(directory / "runs/mine/trials"), directory / "runs/mine/experiment.json"
    made = json.loads(document.read_text())["provenance"]
    result = launch(f"--experiment={directory / 'mine.py'}", "--seeds=5", cwd=directory, figures=True)
    assert result.returncode == 0, result.stderr
    assert snapshot(directory / "runs/mine/trials") == before
    assert json.loads(document.read_text())["provenance"] == made  # it was not made anew
    assert "compiled" not in result.stdout
    assert result.stdout[result.stdout.index("┏") :] == first.stdout[first.stdout.index("┏") :]


def test_report_is_the_same_from_the_files_alone(finished, tmp_path):
    directory, first = finished
    shutil.copytree(directory / "runs/mine", tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy/report")
    (tmp_path / "copy/metrics.parquet").unlink()
    result = launch("--report", "--workdir=copy", cwd=tmp_path, figures=True)
    assert result.returncode == 0, result.stderr
    table = slice(first.stdout.index("┏"), first.stdout.index("report: "))
    assert first.stdout[table] in result.stdout
    assert snapshot(tmp_path / "copy/report") == snapshot(directory / "runs/mine/report")
    assert metrics(tmp_path / "copy").equals(metrics(directory / "runs/mine"))


def test_more_seeds_run_only_what_is_missing(finished, tmp_path):
    directory, _ = finished
    shutil.copytree(directory / "runs/mine", tmp_path / "runs/mine")
    before = snapshot(tmp_path / "runs/mine/trials")
    result = launch(f"--experiment={directory / 'mine.py'}", "--seeds=6", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    after = snapshot(tmp_path / "runs/mine/trials")
    assert before.items() < after.items()
    assert len({Path(name).parts[0] for name in after}) == 14 + 2


@pytest.mark.slow
def test_numbers_do_not_depend_on_cores_devices_or_the_shell(finished, tmp_path):
    directory, _ = finished
    prefix = ["taskset", "-c", str(min(os.sched_getaffinity(0)))] if shutil.which("taskset") else []
    arguments = (f"--experiment={directory / 'mine.py'}", "--seeds=5", "--devices=5")
    result = launch_from_the_shell(*arguments, cwd=tmp_path, prefix=prefix, **SHELL)
    assert result.returncode == 0, result.stderr
    assert "on 5 devices" in result.stdout
    assert metrics(tmp_path / "runs/mine").equals(metrics(directory / "runs/mine"))


def last_words(value):
    return str(value[-1])[-40:] if isinstance(value, list) and value else ""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty directory, which commands called in this process take for the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RNN_RESEARCH_DATA", raising=False)
    return tmp_path


@pytest.fixture
def call(capsys, monkeypatch):
    """Call the command in this process; its exit status, and what it printed."""

    def called(*arguments):
        before = dict(os.environ)
        try:
            return main(list(arguments)), capsys.readouterr()
        finally:
            os.environ.clear()
            os.environ.update(before)

    return called


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--experiment=lstm_vs_gur"], "did you mean 'lstm_vs_gru'"),
        (["--experiment=nowhere/file.py"], "no such file"),
        (["--experiment=lstm_vs_gru", "--config.optimizer.lerning_rate=1"], "did you mean 'learning_rate'"),
        (["--experiment=lstm_vs_gru", "--config.train.steps=lots"], "type int"),
        (["--experiment=lstm_vs_gru", "--config.train.steps"], "--config.PATH=VALUE"),
        (["--experiment=lstm_vs_gru", "--config.train.steps=150"], "multiple of train.eval_every"),
        (["--experiment=lstm_vs_gru", "--config.task=ading"], "did you mean 'adding'"),
        (["--experiment=lstm_vs_gru", "--config.task=adding(length=1)"], "length 2 or more"),
        (["--experiment=lstm_vs_gru", "--config.model.cell.hiden=3"], "did you mean 'hidden'"),
        (["--experiment=lstm_vs_gru", "--seeds=0"], "seeds=0"),
        (["--experiment=lstm_vs_gru", "--seeds=few"], "seeds"),
        (["--experiment=lstm_vs_gru", "--data_dir=nowhere"], "no directory"),
        (["--experiment=lstm_vs_gru", "stray"], "stray"),
        (["--experimnt=lstm_vs_gru"], "unknown flag --experimnt; did you mean --experiment?"),
        (["--experiment=lstm_vs_gru", "--quux"], "unknown flag --quux; --help shows the flags"),
        (["--experiment=lstm_vs_gru", "--wandb"], "metrics.parquet"),
        (["--experiment=lstm_vs_gru", "--max_epochs=3"], "--config.train.steps=N"),
        (["--experiment=lstm_vs_gru", "+optimizer.name=sgd"], "write --config.optimizer.name=sgd"),
        (
            ["--experiment=lstm_vs_gru", "--config.optimizer.learning_rate=1e-3,1e-2"],
            "--grid.optimizer.learning_rate=1e",
        ),
        (["--flagfile=flags.txt"], "unknown flag --flagfile"),
        (["--experiment=lstm_vs_gru", "--pack=scan"], "pack"),
        (["--experiment=lstm_vs_gru", f"--workdir={__file__}"], "is a file, not a directory"),
        (["--experiment=lstm_vs_gru", f"--workdir={__file__}/inside"], "is a file, not a directory"),
        (["--experiment=lstm_vs_gru", "--retries=-1"], "retries"),
        (["--experiment=lstm_vs_gru", "--executor=cloud"], "executor"),
        (["--experiment=lstm_vs_gru", "--executor=slurm", "--slurm=gpu"], "KEY=VALUE"),
        (["--experiment=lstm_vs_gru", "--random=3"], "--random needs something to draw from"),
        (["--experiment=lstm_vs_gru", "--grid.optimizer.learning_rate=log(1e-4,1e-2)"], "--random=N"),
        (["--experiment=lstm_vs_gru", "--grid.optimizer.learning_rate=log(0,1,3)"], "above 0"),
        (["--experiment=lstm_vs_gru", "--join", "--executor=ray"], "--join works in this process"),
        (["--experiment=lstm_vs_gru", "--gpus=1"], "--gpus is for --executor=ray or --executor=slurm, not inline"),
        (["--experiment=lstm_vs_gru", "--workers=2"], "--workers is for --executor=processes or"),
        (["--experiment=lstm_vs_gru", "--executor=ray", "--slurm=a=b"], "--slurm is for --executor=slurm, not ray"),
        (["--experiment=lstm_vs_gru", "--executor=slurm", "--devices=4"], "--devices is for --executor=inline"),
        (["--experiment=lstm_vs_gru", "--config.seed=3"], "seeds are set by --seeds=N"),
        (["--experiment=lstm_vs_gru", "--config.optimizer.momentum=0.9"], "optimizer.momentum would not be read"),
        (["--experiment=char_lm", "--config.model.embedding_init=bogus"], "embedding_init would not be read"),
        (["--experiment=lstm_vs_gru", "--dry_run", "--print_config"], "do not go together"),
        (["--list", "--seeds=3"], "--list stands alone: not with --seeds"),
        (["--report", "--workdir=nowhere", "--config.train.steps=3"], "alone: not with --config.train"),
        (["--report"], "--workdir"),
        (["--report", "--workdir=nowhere"], "holds no experiment"),
        ([], "--list"),
    ],
    ids=last_words,
)
def test_bad_input_is_one_line_and_exit_2(arguments, message, here, call):
    status, printed = call(*arguments)
    assert status == 2 and not printed.out
    assert message in printed.err
    assert len(printed.err.strip().splitlines()) == 1
    assert not list(here.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--experiment=nowhere/file.py"], "no such file"),
        (["--experiment=lstm_vs_gru", "--config.task=sequential_mnist"], "mnist/mnist.npz"),
        (["--experiment=lstm_vs_gru", "--workdir=/proc/nowhere"], "cannot write"),
        (["--experiment=lstm_vs_gru", "--join"], "nobody is at work"),
        (["--experiment=lstm_vs_gru", b"--workdir=caf\xe9"], "is not UTF-8"),
    ],
    ids=last_words,
)
def test_bad_input_leaves_no_traceback(arguments, message, tmp_path):
    """The same in a process of its own."""
    result = launch_from_the_shell(*arguments, cwd=tmp_path, HF_HUB_OFFLINE="1")
    assert result.returncode == 2
    assert message in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert "Traceback" not in result.stdout + result.stderr
    assert not list(tmp_path.iterdir())


def test_a_directory_with_other_settings_is_refused(finished):
    directory, _ = finished
    before = snapshot(directory / "runs/mine")
    result = launch(f"--experiment={directory / 'mine.py'}", "--config.train.batch=5", cwd=directory)
    assert result.returncode == 2
    assert "base.train.batch=4, not 5" in result.stderr
    assert snapshot(directory / "runs/mine") == before


def test_other_formats_and_other_experiments_are_refused(finished, tmp_path):
    directory, _ = finished
    shutil.copytree(directory / "runs/mine", tmp_path / "runs/mine")
    document = tmp_path / "runs/mine/experiment.json"
    content = json.loads(document.read_text())
    for number, word in ((99, "newer"), (1, "older")):
        document.write_text(json.dumps(content | {"format": number}))
        result = launch(f"--experiment={directory / 'mine.py'}", cwd=tmp_path)
        assert result.returncode == 2
        assert f"written by a{'n' if word == 'older' else ''} {word} version (format {number}" in result.stderr
    document.write_text(json.dumps(content))
    other = launch("--experiment=lstm_vs_gru", "--workdir=runs/mine", cwd=tmp_path)
    assert other.returncode == 2
    assert "holds mine, not lstm_vs_gru" in other.stderr


def test_a_broken_file_of_ones_own_is_one_line(tmp_path):
    (tmp_path / "broken.py").write_text("import nothing_of_the_kind")
    result = launch("--experiment=broken.py", cwd=tmp_path)
    assert result.returncode == 2
    assert "ModuleNotFoundError" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_list_help_and_print_config(here, call, capsys):
    status, listed = call("--list")
    assert status == 0
    assert set(re.findall(r"^  (\w+)  \(\d+ trials\b", listed.out, re.M)) == set(registry.names())
    for flag in ("--help", "-h"):
        status, helped = call(flag)
        assert status == 0
        assert "--print_config" in helped.out and "one of inline, processes, ray, slurm" in helped.out
        assert "--number" not in helped.out  # for workers alone
    status, printed = call("--experiment=lstm_vs_gru", "--config.task=adding(length=9)", "--print_config")
    assert status == 0
    arms = json.loads(printed.out)["arms"]
    assert {arm["task"]["length"] for arm in arms} == {9}
    assert [arm["model"]["cell"]["name"] for arm in arms] == ["elman", "lstm", "gru"]
    assert main(["--experiment=lstm_vs_gru", f"--data_dir={here}", "--print_config"]) == 0
    assert "RNN_RESEARCH_DATA" not in os.environ and len(capsys.readouterr().out) > 1000
    status, printed = call("--experiment=lstm_vs_gru", "--print_config")  # no flag of the call before is left
    assert len({arm["task"]["name"] for arm in json.loads(printed.out)["arms"]}) > 1
    assert not list(here.iterdir())


@pytest.mark.parametrize("flag", ["--list", "--help"])
def test_what_answers_at_once_imports_nothing_heavy(flag):
    code = f"""
import sys
from rnn_research.commands.flags import directory
from rnn_research.commands.launch import main
assert main([{flag!r}]) == 0
heavy = {{"jax", "numpy", "pandas", "scipy", "matplotlib", "rich", "flax", "datasets"}} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, stdout=subprocess.DEVNULL, timeout=60)


def test_a_reader_that_leaves_and_a_full_disk_under_the_output(tmp_path):
    command = [sys.executable, str(ROOT / "launch.py"), "--list"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.close()
    assert process.communicate(timeout=60)[1] == "" and process.returncode == 141
    with open("/dev/full", "w") as full:
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert result.returncode == 1
    assert result.stderr == "launch.py: cannot write the output: No space left on device\n"


@pytest.mark.slow
def test_a_run_goes_on_when_its_reader_leaves(finished, tmp_path):
    directory, _ = finished
    command = [sys.executable, str(ROOT / "launch.py"), f"--experiment={directory / 'mine.py'}", "--seeds=5"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert "mine" in process.stdout.readline()
    process.stdout.close()
    assert process.communicate(timeout=300)[1] == "" and process.returncode == 0
    assert metrics(tmp_path / "runs/mine").equals(metrics(directory / "runs/mine"))


@pytest.mark.slow
def test_devices_that_are_not_there_are_one_line(tmp_path):
    for options in ([], ["--executor=processes"]):
        result = launch_from_the_shell("--experiment=lstm_vs_gru", *options, cwd=tmp_path, JAX_PLATFORMS="tpu")
        assert result.returncode == 2, result.stderr
        assert result.stderr.startswith("launch.py: JAX_PLATFORMS=tpu, but")
        assert len(result.stderr.strip().splitlines()) == 1
        assert not list(tmp_path.rglob("*.json"))


def test_an_argument_is_text_or_is_refused_with_its_encoding(monkeypatch):
    check_encoding("книга")
    with pytest.raises(ValueError, match=r"is not UTF-8: byte 0xe9 at offset 3$"):
        check_encoding("caf\udce9")
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: "ascii")
    undecoded = "к".encode().decode("ascii", "surrogateescape")
    with pytest.raises(ValueError, match=r"^argument 'к' is UTF-8, but the locale's .* ascii: set PYTHONUTF8=1$"):
        check_encoding(undecoded)


def test_the_home_directory_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert directory("workdir", "~/runs") == tmp_path / "runs"


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_and_says_how_to_go_on(number, status, tmp_path):
    experiment, printed = own_experiment(tmp_path, steps=100), tmp_path / "printed"
    in_training = ("rnn_research.execution.run_trials.chunk_rows", 20, number)  # the first 4 calls are the two pilots'
    command, errors = [f"--experiment={experiment}", "--seeds=1"], tmp_path / "errors"
    process = processes.Launch(command, printed, errors, tmp_path, flags(), signalled=in_training)
    assert process.wait(300) == status, errors.read_text()
    assert "same command" in printed.read_text().partition("training 1 run")[2]
    states = [json.loads(path.read_text())["state"] for path in (tmp_path / "runs/mine/trials").glob("*/status.json")]
    assert sorted(states) == ["done", "done", "stopped"]  # two pilots of the first arm, and its run


@pytest.mark.slow
def test_divergence_is_a_result_and_failure_is_exit_1(tmp_path):
    own_experiment(tmp_path)
    common = ("--experiment=mine.py", "--seeds=2", "--config.optimizer.name=sgd", "--config.optimizer.clip_norm=0")
    wild = launch(*common, "--config.optimizer.learning_rate=1e30", cwd=tmp_path, settings=flags())
    assert wild.returncode == 0, wild.stderr
    assert "diverged: non-finite loss at step" in wild.stdout
    assert "100%" in wild.stdout
    (tmp_path / "narrow.py").write_text(
        OWN_EXPERIMENT.replace("STEPS", "4")
        + "\nfrom rnn_research.tasks import TASKS\nfrom rnn_research.tasks.adding import adding\n"
        + "TASKS['broken'] = lambda: adding(length=6)._replace(score=lambda seen: 1 / 0)\n"
        + "import dataclasses\n"
        + "EXPERIMENT = dataclasses.replace(EXPERIMENT, claims=(), axes={\n"
        + "    'task': (Choice('adding', length=6), Choice('broken'))}, compare='task')\n"
    )  # a task of one's own, registered in one's own file, that fails at the end
    failed = launch("--experiment=narrow.py", "--seeds=2", cwd=tmp_path, settings=flags())
    assert failed.returncode == 1, failed.stderr
    assert "ZeroDivisionError: division by zero (narrow.py:" in failed.stderr
    kept = list((tmp_path / "runs" / "narrow").glob("trials/*/traceback.txt"))
    assert len(kept) == 2 and all("Traceback (most recent call last)" in path.read_text() for path in kept)
    assert "adding" in failed.stdout
    assert "broken" in failed.stdout
