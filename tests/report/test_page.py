"""The page in a real browser, from a file, with no network: what responds does, and what is only text stays text."""

import math
import re
import shlex
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from rnn_research.exhibits import Curve, Drawings, Images, Matrix, Texts
from rnn_research.report.build import build
from rnn_research.report.charts import VALUES, Chart, Panel, Run, page_data, thinned
from rnn_research.runs.files import write_json
from tests.support.browser import visiting
from tests.support.made_up_run import SCORES, compare, write_run

ATTACK = "</script><script>window.attacked = true</script><img src=x onerror='window.attacked = true'>"
COMMAND = ["launch.py", "--experiment=made_up", "--config.task.path=a file of mine.txt", f"--workdir={'long/' * 20}"]
FIGURES = ({"kind": "Curves", "split": "train", "column": "loss", "ylabel": "the loss", "log": True, "where": {}},)


def shown(cell, seed, step):
    """One of each kind."""
    noise = np.random.default_rng(seed).random((10, 12))
    return [
        Curve("decay", "Decay", [1.0, 0.5, 0.1 + seed / 100, 0.01], xlabel="distance", scale="log", reference=0.2),
        Curve("strip", "Cells", np.linspace(0, 1, 30).tolist(), xlabel="place", views=("strip",)),
        Matrix("large", "A large matrix", noise.tolist(), xlabel="given", ylabel="right"),
        Matrix("small", "A small matrix", [[1.0, 0.0], [0.25, math.nan]], ("one", "<two>"), ("one", "two")),
        Texts("texts", f"Texts {ATTACK}", [f"{cell}: {ATTACK}"]),
        Images("pictures", "Pictures", [np.eye(4)], (ATTACK,), (True,)),  # type: ignore[arg-type]
        Drawings("drawings", "Drawings", [[[[[0.0, 0.0], [1.0, 1.0]]]]], ("row",), ("column",)),
    ]


@pytest.fixture(scope="module")
def page_file(tmp_path_factory) -> Path:
    """The page of a made-up run whose every text would run a script if it were taken for HTML."""
    path = tmp_path_factory.mktemp("run")
    scores = {labels: [*values, *values[:3]] for labels, values in SCORES.items()}
    run = write_run(path, scores, [[compare()]], exhibits=shown, figures=FIGURES, states={("t", "a", 1): "diverged"})
    document = run.document()
    assert document is not None
    document["claims"][0]["text"] += ATTACK
    document["provenance"]["command"] = COMMAND
    write_json(path / "experiment.json", document | {"question": f"Is it safe? {ATTACK}"})
    for entry in document["trials"]:
        write_json(run.trial(entry["id"]) / "config.json", {"seed": entry["seed"], "model": {"cell": ATTACK}})
    build(run)
    return run.report / "index.html"


@pytest.fixture
def visit(browser, page_file):
    """Opens the page, see ``visiting``."""
    with visiting(browser) as opened:
        yield partial(opened, page_file)


def test_curves_respond(visit):
    page = visit()
    chart = page.locator(".chart").nth(1)  # the learning curves: the figure that was asked for comes first
    frame = chart.locator(".frame svg").first
    lines = chart.locator("path.line")
    assert lines.count() == 2 and chart.locator("path.band").count() == 2
    frame.hover(position={"x": 300, "y": 60})
    tip = chart.locator(".tip")
    assert re.fullmatch(r"step (10|20)", tip.locator("b").inner_text())
    assert re.search(r"a\s+0\.0(100|200) \[", tip.inner_text())
    other = page.locator(".chart").first.locator(".cross")
    assert other.count() == 1  # the crosshair is one for all charts over steps
    chart.get_by_role("button", name="b", exact=True).click()
    assert lines.count() == 1
    chart.get_by_role("button", name="b", exact=True).click()
    chart.locator("select").last.select_option("seeds")
    assert chart.locator("path.seed").count() == 16
    assert chart.locator("path.died").count() == 1
    middle = chart.locator(".frame text").nth(1)
    before = middle.text_content(), middle.get_attribute("y")
    chart.get_by_label("log y").click()
    after = middle.text_content(), middle.get_attribute("y")
    assert after[0] == before[0] and float(after[1]) != pytest.approx(float(before[1]))
    chart.locator("select").first.select_option(label="training mse")
    assert "training mse" in chart.locator(".ylabel").first.inner_text()


def test_a_drag_zooms_and_a_double_click_shows_all(visit):
    page = visit()
    frame = page.locator(".chart .frame svg").first
    frame.scroll_into_view_if_needed()
    marks = page.locator(".chart").first.locator(".frame text")
    before, box = marks.all_text_contents(), frame.bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 90)
    page.mouse.down()
    page.mouse.move(box["x"] + 400, box["y"] + 90, steps=3)
    page.mouse.up()
    assert marks.all_text_contents() != before
    frame.dblclick()
    assert marks.all_text_contents() == before


def test_everything_is_reached_by_keyboard(visit):
    page = visit()
    chart = page.locator(".chart").nth(1)
    chart.locator(".frame svg").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert chart.locator(".frame svg").first.get_attribute("aria-valuetext").startswith("step 20: ")
    page.keyboard.press("+")
    assert page.evaluate("document.activeElement.closest('.chart') !== null")  # drawing anew keeps the focus
    page.keyboard.press("0")
    page.keyboard.press("Escape")
    assert chart.locator(".frame svg").first.get_attribute("aria-valuetext") == "no value is read"
    cells = page.locator("[data-values] .cells").first
    cells.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert re.search(r"^\S.*: \S", page.locator("[data-values] .cell-value").first.inner_text())
    page.locator("table.results .sort").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("table.results th[aria-sort=ascending]").count() == 1
    page.locator("details.trials summary").first.focus()
    page.keyboard.press("Enter")
    page.locator("details.trials svg.spark").first.wait_for()
    assert page.locator("details.trials svg.spark").count() == 8


def test_the_table_sorts_by_value_and_back(visit):
    page = visit()
    names = page.locator("table.results tbody th")
    given = names.all_inner_texts()
    button = page.locator("table.results thead th").filter(has_text="test score").locator("button")
    orders = []
    for _ in range(3):
        button.click()
        orders.append(names.all_inner_texts())
    assert orders == [["b", "a", "trivial baseline"], ["trivial baseline", "a", "b"], given]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_and_lines_stand_out_in_light_and_dark(visit, scheme):
    """Contrast by WCAG 2: 4.5 for words, 3 for lines."""
    page = visit(color_scheme=scheme)
    names = ["ink", "faint", "link", "paper", *(f"c{index}" for index in range(7))]
    names += ["supported", "contradicted", "equivalent", "mixed", "undecided"]
    read = "names => names.map(name => getComputedStyle(document.documentElement).getPropertyValue('--' + name))"
    colours = dict(zip(names, page.evaluate(read, names), strict=True))
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == rgb(colours["paper"])
    for name, colour in colours.items():
        if name != "paper":
            least = 3 if name[0] == "c" and len(name) == 2 else 4.5
            assert contrast(colour, colours["paper"]) >= least, name


def rgb(colour):
    return "rgb({}, {}, {})".format(*(int(colour.strip()[place : place + 2], 16) for place in (1, 3, 5)))


def contrast(one, other):
    def luminance(colour):
        parts = np.array([int(colour.strip()[place : place + 2], 16) for place in (1, 3, 5)]) / 255
        linear = np.where(parts <= 0.03928, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_a_phone_needs_no_sideways_scrolling(visit):
    page = visit(viewport={"width": 380, "height": 740}, has_touch=True, is_mobile=True)
    page.locator("details").evaluate_all("parts => parts.forEach(part => { part.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") == 380
    frame = page.locator(".chart .frame svg").first
    assert frame.bounding_box()["width"] <= 380
    frame.tap(position={"x": 200, "y": 60})
    assert page.locator(".chart .tip").first.is_visible()
    heights = page.locator(".command span").evaluate_all("words => words.map(word => word.offsetHeight)")
    assert len({*heights[:3]}) == 1 and heights[-1] > heights[0]  # only what is longer than a line is broken


@pytest.mark.parametrize("width", [390, 900])
def test_the_table_says_which_arm_a_row_is_of_when_it_is_moved_sideways(visit, width):
    page = visit(viewport={"width": width, "height": 740})
    region = page.locator(".wide").first
    region.evaluate("node => { node.querySelector('table').style.minWidth = '1500px'; node.scrollLeft = 400 }")
    page.set_viewport_size({"width": width + 1, "height": 740})  # widths are looked at anew
    page.wait_for_timeout(100)
    left = region.bounding_box()["x"]
    rows = page.locator("table.results tr").evaluate_all(
        """rows => rows.map(row => [...row.cells].filter(cell => cell.matches(".of-arm") && cell.checkVisibility())
          .map(cell => [cell.getBoundingClientRect().left, cell.innerText.trim()]))"""
    )
    assert len(rows) == 4
    for cells in rows:
        places = [place for place, _ in cells]
        assert places == sorted(places) and left <= places[0] <= left + 6
    said = [" ".join(text for _, text in cells).split() for cells in rows]
    assert [sorted(words) for words in said[1:3]] == [["a", "t"], ["b", "t"]]
    assert len(rows[0]) == (1 if width == 390 else 2)
    # What is moved is not seen beside them, to the left either.
    for row in page.locator("table.results tbody tr").all():
        row.scroll_into_view_if_needed()
        box = row.locator("th").bounding_box()
        seen = f"document.elementFromPoint({left + 1}, {box['y'] + box['height'] / 2})?.closest('td, th')?.className"
        assert page.evaluate(seen) == "of-arm"
    # What has no column of its own on a phone sorts, too.
    button = page.locator("table.results thead").get_by_role("button", name="task", exact=True)
    for direction in ("ascending", "descending", "none"):
        button.click()
        turned = page.locator(f"table.results thead th[aria-sort={direction}]")
        assert turned.count() == (direction != "none")
        assert button.get_attribute("data-sorted") == (direction if width == 390 else None)


def test_a_figure_has_one_caption(visit):
    for settings in ({}, {"java_script_enabled": False}):
        page = visit(**settings)
        figure = page.locator("figure", has=page.locator(".chart")).first
        assert figure.inner_text().count("A cross at the top") == 1
        assert ("Point at it" in figure.inner_text()) == (not settings)
        assert ("arrow keys" in page.locator("footer").inner_text()) == (not settings)


def test_without_javascript_all_is_there(visit):
    page = visit(java_script_enabled=False)
    static = page.locator("noscript .static")
    assert static.count() == 3 and all(one.bounding_box()["height"] > 100 for one in static.all())
    assert page.locator("table.numbers td").all_inner_texts()[1:7] == ["1.00", "0.00", "0.250", "–", "", "1.00"]
    assert page.locator("table.results tbody tr").count() == 3
    assert page.locator(".controls").count() == 0


def test_a_text_with_a_script_is_a_text(visit):
    page = visit()
    assert page.evaluate("window.attacked") is None
    assert page.locator("h1").inner_text() == f"Is it safe? {ATTACK}"
    assert page.locator("td.sample").first.inner_text() == f"a: {ATTACK}"
    assert ATTACK in page.locator(".claim .said").inner_text()
    assert page.locator(".pictures figcaption").first.inner_text().endswith(ATTACK)


def test_no_script_runs_but_the_page_s_own(browser, page_file):
    """Were one to slip in, the page's policy would stop it."""
    page = browser.new_page()
    page.goto(page_file.as_uri())
    added = "const made = document.createElement('script'); made.textContent = 'window.attacked = true'"
    page.evaluate(f"() => {{ {added}; document.body.append(made) }}")
    assert page.evaluate("window.attacked") is None
    page.close()


def test_the_page_says_what_was_found_and_how_to_run_it_again(visit, page_file):
    page = visit()
    answer = page.locator("#answer p").all_inner_texts()
    assert len(answer) == 2 and answer[0].startswith("Yes, as claimed: b is better")
    assert re.search(r"\(\+\S+ \[\+\S+, \+\S+\], claimed more than \+0\)\.$", answer[0].replace(ATTACK, ""))
    assert page.locator(".claim svg.interval").count() == 1
    assert page.locator(".command code").text_content() == f"python {shlex.join(COMMAND)}"
    assert page.locator("nav a").count() == page.locator("main h2").count()
    targets = page.locator("nav a").evaluate_all("links => links.map(a => document.querySelector(a.hash) !== null)")
    assert all(targets)
    assert page_file.stat().st_size < 500_000


def test_ids_are_unique_and_html_is_well_formed(page_file):
    html5lib = pytest.importorskip("html5lib", reason="html5lib is not installed")
    parser = html5lib.HTMLParser(strict=False)
    tree = parser.parse(page_file.read_text())
    assert parser.errors == []
    ids = [node.get("id") for node in tree.iter() if node.get("id")]
    assert len(ids) == len(set(ids))


def test_many_long_curves_are_thinned_to_what_a_page_can_carry():
    x = list(range(0, 10_000, 10))
    runs = [Run(index % 7, index, x, [1.0 / (step + 1 + index) for step in x]) for index in range(1000)]
    begun = time.perf_counter()
    data = page_data([Chart("step", {"loss": [Panel("", "loss", runs)]})], list("abcdefg"), [])
    assert time.perf_counter() - begun < 10
    assert len(data) < 12 * VALUES


@pytest.mark.parametrize(("longest", "most"), [(1, 24), (24, 24), (25, 24), (1000, 60), (1001, 4)])
def test_thinning_keeps_the_first_and_the_last(longest, most):
    kept = thinned(longest, most)
    assert min(longest, most) / 2 <= len(kept) <= most and (kept[0], kept[-1]) == (0, longest - 1)
    assert kept == sorted(set(kept))
