"""Networks in the page as a visitor uses them: typing, writing, reading what is inside, adding numbers."""

import re
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.tasks.base import Batch
from tests.support.browser import visiting
from tests.support.random_networks import KNOWN, SYMBOLS, random_network


@pytest.fixture
def visit(browser, random_networks):
    """Opens the page, see ``visiting``."""
    with visiting(browser) as opened:
        yield partial(opened, random_networks.report / "index.html")


def card(page, name):
    return page.locator(f".network[aria-label='{name}']")


def distribution(found, text, temperature=1.0):
    """What a network of the arms gives for the next character of a text, the likeliest ten, and all."""
    ids = [KNOWN, *(SYMBOLS.index(one) if one in SYMBOLS else KNOWN - 1 for one in text)]
    start = found.model.start(1).state
    assert found.model.stream is not None
    logits = found.model.stream.advance(found.params, start, jnp.asarray(ids)[None])[1][0]
    return np.asarray(jax.nn.softmax(logits / temperature))


def test_typing_shows_what_comes_next_and_how_far_the_gradient_reaches(visit):
    page = visit()
    page.get_by_label("Text that the networks read").fill("a bad dinner")
    shown = card(page, "elman")
    p = distribution(random_network(("text", "elman")), "a bad dinner")
    rows = shown.locator(".likeliest li")
    assert rows.count() == 10
    best = int(np.argmax(p[-1]))
    assert rows.first.inner_text().split() == [[*SYMBOLS, "\ufffd"][best].replace(" ", "·"), percent(p[-1][best])]
    strip = shown.locator(".strip span")
    assert "".join(strip.all_inner_texts()) == "▸a·bad·dinner"
    surprise = [float(one.evaluate("e => e.style.getPropertyValue('--s')")) for one in strip.all()[1:]]
    wanted = [-np.log2(p[step][SYMBOLS.index(one)]) / 10 for step, one in enumerate("a bad dinner")]
    np.testing.assert_allclose(surprise, np.minimum(wanted, 1), atol=0.006)
    strip.nth(4).click()
    bars = strip.evaluate_all("all => all.map(e => Number(e.style.getPropertyValue('--r')))")
    assert max(bars) == 1 and bars[4] > 0 and bars[5:] == [0] * 8
    assert "what follows is d" in shown.locator("h4").inner_text()  # "▸a·ba" is followed by d
    right = shown.locator(".likeliest .right code")
    assert right.count() == 0 or right.inner_text() == "d"
    assert "reaches" in shown.locator(".meta").nth(1).inner_text()


def percent(share):
    return f"{100 * share:.0f}%" if share >= 0.1 else f"{100 * share:.1f}%"


def test_the_temperature_is_that_of_what_is_shown_and_written(visit):
    page = visit()
    page.get_by_label("Text that the networks read").fill("abba")
    page.get_by_label("Temperature").fill("0.1")
    p = distribution(random_network(("text", "elman")), "abba", 0.1)[-1]
    assert card(page, "elman").locator(".likeliest li span").first.inner_text() == percent(p.max())
    page.emulate_media(reduced_motion="reduce")  # all at once
    page.get_by_role("button", name="Go on writing").click()
    written = card(page, "elman").locator(".strip .theirs").all_inner_texts()
    assert len(written) == 60 and page.locator("[role=status]").inner_text() == "60 characters more were written."
    text = "abba" + "".join(written).replace("·", " ").replace("↵", "\n")
    p = distribution(random_network(("text", "elman")), text, 0.1)
    likely = [p[step][SYMBOLS.index(one)] for step, one in enumerate(text)][4:]
    assert np.mean(likely) > 0.5  # by chance it would be a fifteenth
    for _ in range(6):
        page.get_by_role("button", name="Go on writing").click()
    assert card(page, "elman").locator(".strip span").count() == 400
    assert "400 characters" in page.locator("[role=status]").inner_text()
    page.get_by_role("button", name="Take back").click()
    assert card(page, "elman").locator(".strip span").count() == 5


def test_it_writes_a_character_at_a_time_and_stops(visit):
    page = visit()
    # The test is the clock.
    page.evaluate("() => { window.turns = []; window.setTimeout = (turn) => window.turns.push(turn); }")
    page.get_by_role("button", name="Go on writing").click()
    for count in range(6):
        assert card(page, "elman").locator(".theirs").count() == count
        page.evaluate("turns.shift()()")
    page.get_by_role("button", name="Stop").click()
    page.evaluate("for (const turn of turns) turn()")
    assert card(page, "elman").locator(".theirs").count() == 6


def test_unknown_characters_are_said_and_marked_and_markup_is_text(visit):
    page = visit()
    page.get_by_label("Text that the networks read").fill("<i>ö</i>🙂<script>window.attacked = 1</script>")
    assert page.evaluate("window.attacked") is None and page.locator(".network i i, .network script").count() == 0
    status = page.locator("[role=status]").inner_text()
    assert (
        "elman does not know “ö”, “/”, “🙂”, “c”" in status and "read as the one that stands for all others" in status
    )
    marked = card(page, "elman").locator(".strip .unknown").all_inner_texts()
    assert marked[:4] == ["ö", "/", "🙂", "c"]
    p = distribution(random_network(("text", "elman")), "ö")[-1]
    page.get_by_label("Text that the networks read").fill("ö")
    assert card(page, "elman").locator(".likeliest li span").first.inner_text() == percent(p.max())
    page.get_by_label("Text that the networks read").fill("")
    assert card(page, "elman").locator(".strip span").all_inner_texts() == ["▸"]


def test_networks_stand_side_by_side_and_can_be_chosen(visit):
    page = visit()
    names = page.locator(".network h3")
    assert names.all_inner_texts() == [
        "elman",
        "lstm",
        "gru",
    ]  # one of each cell first; of the windows there is no room
    first, second = (card(page, name).bounding_box() for name in ("elman", "lstm"))
    assert first["y"] == second["y"] and first["x"] < second["x"]
    choice = page.get_by_role("group", name="Networks: show or hide")
    choice.get_by_role("button", name="lstm, 2 layers").click()
    choice.get_by_role("button", name="gru", exact=True).click()
    assert names.all_inner_texts() == ["elman", "lstm", "lstm, 2 layers"]
    deep = card(page, "lstm, 2 layers")
    assert deep.locator(".heat b").all_inner_texts() == [
        *("state h", "cell c", "input gate", "forget gate", "candidate", "output gate")
    ]
    pixels = "canvas => canvas.toDataURL()"
    lower = deep.locator("canvas").first.evaluate(pixels)
    page.get_by_label("Inside of").select_option("layer 2")
    assert deep.locator("canvas").first.evaluate(pixels) != lower
    page.get_by_label("Setting").select_option("sum")
    assert names.all_inner_texts() == ["elman", "lstm"]


def test_maps_are_read_by_keyboard(visit):
    page = visit()
    page.get_by_label("Text that the networks read").fill("bad")
    shown = card(page, "lstm")
    cells = shown.locator(".heat-cells").nth(3)  # the forget gate
    cells.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    said = shown.locator(".cell-value").inner_text()
    inside = "ids => steps(network(NETWORKS[0].arms[2]), ids).made[1][0].gates.forget[1]"
    value = page.evaluate(inside, [KNOWN, SYMBOLS.index("b")])
    assert said == f"forget gate of unit 2, after b: {value:#.3g}"
    strip = card(page, "elman").locator(".strip")
    assert strip.get_attribute("aria-valuenow") == "2"  # all look at the same step
    strip.focus()
    page.keyboard.press("End")
    assert re.match(r"step 4 of 4, d; likeliest \S+ \d", strip.get_attribute("aria-valuetext"))
    assert page.evaluate("document.activeElement.className") == "strip"


def test_the_four_steps_of_the_lecture(visit):
    page = visit()
    page.get_by_label("Setting").select_option("recall")
    page.get_by_label("Text that the networks read").fill("cab.d?")
    assert "does not know “?”: nothing is read there" in page.locator("[role=status]").inner_text()
    rows = page.locator("table.four tbody tr")
    assert rows.locator("th").all_inner_texts()[:2] == ["reads", "share of step 1, 2, … in the state"]
    assert rows.first.locator("td").all_inner_texts() == ["c", "a", "b", "."]
    found = page.evaluate("() => memory(network(NETWORKS[2].arms[0]), [2, 0, 1, null])")
    shares = [", ".join(f"{k + 1}: {100 * one[k]:.0f}%" for k in range(t + 1)) for t, one in enumerate(found["shares"])]
    assert rows.nth(1).locator("small").all_inner_texts() == shares
    assert [one[3] for one in found["shares"]] == [0, 0, 0, 0]  # nothing is read at step 4
    assert rows.last.locator("td").all_inner_texts()[0] == "–"
    assert "right would be c" in card(page, "gru").locator("h4").inner_text()


def test_numbers_are_added_and_changed(visit):
    page = visit()
    page.get_by_label("Setting").select_option("sum")
    columns = page.locator(".numbers-strip span")
    assert columns.count() == 12 and page.locator(".numbers-strip .marked").count() == 2
    columns.nth(0).click()
    columns.nth(11).click()
    assert columns.evaluate_all("all => all.map(e => e.className.includes('marked'))") == [True, *[False] * 10, True]
    page.get_by_label("Number at this step").fill("0.25")
    page.locator(".numbers-strip").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowUp")
    values = columns.evaluate_all("all => all.map(e => Number(e.style.getPropertyValue('--v')))")
    assert values[11] == 0.25
    marks = np.eye(12)[[0, 11]].sum(axis=0)
    found = random_network(("sum", "lstm"))
    inputs = jnp.stack([jnp.asarray(values), jnp.asarray(marks)], axis=1)
    answer = found.model.answer(found.params, Batch(inputs[None], None, None), found.model.start(1))[0][0]
    said = card(page, "lstm").locator(".measured").inner_text()
    numbers = [float(one) for one in re.findall(r"-?\d+\.\d+", said)]
    assert numbers[:2] == pytest.approx([float(answer), values[0] + 0.25], abs=0.006)
    assert card(page, "lstm").locator(".bars-over rect").count() == 12
    page.get_by_role("button", name="New numbers").click()
    assert columns.evaluate_all("all => all.map(e => Number(e.style.getPropertyValue('--v')))") != values


def test_answers_of_all_networks_that_add_are_drawn_on_one_scale(visit):
    page = visit()
    page.get_by_label("Setting").select_option("sum")
    truths = page.locator("path.truth").evaluate_all("all => all.map(one => one.getAttribute('d'))")
    assert len(truths) == 2 and truths[0] == truths[1]
    said = page.locator(".network .meta").filter(has_text="answer after each step").all_inner_texts()
    assert said[0] == said[1]
    page.locator(".networks-group").get_by_role("button", name="lstm").click()
    alone = page.locator("path.truth").evaluate_all("all => all.map(one => one.getAttribute('d'))")
    assert len(alone) == 1


def test_a_number_is_taken_when_it_is_one_and_what_is_cut_is_said(visit):
    page = visit()
    page.get_by_label("Setting").select_option("sum")
    number = page.get_by_label("Number at this step")
    values = "all => all.map(e => Number(e.style.getPropertyValue('--v')))"
    columns, said = page.locator(".numbers-strip span"), page.locator(".networks-group [role=status]")
    number.fill("0.25")
    number.fill("")
    assert columns.evaluate_all(values)[11] == 0.25 and number.input_value() == ""
    number.fill("1.7")
    assert columns.evaluate_all(values)[11] == 1
    assert said.inner_text() == "Numbers are from 0 to 1: 1.7 is read as 1."
    number.blur()
    assert number.input_value() == "1.00"
    number.fill("0.5")
    assert said.inner_text() == "" and columns.evaluate_all(values)[11] == 0.5


def test_a_phone_shows_one_below_the_other(visit):
    page = visit(viewport={"width": 380, "height": 740}, has_touch=True, is_mobile=True)
    page.locator("details").evaluate_all("parts => parts.forEach(part => { part.open = true })")
    for setting in ("text", "sum", "recall"):
        page.get_by_label("Setting").select_option(setting)
        assert page.evaluate("document.documentElement.scrollWidth") == 380
    page.get_by_label("Setting").select_option("text")
    boxes = [card(page, name).bounding_box() for name in ("elman", "lstm")]
    assert boxes[0]["x"] == boxes[1]["x"] and boxes[0]["y"] + boxes[0]["height"] <= boxes[1]["y"]


def test_without_javascript_the_part_says_so(visit):
    page = visit(java_script_enabled=False)
    part = page.locator("section[aria-labelledby=networks-part]")
    assert "run in the page's script, which is off" in part.inner_text() and part.locator(".network").count() == 0


def test_all_that_responds_has_a_name(visit):
    """As a screen reader would find it."""
    page = visit()
    nameless = page.evaluate(
        """() => [...document.querySelectorAll(".networks :is(button, input, select, textarea, [tabindex], [role])")]
          .filter((node) => !(node.getAttribute("aria-label") || node.labels?.length || node.textContent.trim())
            && node.getAttribute("role") !== "status").map((node) => node.outerHTML)"""
    )
    assert nameless == []
