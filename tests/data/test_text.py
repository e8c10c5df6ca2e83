"""Corpora: splits by position, files of any kind, what is refused and how it is said."""

import gzip
import itertools
import subprocess
import sys
from pathlib import Path
from pydoc_data.topics import topics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnn_research.data.locate import DataNotFoundError, find
from rnn_research.data.text import CORPORA, SPLITS, articles, first_characters, load_text, split_by_position
from tests.support.corpora import joined, lengths

ROOT = Path(__file__).resolve().parents[2]
# Characters, percent in training, distinct characters, documents: as the corpora's own notes state them.
STATED = {
    "tinyshakespeare": (1_115_394, 90, 65, (1, 1, 1)),
    "war_and_peace_en": (3_196_211, 80, 82, (1, 1, 1)),
    "war_and_peace_ru": (3_388_492, 80, 184, (1, 1, 1)),
    "linux_kernel": (6_206_996, 90, 97, (1, 1, 1)),
    "wikitext2": (13_155_647, None, None, (600, 60, 60)),
}


@pytest.fixture
def file(tmp_path):
    """Writes a file of these bytes, by default one that is long enough for three splits."""

    def write(data=b"0123456789" * 300, name="my.txt"):
        (tmp_path / name).write_bytes(data)
        return str(tmp_path / name)

    return write


# Splits.


@given(st.lists(st.text(max_size=30), max_size=8), st.sampled_from([(90, 5, 5), (80, 10, 10), (0.5, 0.5), (1,)]))
def test_a_split_by_position_cuts_at_the_rounded_shares_and_loses_nothing(documents, shares):
    parts = split_by_position(documents, shares)
    text = "".join(documents)
    borders = [round(len(text) * sum(shares[: k + 1]) / sum(shares)) for k in range(len(shares))]
    assert ["".join(part) for part in parts] == [text[a:b] for a, b in itertools.pairwise([0, *borders])]
    assert all(document for part in parts for document in part)
    pieces = [document for part in parts for document in part]
    assert len(pieces) <= len(list(filter(None, documents))) + len(shares) - 1


def test_a_document_that_a_border_cuts_goes_on_as_one_of_its_own():
    assert split_by_position(["abcd", "", "efgh", "ij"], (50, 30, 20)) == [("abcd", "e"), ("fgh",), ("ij",)]
    assert split_by_position(["abcdefghij"], (80, 10, 10)) == [("abcdefgh",), ("i",), ("j",)]


@given(st.lists(st.text(min_size=1, max_size=9), max_size=6), st.integers(0, 60))
def test_a_limit_keeps_the_first_characters(documents, limit):
    kept = first_characters(documents, limit)
    assert "".join(kept) == "".join(documents)[:limit] and all(kept)
    assert first_characters(documents, None) == tuple(documents)


def test_a_limit_leaves_the_held_out_splits_alone(file):
    whole, short = load_text(path=file()), load_text(path=file(), limit=250)
    assert lengths(whole) == [2700, 150, 150] and lengths(short) == [250, 150, 150]
    assert whole.documents["train"][0].startswith(short.documents["train"][0])
    assert lengths(load_text(path=file(), limit=10**9)) == lengths(whole)


# Embedded corpora.


def test_python_docs_are_the_topics_by_name():
    corpus = load_text()
    assert corpus.name == "python_docs"
    assert joined(corpus) == "".join(topics[name] for name in sorted(topics))
    total = len(joined(corpus))
    assert lengths(corpus)[0] == round(total * 90 / 100) and abs(lengths(corpus)[1] - lengths(corpus)[2]) <= 1
    assert corpus.documents["train"][0] == topics[min(topics)]
    assert len(topics) <= sum(map(len, corpus.documents.values())) <= len(topics) + 2


def test_python_source_is_the_standard_library():
    corpus = load_text("python_source")
    documents = [document for split in SPLITS for document in corpus.documents[split]]
    assert any(document.startswith('r"""OS routines for NT or Posix') for document in documents)
    assert not any("build_time_vars" in document[:200] for document in documents)
    for document in corpus.documents["train"][:-1]:
        compile(document, "a module", "exec", dont_inherit=True)
    assert "\r" not in joined(corpus)


def test_no_heavy_package_is_imported_before_it_is_needed():
    script = (
        "import sys, rnn_research.data.text, rnn_research.data.tokens, rnn_research.data.streams\n"
        "import rnn_research.data.vectors\n"
        "print(*{'jax', 'datasets', 'tokenizers', 'simplemma', 'snowballstemmer', 'sklearn'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""


# Corpora of the data directory.


@pytest.mark.parametrize("name", STATED)
def test_corpora_are_what_their_notes_state(name, data_directory):
    if not (data_directory / name).is_dir():
        pytest.skip(f"no {name} in the data directory")
    corpus = load_text(name)
    characters, share, distinct, documents = STATED[name]
    assert len(joined(corpus)) == characters
    assert tuple(len(corpus.documents[split]) for split in SPLITS) == documents
    if share:
        assert lengths(corpus)[0] == round(characters * share / 100)
        assert len(set(joined(corpus))) == distinct


def test_articles_begin_at_titles_and_lose_nothing():
    text = " \n = One = \n \n a b \n = x , L = \n \n = = Two = = \n \n c \n \n = Th = ree = \n \n d \n"
    assert "".join(articles(text)) == text
    assert [article.strip().split("\n")[0].strip() for article in articles(text)] == ["= One =", "= Th = ree ="]
    assert articles("no title\n") == ("no title\n",)


def test_wikitext_articles_begin_at_their_titles(data_directory):
    if not find("wikitext2/wiki.test.tokens.gz"):
        pytest.skip("no wikitext2 in the data directory")
    corpus = load_text("wikitext2")
    for split in SPLITS:
        first, *others = corpus.documents[split]
        assert first.startswith(" \n = ")
        assert all(article.startswith(" = ") and not article.startswith(" = =") for article in others)
        assert all(article.endswith(" \n") for article in others)
    train = corpus.documents["train"]
    assert "".join(train).count("\n") == 36_718 and len("".join(train)) == 10_780_437


@pytest.mark.parametrize("name", STATED)
def test_a_corpus_that_is_not_there_says_which_file_would_do(name, nowhere):
    with pytest.raises(DataNotFoundError, match=f"^{name} not found .*put {name}/[^ ]+ into --data_dir$") as error:
        load_text(name)
    assert str(nowhere) in str(error.value)


def test_arguments_that_make_no_sense():
    with pytest.raises(ValueError, match="unknown corpus 'wikitext'; did you mean 'wikitext2'"):
        load_text("wikitext")
    with pytest.raises(ValueError, match="one of path and dataset"):
        load_text(path="a", dataset="b")
    with pytest.raises(ValueError, match="column='txt' is for a dataset, and none is given"):
        load_text(column="txt")
    with pytest.raises(ValueError, match=r"limit must be .* not -1"):
        load_text(limit=-1)
    assert "python_docs" in CORPORA


# Files.


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["", "marked"])
def test_a_file_is_read_whatever_its_newlines(file, pack, mark):
    text = "Война и мир\r\nтом\rпервый\n" * 200
    corpus = load_text(path=file(pack(mark + text.encode())))
    assert corpus.name == "my.txt"
    assert joined(corpus) == "Война и мир\nтом\nпервый\n" * 200
    assert all(len(corpus.documents[split]) == 1 for split in SPLITS)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["", "marked"])
def test_bytes_that_are_not_utf8_are_named_with_their_offset(file, mark):
    data = mark + "мир".encode() * 500 + b"\xff" + b"x" * 500
    with pytest.raises(ValueError) as error:
        load_text(path=file(data, "cp1251.txt"))
    assert str(error.value).endswith(f"cp1251.txt is not UTF-8: byte 0xff at offset {len(mark) + 3000}")
    with pytest.raises(ValueError, match=f"byte 0xff at offset {len(mark) + 3000} of what it unpacks to"):
        load_text(path=file(gzip.compress(data)))


def test_files_that_cannot_be_read(file, tmp_path):
    with pytest.raises(ValueError, match=r"^cannot read .*none\.txt: No such file or directory$"):
        load_text(path=str(tmp_path / "none.txt"))
    with pytest.raises(ValueError, match=r"^cannot read .*directory"):
        load_text(path=str(tmp_path))
    with pytest.raises(ValueError, match=r"^cannot unpack .*broken\.gz: .*end"):
        load_text(path=file(gzip.compress(b"a" * 9999)[:-9], "broken.gz"))


@pytest.mark.parametrize("length, good", [(0, False), (1999, False), (2000, True)])
def test_a_text_too_short_for_three_splits_is_refused(file, length, good):
    path = file(b"x" * length)
    if good:
        assert lengths(load_text(path=path)) == [1800, 100, 100]
    else:
        with pytest.raises(ValueError, match=rf"my\.txt holds {length} characters; at least 2000 are needed"):
            load_text(path=path)
