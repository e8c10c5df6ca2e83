"""Files whole or not at all, in strict JSON."""

import errno
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rnn_research.runs.files import (
    StorageError,
    append_rows,
    encode,
    read_json,
    read_numbers,
    read_rows,
    storing,
    write_atomic,
    write_json,
)

AWKWARD = {
    "nan": math.nan,
    "inf": math.inf,
    "least": -math.inf,
    "list": [1.0, math.nan, [-math.inf, 5e-324, 0.1 + 0.2, 1.7976931348623157e308]],
    "inside": {"x": math.inf},
    "text": 'NaN, "Infinity" and \\"-Infinity\\\\',
    "NaN": "Infinity",
    "whole": 3,
}


def strict(text):
    """What a reader makes of it that knows nothing but RFC 8259."""

    def refuse(token):
        raise ValueError(f"{token} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_what_is_written_is_strict_json_and_comes_back(tmp_path):
    rows, whole = tmp_path / "rows.jsonl", tmp_path / "whole.json"
    append_rows(rows, [AWKWARD, AWKWARD])
    write_json(whole, AWKWARD)
    for text in (*rows.read_text().splitlines(), whole.read_text()):
        assert strict(text)["text"] == AWKWARD["text"]
    for found in (*read_rows(rows), read_numbers(whole)):
        # As text, NaN equals itself, and floats are told apart to the last bit.
        assert repr(found) == repr(AWKWARD)


def test_null_is_none_where_no_number_is_meant(tmp_path):
    write_json(tmp_path / "a.json", {"above": None, "x": math.inf})
    assert read_json(tmp_path / "a.json") == {"above": None, "x": math.inf}
    assert read_json(tmp_path / "b.json") is None and read_numbers(tmp_path / "b.json") == {}


def test_finite_numbers_are_written_as_ever():
    assert encode({"x": [0.1, 1e-7, 3]}) == '{"x": [0.1, 1e-07, 3]}'


def test_files_do_not_depend_on_the_locale(tmp_path):
    code = (
        "import sys; from pathlib import Path; from rnn_research.runs.files import *; path = Path(sys.argv[1]); "
        "label = chr(228) + chr(8706); write_json(path, {'x': label}); assert read_json(path) == {'x': label}"
    )
    environment = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-c", code, str(tmp_path / "x.json")]
    assert subprocess.run(command, env=environment, check=False).returncode == 0
    assert "ä∂" in (tmp_path / "x.json").read_bytes().decode("utf-8")


def test_a_torn_last_row_is_left_out(tmp_path):
    path = tmp_path / "metrics.jsonl"
    append_rows(path, [{"step": 1, "loss": math.inf}, {"step": 2, "loss": 0.5}])
    with open(path, "a") as file:
        file.write('{"step": 3, "lo')
    assert [row["step"] for row in read_rows(path)] == [1, 2]
    assert read_rows(path)[0]["loss"] == math.inf


def test_a_file_that_another_host_replaces_while_it_is_read_is_read_again(tmp_path, monkeypatch):
    write_json(tmp_path / "a.json", {"x": 1})
    append_rows(tmp_path / "a.jsonl", [{"x": 2}])
    whole, stale = Path.read_bytes, []

    def replaced(path):
        if path in stale:
            return whole(path)
        stale.append(path)
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    monkeypatch.setattr(Path, "read_bytes", replaced)
    assert read_json(tmp_path / "a.json") == {"x": 1}
    assert read_rows(tmp_path / "a.jsonl") == [{"x": 2}]


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "status.json"
    write_json(path, {"state": "done"})
    with pytest.raises(TypeError):
        write_atomic(path, None)  # type: ignore
    assert json.loads(path.read_text()) == {"state": "done"}
    assert [p.name for p in tmp_path.iterdir()] == ["status.json"]


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(errno.ENOSPC, "make room"), (errno.EACCES, "allow writing there"), (errno.EROFS, "mount it writable"), (5, "")],
)
def test_what_is_to_be_done_follows_from_the_cause(tmp_path, number, remedy):
    with (
        pytest.raises(StorageError, match=f"^cannot write .*x: {os.strerror(number)}$") as error,
        storing(tmp_path / "x"),
    ):
        raise OSError(number, os.strerror(number))
    assert error.value.remedy == remedy


def test_a_name_that_the_locale_cannot_write_is_said_in_one_line(tmp_path):
    with pytest.raises(StorageError, match=r"set PYTHONUTF8=1$"), storing(tmp_path / "ошибка"):
        "ошибка".encode("ascii")


def test_a_row_that_is_no_json_is_named_and_a_mark_before_json_is_dropped(tmp_path):
    (tmp_path / "rows.jsonl").write_bytes(b'{"a": 1}\n{"a":\n{"a": 2}\n')
    with pytest.raises(ValueError, match=r"rows\.jsonl, line 2, is not readable as JSON"):
        read_rows(tmp_path / "rows.jsonl")
    (tmp_path / "a.json").write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert read_json(tmp_path / "a.json") == {"a": 1}


def test_a_row_torn_inside_a_character_is_left_out(tmp_path):
    path = tmp_path / "exhibits.jsonl"
    append_rows(path, [{"step": 1}])
    with open(path, "ab") as file:
        file.write('{"title": "ä'.encode()[:-1])
    assert read_rows(path) == [{"step": 1}]
