"""From a word to its class: lower case, stem, lemma, stop words in one."""

from collections.abc import Callable
from functools import cache

from rnn_research.lookup import lookup

# Those that the stemmer, the lemmatiser and the lists of stop words all know, with their codes.
LANGUAGES = {
    "catalan": "ca",
    "czech": "cs",
    "danish": "da",
    "dutch": "nl",
    "english": "en",
    "finnish": "fi",
    "french": "fr",
    "german": "de",
    "greek": "el",
    "hindi": "hi",
    "hungarian": "hu",
    "indonesian": "id",
    "italian": "it",
    "norwegian": "nb",
    "persian": "fa",
    "polish": "pl",
    "portuguese": "pt",
    "romanian": "ro",
    "russian": "ru",
    "spanish": "es",
    "swedish": "sv",
    "turkish": "tr",
}
STOP = "<stop>"

Reduction = Callable[[str], str]


def reduction(name: str, language: str) -> Reduction:
    """The function from a surface, a word with or without a space before it, to its class.

    ``none`` leaves the surface as it is, ``lower`` is the word in lower case, ``stem`` its stem (Snowball, Porter
    2001), ``lemma`` its lemma (simplemma) in lower case, ``stop`` is ``<stop>`` for stop words of any case and leaves
    other surfaces as they are.

    Raises:
      ValueError: an unknown name or language.
    """
    lookup(LANGUAGES, language, "language")
    return cache(lookup(REDUCTIONS, name, "reduction")(language))


def _none(language: str) -> Reduction:
    return lambda surface: surface


def _lower(language: str) -> Reduction:
    return lambda surface: word(surface).lower()


def _stem(language: str) -> Reduction:
    import snowballstemmer

    stemmer = snowballstemmer.stemmer(language)
    return lambda surface: stemmer.stemWord(word(surface).lower()) or word(surface).lower()


def _lemma(language: str) -> Reduction:
    import simplemma

    code = LANGUAGES[language]
    return lambda surface: simplemma.lemmatize(word(surface), lang=code).lower()


def _stop(language: str) -> Reduction:
    listed = stop_words(language)
    return lambda surface: STOP if word(surface).lower() in listed else surface


def stop_words(language: str) -> frozenset[str]:
    """English ones from scikit-learn, all others from the package stop-words, whose English list is too long: it has
    1,333 entries, such as "act" and "39"."""
    if language == "english":
        from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

        return ENGLISH_STOP_WORDS
    from stop_words import get_stop_words

    return frozenset(get_stop_words(language))


def word(surface: str) -> str:
    """A surface without the space before it; a space by itself stays."""
    return surface[1:] if surface[0] == " " and len(surface) > 1 else surface


REDUCTIONS: dict[str, Callable[[str], Reduction]] = {
    "none": _none,
    "lower": _lower,
    "stem": _stem,
    "lemma": _lemma,
    "stop": _stop,
}
