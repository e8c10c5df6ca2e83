"""Choices and the text that they are written as: no jax needed."""

import pytest

from rnn_research.experiment import Choice
from rnn_research.experiment.choice import check, parse
from rnn_research.experiment.text_form import split_values
from tests.support.tables import TABLES


def test_a_choice_without_options_says_so():
    with pytest.raises(ValueError, match=r"^learner 'network' has no option 'x'; there are none$"):
        check(Choice("network", x=1), TABLES["learner"], "learner")


def test_check_fills_in_defaults_and_converts_text():
    assert check(Choice("lstm", hidden="16", flag="true"), TABLES["cell"], "cell") == Choice(
        "lstm", hidden=16, forget_bias=1.0, kind="plain", flag=True
    )


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (Choice("lsmt", hidden=1), "did you mean 'lstm'"),
        (Choice("lstm", hiden=1), "did you mean 'hidden'"),
        (Choice("lstm"), "needs a value for 'hidden'"),
        (Choice("lstm", hidden=1.5), "must be of type int"),
        (Choice("lstm", hidden=True), "must be of type int"),
        (Choice("lstm", hidden=(1, 2)), "must be of type int"),
        (Choice("lstm", hidden=1, forget_bias="big"), "must be of type float"),
        (Choice("lstm", hidden=1, flag=1), "must be of type bool"),
    ],
)
def test_check_refuses(choice, message):
    with pytest.raises(ValueError, match=message):
        check(choice, TABLES["cell"], "cell")


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (Choice("texts", steps="1,two"), "must be of type int, not 'two'"),
        (Choice("texts", steps=5), r"must be of type tuple\[int, \.\.\.\]"),
        (Choice("texts", steps=(1, 2.5)), "must be of type int, not 2.5"),
    ],
)
def test_check_refuses_what_is_no_tuple_of_that_type(choice, message):
    with pytest.raises(ValueError, match=message):
        check(choice, TABLES["probe"], "probe")


@pytest.mark.parametrize(
    ("text", "table", "choice"),
    [
        ("adding", "task", Choice("adding", length=50)),
        ("adding(length=20)", "task", Choice("adding", length=20)),
        (
            " lstm( hidden=3 , flag=true,forget_bias=0.5)",
            "cell",
            Choice("lstm", hidden=3, forget_bias=0.5, kind="plain", flag=True),
        ),
        ("text(path=1984)", "task", Choice("text", path="1984", column="text", length=64, limit=0)),
        ("text(path=true, column=0)", "task", Choice("text", path="true", column="0", length=64, limit=0)),
        ("text(path=1e5)", "task", Choice("text", path="1e5", column="text", length=64, limit=0)),
        (
            'text(path="a, b (1).txt", length=3)',
            "task",
            Choice("text", path="a, b (1).txt", column="text", length=3, limit=0),
        ),
        ("texts(steps=(1,2), texts=3)", "probe", Choice("texts", steps=(1, 2), texts=3, tokens=300)),
        ("texts(steps=())", "probe", Choice("texts", steps=(), texts=20, tokens=300)),
        ("texts(steps=7)", "probe", Choice("texts", steps=(7,), texts=20, tokens=300)),
        (
            "strategies(strategies=(greedy,sample(0.5)))",
            "probe",
            Choice("strategies", strategies=("greedy", "sample(0.5)"), texts=20),
        ),
        ('strategies(strategies="a,b")', "probe", Choice("strategies", strategies=("a", "b"), texts=20)),
    ],
)
def test_parse_reads_what_str_writes(text, table, choice):
    assert check(parse(text), TABLES[table], table) == choice
    assert check(parse(str(choice)), TABLES[table], table) == choice


HARD = ["a b", "it's", "it''s", '"x"', "a,b", "(a)", "(", "", "a(1,2)", "x)", 'say "hi, you"', " lead", "=", "='x,y'"]


@pytest.mark.parametrize("value", HARD)
def test_any_text_survives_being_written_and_read(value):
    for choice, table in (
        (Choice("text", path=value), "task"),
        (Choice("strategies", strategies=(value, "greedy", value)), "probe"),
    ):
        assert check(parse(str(choice)), TABLES[table], table) == check(choice, TABLES[table], table)


@pytest.mark.parametrize("text", ["adding(", "adding(length)", "adding(length=1", "(length=1)", 'text(path="a)'])
def test_parse_refuses(text):
    with pytest.raises(ValueError, match="form name"):
        parse(text)


def test_values_are_split_at_commas_outside_brackets_and_quotes():
    assert split_values('a(x=1,y="p,q"), "b, c",\'d\',(1,2),it\'s') == ['a(x=1,y="p,q")', "b, c", "d", "(1,2)", "it's"]
    assert split_values(" ") == []
    for bad in ("a(b", "a)b", '"a'):
        with pytest.raises(ValueError, match=r"not closed|without"):
            split_values(bad)
