"""A page in a headless Chromium, from a file, with no network."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync")
QUIET += ("--disable-background-networking", "--disable-component-update")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextmanager
def visiting(browser: Any) -> Iterator[Any]:
    """Opens pages, and in the end sees to it that nothing was asked for but them and that no error was reported."""
    contexts, faults = [], []

    def opened(page_file: Path, **settings: Any) -> Any:
        contexts.append(browser.new_context(**{"viewport": {"width": 1100, "height": 800}} | settings))
        page = contexts[-1].new_page()
        page.on("console", lambda message: faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        own = page_file.as_uri()
        page.on("request", lambda sent: faults.append(sent.url) if not sent.url.startswith((own, "data:")) else None)
        page.goto(own)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []
