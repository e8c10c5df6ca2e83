"""Dates as people write them, made ISO 8601: "Tuesday, May 3rd, 1994" becomes "1994-05-03"."""

import datetime
from functools import lru_cache

import numpy as np

from rnn_research.data.pairs import Pair
from rnn_research.tasks.base import Task
from rnn_research.tasks.seq2seq import Encoded, encode_pairs, of_pairs

KEY = 20171004
FIRST, LAST = datetime.date(1900, 1, 1), datetime.date(2099, 12, 31)
HELD_OUT = 1000
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FORMS = (  # none can be read as two dates: between points the day comes first, between strokes the month
    "{day} {month} {year}",
    "{nth} {month} {year}",
    "the {nth} of {month}, {year}",
    "{month} {day}, {year}",
    "{month} {nth}, {year}",
    "{mon} {day}, {year}",
    "{day} {mon} {year}",
    "{day}-{mon}-{year}",
    "{weekday}, {day} {month} {year}",
    "{weekday}, {month} {nth}, {year}",
    "{wkd} {mon} {day} {year}",
    "{day}.{number}.{year}",
    "{day:02}.{number:02}.{year}",
    "{number}/{day}/{year}",
    "{number:02}/{day:02}/{year}",
    "{year}/{number:02}/{day:02}",
)
CASES = (str, str.lower, str.upper)


def dates(examples: int = 10_000, beam: int = 1) -> Task:
    """A date from 1900 to 2099 in one of 16 English forms, in one of three cases, as year, month and day in figures.

    Which dates, forms and cases is drawn from one fixed key, all as likely. The 73,049 dates are split, so that none is
    in two splits: 1,000 to validate, 1,000 to test, each in one form; training takes the others in turn. Metric and
    baseline: see ``tasks.seq2seq.of_pairs``; the empty answer is right for no date.

    Args:
      examples: to train on.
      beam: see ``of_pairs``.

    Raises:
      ValueError: no examples.
    """
    if examples < 1:
        raise ValueError(f"dates: examples must be 1 or more, not {examples}")
    return of_pairs(prepare(examples), beam=beam, solved=0.99)


@lru_cache(maxsize=4)
def prepare(examples: int) -> Encoded:
    """The pairs of ``dates``."""
    order = np.random.default_rng(KEY).permutation((LAST - FIRST).days + 1)
    test, valid, train = np.split(order, [HELD_OUT, 2 * HELD_OUT])
    chosen = {"train": np.resize(train, examples), "valid": valid, "test": test}
    return encode_pairs({split: _pairs(days, number) for number, (split, days) in enumerate(chosen.items())})


def _pairs(days: np.ndarray, number: int) -> list[Pair]:
    random = np.random.default_rng((KEY, number))
    forms, cases = random.integers(0, len(FORMS), len(days)), random.integers(0, len(CASES), len(days))
    found = []
    for day, form, case in zip(days.tolist(), forms, cases, strict=True):
        date = FIRST + datetime.timedelta(days=day)
        found.append(Pair(CASES[case](written(date, FORMS[form])), date.isoformat()))
    return found


def written(date: datetime.date, form: str) -> str:
    """A date in a form of ``FORMS``."""
    month, weekday = MONTHS[date.month - 1], DAYS[date.weekday()]
    return form.format(
        day=date.day,
        nth=ordinal(date.day),
        number=date.month,
        month=month,
        mon=month[:3],
        weekday=weekday,
        wkd=weekday[:3],
        year=date.year,
    )


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, … 11th, … 21st, …"""
    ending = "th" if number // 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
