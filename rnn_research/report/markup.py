"""HTML from templates whose every value is escaped, unless it is markup already."""

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup


def fill(template: str, **values: Any) -> Markup:
    """A template of ``report/templates``, filled in."""
    return Markup(_environment().get_template(template).render(**values))


def inline(name: str) -> Markup:
    """A style or a script of ``report/templates``, to stand within its element."""
    return Markup(files("rnn_research.report").joinpath("templates", name).read_text("utf-8"))


@cache
def _environment() -> Environment:
    loader = PackageLoader("rnn_research.report")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
