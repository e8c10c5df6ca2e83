"""A live page loads itself again, and what a visitor has made of it stays."""

import re
import threading
from contextlib import contextmanager
from http.server import ThreadingHTTPServer

import pytest

from rnn_research.report.build import build
from rnn_research.report.live import Served, handler
from tests.support.made_up_run import SCORES, compare, write_run


def living(html):
    """The page as a server has it."""
    return (
        html.replace("<html", "<html data-live", 1).replace("script-src", "connect-src 'self'; script-src", 1).encode()
    )


@contextmanager
def served(browser, html):
    """The page opened from a server, and what puts another in its place and waits until it stands."""
    files = Served()
    files.files = {"index.html": living(html), "version": b"1"}
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(files))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page = browser.new_page(viewport={"width": 1000, "height": 500})
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"http://127.0.0.1:{server.server_port}/")

    def renew(html, version=b"2"):
        with page.expect_response(lambda answer: answer.url.endswith("version")):
            pass
        with page.expect_navigation():
            files.files = {"index.html": living(html), "version": version}

    yield page, renew
    page.close()
    server.shutdown()
    assert faults == []


@pytest.fixture(scope="module")
def run_page(tmp_path_factory):
    run = write_run(tmp_path_factory.mktemp("run"), SCORES, [[compare()]])
    build(run)
    return (run.report / "index.html").read_text()


@pytest.mark.slow
def test_charts_tables_open_parts_and_the_place_stay(browser, run_page):
    with served(browser, run_page) as (page, renew):
        chart = page.locator(".chart").first
        chart.locator("select").last.select_option("seeds")
        chart.get_by_role("button", name="b", exact=True).click()
        chart.get_by_role("button", name="Zoom in").click()
        marks = chart.locator(".frame text").all_text_contents()
        heading = page.locator("table.results th").filter(has_text="test score")
        for _ in range(2):
            heading.locator("button").click()
        order = page.locator("table.results tbody th").all_inner_texts()
        page.locator("details.trials summary").nth(1).click()
        page.locator("details.trials svg.spark").first.wait_for()
        page.evaluate("document.querySelector('#claims').scrollIntoView({ behavior: 'instant' }); scrollBy(0, 20)")
        where = page.locator("#claims").bounding_box()["y"]
        longer = run_page.replace('<h2 id="table">', "<p style='height: 333px'>News</p><h2 id=\"table\">")
        renew(longer)
        assert page.get_by_text("News").count() == 1
        assert chart.locator("path.seed").count() == 5 and chart.locator("path.line").count() == 0
        assert chart.locator("select").last.input_value() == "seeds"
        assert chart.locator(".frame text").all_text_contents() == marks
        assert heading.get_attribute("aria-sort") == "descending"
        assert page.locator("table.results tbody th").all_inner_texts() == order
        opened = page.locator("details.trials").evaluate_all("parts => parts.map(part => part.open)")
        assert opened == [False, True] and page.locator("details.trials svg.spark").count() == 5
        assert page.locator("#claims").bounding_box()["y"] == pytest.approx(where, abs=2)


@pytest.mark.slow
def test_what_was_typed_and_written_stays_and_who_types_is_not_disturbed(browser, random_networks):
    html = (random_networks.report / "index.html").read_text()
    with served(browser, html) as (page, renew):
        page.emulate_media(reduced_motion="reduce")
        area = page.get_by_label("Text that the networks read")
        area.fill("abba")
        page.get_by_label("Temperature").fill("0.5")
        page.get_by_role("button", name="Go on writing").click()
        choice = page.get_by_role("group", name="Networks: show or hide")
        choice.get_by_role("button", name="gru", exact=True).click()
        page.get_by_label("Inside of").select_option("layer 2")
        strips = page.locator(".network .strip")
        strips.first.locator("span").nth(3).click()
        page.locator(".network details summary").first.click()
        area.focus()
        area.evaluate("area => area.setSelectionRange(1, 3)")
        written, names = strips.all_inner_texts(), page.locator(".network h3").all_inner_texts()
        renew(html)
        assert area.input_value() == "abba" and strips.all_inner_texts() == written
        assert page.locator(".network h3").all_inner_texts() == names and "gru" not in names
        assert page.get_by_label("Temperature").input_value() == "0.5"
        assert page.locator(".networks output").inner_text() == "0.50"
        assert page.get_by_label("Inside of").locator("option:checked").inner_text() == "layer 2"
        assert strips.first.get_attribute("aria-valuenow") == "4"
        assert page.locator(".network details").first.evaluate("part => part.open")
        assert page.evaluate("[document.activeElement.selectionStart, document.activeElement.selectionEnd]") == [1, 3]

        page.get_by_label("Setting").select_option("sum")
        page.locator(".numbers-strip span").nth(2).click()
        said = page.locator(".network .measured").all_inner_texts()
        renew(html, b"3")
        assert page.locator(".network .measured").all_inner_texts() == said and len(said) == 2
        assert re.match("step 3, .*, marked", page.locator(".numbers-strip").get_attribute("aria-valuetext"))


@pytest.mark.slow
def test_a_page_whose_server_has_gone_says_so_and_takes_up_the_news_of_the_next(browser, run_page):
    files, servers = Served(), []
    files.files = {"index.html": living(run_page), "version": b"1"}

    def start(port):
        servers.append(ThreadingHTTPServer(("127.0.0.1", port), handler(files)))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return servers[-1].server_port

    port, page = start(0), browser.new_page()
    with page.expect_response(lambda answer: answer.url.endswith("version")):
        page.goto(f"http://127.0.0.1:{port}/")
    status = page.locator(".followed")
    assert status.inner_text().startswith("What it shows is of ") and "lost" not in (
        status.get_attribute("class") or ""
    )
    servers[0].shutdown()
    servers[0].server_close()
    page.locator(".followed.lost").wait_for()
    assert "Its server has not answered since " in status.inner_text()
    with page.expect_navigation():
        files.files |= {"version": b"2"}
        start(port)
    assert page.locator(".followed.lost").count() == 0
    page.close()
    servers[1].shutdown()
