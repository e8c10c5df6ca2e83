"""Reductions: which words become one class."""

import pytest

from rnn_research.data.reductions import LANGUAGES, REDUCTIONS, reduction, stop_words


@pytest.mark.parametrize(
    "reduce, language, same, different",
    [
        ("lower", "english", ["The", " the", "THE", "the"], ["the", "house"]),
        ("lower", "russian", ["Дом", " дом", "ДОМ"], ["дом", "дома"]),
        ("stem", "english", [" house", "Houses", "housing"], ["house", "old"]),
        ("stem", "russian", ["старый", " Старые", "старом"], ["старый", "дом"]),
        ("lemma", "english", ["were", " is", "Be"], ["house", "old"]),
        ("lemma", "russian", ["Дома", " дом", "доме", "домом"], ["дом", "старый"]),
        ("stop", "english", ["The", " the", "and", "WAS"], ["house", " house"]),
        ("stop", "russian", ["Это", " и", "был"], ["дом", " дом"]),
        ("none", "english", ["the", "the"], ["the", " the"]),
    ],
)
def test_reductions(reduce, language, same, different):
    class_of = reduction(reduce, language)
    assert len({class_of(surface) for surface in same}) == 1
    assert len({class_of(surface) for surface in different}) == 2
    for blank in (" ", "\n", "\t", "\u00a0", "\u2003"):
        assert class_of(blank) == blank


def test_every_language_has_all_three_reductions():
    for language in LANGUAGES:
        for name in REDUCTIONS:
            assert reduction(name, language)(" 1999")
        assert len(stop_words(language)) > 50
