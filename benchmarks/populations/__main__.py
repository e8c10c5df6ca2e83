"""Train 200 seeds of some arms and keep how they ended: python -m benchmarks.populations (20 minutes on two cores)

Writes benchmarks/populations.json, which ``benchmarks.coverage`` draws from. The experiments are the files beside this.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from rnn_research.report.results import Results, by_labels, load, settings_text, skill
from rnn_research.runs.directory import RunDirectory

HERE = Path(__file__).resolve().parent
EXPERIMENTS = ("long_dependencies", "explosions", "characters")
WORKDIRS = Path("runs/populations")


def main() -> None:
    found: dict[str, Any] = {}
    for name in EXPERIMENTS:
        workdir = HERE.parents[1] / WORKDIRS / name
        command = [sys.executable, "launch.py", f"--experiment={HERE / name}.py", f"--workdir={workdir}"]
        subprocess.run([*command, "--checkpoint_every=0"], cwd=HERE.parents[1], check=True)
        arms = populations(load(RunDirectory(workdir)), "finished" if name == "explosions" else "skill")
        found |= {f"characters, {arm}": kept for arm, kept in arms.items()} if name == "characters" else arms
    lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(arm)}" for name, arm in found.items())
    HERE.with_suffix(".json").write_text(f"{{\n{lines}\n}}\n")


def populations(results: Results, measure: str) -> dict[str, dict[str, Any]]:
    """Of every arm the measure by seed, and the value from which on a run has solved its task or finished."""
    columns, found = results.document["columns"], {}
    for labels, trials in by_labels(results.reported, columns).items():
        facts = trials[0].facts
        solved = skill(facts["solved"], facts) if "solved" in facts else None
        found[settings_text(columns, labels)] = {
            "solved": 0.5 if measure == "finished" else solved and round(solved, 4),
            "values": [round(results.value(trial, measure), 4) for trial in trials],
        }
    return found


if __name__ == "__main__":
    main()
