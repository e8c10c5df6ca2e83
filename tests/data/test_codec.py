"""Codecs: what was written down and read again encodes and decodes as it did, to the bit, without the documents."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_research.data import words
from rnn_research.data.codec import CODECS, Labels, from_json, to_json
from rnn_research.data.encoding import Tokeniser
from rnn_research.data.reductions import REDUCTIONS
from rnn_research.data.tokens import TOKENISERS, tokeniser
from tests.support.texts import ENGLISH, RUSSIAN

ROOT = Path(__file__).resolve().parents[2]
OTHERS = "naïve 'façade' 𝕏𝕏 日本語 e\u0301 и\u0306 \r\n \r \x00 <unk> <eos> <stop> \u2028\ufeff"
CASES = {
    "characters": {},
    "bpe": {"vocabulary": 400},
    "split": {},
    "few split": {"vocabulary": 5},
    "words": {},
    "few words": {"vocabulary": 9},
    **{f"words {reduce}": {"reduce": reduce} for reduce in REDUCTIONS},
    **{f"words {reduce} russian": {"reduce": reduce, "language": "russian"} for reduce in REDUCTIONS},
    "bare_words": {},
    "bare_words lemma": {"reduce": "lemma"},
    "few words lemma": {"reduce": "lemma", "vocabulary": 6},
}
cases = pytest.mark.parametrize("case", CASES)


def kind_of(case):
    return next(kind for kind in TOKENISERS if kind in case)


@cache
def trained(case):
    return tokeniser(kind_of(case), [ENGLISH + OTHERS, RUSSIAN, OTHERS + "unique"], **CASES[case])


def again(codec, **how):
    return from_json(json.loads(json.dumps(to_json(codec), **how)))


@cache
def read_again(case):
    return again(trained(case))


def assert_same(one, two, text):
    assert (one.size, one.names) == (two.size, two.names)
    for a, b in zip(one.encode(text), two.encode(text), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    assert one.unknown(text) == two.unknown(text)
    ids = one.encode(text).ids
    assert one.decode(ids) == two.decode(ids) and one.decode(ids.tolist()) == two.decode(ids.tolist())


def texts(**options):
    """Any characters, and pieces of what the tokenisers know, changed or not."""
    known = st.sampled_from([*ENGLISH.split(), *RUSSIAN.split(), *OTHERS.split(), " ", "\n", "\r\n", "e\u0301", "𝕏"])
    anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    return st.lists(known | anything | known.map(str.upper), max_size=12, **options).map(" ".join)


@cases
@settings(max_examples=25, deadline=None)
@given(text=texts())
def test_a_codec_read_again_is_the_same(case, text):
    assert_same(trained(case), read_again(case), text)


@cases
def test_a_codec_read_again_is_the_same_on_its_own_texts(case):
    for text in (ENGLISH, RUSSIAN, OTHERS, ENGLISH.upper(), RUSSIAN.lower(), ""):
        assert_same(trained(case), read_again(case), text)
    size = trained(case).size
    assert trained(case).decode(range(size)) == read_again(case).decode(range(size))


@pytest.mark.parametrize("kind", TOKENISERS)
@settings(max_examples=30, deadline=None)
@given(train=texts(min_size=1), text=texts())
def test_codecs_of_any_training_text(kind, train, text):
    tokens = tokeniser(kind, [train + "a", text], **({"vocabulary": 260} if kind == "bpe" else {}))
    assert_same(tokens, again(tokens), train + text)
    assert_same(tokens, again(tokens), text[::-1])


@cases
def test_how_the_json_is_laid_out_changes_nothing(case):
    for how in ({"sort_keys": True}, {"ensure_ascii": False, "indent": 2}):
        assert_same(trained(case), again(trained(case), **how), ENGLISH + RUSSIAN + OTHERS + "a new one, новый")


@cases
def test_what_is_read_again_is_written_as_before(case):
    assert to_json(read_again(case)) == to_json(trained(case))
    assert to_json(trained(case))["kind"] == kind_of(case)


def test_halves_of_a_surrogate_pair_stay_two_characters():
    tokens = tokeniser("characters", ["\ud835\udd4f𝕏"])
    assert tokens.size == 4
    assert_same(tokens, again(tokens), "\ud835𝕏\udd4f")


def test_classes_do_not_change_with_the_package_that_gave_them(monkeypatch):
    tokens = tokeniser("words", [ENGLISH], reduce="lemma")
    value = to_json(tokens)
    monkeypatch.setattr(words, "reduction", lambda name, language: lambda surface: "another")
    assert_same(tokens, from_json(value), ENGLISH)


def test_a_codec_needs_neither_its_documents_nor_the_locale(tmp_path):
    """In a process that knows nothing but the file, and whose locale is not UTF-8."""
    tokens = trained("words lemma russian")
    (tmp_path / "codec.json").write_bytes(json.dumps(to_json(tokens), ensure_ascii=False).encode())
    (tmp_path / "text").write_bytes((RUSSIAN + OTHERS).encode())
    script = (
        "import json, sys; from pathlib import Path; from rnn_research.data.codec import from_json\n"
        "folder = Path(sys.argv[1]); codec = from_json(json.loads((folder / 'codec.json').read_bytes()))\n"
        "print(codec.encode((folder / 'text').read_bytes().decode()).ids.tolist())"
    )
    environment = {"PATH": "", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    run = [sys.executable, "-c", script, str(tmp_path)]
    result = subprocess.run(run, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert json.loads(result.stdout) == tokens.encode(RUSSIAN + OTHERS).ids.tolist()


@pytest.mark.parametrize("kind", ["split", "words"])
def test_a_vocabulary_of_thirty_thousand_words_is_a_small_file(kind):
    numbers = np.random.default_rng(0).permutation(30_000)
    text = " ".join(f"word{number:05d}" for number in numbers)
    value = json.dumps(to_json(tokeniser(kind, [text, text])), ensure_ascii=False, indent=2)
    assert len(value.encode()) < 2_000_000


def test_every_tokeniser_has_a_codec():
    assert {*TOKENISERS, "labels"} <= set(CODECS)
    assert all(isinstance(trained(case), Tokeniser) for case in CASES)


def test_codecs_that_cannot_be_read():
    with pytest.raises(ValueError, match=r"^unknown codec 'word'; did you mean 'words'\?$"):
        from_json({"kind": "word"})
    with pytest.raises(ValueError, match=r"^unknown codec ''; known: bare_words, bpe, characters, labelled_spans, "):
        from_json({})
    for kind, lacking in [("words", "counts"), ("split", "vocabulary"), ("bpe", "model"), ("labels", "names")]:
        value = {"kind": "labels", "names": []} if kind == "labels" else to_json(tokeniser(kind, [ENGLISH]))
        del value[lacking]
        with pytest.raises(ValueError, match=f"^the codec '{kind}' lacks '{lacking}'$"):
            from_json(value)


# Labels.


@given(st.lists(st.text(max_size=9), min_size=1, max_size=20, unique=True))
def test_labels_come_back(names):
    labels = Labels(tuple(names))
    assert again(labels) == labels
    ids = [labels.encode(name) for name in names]
    assert ids == list(range(len(names)))
    assert labels.decode(ids) == labels.decode(np.array(ids)) == names


def test_an_unknown_label_is_told_the_nearest():
    labels = Labels(("positive", "negative", "neutral"))
    assert labels.decode([2, 0]) == ["neutral", "positive"]
    with pytest.raises(ValueError, match=r"^unknown label 'positiv'; did you mean 'positive'\?$"):
        labels.encode("positiv")
