"""The report as one HTML file that needs nothing else: figures inlined, no script, no network."""

from collections.abc import Sequence
from html import escape

from rnn_research.report.drawing import Drawing, Section
from rnn_research.report.render import ARROWS, setting_text
from rnn_research.report.results import ENDED_BADLY, Results
from rnn_research.report.statistics import ENOUGH, POINTS
from rnn_research.report.table import BASELINE
from rnn_research.report.verdicts import Verdict

STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --faint: #6b7687; --line: #dde2ea; --paper: #fff; --wash: #f5f7fa;
  --supported: #00694d; --contradicted: #b04200; --undecided: #5c6675;
  --equivalent: #14609c; --mixed: #7a3b96; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --faint: #9aa5b5; --line: #38404c; --paper: #14181e;
  --wash: #1c222a; --supported: #4cc9a0; --contradicted: #ff9d66; --undecided: #aab3c0;
  --equivalent: #74b6ea; --mixed: #cf9be8; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 84rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
.question { font-size: 1.1rem; color: var(--faint); margin-top: 0; max-width: 48rem; }
.claim { border-left: 4px solid; padding: .2rem 0 .2rem .9rem; margin: .9rem 0; }
.claim b { text-transform: uppercase; font-size: .8rem; letter-spacing: .04em; }
.claim p { margin: .1rem 0; } .claim .evidence { color: var(--faint); font-size: .9rem; }
.supported { border-color: var(--supported); } .supported b { color: var(--supported); }
.contradicted { border-color: var(--contradicted); } .contradicted b { color: var(--contradicted); }
.equivalent { border-color: var(--equivalent); } .equivalent b { color: var(--equivalent); }
.mixed { border-color: var(--mixed); } .mixed b { color: var(--mixed); }
.undecided, .not-answered { border-color: var(--undecided); } .undecided b, .not-answered b { color: var(--undecided); }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
th { text-align: left; border-bottom: 2px solid var(--line); white-space: nowrap; }
td, th { padding: .3rem .7rem .3rem 0; } td { border-bottom: 1px solid var(--line); white-space: nowrap; }
tr.baseline td { color: var(--faint); border-bottom: 2px solid var(--line); }
table.samples { width: 100%; } table.samples td { vertical-align: top; }
td.sample { white-space: pre-wrap; overflow-wrap: anywhere; font-family: ui-monospace, monospace; width: 80%; }
figure { margin: 1rem 0; background: #fff; border-radius: 6px; padding: .5rem; }
figure svg { width: 100%; height: auto; }
figcaption, footer, .note { color: var(--faint); font-size: .85rem; } figcaption { padding: 0 .5rem; }
"""


def page(
    results: Results,
    table: tuple[Sequence[str], Sequence[Sequence[str]]],
    verdicts: Sequence[Verdict],
    parts: Sequence[Drawing | Section],
    remarks: Sequence[str] = (),
) -> str:
    """The whole page."""
    document = results.document
    body = [
        f"<h1>{escape(document['name'])}</h1><p class='question'>{escape(document['question'])}</p>",
        "<h2>Verdicts</h2>" + "".join(map(_claim, verdicts)) if verdicts else "",
        "<h2>Table</h2>" + _table(*table) + f"<p class='note'>{_note(results)}</p>",
        "".join(f"<p class='note'>{escape(remark)}.</p>" for remark in remarks),
        "".join(map(_part, parts)),
        _failures(results),
        f"<footer><h2>How it was run</h2>{_provenance(document)}</footer>",
    ]
    title = escape(document["name"])
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{title}</title>"
        f"<meta name='viewport' content='width=device-width, initial-scale=1'><style>{STYLE}</style></head>"
        f"<body>{''.join(body)}</body></html>\n"
    )


def _claim(verdict: Verdict) -> str:
    evidence = "".join(f"<p class='evidence'>{escape(line)}</p>" for line in verdict.evidence)
    text = f"{escape(verdict.source)} · {escape(verdict.text)}"
    return f"<div class='claim {verdict.answer.replace(' ', '-')}'><b>{verdict.answer}</b><p>{text}</p>{evidence}</div>"


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(h)}</th>" for h in headings)
    body = "".join(
        f"<tr{' class=baseline' if BASELINE in row else ''}>" + "".join(f"<td>{escape(c)}</td>" for c in row) + "</tr>"
        for row in rows
    )
    return f"<div class='wide'><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _best_look(results: Results) -> str:
    chosen = {trial.facts["chosen"] for trial in results.reported if trial.facts.get("chosen", "loss") != "loss"}
    return "the lowest validation loss" if not chosen else f"the best validation {', '.join(sorted(chosen))}"


def _note(results: Results) -> str:
    tune = results.document["identity"]["tune"]
    text = (
        f"Test score: mean over seeds at the step of {_best_look(results)}, with its 95% interval "
        f"({ARROWS['lower']} lower is better, {ARROWS['higher']} higher is better). IQM: mean of the middle half. "
        "Runs that failed are left out of the mean and counted in their column; in verdicts they count as the worst. "
        f"Fewer than {POINTS} runs: the points; fewer than {ENOUGH}: no verdict. No interval knows of a kind of run "
        "that did not occur: of 8 runs that are alike, a third of all could be unlike them."
    )
    if any("solved" in trial.facts for trial in results.reported):
        text += (
            " Solved: the share of runs whose test score is beyond the task's threshold, with an exact interval; where "
            "some runs solve it and some do not, their mean has no interval that would cover it as often as it says."
        )
    if any(trial.seed is None for trial in results.reported):
        text += (
            " No seed: the learner is deterministic, so there is one run, and every run of the other arm is compared "
            "with it."
        )
    if results.published:
        text += " Published: what the source reports for that arm; it may be of another program and another budget."
    if tune:
        values = ", ".join(map(setting_text, tune["values"]))
        text += (
            f" {tune['path'].rpartition('.')[2].replace('_', ' ').capitalize()} chosen for each arm on validation "
            f"from {values}, by {tune['seeds']} pilot runs of {tune['steps']} steps each on seeds of their own."
        )
    return escape(text)


def _part(part: Drawing | Section) -> str:
    if isinstance(part, Section):
        return part.html
    svg = part.svg.decode()
    caption = f"<figcaption>{escape(part.caption)}</figcaption>"
    return f"<h2>{escape(part.title)}</h2><figure>{svg[svg.index('<svg') :]}{caption}</figure>"


def _failures(results: Results) -> str:
    bad = [trial for trial in results.reported if trial.state in ENDED_BADLY]
    if not bad:
        return ""
    items = "".join(
        f"<li>{escape(', '.join(map(str, trial.labels.values())))}"
        f"{'' if trial.seed is None else f', seed {trial.seed}'}: "
        f"{trial.state}: {escape(trial.reason)}</li>"
        for trial in bad
    )
    return f"<h2>Runs that failed</h2><ul class='note'>{items}</ul>"


def _provenance(document: dict) -> str:
    made = document["provenance"]
    versions = ", ".join(f"{name} {number}" for name, number in made["versions"].items() if number)
    lines = [
        f"Started {made['started']} on {made['cpus']} CPU cores, devices {', '.join(made['devices'])}.",
        f"Python {made['python']}; {versions}.",
        f"Revision {made['git'] or 'unknown'}. Command: {' '.join(made['command'])}",
    ]
    return "".join(f"<p>{escape(line)}</p>" for line in lines)
