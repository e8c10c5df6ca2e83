"""The report of a run that goes on, served to this machine alone: made anew in memory as the run writes, nothing is
written, and nothing can be asked for but what was made."""

import mimetypes
import time
from collections.abc import Callable
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote

from rnn_research.report.build import files, read
from rnn_research.runs.directory import RunDirectory

HERE = "127.0.0.1"
EVERY = 5.0  # seconds between two looks at the run
READ = ("metrics.jsonl", "exhibits.jsonl", "status.json", "card.json", "config.json")  # of a trial


class Served:
    """What can be asked for: the files of the report, by name, and which version they are."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def make(self, run: RunDirectory) -> None:
        """Put another report in the place of the last one, whole.

        Raises:
          ValueError: the directory holds no experiment.
        """
        made = {
            name: content.encode() if isinstance(content, str) else content
            for name, content in files(run, read(run), live=True).items()
        }
        made["version"] = sha256(made["index.html"]).hexdigest().encode()
        self.files = made


def watch(run: RunDirectory, port: int, wait: Callable[[float], None] = time.sleep) -> int:
    """Serve the page until Ctrl-C; returns the exit status.

    Args:
      port: 0 for one that is free.
      wait: for some seconds, between two looks.

    Raises:
      ValueError: the directory holds no experiment, or the port is taken.
    """
    served, seen = Served(), written(run)
    served.make(run)
    try:
        server = ThreadingHTTPServer((HERE, port), handler(served))
    except (OSError, OverflowError) as error:
        raise ValueError(f"cannot serve at port {port}: {getattr(error, 'strerror', None) or error}") from error
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    print(f"report: http://{HERE}:{server.server_port}/ (Ctrl-C ends it)", flush=True)
    try:
        while True:
            wait(EVERY)
            now = written(run)
            if now != seen:
                try:
                    served.make(run)
                    seen = now
                except ValueError:
                    pass  # a file in the middle of being written: the next look finds it whole
    except KeyboardInterrupt:
        return 0
    finally:
        server.shutdown()
        server.server_close()


def written(run: RunDirectory) -> dict[str, tuple[int, int]]:
    """When each file that the report reads was written, and its size."""
    paths = [run.path / "experiment.json"]
    paths += [trial / name for trial in (run.path / "trials").glob("*") for name in READ]
    found = {}
    for path in paths:
        try:
            stat = path.stat()
        except OSError:
            continue
        found[str(path)] = stat.st_mtime_ns, stat.st_size
    return found


def handler(served: Served) -> type[BaseHTTPRequestHandler]:
    """Answers to GET with a file of the report, to anything else with a refusal."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host = self.headers.get("Host", "").rpartition(":")[0]
            if host not in (HERE, "localhost"):  # another site's name that was made to lead here
                return self.send_error(403)
            name = unquote(self.path.partition("?")[0]).removeprefix("/") or "index.html"
            content = served.files.get(name)
            if content is None:
                return self.send_error(404)
            kind = "text/plain" if name == "version" else mimetypes.guess_type(name)[0] or "text/plain"
            self.send_response(200)
            self.send_header("Content-Type", kind + ("; charset=utf-8" if kind.startswith("text/") else ""))
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            self.wfile.write(content)
            return None

        def log_message(self, *_: object) -> None:
            pass

    return Handler
