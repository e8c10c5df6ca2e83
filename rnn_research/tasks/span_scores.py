"""Scores of spans that a model answers with, on the host (S22): by nervaluate, and what WNUT-17 adds to them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnn_research.data.spans import Span, spans_of
from rnn_research.exhibits import Curve, Matrix
from rnn_research.tasks.base import Findings, Row, Seen

LONG = 2  # tokens from which on a span is long
LONGEST = 5  # tokens of the last point of the curve, which stands for longer ones too
NONE = "none"

Spans = Sequence[Sequence[Span]]  # of each sentence


def score_spans(
    seen: Mapping[str, Seen], true_names: Sequence[str], names: Sequence[str], types: Sequence[str]
) -> Findings:
    """What a task of labelled spans says at the end: ``span_numbers`` of the test split, ``surface_f1``, and pictures.

    Args:
      true_names: of the labels that mark the true spans: those in ``Batch.about``, an ``Origin``.
      names: of those of the answers.
      types: of the spans.
    """
    test = seen["test"]
    counts = test.examples.weights > 0
    surfaces = [row[count] for row, count in _rows(test.examples.inputs.surfaces, counts)]
    target = spans_in(test.examples.about.about, counts, true_names)
    answered = spans_in(np.asarray(test.answers()), counts, names)
    numbers = span_numbers(target, answered, types)
    numbers["surface_f1"] = f1_of_sets(forms(surfaces, target), forms(surfaces, answered))
    return Findings(
        numbers, (by_type(numbers, types), confusions(target, answered, types), by_length(target, answered))
    )


def spans_in(ids: np.ndarray, counts: np.ndarray, names: Sequence[str]) -> list[list[Span]]:
    """Spans of each sentence that counts, in order.

    Args:
      ids: of labels, ``[..., time]``.
      counts: which steps count, bool, of that shape.
    """
    return [spans_of([names[int(label)] for label in row[count]]) for row, count in _rows(ids, counts)]


def span_numbers(target: Spans, answered: Spans, types: Sequence[str]) -> Row:
    """Precision, recall and F1 by nervaluate (Segura-Bedmar et al. 2013).

    Returns:
      ``precision``, ``recall``, ``span_f1``: strict, of the same tokens and the same type; ``macro_f1``, the mean of
      ``f1/TYPE`` over types that occur; ``boundary_f1``, of the same tokens whatever the type; ``partial_f1``, where a
      span that overlaps counts half, too; ``long_recall``, of spans of two tokens or more. What is not there to be
      counted scores 0, or is left out.
    """
    from nervaluate import Evaluator

    found = Evaluator(_as_dicts(target), _as_dicts(answered), tags=list(types), loader="dict").evaluate()
    overall, kinds = found["overall"], found["entities"]
    numbers = {
        "precision": overall["strict"].precision,
        "recall": overall["strict"].recall,
        "span_f1": overall["strict"].f1,
        "macro_f1": float(np.mean([kinds[kind]["strict"].f1 for kind in types if kind in kinds] or [0.0])),
        "boundary_f1": overall["exact"].f1,
        "partial_f1": overall["partial"].f1,
    }
    for kind in types:
        if kind in kinds:
            result = kinds[kind]["strict"]
            numbers |= {
                f"precision/{kind}": result.precision,
                f"recall/{kind}": result.recall,
                f"f1/{kind}": result.f1,
            }
    long, right = 0, 0
    for mine, theirs in zip(target, answered, strict=True):
        wanted = {span for span in mine if span.stop - span.first >= LONG}
        long, right = long + len(wanted), right + len(wanted & set(theirs))
    if long:
        numbers["long_recall"] = right / long
    return {name: float(value) for name, value in numbers.items()}


def forms(surfaces: Sequence[Any], spans: Spans) -> set[tuple]:
    """The unique surface forms: the words of a span, as they are spelled, and its type.

    Args:
      surfaces: of each sentence its words, or numbers that are equal where the words are.
    """
    return {
        (span.type, *map(str, words[span.first : span.stop]))
        for words, found in zip(surfaces, spans, strict=True)
        for span in found
    }


def f1_of_sets(target: set, answered: set) -> float:
    """F1 of unique surface forms (Derczynski et al. 2017): names that are said often count once."""
    return 2 * len(target & answered) / max(len(target) + len(answered), 1)


def by_type(numbers: Row, types: Sequence[str]) -> Matrix:
    """Precision, recall and F1 of every type, and of all."""
    columns = ("precision", "recall", "f1")
    lines = [[numbers.get(f"{column}/{kind}", 0.0) for column in columns] for kind in types]
    lines.append([numbers["precision"], numbers["recall"], numbers["span_f1"]])
    return Matrix(
        "span_scores",
        "Spans found, by type",
        lines,
        (*types, "all"),
        ("precision", "recall", "F1"),
        ylabel="type",
        zlabel="score",
        caption="Strict: the same tokens and the same type.",
        when="on the test split",
    )


def confusions(target: Spans, answered: Spans, types: Sequence[str]) -> Matrix:
    """Of the spans of each type, the share that is given each type by an answer of the same tokens."""
    names = (*types, NONE)
    table = np.zeros((len(names), len(names)))
    for mine, theirs in zip(target, answered, strict=True):
        right, given = ({(span.first, span.stop): span.type for span in spans} for spans in (mine, theirs))
        for place in right.keys() | given.keys():
            table[names.index(right.get(place, NONE)), names.index(given.get(place, NONE))] += 1
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    return Matrix(
        "span_confusions",
        "Types given to spans",
        shares.tolist(),
        names,
        names,
        xlabel="given",
        ylabel="right",
        zlabel="share of the spans of a type",
        caption=f"Spans of the same tokens; {NONE} as the right one: answers that are no span.",
        when="on the test split",
    )


def by_length(target: Spans, answered: Spans) -> Curve:
    """F1 of spans by how many tokens they have."""
    counts = np.zeros((3, LONGEST + 1))
    for mine, theirs in zip(target, answered, strict=True):
        for row, spans in enumerate((set(mine) & set(theirs), mine, theirs)):
            for length, count in Counter(span.stop - span.first for span in spans).items():
                counts[row, min(length, LONGEST)] += count
    both, right, given = counts[:, 1:]
    with np.errstate(invalid="ignore"):
        f1 = 2 * both / (right + given)
    return Curve(
        "f1_by_length",
        "F1 of spans by their length",
        f1.tolist(),
        first=1,
        xlabel=f"tokens of a span ({LONGEST}: or more)",
        ylabel="F1",
        caption="Strict; a length is that of the right span, or of the answer that is wrong.",
    )


def _rows(leaf: np.ndarray, counts: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Each sentence that counts, with the steps of it that do."""
    time = counts.shape[-1]
    pairs = zip(np.asarray(leaf).reshape(-1, time), counts.reshape(-1, time), strict=True)
    return [(row, count) for row, count in pairs if count.any()]


def _as_dicts(spans: Spans) -> list[list[dict[str, Any]]]:
    """As nervaluate takes them: the last token, not the one after it."""
    return [[{"label": span.type, "start": span.first, "end": span.stop - 1} for span in found] for found in spans]
