"""The page of a run that goes on, as a browser and as anybody else asks for it."""

import http.client
import re
import threading
from pathlib import Path

import pytest

from rnn_research.commands.launch import main
from rnn_research.report.live import watch
from rnn_research.runs.files import append_rows
from tests.support.made_up_run import SCORES, write_run


def ask(port: int, path: str, host: str = "localhost", method: str = "GET") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path, headers={"Host": f"{host}:{port}"})
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def contents(path: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}


@pytest.mark.slow
def test_the_page_follows_the_run_and_nothing_else_is_to_be_had(tmp_path, capsys):
    run = write_run(tmp_path, SCORES)
    before = contents(tmp_path)
    looks, go_on, looked = iter(range(2)), threading.Event(), threading.Event()

    def wait(seconds):
        looked.set()
        go_on.wait(60)
        go_on.clear()
        if next(looks, None) is None:
            raise KeyboardInterrupt

    ended = []
    server = threading.Thread(target=lambda: ended.append(watch(run, 0, wait)))
    server.start()
    assert looked.wait(120)
    port = int(re.search(r"127\.0\.0\.1:(\d+)/", capsys.readouterr().out)[1])  # type: ignore[index]

    status, page = ask(port, "/")
    assert status == 200 and b"Is a &lt; b &amp; c?" in page and b"connect-src 'self'" in page
    version = ask(port, "/version")[1]
    assert ask(port, "/table.csv")[0] == 200
    for path in ("/../experiment.json", "/%2e%2e/experiment.json", "/experiment.json", "//etc/passwd"):
        assert ask(port, path)[0] == 404, path
    assert ask(port, "/", host="evil.example")[0] == 403
    for method in ("POST", "PUT", "DELETE"):
        assert ask(port, "/", method=method)[0] == 501
    assert contents(tmp_path) == before

    append_rows(run.metrics("t-a-0"), [{"step": 30, "split": "valid", "loss": 0.123, "mse": 0.123}])
    looked.clear()
    go_on.set()
    assert looked.wait(120)
    assert ask(port, "/version")[1] != version and b"0.123" in ask(port, "/")[1]
    for _ in range(2):
        looked.clear()
        go_on.set()
        looked.wait(5)
    server.join(60)
    assert ended == [0]
    with pytest.raises(ConnectionError):
        ask(port, "/")


def test_watching_needs_a_run_and_a_port(tmp_path, capsys):
    assert main(["--report", "--watch", f"--workdir={tmp_path}"]) == 2
    assert "holds no experiment" in capsys.readouterr().err
    assert main(["--watch", "--experiment=lstm_vs_gru", f"--workdir={tmp_path / 'new'}"]) == 2
    assert "--report" in capsys.readouterr().err
