"""HTML from templates whose every value is escaped, unless it is markup already; and where its links lead."""

import os
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup


def fill(template: str, **values: Any) -> Markup:
    """A template of ``report/templates``, filled in."""
    return Markup(_environment().get_template(template).render(**values))


def inline(name: str) -> Markup:
    """A style or a script of ``report/templates``, to stand within its element."""
    return Markup(files("rnn_research.report").joinpath("templates", name).read_text("utf-8"))


def link(target: Path, folder: Path) -> str:
    """The address of a file for a page that lies in a folder."""
    return quote(Path(os.path.relpath(target.resolve(), folder.resolve())).as_posix())


def page_of(run: Path) -> Path:
    """A run's report; its directory where there is none."""
    page = run / "report" / "index.html"
    return page if page.exists() else run


@cache
def _environment() -> Environment:
    loader = PackageLoader("rnn_research.report")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
