"""Several answers to each source in every form of file, by hand."""

import json
from operator import itemgetter

import jax
import numpy as np
import pytest

from rnn_research.data.labelled_files import Columns
from rnn_research.data.pair_labeller import PairLabeller
from rnn_research.data.tokens import tokeniser
from rnn_research.decoding.n_best import NBest
from rnn_research.execution.n_best_files import write_alignments, write_n_best

SOURCES = {
    "txt": "ab\nc\n",
    "tsv": "id\tsource\n7\tab\n8\tc\n",
    "csv": "source,id\nab,7\nc,8\n",
    "jsonl": '{"id": 7, "source": "ab"}\n{"id": 8, "source": "c", "target": "c"}\n',
    "pairs.tsv": "ab\t\tnote\nc\tx\tnote\n",
}
WRITTEN = {
    "txt": "ba\t1\t-0.5\nb\t2\t-1.25\nc\t1\t-0.125\n",
    "tsv": "id\tsource\ttarget\trank\tscore\n7\tab\tba\t1\t-0.5\n7\tab\tb\t2\t-1.25\n8\tc\tc\t1\t-0.125\n",
    "csv": "source,id,target,rank,score\nab,7,ba,1,-0.5\nab,7,b,2,-1.25\nc,8,c,1,-0.125\n",
    "pairs.tsv": "ab\tba\tnote\t1\t-0.5\nab\tb\tnote\t2\t-1.25\nc\tc\tnote\t1\t-0.125\n",
}


@pytest.fixture
def codec():
    known = tokeniser("characters", ["abc"])
    return PairLabeller(known, known, form="tsv")


@pytest.fixture
def found():
    """Of the first source two answers, of the second one; what stands past an answer's end is no part of it."""
    ids = np.array([[[2, 1, 0, 3], [2, 0, 3, 3]], [[3, 0, 1, 1], [1, 1, 1, 1]]])
    weights = np.zeros((2, 4, 3))
    weights[0, :3, :2] = [[0.25, 0.75], [1, 0], [0.5, 0.5]]
    weights[1, :2, 0] = 1
    scores = np.array([[-0.5, -1.25], [-0.125, -np.inf]])
    several = NBest(ids, np.array([[3, 2], [2, 0]]), scores, weights)
    return [jax.tree.map(itemgetter(row), several) for row in range(2)]


@pytest.mark.parametrize("form", WRITTEN)
def test_each_answer_has_a_line_of_the_file_s_form_with_rank_and_score(codec, found, form):
    examples = codec.read(SOURCES[form].encode(), f"file.{form}")
    made = write_n_best(codec, examples, found, ranks=True, scores=True).decode()
    assert made.replace("\r\n", "\n") == WRITTEN[form]


def test_objects_keep_their_fields_and_get_numbers(codec, found):
    examples = codec.read(SOURCES["jsonl"].encode(), "file.jsonl")
    rows = [json.loads(line) for line in write_n_best(codec, examples, found, ranks=True, scores=True).splitlines()]
    assert [(row["id"], row["target"], row["rank"], row["score"]) for row in rows] == [
        (7, "ba", 1, -0.5),
        (7, "b", 2, -1.25),
        (8, "c", 1, -0.125),
    ]
    (first, *_) = [json.loads(line) for line in write_n_best(codec, examples, found, False, True).splitlines()]
    assert first == {"id": 7, "source": "ab", "target": "ba", "score": -0.5}


def test_answers_stay_within_the_column_that_holds_the_languages(codec, found):
    codec = codec._replace(columns=Columns("de", "en"))
    data = b'{"translation": {"de": "ab", "en": "x"}, "id": 7}\n{"translation": {"de": "c"}, "id": 8}\n'
    made = write_n_best(codec, codec.read(data, "file.jsonl"), found, ranks=True, scores=False)
    assert [json.loads(line) for line in made.splitlines()] == [
        {"translation": {"de": "ab", "en": "ba"}, "id": 7, "rank": 1},
        {"translation": {"de": "ab", "en": "b"}, "id": 7, "rank": 2},
        {"translation": {"de": "c", "en": "c"}, "id": 8, "rank": 1},
    ]


def test_a_column_that_is_there_already_is_not_written_over(codec, found):
    examples = codec.read(b"source,score\nab,3\nc,4\n", "file.csv")
    with pytest.raises(ValueError, match=r"^file\.csv:2: a column 'score' is there already$"):
        write_n_best(codec, examples, found, ranks=False, scores=True)
    assert b"rank" in write_n_best(codec, examples, found, ranks=True, scores=False)


def test_alignments_are_of_the_tokens_of_the_best_answer_and_of_the_source(codec, found):
    lines = write_alignments(codec, codec.read(b"ab\nc\n", "standard input"), found).decode().splitlines()
    assert json.loads(lines[0]) == {
        "source": ["a", "b"],
        "answer": ["b", "a", "<EOS>"],
        "weights": [[0.25, 0.75], [1, 0], [0.5, 0.5]],
    }
    assert json.loads(lines[1])["weights"] == [[1], [1]]


def test_a_blank_source_has_one_answer_which_is_nothing(codec, found):
    examples = codec.read(b" \nc\n", "standard input")
    assert write_n_best(codec, examples, found, ranks=True, scores=True) == b"\t1\t0.0\nc\t1\t-0.125\n"
    (first, second) = map(json.loads, write_alignments(codec, codec.read(b"\nc\n", "a.txt"), found).splitlines())
    assert first == {"source": [], "answer": ["<EOS>"], "weights": [[]]} and second["answer"] == ["c", "<EOS>"]


def test_answers_that_read_alike_have_one_line_with_the_score_of_the_best():
    pieces = tokeniser("bpe", ["abab abab"] * 2, vocabulary=257)
    codec = PairLabeller(pieces, pieces)
    (both,), (a,), (b,) = codec.target_ids(["ab", "a", "b"])
    ids = np.array([[both, 0, 0], [a, b, 0], [b, 0, 0]])
    found = [NBest(ids, np.array([2, 3, 2]), np.array([-0.5, -1.0, -3.0]))]
    made = write_n_best(codec, codec.read(b"c\n", "file.txt"), found, ranks=True, scores=True)
    assert made == b"ab\t1\t-0.5\nb\t2\t-3.0\n"
