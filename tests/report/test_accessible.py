"""The page for who does not see it, or reads it on paper: names, headings, tables, focus, what is read out, print."""

import re
from itertools import pairwise

import pytest

from rnn_research.report.board import collect
from rnn_research.report.board_page import html
from rnn_research.report.build import build
from rnn_research.report.records import Records
from tests.support.browser import visiting
from tests.support.made_up_run import SCORES, compare, fading, write_run

pytestmark = pytest.mark.slow

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice")
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SHEET = 688  # pixels across A4 without the page's margins of 14 mm
OPEN = "parts => parts.forEach(part => { part.open = true })"


@pytest.fixture(scope="module")
def pages(tmp_path_factory, random_networks):
    """A page of every kind: of a run with curves and maps, of networks, the board."""
    base = tmp_path_factory.mktemp("pages")
    scores = {labels: [*values, *values[:3]] for labels, values in SCORES.items()}
    figures = ({"kind": "Reach", "x": "task", "label": "distance", "where": {}},)
    numbered = {(task, cell): values for (_, cell), values in scores.items() for task in (10, 20, 40)}
    states = {(10, "a", 1): "diverged"}
    run = write_run(base / "run", numbered, [[compare()]], states, {"solved": 0.06}, exhibits=fading, figures=figures)
    build(run)
    board = base / "claims.html"
    board.write_text(html(collect([], Records()), base))
    return {"run": run.report / "index.html", "networks": random_networks.report / "index.html", "board": board}


@pytest.fixture
def visit(browser, pages):
    with visiting(browser) as opened:
        yield lambda name, **settings: opened(pages[name], **settings)


@pytest.mark.parametrize("name", ["run", "networks", "board"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_rule_of_wcag_is_broken(visit, name, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    for size in ({}, PHONE):
        page = visit(name, color_scheme=scheme, bypass_csp=True, **size)
        page.locator("details").evaluate_all(OPEN)
        asked = {"runOnly": list(RULES), "resultTypes": ["violations"]}
        found = axe.Axe().run(page, options=asked).response["violations"]
        assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found] == []


def tree(page):
    """What a screen reader is told: nodes that are not ignored, by role, with their names."""
    client = page.context.new_cdp_session(page)
    nodes = client.send("Accessibility.getFullAXTree")["nodes"]
    shown = [node for node in nodes if not node["ignored"]]
    return [(node["role"]["value"], node.get("name", {}).get("value", ""), node) for node in shown]


CONTROLS = {"button", "link", "textbox", "slider", "checkbox", "combobox", "application", "spinbutton", "MenuListPopup"}


@pytest.mark.parametrize("name", ["run", "networks"])
def test_all_that_is_read_out_has_a_name_that_says_what_it_is(visit, name):
    page = visit(name)
    page.locator("details").evaluate_all(OPEN)
    nodes = tree(page)
    roles = {role for role, *_ in nodes}
    assert {"button", "link", "table", "heading", "slider"} <= roles
    nameless = [
        role for role, said, _ in nodes if role in CONTROLS - {"MenuListPopup"} | {"table", "figure"} and not said
    ]
    assert nameless == []
    images = [said for role, said, _ in nodes if role in ("image", "img", "application")]
    assert images and all(len(said.split()) > 2 for said in images), images
    levels = [
        prop["value"]["value"]
        for role, _, node in nodes
        if role == "heading"
        for prop in node["properties"]
        if prop["name"] == "level"
    ]
    assert levels[0] == 1 and all(after - before <= 1 for before, after in pairwise(levels))
    assert page.locator("th:not([scope])").count() == 0
    assert page.locator("table:not(:has(caption)):not(.tip table)").count() == 0


def test_a_chart_and_a_map_say_what_they_show(visit):
    page = visit("run")
    label = page.locator(".chart").first.locator(".frame svg").first.get_attribute("aria-label")
    assert "validation mse against step (updates); at the end a 0.0100, b 0.0100" in label
    assert "; from " in page.locator(".cells").first.get_attribute("aria-label")
    assert "the greatest at a at initialisation, 11" in page.locator(".cells").first.get_attribute("aria-label")
    rows = page.locator("section", has_text="The distance at which half").locator("figure table tbody tr")
    said = ["below 10 [below 10, 10]", "beyond 40 [40, beyond 40]"]
    assert [row.locator("td").all_inner_texts() for row in rows.all()] == [said]


def test_the_best_are_marked_beside_their_numbers_however_the_table_is_sorted(visit):
    page = visit("run")
    rows = page.locator("table.results tbody tr").filter(has=page.locator(".best"))
    heading = page.locator("table.results th").filter(has_text="test score").locator("button")
    for _ in range(3):
        assert rows.locator("th").all_inner_texts() == ["b"] * 3
        said = rows.locator("td:has(.best)").all_text_contents()
        assert all(one.endswith("★, one of the best of its setting") for one in said)
        heading.click()
    assert page.locator(".note").filter(has_text="★ and bold").filter(has_text="Welch").count() == 1
    assert int(rows.first.locator(".best").evaluate("node => getComputedStyle(node).fontWeight")) >= 600


@pytest.mark.parametrize("name", ["run", "networks"])
def test_tab_goes_through_the_whole_page_and_what_has_the_focus_is_seen(visit, name):
    page = visit(name)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the link that skips
    assert page.evaluate("document.activeElement.id") == "results"
    order = "nodes => nodes.filter(node => node.tabIndex >= 0 && node.checkVisibility()).length"
    count = page.locator("main :is(a, button, input, select, textarea, summary, [tabindex])").evaluate_all(order)
    seen = []
    for _ in range(count):
        page.keyboard.press("Tab")
        found = page.evaluate(
            """() => { const node = document.activeElement, style = getComputedStyle(node);
              window.passed ??= new Set(); window.passed.add(node);
              const { outlineStyle, outlineWidth } = style;
              return [outlineStyle !== "none" && parseFloat(outlineWidth) > 0, node.outerHTML.slice(0, 60)] }"""
        )
        seen.append(found)
    assert [node for outlined, node in seen if not outlined] == []
    assert page.evaluate("window.passed.size") == count


def test_what_networks_say_is_read_out_when_typing_pauses(visit):
    page = visit("networks")
    heard = page.locator(".networks-group p.spoken[aria-live=polite]")
    page.wait_for_timeout(900)
    assert heard.text_content() == ""  # nobody has asked yet
    area = page.get_by_label("Text that the networks read")
    area.click()
    page.keyboard.type("bad")
    assert heard.text_content() == ""
    heard.get_by_text(re.compile(".")).wait_for(state="attached")
    shares = page.locator(".network").evaluate_all(
        "all => all.map(one => `${one.ariaLabel}: ${one.querySelector('.likeliest code').textContent}`)"
    )
    assert len(shares) == 3 and all(one in heard.text_content() for one in shares)
    assert page.locator(".strip").first.get_attribute("lang") == ""  # the page's language is not that of a text


@pytest.mark.parametrize("name", ["run", "networks", "board"])
def test_on_paper_nothing_is_cut_and_nothing_is_there_to_be_clicked(visit, name):
    page = visit(name, color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    page.set_viewport_size({"width": SHEET, "height": 1000})
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    wide = page.evaluate(
        """sheet => [...document.querySelectorAll("body *")].filter(node => {
          const { width, right } = node.getBoundingClientRect();
          return width > 1 && right > sheet + 1 && getComputedStyle(node).clipPath === "none";
        }).map(node => node.outerHTML.slice(0, 120))""",
        SHEET,
    )
    assert wide == []
    seen = "n => n.checkVisibility() && !n.matches('.sort, .arm')"
    clicked = f"nodes => nodes.filter({seen}).map(n => n.outerHTML.slice(0, 99))"
    assert page.locator("button, input, select, textarea, summary, nav").evaluate_all(clicked) == []
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") in ("rgb(255, 255, 255)",)
    hints = page.get_by_text(re.compile("[Aa]rrow keys|A click|Point at it"))
    assert not any(one.is_visible() for one in hints.all())
    closed = page.locator("details:not([open]), .trials-part")
    assert not any(one.is_visible() for one in closed.all())
    if name == "run":
        heads = page.locator("table.results thead")
        style = "e => [getComputedStyle(e).display, getComputedStyle(e).breakInside]"
        assert heads.evaluate(style) == ["table-header-group", "avoid"]  # and so come again on every page,
        inside = "all => all.map(e => getComputedStyle(e).display)"
        assert set(heads.locator("button").evaluate_all(inside)) == {"contents"}  # unless there is a box in them
        wanted = page.locator(".chart .frame svg").first.get_attribute("width")
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.locator(".chart .frame svg").first.get_attribute("width") != wanted
        assert page.pdf(format="A4", prefer_css_page_size=True)[:5] == b"%PDF-"
