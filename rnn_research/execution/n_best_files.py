"""Several answers to each source as a file, with how likely they are, and the attention of the best ones (S26, S27)."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from rnn_research.data.pair_labeller import PairLabeller
from rnn_research.data.pairs import END, Pair, unparse_pairs
from rnn_research.decoding.n_best import NBest

RANK, SCORE = "rank", "score"
DIGITS = 6  # significant ones of a score


def write_n_best(
    codec: PairLabeller, examples: Sequence[Pair], found: Sequence[NBest], ranks: bool, scores: bool
) -> bytes:
    """The file of the sources again with a line for each answer, best first; of sources alone, the answers alone.

    Beside the answer there are the columns ``rank``, 1 for the best, and ``score``, ``Σ ln p`` of its tokens in nats;
    in files without names they follow it, after tabs. A blank source has one answer, nothing, and its score is 0. Of
    answers that read alike, as byte pairs write one text in several ways, there is the best, with its own score.

    Args:
      found: of each source, leaves ``[n, ...]``.
      ranks, scores: which of the two columns there are.

    Raises:
      ValueError: the file has one of these columns already.
    """
    answers = [
        (one, text, ({RANK: rank} if ranks else {}) | ({SCORE: _rounded(score)} if scores else {}))
        for one, best in zip(examples, map(_but_for_blank, examples, found), strict=True)
        for rank, (text, score) in enumerate(_distinct(codec, best).items(), 1)
    ]
    return _beside(codec, answers)


def write_scores(codec: PairLabeller, examples: Sequence[Pair], scores: Sequence[float]) -> bytes:
    """The file again with the column ``score``: of the targets that it has.

    Raises:
      ValueError: the file has that column already.
    """
    pairs = zip(examples, scores, strict=True)
    return _beside(codec, [(one, one.target, {SCORE: _rounded(score)}) for one, score in pairs])


def _rounded(score: float) -> float:
    return float(f"{score:.{DIGITS}g}")


def _beside(codec: PairLabeller, answers: Sequence[tuple[Pair, str, dict[str, Any]]]) -> bytes:
    """The file with a line for each answer, and more columns."""
    pairs, cells, texts = [], [], []
    for one, text, more in answers:
        texts.append(text)
        if taken := [name for name in more if name in (one.row or {})]:
            raise ValueError(f"{one.place}: a column {taken[0]!r} is there already")
        if one.form == "txt":
            cells.append("\t".join([as_cell(text), *map(str, more.values())]) + "\n")
        beside = more if one.form == "jsonl" else {name: str(value) for name, value in more.items()}
        row = dict(one.row or {})
        if codec.columns.text in row:  # and not within another column, as in translation sets
            row[codec.columns.label] = text
        pairs.append(one._replace(row=row | beside))
    return "".join(cells).encode() if cells else unparse_pairs(pairs, texts, codec.columns)


def _but_for_blank(one: Pair, found: NBest) -> NBest:
    """The answers; of a blank source nothing but the end."""
    if one.source.strip():
        return found
    ids = np.full((1, 1), END)
    weights = None if found.weights is None else np.asarray(found.weights)[:1] * 0
    return NBest(ids, np.ones(1, int), np.zeros(1), weights)


def _distinct(codec: PairLabeller, found: NBest) -> dict[str, float]:
    """The texts of the answers, best first, and the score of each; of those that read alike, of the best."""
    places = np.flatnonzero(found.lengths).tolist()
    best: dict[str, float] = {}
    for place, text in zip(places, codec.texts([(found.ids[i], found.lengths[i]) for i in places]), strict=True):
        best.setdefault(text, float(found.scores[place]))
    return best


def as_cell(text: str) -> str:
    """A text without what ends a cell or a line of a table."""
    return text.replace("\t", " ").replace("\n", " ")


def write_alignments(codec: PairLabeller, examples: Sequence[Pair], found: Sequence[NBest]) -> bytes:
    """JSON lines, an object for each source: ``source`` and ``answer``, lists of tokens, and ``weights``, of every
    token of the best answer a list of how much it attends to each token of the source.

    Args:
      found: of each source, with weights.
    """
    lines = []
    best_of = map(_but_for_blank, examples, found)
    for ids, best in zip(codec.source_ids([one.source for one in examples]), best_of, strict=True):
        answer = np.asarray(best.ids[0, : best.lengths[0]])
        weights = np.asarray(best.weights[: len(answer), : len(ids)], float)
        value = {
            "source": [codec.source.names[token] for token in ids],
            "answer": [codec.names[token] for token in answer],
            "weights": [[float(f"{one:.{DIGITS}g}") for one in line] for line in weights],
        }
        lines.append(json.dumps(value, ensure_ascii=False) + "\n")
    return "".join(lines).encode()
