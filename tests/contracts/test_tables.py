"""Every factory of every table says what its options are."""

import inspect
import re
from typing import Any

import pytest

from rnn_research.execution.executors import EXECUTORS
from rnn_research.exhibits import KINDS
from rnn_research.experiment.choice import convert, parameters
from rnn_research.heads import HEADS
from rnn_research.models.embedding import EMBEDDINGS
from rnn_research.models.norms import NORMS
from rnn_research.recurrence.backends import BACKENDS
from rnn_research.report.exhibits import DRAWN
from rnn_research.tables import TABLES
from tests.contracts import toys
from tests.contracts.small import small

REQUIRED = {"hidden"}  # options without a default: there is no natural width
ENTRIES = [(kind, name) for kind, table in TABLES.items() for name in table]
OTHERS = {"head": HEADS, "embedding": EMBEDDINGS, "norm": NORMS}


@pytest.mark.parametrize(("kind", "name"), ENTRIES)
def test_every_option_has_a_type_a_default_and_a_line_in_the_docstring(kind, name):
    known = parameters(TABLES[kind], name, kind)
    text = inspect.getdoc(TABLES[kind][name]) or ""
    assert text, "no docstring"
    described = text.partition("Args:")[2].partition("Raises:")[0]
    for option, parameter in known.items():
        assert parameter.annotation is not parameter.empty, f"{option} has no type"
        if parameter.default is parameter.empty:
            assert option in REQUIRED, f"{option} has no default"
        else:
            assert convert(parameter.default, parameter.annotation, option) == parameter.default
        # Named in Args, or as code where the docstring says what is made of it.
        assert re.search(rf"\b{option}\b", described) or f"``{option}``" in text or f"= ``{option}``" in text, option
    small(kind, name)


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, table in OTHERS.items() for name in table])
def test_every_other_factory_has_a_docstring(kind, name):
    assert inspect.getdoc(OTHERS[kind][name])


def test_the_toys_are_in_the_tables():
    registered: dict[str, Any] = {
        "acronym": TABLES["task"],
        "first_word": TABLES["learner"],
        "kernel": TABLES["probe"],
        "letters": HEADS,
        "spelled words": EMBEDDINGS,
        "running": NORMS,
    }
    assert toys.END == 4
    for name, table in registered.items():
        assert name in table


def test_every_kind_of_exhibit_can_be_drawn():
    assert set(KINDS) == set(DRAWN)


@pytest.mark.parametrize("name", BACKENDS)
def test_a_backend_says_whether_it_fits(name):
    assert list(inspect.signature(BACKENDS[name].fits).parameters) == ["cell", "call"]
    assert list(inspect.signature(BACKENDS[name].run).parameters) == ["cell", "call"]


@pytest.mark.parametrize("name", EXECUTORS)
def test_an_executor_is_made_of_options_and_a_number_of_trials(name):
    assert list(inspect.signature(EXECUTORS[name]).parameters) == ["options", "trials"]
