"""The charts of a page by themselves, in a real browser: what they say of numbers that are odd."""

import json
import math
import random
import re
from contextlib import contextmanager
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import t

from rnn_research.report.charts import VALUES, Chart, Means, Panel, Run, page_data
from rnn_research.report.markup import inline
from rnn_research.report.render import number

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
        f"<style>.tip {{ position: absolute }} .tip[hidden] {{ display: none }} .frame {{ position: relative }}</style>"
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
    expected = f"step 30: a 0.375 [-{half - 0.375:.3g}, {0.375 + half:.3g}]"
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


def test_no_number_is_written_that_no_value_can_have(browser):
    whole = Panel("", "share", runs((1.0, 1.0, 1.0)), bounds=(0.0, 1.0))
    with shown(browser, whole, whole._replace(bounds=(-math.inf, math.inf))) as page:
        most = [
            max(float(text.text_content()) for text in frame.locator("text[text-anchor=end]").all())
            for frame in page.locator(".frame svg").all()
        ]
    assert most[0] == 1.0 < most[1]


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
        assert float(text.replace(",", "")) == pytest.approx(place, abs=apart / 100)


@pytest.mark.parametrize(("places", "whole"), [((1, 2, 3, 4), True), ((0.5, 1.5, 2.5, 3.5), False)])
def test_what_is_counted_has_no_marks_between_whole_numbers(browser, places, whole):
    panel = Panel("", "loss", [Run(0, 0, places, (0.4, 0.3, 0.2, 0.1))])
    with shown(browser, panel) as page:
        page.locator(".frame svg").focus()
        page.keyboard.press("+")
        along = page.locator(".frame text[text-anchor=middle]:not(.name)").all_text_contents()
    assert along and all("." not in said for said in along) == whole


def test_numbers_are_written_as_in_the_tables(browser):
    values = [0, 999.6, -999.6, 99.96, 1234.6, 12_345, 99_999.9, 123_456, 1e7, -1.65e-4, 9.43e-4, 0.00099999, 1e-12]
    with shown(browser) as page:
        assert page.evaluate("values => values.map(value => text(value))", values) == [number(one) for one in values]
        assert page.evaluate("tickText(-2e-5)") == "-2e-05"


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


def test_an_interval_keeps_within_what_values_can_be(browser):
    """Six of eight runs are right, two are not: no share is 1.14, no error below 0."""
    shares, errors = [(1.0,) * 3] * 6 + [(0.0,) * 3] * 2, [(0.0,) * 3] * 6 + [(1.0,) * 3] * 2
    half = t.ppf(0.975, 7) * (6 * 2 / 8 / 7 / 8) ** 0.5
    free = [Panel("", "score", runs(*shares))]
    bounded = [
        Panel("", "accuracy", runs(*shares), bounds=(0, 1)),
        Panel("", "mse", runs(*errors), bounds=(0, math.inf)),
    ]
    with shown(browser, *free, *bounded) as page:
        assert said_at_the_end(page) == f"step 30: a 0.750 [{0.75 - half:.3g}, {0.75 + half:.3g}]"
        said = [f"0.750 [{0.75 - half:.3g}, 1.00]", f"0.250 [0.00, {0.25 + half:.3g}]"]
        assert [page.evaluate(f"charts[0].drawn[{place}].values(30)[0].said") for place in (1, 2)] == said


def test_a_smoothed_interval_keeps_within_it_too(browser):
    """Of shares that rise to 1; without bounds it goes beyond."""
    rng, steps = np.random.default_rng(0), range(0, 510, 10)
    rows = [[min(1.0, step / 200 + 0.3 * rng.random()) for step in steps] for _ in range(8)]
    drawn = [Run(0, seed, steps, row) for seed, row in enumerate(rows)]
    with shown(browser, Panel("", "accuracy", drawn, bounds=(0, 1)), Panel("", "score", drawn)) as page:
        page.get_by_label("Smoothing").fill("0.2")
        greatest = "Math.max(...charts[0].drawn[%d].lines[0].middle.map(({ high }) => high))"
        assert page.evaluate(greatest % 0) == 1 < page.evaluate(greatest % 1)
        assert page.evaluate("charts[0].drawn[0].window") == 100


def test_each_panel_is_smoothed_over_a_share_of_its_own_steps(browser):
    panels = [
        Panel(f"to {most}", "loss", [Run(0, 0, range(0, most + 1, most // 50), [1.0] * 51)]) for most in (100, 5000)
    ]
    with shown(browser, *panels) as page:
        page.get_by_label("Smoothing").fill("0.2")
        said = page.locator(".ylabel").all_inner_texts()
    assert said == ["loss, smoothed over 20 steps", "loss, smoothed over 1,000 steps"]


def test_smoothing_is_over_steps_however_close_they_are(browser):
    """Against NumPy's weighted fit of a line; what is straight stays as it is to its end."""
    places = sorted({round(10_000 ** (index / 60)) for index in range(61)} | set(range(200, 10_001, 200)))
    noise = random.Random(0)
    values = [1 + 0.5 * math.sin(x / 1500) + noise.gauss(0, 0.05) for x in places]
    values[20] = None
    window = 2000
    with shown(browser) as page:
        run = "([x, y, window, level]) => smoothed(x, y, window, level)"
        found = page.evaluate(run, [places, values, window, False])
        straight = page.evaluate(run, [places, [3 - x / 5000 for x in places], window, False])
        means = page.evaluate(run, [places, values, window, True])
        far = page.evaluate(run, [places, [float(x == 5000) for x in places], window, False])
    assert straight == pytest.approx([3 - x / 5000 for x in places])
    assert found[20] is None
    x, y = np.array([pair for pair in zip(places, values, strict=True) if pair[1] is not None]).T
    for place, given in zip(places, zip(found, means, strict=True), strict=True):
        away = np.abs(x - place) / (window / 2)
        near = away < 1
        weights = (1 - away[near] ** 3) ** 3
        if given[0] is not None:
            line = np.polyval(np.polyfit(x[near] - place, y[near], 1, w=np.sqrt(weights)), 0)
            assert given[0] == pytest.approx(np.clip(line, y[near].min(), y[near].max()), abs=1e-9)
            assert given[1] == pytest.approx(np.average(y[near], weights=weights))
    assert all(value == 0 for x, value in zip(places, far, strict=True) if abs(x - 5000) >= window / 2)
    assert 0 < far[places.index(5000)] < 0.5


def test_smoothing_is_said_and_leaves_the_line_and_the_width_of_intervals(browser):
    noise = np.random.default_rng(0).normal(size=(8, 101))
    steps = range(0, 1010, 10)
    panel = Panel("", "loss", [Run(0, seed, steps, row) for seed, row in enumerate((0.1 * noise + 1).tolist())])
    with shown(browser, panel) as page:
        widths = "charts[0].drawn[0].lines[0].middle.map(({ low, high }) => high - low)"
        before = page.evaluate(widths)
        assert page.locator("path.raw").count() == 0
        given = page.locator("path.line").get_attribute("d")
        page.get_by_label("Smoothing").fill("0.4")
        assert np.mean(page.evaluate(widths)) == pytest.approx(np.mean(before), rel=0.05)
        assert page.locator("path.raw").count() == 1 and page.locator("path.line").get_attribute("d") != given
        assert page.locator(".ylabel").inner_text() == "loss, smoothed over 400 steps"
        assert said_at_the_end(page).startswith("step 1,000, smoothed: a ")
        page.get_by_label("log x").check()  # how it is drawn, no more
        assert page.locator(".ylabel").inner_text() == "loss, smoothed over 400 steps"
        page.locator("select").select_option("seeds")
        assert page.locator("path.raw").count() == page.locator("path.seed").count() == 8


def test_where_no_run_has_a_number_there_is_a_gap(browser):
    steps = range(10, 310, 10)
    rows = [[math.nan if 140 <= step <= 170 else 0.5 - step / 1000 + seed / 100 for step in steps] for seed in range(8)]
    with shown(browser, Panel("", "loss", [Run(0, seed, steps, row) for seed, row in enumerate(rows)])) as page:
        for smoothing in ("0", "0.4"):
            page.get_by_label("Smoothing").fill(smoothing)
            assert re.sub(r"[-\d. L]+", "", page.locator("path.line").get_attribute("d")) == "MM"
            assert page.locator("path.band").get_attribute("d").count("Z") == 2
        page.locator(".frame svg").focus()
        for _ in range(15):
            page.keyboard.press("ArrowRight")
        assert page.locator(".frame svg").get_attribute("aria-valuetext") == "no value is read"
        assert "at the end a 0.235" in page.locator(".frame svg").get_attribute("aria-label")


def test_where_one_run_diverged_the_others_have_no_gap(browser):
    """Thinned, they have no look at that step."""
    whole = [Run(0, seed, (10, 20, 30), (0.5, 0.4, 0.3)) for seed in range(7)]
    for last in (math.nan, 9.0):
        with shown(browser, Panel("", "loss", [*whole, Run(0, 7, (10, 20, 25), (0.5, 0.4, last), died=True)])) as page:
            points = page.evaluate("charts[0].drawn[0].lines[0].middle.map(({ x, n }) => [x, n])")
            assert points == [[10, 8], [20, 8], [30, 7]] and page.locator("path.died").count() == 1


def test_the_tip_of_many_arms_has_the_nearest_and_keeps_within_the_window(browser):
    names = [f"a cell with a name that is rather long, with a width of {index}" for index in range(40)]
    panel = Panel("", "loss", [Run(arm, 0, STEPS, (float(arm),) * 3) for arm in range(40)])
    with shown(browser, panel, arms=names) as page:
        page.set_viewport_size({"width": 900, "height": 420})
        frame = page.locator(".frame svg")
        frame.scroll_into_view_if_needed()
        at = page.evaluate("charts[0].drawn[0].y(7)")
        frame.hover(position={"x": 300, "y": at})
        rows = page.locator(".tip th").all_inner_texts()
        assert len(rows) == 10 and [int(row.split()[-1]) for row in rows] in (
            list(range(12, 2, -1)),
            list(range(11, 1, -1)),
        )
        assert all(len(row) <= 34 and "…" in row for row in rows)
        assert page.locator(".tip").inner_text().endswith("and 30 more")
        box = page.locator(".tip").bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= 420
        frame.focus()
        page.keyboard.press("End")
        assert frame.get_attribute("aria-valuetext").count(";") == 39  # all are read out
        assert [row.split()[-1] for row in page.locator(".tip th").all_inner_texts()] == list(
            map(str, range(39, 29, -1))
        )


def test_zooming_by_keyboard_keeps_the_place_that_is_read(browser):
    steps = range(0, 101, 10)
    with shown(browser, Panel("", "loss", [Run(0, 0, steps, [1.0 / (x + 1) for x in steps])])) as page:
        frame = page.locator(".frame svg")
        frame.focus()
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        for _ in range(2):
            page.keyboard.press("+")
            assert frame.get_attribute("aria-valuetext") == "step 20: a 0.0476"
            assert page.locator(".cross").count() == 1
        assert page.evaluate("charts[0].zoom") == pytest.approx([7.5, 32.5])
        page.locator("select").focus()
        assert frame.get_attribute("aria-valuetext") == "no value is read"


@pytest.mark.parametrize("log", [False, True])
def test_intervals_of_arms_at_one_place_stand_beside_each_other(browser, log):
    places, alike = (1.0, 10.0, 100.0), (0.5, 0.5, 0.5)
    panel = Panel("", "share", means=[Means(arm, places, alike, (0.2,) * 3, (0.8,) * 3) for arm in range(4)])
    with shown(browser, panel, arms="abcd") as page:
        page.get_by_label("log x").set_checked(log)
        middles = (
            "all => all.map(bar => { const box = bar.getBoundingClientRect(); return (box.left + box.right) / 2 })"
        )
        bars = np.array(page.locator("line.bar").evaluate_all(middles)).reshape(4, 3)
        assert (np.diff(bars, axis=0) > 1.5).all()
        assert bars.max() - bars[:, 2].min() < np.diff(bars, axis=1).min()
        left, right = page.locator("line.axis").evaluate(
            "line => [line.getBoundingClientRect()].flatMap(b => [b.left, b.right])"
        )
        assert left <= bars.min() and bars.max() <= right
        page.get_by_role("button", name="b", exact=True).click()
        page.get_by_role("button", name="c", exact=True).click()
        page.get_by_role("button", name="d", exact=True).click()
        alone = page.locator("line.bar").evaluate_all(middles)
        marks = page.locator(".frame text[text-anchor=middle]:not(.name)").evaluate_all(middles)
        assert alone[1] == pytest.approx(page.evaluate("charts[0].drawn[0].x(10) + 8"), abs=1) and len(marks) >= 2


def test_no_line_bridges_a_place_where_an_arm_has_no_run(browser):
    nothing = math.nan
    some = Means(0, (1.0, 2.0, 3.0, 4.0), (0.5, nothing, 0.5, 0.6), *[(nothing,) * 4] * 2)
    whole = Means(1, (1.0, 2.0, 3.0, 4.0), (0.1, 0.2, 0.3, 0.4), *[(nothing,) * 4] * 2)
    with shown(browser, Panel("", "share", means=[some, whole]), arms="ab") as page:
        lines = [line.get_attribute("d") for line in page.locator("path.line").all()]
        assert [line.count("M") for line in lines] == [2, 1] and "NaN" not in "".join(lines)
        page.locator(".frame svg").focus()
        for _ in range(2):
            page.keyboard.press("ArrowRight")
        assert page.locator(".frame svg").get_attribute("aria-valuetext").endswith("2: b 0.200")


def test_seeds_of_more_arms_than_colours_are_told_apart(browser):
    panel = Panel("", "loss", [Run(arm, seed, STEPS, (1.0, 2.0, 3.0)) for arm in range(14) for seed in range(2)])
    with shown(browser, panel, arms=list("abcdefghijklmn")) as page:
        page.locator("select").select_option("seeds")
        style = "all => all.map(one => one.getAttribute('style') + one.getAttribute('stroke-dasharray'))"
        looks = page.locator("path.seed").evaluate_all(style)
        assert len(looks) == 28 and len(set(looks)) == 14
        buttons = page.locator(".legend .plain").evaluate_all("all => all.map(one => one.parentElement.className)")
        assert buttons == ["buttons", "buttons"]
