"""Tables in the width of a terminal."""

import io
import re

import pytest
from rich.console import Console

from rnn_research.execution.display import print_report
from rnn_research.report.build import build
from rnn_research.report.fit import fit
from tests.support.made_up_run import SCORES, compare, write_run

HEADINGS = [
    "task",
    "cell",
    "test score",
    "IQM",
    "difference to lstm",
    "share kept",
    "n",
    "failed",
    "parameters",
    "rate",
]
ROWS = [
    ["temporal_order(length=100,kind=a)", "lstm", "6.91e-04 [5.02e-04, 0.00122]", "6.90e-04", "–", "0.5", "5", "0%"],
    ["adding(length=50)", "gru", "-0.160 [-0.164, -0.150]", "-0.160", "0.1 [0.05, 0.2]", "0.25", "5", "0%"],
]
ROWS = [[*row, "1,234,567", "0.01"] for row in ROWS]
NUMBER = re.compile(r"-?\d[\d.,]*(?:e-?\d+)?")


def numbers(text):
    return [found.rstrip(",") for found in NUMBER.findall(text)]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 500])
def test_no_number_is_cut_and_the_table_fits_if_it_can(width):
    found = fit(HEADINGS, ROWS, width, ["rate", "share kept"])
    kept = [at for at, heading in enumerate(HEADINGS) if heading not in found.left_out]
    for row, texts in zip(ROWS, found.rows):
        assert ["".join(text.split()) for text in texts] == ["".join(row[at].split()) for at in kept]
        for at, text in zip(kept, texts):
            assert [number for line in text.split("\n") for number in numbers(line)] == numbers(row[at])
    columns = zip(found.headings, *found.rows, strict=True)
    drawn = sum(max(len(line) for cell in cells for line in cell.split("\n")) + 3 for cells in columns) + 1
    assert drawn <= found.width
    assert found.width <= width or width < 80
    assert not found.left_out or width < 200
    assert {"task", "cell", "test score", "difference to lstm", "n"} <= {HEADINGS[at] for at in kept}


def test_what_failed_is_not_spared():
    rows = [row.copy() for row in ROWS]
    rows[1][HEADINGS.index("failed")] = "20%"
    assert "failed" in fit(HEADINGS, ROWS, 60).left_out
    assert "failed" not in fit(HEADINGS, rows, 60).left_out


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_terminal_of_80_columns_shows_whole_numbers_and_labels(tmp_path, encoding):
    """Labels that look like markup, and characters that the terminal has none for, among them."""
    scores = {("[b]т×", f"{cell} [/b]"): values for (_, cell), values in SCORES.items()}
    report = build(write_run(tmp_path, scores, [[compare("b [/b]", "a [/b]")]], card={"parameters": 1234567}))
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, errors="replace", write_through=True)
    print_report(Console(file=stream, width=80, force_terminal=True, color_system=None), report)
    shown = raw.getvalue().decode(encoding)
    assert max(map(len, shown.split("C99")[0].splitlines())) <= 80
    assert "…" not in shown and "left out for want of room: IQM, failed, hidden, parameters" in shown
    assert ("[b]т×" if encoding == "utf-8" else "[b]??") in shown and "b [/b]" in shown
    for number in ("0.120", "[0.100,", "0.0300", "[0.0104,", "0.0496]", "-0.0900", "[-0.113,", "-0.0669]"):
        assert re.search(rf"(?<!\S){re.escape(number)}(?!\S)", shown), number
