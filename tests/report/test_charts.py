"""The charts of a page by themselves, in a real browser: what they say of numbers that are odd."""

import json
from contextlib import contextmanager
from itertools import pairwise

import pytest
from scipy.stats import t

from rnn_research.report.charts import VALUES, Chart, Panel, Run, page_data
from rnn_research.report.markup import inline

SCRIPTS = ("numbers.js", "chart.js", "panel.js", "page.js")
STEPS = (10, 20, 30)


@contextmanager
def shown(browser, *panels, arms=("a", "b")):
    """A page of nothing but one chart; in the end no error was reported."""
    data = page_data([Chart("step (updates)", {"all": panels})], arms, [])
    scripts = "\n".join(map(inline, SCRIPTS))
    page, faults = browser.new_page(), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text))
    page.set_content(
        f'<div class="chart" data-chart="0" style="width: 800px"></div><script type="application/json" id="data">{data}'
        f"</script><script>{scripts}</script>"
    )
    yield page
    page.close()
    assert faults == []


def runs(*rows, arm=0):
    return [Run(arm, seed, STEPS, row) for seed, row in enumerate(rows)]


def said_at_the_end(page):
    page.locator(".frame svg").first.focus()
    page.keyboard.press("End")
    return page.locator(".frame svg").first.get_attribute("aria-valuetext")


def test_on_a_logarithmic_axis_means_are_of_all_runs_and_intervals_as_they_are(browser):
    """Three of eight runs are at 1, the others at 0, where a logarithmic axis has no place."""
    half = t.ppf(0.975, 7) * (3 * 5 / 8 / 7 / 8) ** 0.5
    expected = f"step 30: a 0.375 [−{half - 0.375:.3g}, {0.375 + half:.3g}]"
    with shown(browser, Panel("", "mse", runs(*[(1.0,) * 3] * 3, *[(0.0,) * 3] * 5), log=True)) as page:
        assert said_at_the_end(page) == expected
        page.get_by_label("log y").uncheck()
        assert said_at_the_end(page) == expected
        page.get_by_label("log y").check()
        page.locator("select").select_option("seeds")
        assert said_at_the_end(page) == "step 30: a 0.00 to 1.00, 8 seeds"


def test_an_axis_that_only_some_panels_want_logarithmic_is_theirs_alone(browser):
    errors, shares = Panel("", "mse", runs((0.3, 0.2, 0.1)), log=True), Panel("", "accuracy", runs((0.0, 0.5, 1.0)))
    with shown(browser, errors, shares) as page:
        assert page.locator(".ylabel").all_inner_texts() == ["mse, log", "accuracy"]
        assert page.locator("path.line").nth(1).get_attribute("d").count("L") == 2
        page.get_by_label("log y").uncheck()
        assert page.locator(".ylabel").all_inner_texts() == ["mse", "accuracy"]
    with shown(browser, shares) as page:
        page.get_by_label("log y").check()
        assert page.locator(".ylabel").all_inner_texts() == ["accuracy, log"]


def test_equal_numbers_and_all_that_can_be_zoomed_have_an_axis(browser):
    """Eight times 0.69315 is not 8 · 0.69315 in the last bit, and no zoom ends where numbers do."""
    with shown(browser, Panel("", "loss", runs(*[(0.69315,) * 3] * 8))) as page:
        page.locator(".frame svg").focus()
        page.keyboard.press("ArrowRight")
        for _ in range(70):
            page.keyboard.press("+")
        marks = page.locator(".frame text").all_text_contents()
        assert len(set(marks)) == len(marks) > 4


@pytest.mark.parametrize(
    ("low", "high"), [(1.2e-4, 1.3e-4), (0.6931, 0.69312), (-3e-5, 1e-5), (1.23e6, 1.27e6), (999.7, 1000.2), (0, 3000)]
)
def test_marks_of_an_axis_say_where_they_are(browser, low, high):
    with shown(browser) as page:
        marks = page.evaluate("([low, high]) => marked(ticks(low, high, false, 5))", [low, high])
    places = [place for place, _ in marks]
    apart = min(after - before for before, after in pairwise(places))
    assert len(marks) > 2 and places == pytest.approx(sorted(places))
    for place, text in marks:
        assert float(text.replace(",", "").replace("−", "-")) == pytest.approx(place, abs=apart / 100)


@pytest.mark.parametrize(("places", "whole"), [((1, 2, 3, 4), True), ((0.5, 1.5, 2.5, 3.5), False)])
def test_what_is_counted_has_no_marks_between_whole_numbers(browser, places, whole):
    panel = Panel("", "loss", [Run(0, 0, places, (0.4, 0.3, 0.2, 0.1))])
    with shown(browser, panel) as page:
        page.locator(".frame svg").focus()
        page.keyboard.press("+")
        along = page.locator(".frame text[text-anchor=middle]:not(.name)").all_text_contents()
    assert along and all("." not in said for said in along) == whole


def test_numbers_that_round_to_a_thousand_are_written_as_such(browser):
    with shown(browser) as page:
        assert page.evaluate("[999.6, -999.6, 99.96, 1234.5].map(value => text(value))") == [
            "1,000",
            "−1,000",
            "100",
            "1,235",
        ]


def test_an_arm_may_be_called_as_the_baseline_is(browser):
    panel = Panel("", "loss", runs((0.3, 0.2, 0.1)), baseline=0.25)
    with shown(browser, panel, arms=("baseline",)) as page:
        page.get_by_role("button", name="trivial baseline").click()
        kept = page.evaluate("charts[0].kept()")
        page.get_by_role("button", name="trivial baseline").click()
        page.evaluate("kept => charts[0].restore(kept)", kept)
        pressed = page.locator(".arm").evaluate_all("all => all.map(one => one.getAttribute('aria-pressed'))")
        assert pressed == ["true", "false"]


def test_each_arm_keeps_the_looks_that_it_has():
    """One arm is looked at at every step, the other at every hundredth: thinning one leaves the other whole."""
    often = [Run(0, seed, range(1, 5001), [1.0] * 5000) for seed in range(40)]
    seldom = [Run(1, seed, range(100, 5001, 100), [1.0] * 50) for seed in range(40)]
    cut = [Run(1, 40, range(100, 2001, 100), [1.0] * 20)]
    data = json.loads(page_data([Chart("step", {"all": [Panel("", "loss", [*often, *seldom, *cut])]})], "ab", []))
    (drawn,) = data["charts"][0]["views"][0]["panels"]
    x = [data["steps"][run["at"]] for run in drawn["runs"]]
    assert x[40] == list(range(100, 5001, 100)) and x[80] == x[40][:20]
    assert len(x[0]) <= VALUES // 81 and x[0][-1] == 5000
