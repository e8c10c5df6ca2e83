"""The report of a large run: 1,000 trials of 1,000 rows each, from their files to the page in a browser.

    python -m benchmarks.page [--trials=1000] [--rows=1000] [--profile]

Prints the processor time of reading and writing it, the size of the page, and how long a headless Chromium, where there
is one, takes until its charts stand. Made-up numbers; nothing is trained.
"""

import argparse
import cProfile
import pstats
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np

from rnn_research.report.build import build
from rnn_research.runs.directory import FORMAT, RunDirectory
from rnn_research.runs.files import append_rows, write_json

ARMS = 10
CARD = {"hidden": 8, "parameters": 1234, "metric": "mse", "better": "lower", "perfect": 0.0}
MOST_BUILDING, MOST_OPENING = 30.0, 3.0  # seconds that they may take


def write_large(path: Path, trials: int, rows: int) -> RunDirectory:
    """A run directory of ten arms, every second row of validation."""
    entries, random = [], np.random.default_rng(0)
    for number in range(trials):
        name = f"trial{number:05}"
        labels = {"task": "adding", "cell": f"cell {number % ARMS}"}
        entries.append({"id": name, "stage": "main", "arm": number % ARMS, "labels": labels})
        entries[-1] |= {"seed": number // ARMS, "tuned": {}}
        losses = np.exp(-np.linspace(0, 3, rows)) + 0.01 * random.random(rows)
        written = [
            {"step": 10 * (row // 2 + 1), "split": ("train", "valid")[row % 2], "loss": float(loss), "mse": float(loss)}
            | {"grad_norm": float(loss) ** 2, "seconds": 0.1, "accuracy": 1 - float(loss) / 2}
            for row, loss in enumerate(losses)
        ]
        written.append({"step": 10 * rows, "split": "test", "loss": written[-1]["loss"], "mse": written[-1]["mse"]})
        directory = path / "trials" / name
        directory.mkdir(parents=True)
        append_rows(directory / "metrics.jsonl", written)
        write_json(directory / "status.json", {"state": "done", "reason": ""})
        write_json(directory / "card.json", CARD | {"baseline": {"mse": 1.0, "loss": 1.0}})
        write_json(directory / "config.json", {"seed": number // ARMS, "model": {"cell": labels["cell"]}})
    made = {"started": "", "cpus": 2, "devices": [], "python": "3", "versions": {}, "git": "", "command": []}
    document = {"format": FORMAT, "name": "large", "question": "Is it fast?", "compare": "cell"}
    document |= {"columns": ["task", "cell"], "claims": [], "measures": [], "figures": [], "published": []}
    document |= {"identity": {"tune": None}, "provenance": made, "trials": entries}
    write_json(path / "experiment.json", document)
    return RunDirectory(path)


def seconds_to_open(page: Path) -> float | None:
    """Until the charts stand, of the fastest of three; None without a browser."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        return None
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        taken = []
        for _ in range(3):
            one = opened.new_page()
            begun = time.perf_counter()
            one.goto(page.as_uri())
            one.locator(".chart path.line").first.wait_for()
            taken.append(time.perf_counter() - begun)
            one.close()
        opened.close()
    return min(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--profile", action="store_true", help="print where the time goes")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = write_large(Path(folder), given.trials, given.rows)
        profile = cProfile.Profile()
        begun = time.process_time()
        if given.profile:
            profile.runcall(build, run)
        else:
            build(run)
        building = time.process_time() - begun
        page = run.report / "index.html"
        opening = seconds_to_open(page)
        print(
            f"{given.trials} trials of {given.rows} rows: {building:.1f} s of processor time, {MOST_BUILDING:g} at most"
        )
        said = "no browser" if opening is None else f"opens in {opening:.2f} s, {MOST_OPENING:g} at most"
        print(f"page: {page.stat().st_size / 1e6:.2f} MB, {said}")
        if given.profile:
            pstats.Stats(profile).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main()
