"""The answer to an experiment's question in two sentences, made from the verdicts."""

from collections import Counter
from collections.abc import Sequence

from rnn_research.report.comparison import digits_beside
from rnn_research.report.remarks import without_runs
from rnn_research.report.render import number
from rnn_research.report.results import Results, has_ended
from rnn_research.report.verdicts import WEAKEST, Measured, Verdict

SIGNS = {
    "supported": "✓",
    "contradicted": "✗",
    "equivalent": "≈",
    "mixed": "±",
    "undecided": "?",
    "not answered": "–",
}
SAID = {
    "supported": "Yes, as claimed",
    "contradicted": "No, against the claim",
    "equivalent": "Alike, against the claim",
    "mixed": "It depends on the setting",
    "undecided": "Not decided yet",
    "not answered": "Not answered",
}


def answer(results: Results, verdicts: Sequence[Verdict]) -> list[str]:
    """The first primary claim with what was measured, and how all of them stand."""
    ended, runs = sum(map(has_ended, results.reported)), len(results.reported)
    if not verdicts:
        return [f"This experiment claims nothing; its table says what {ended} of {runs} runs came to."]
    first = next((verdict for verdict in verdicts if verdict.primary), verdicts[0])
    shown = next((one for one in first.measured if one and one.answer == first.answer), None)
    of = f"{shown.subject}: " if shown and len(first.measured) > 1 else ""
    found = f" ({of}{effect(shown)})" if shown else ""
    to_come = [f"{ended} of {runs} runs have ended"] * (ended < runs) + without_runs(results)
    far = f", so far: {', '.join(to_come)}" if to_come else ""
    return [f"{SAID[first.answer]}: {first.text.rstrip('.')}{found}.", f"{_count(verdicts)}{far}."]


def effect(one: Measured) -> str:
    """``+0.021 [+0.018, +0.023], claimed more than +0.005``."""
    return " ".join(filter(None, [signed(one, one.effect), interval(one)])) + f", claimed {limit(one)}"


def interval(one: Measured) -> str:
    return "" if one.low != one.low else f"[{signed(one, one.low)}, {signed(one, one.high)}]"


def limit(one: Measured) -> str:
    times = " times" if one.kind == "ratio" else ""
    sign = "+" if one.kind == "difference" and one.limit >= 0 else ""
    return f"{'more' if one.above else 'less'} than {sign}{one.limit:g}{times}".replace("-", "−")


def signed(one: Measured, value: float) -> str:
    """With a sign where it is a difference."""
    text = number(value, digits_beside(one.limit, (one.low, one.high)))
    return f"+{text}" if one.kind == "difference" and value > 0 else text.replace("-", "−")


def _count(verdicts: Sequence[Verdict]) -> str:
    counts = Counter(verdict.answer for verdict in verdicts)
    if len(verdicts) == 1:
        return "It is the experiment's only claim"
    if len(counts) == 1:
        (only,) = counts
        return f"All {len(verdicts)} claims are {only}"
    order = sorted(counts, key=WEAKEST.index, reverse=True)
    parts = [f"{counts[name]} {'is' if counts[name] == 1 else 'are'} {name}" for name in order]
    return f"Of {len(verdicts)} claims {', '.join(parts[:-1])} and {parts[-1]}"
