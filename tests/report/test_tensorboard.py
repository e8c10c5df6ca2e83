"""Event files: read back record by record, as the format has them."""

import json
import math
import struct

import pytest

from rnn_research.commands.launch import main
from rnn_research.report.tensorboard import write_events
from rnn_research.runs.files import append_rows
from tests.support.made_up_run import SCORES, write_run

event_pb2 = pytest.importorskip("tensorboardX.proto.event_pb2", reason="tensorboardX is not installed")


def scalars(folder):
    """``[(tag, step, value, time)]`` of a folder's event files: a record is length, check, event, check."""
    found = []
    for path in folder.glob("events.*"):
        data = path.read_bytes()
        while data:
            (length,) = struct.unpack("<Q", data[:8])
            event = event_pb2.Event.FromString(data[12 : 12 + length])
            data = data[16 + length :]
            found += [(one.tag, event.step, one.simple_value, event.wall_time) for one in event.summary.value]
    return found


def run_of(path, scores=SCORES):
    run = write_run(path, scores)
    document = run.document()
    document["provenance"]["started"] = "2026-01-01T00:00:00+00:00"
    (path / "experiment.json").write_text(json.dumps(document))
    return run


def test_every_number_of_the_rows_is_there_and_what_was_there_before_is_not(tmp_path):
    run = run_of(tmp_path)
    append_rows(
        run.metrics("t-a-0"), [{"step": 30, "split": "train", "loss": math.inf, "mse": math.nan, "seconds": 60.0}]
    )
    write_events(run)
    assert write_events(run) == tmp_path / "tensorboard"
    assert len(list(tmp_path.glob("tensorboard/*/*"))) == 10
    found = scalars(tmp_path / "tensorboard" / "t_a" / "seed-0")
    expected = [
        (f"{row['split']}/{name}", row["step"], pytest.approx(row[name]))
        for row in run.rows("t-a-0")
        for name in ("loss", "mse", "seconds")
        if name in row and math.isfinite(row[name])
    ]
    assert len(found) == len(expected)
    for tag, step, value in expected:
        assert (tag, step, value) in [one[:3] for one in found]
    assert found[-1][3] - found[0][3] == pytest.approx(60)


def test_arms_that_differ_in_signs_alone_have_folders_of_their_own(tmp_path):
    write_events(run_of(tmp_path, {("t", "a+"): [0.1], ("t", "a-"): [0.2]}))
    assert len(list(tmp_path.glob("tensorboard/*/*"))) == 2


def test_the_report_writes_them_where_asked(tmp_path, capsys):
    run = run_of(tmp_path / "run")
    assert main(["--report", "--tensorboard", f"--workdir={run.path}"]) == 0
    assert f"--logdir={run.path / 'tensorboard'}" in capsys.readouterr().out.replace("\n", "")
    assert main(["--verify", "--tensorboard", f"--workdir={run.path}"]) == 2
    assert "not with --verify" in capsys.readouterr().err
