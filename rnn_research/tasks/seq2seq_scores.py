"""Scores of sequences made of sequences, on the host, of the answers (S25–S27): exact match, error rates, BLEU, chrF;
and curves by the source's length and by the output's position (C33–C36, C42)."""

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnn_research.data.encoding import Tokeniser
from rnn_research.data.pair_labeller import text_of
from rnn_research.data.pairs import END
from rnn_research.exhibits import Curve, Exhibit, Texts
from rnn_research.tasks.base import Findings, Labelling, Row, Seen
from rnn_research.tasks.bucketed import Origin
from rnn_research.tasks.parts import MOST, part_scores, scores_by_part
from rnn_research.tasks.slices import curve_by

SHOWN = 4  # answers in the report, from all over the split, and as many of those that are wrong
WHEN = "on the test split"  # of baselines too, which have no updates
SENTENCES = 5  # in a part of a split that BLEU is known by, at least
WORDS_NEED = "requirements-translation.txt"


class Answered(NamedTuple):
    """A split in the order of its file, without what fills up: leaves ``[n, ...]``, and lists of n texts.

    Attributes:
      targets, answers: the ids.
      lengths: of the sources.
      rows: which rows of the batches, laid end to end, these are.
      sources, right, given: what was read, what may be answered, and what was; of ``right`` all texts of each.
      references: of each, the texts that BLEU and chrF compare with.
    """

    targets: Labelling
    answers: Labelling
    lengths: np.ndarray
    rows: np.ndarray
    sources: list[str]
    right: list[tuple[str, ...]]
    given: list[str]
    references: list[tuple[str, ...]]


def check_words() -> None:
    """For the task that wants BLEU and chrF.

    Raises:
      ValueError: sacrebleu is not installed.
    """
    if importlib.util.find_spec("sacrebleu") is None:
        raise ValueError(f"BLEU and chrF are made by sacrebleu, which is not there: pip install -r {WORDS_NEED}")


def score_pairs(
    seen: Mapping[str, Seen],
    *,
    source_tokens: Tokeniser,
    target_tokens: Tokeniser,
    right: Mapping[str, Sequence[Sequence[str]]] | None = None,
    references: Mapping[str, Sequence[Sequence[str]]] | None = None,
    words: bool = False,
    lower: bool = False,
    unit: str = "",
    whole: str = "",
    metric: str = "exact_match",
    at_length: int = 0,
    positions: bool = True,
    even_lengths: bool = False,
    remark: str = "",
) -> Findings:
    """What a task of pairs says at the end, of the answers to the test split and, as ``NAME/SPLIT``, to the others that
    are tested; of several right answers the closest counts.

    Numbers: ``exact_match``, the share of answers that are right as a whole; ``UNIT_error_rate``, insertions, deletions
    and substitutions (Levenshtein 1966) over the units of the right answers; with ``whole`` also ``WHOLE_error_rate``,
    the share of answers that are not right, as the word error rate of pronunciations is; with ``words`` also
    ``character_error_rate``, ``bleu`` (Papineni et al. 2002) and ``chrf`` (Popović 2015), from 0 to 100, as sacrebleu
    makes them of the texts (Post 2018). Answers are compared as texts, so an answer of ``<unk>`` is not right
    where ``right`` is given.

    Exhibits: exact match and the share of right tokens by the source's length, of all these splits; of the test split
    the share of right tokens and the nats they cost by the position in the output, of the sources of one length, and
    some answers, with the signatures.

    Args:
      seen: as ``Task.score`` gets it; ``Batch.about`` is an ``Origin`` in batches that are in another order than the
        file.
      source_tokens, target_tokens: ids of targets and answers are one more than the tokeniser's; 0 is ``<EOS>``.
      right: by split, of each of its examples in the order of the file, the right answers, one or more, as the
        tokeniser writes them; if left out the target.
      references: likewise the texts that BLEU and chrF compare with, as they stand in the file, whatever the tokeniser
        makes of them, so that scores compare with those of other tokens (Post 2018); if left out those of ``right``.
      lower: whether answers and references were lowered, which the signatures then say.
      unit: what errors are counted in: ``character``, else what stands between blanks, by any name: ``word``,
        ``phoneme``. If left out, ``word`` with ``words``, else ``character``.
      metric: that of the task's goal, if it is one of these: it is kept by parts of the split.
      at_length: of the sources whose answers are drawn by position; 0 for the commonest length, of several the longest.
      positions: whether there are curves by position; they ask for the loss of every token.
      even_lengths: whether the test split has so many sources of each length by design, not by chance; every part of it
        then has about as many of each, so that how unlike lengths are is not taken for chance.
      remark: on the test split, shown with the answers.
    """
    unit = unit or ("word" if words else "character")
    told, texts = right or {}, references or {}
    every = {
        name: answered(one, source_tokens, target_tokens, told.get(name), texts.get(name)) for name, one in seen.items()
    }
    rates = {name: by_row(one, unit, whole, words) for name, one in every.items()}
    numbers: Row = {}
    for split, of_split in rates.items():
        end = "" if split == "test" else f"/{split}"
        numbers |= {name + end: float(total.sum() / max(weight.sum(), 1)) for name, (total, weight) in of_split.items()}
    found, exact = every["test"], rates["test"]["exact_match"][0]
    exhibits = curves_by_length(list(every.values()), [of_split["exact_match"][0] for of_split in rates.values()])
    if positions:
        exhibits += curves_by_position(found, at_length, seen["test"].losses)
    signatures = ()
    if words:
        of_words, signatures = corpus_scores(found.given, found.references, lower)
        numbers |= of_words
    exhibits += (some_answers(found, exact, numbers, metric, (remark, *signatures)),)
    if metric in rates["test"]:
        total, weight = rates["test"][metric]
        place = among_its_length(found.lengths)[:, None] if even_lengths else None
        exhibits += scores_by_part((total[:, None], weight[:, None]), text=False, place=place)
    elif metric in ("bleu", "chrf") and words:
        exhibits += part_scores(words_by_part(metric, found.given, found.references))
    return Findings(numbers, exhibits)


def by_row(found: Answered, unit: str, whole: str, words: bool) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The numbers of ``score_pairs`` that are means: of each the sums and weights of the rows, ``[n]`` each."""
    exact = np.array([given in right for given, right in zip(found.given, found.right, strict=True)], float)
    rates = {"exact_match": (exact, np.ones(len(exact))), f"{unit}_error_rate": errors(found, unit)}
    if words:
        rates["character_error_rate"] = errors(found, "character")
    if whole:
        rates[f"{whole}_error_rate"] = (1 - exact, np.ones(len(exact)))
    return rates


def answered(
    seen: Seen,
    source_tokens: Tokeniser,
    target_tokens: Tokeniser,
    right: Sequence[Sequence[str]] | None = None,
    references: Sequence[Sequence[str]] | None = None,
) -> Answered:
    """The examples that count and the answers to them; see ``score_pairs``."""
    examples, about = seen.examples, seen.examples.about
    time = examples.weights.shape[-1]
    rows = np.flatnonzero((examples.weights.reshape(-1, time) > 0).any(axis=1))
    numbers = np.arange(examples.weights.shape[0] * examples.weights.shape[1])
    if isinstance(about, Origin):
        numbers = np.asarray(about.row).reshape(-1)
    rows = rows[np.argsort(numbers[rows], kind="stable")]

    def flat(leaf: Any) -> np.ndarray:
        leaf = np.asarray(leaf)
        return leaf.reshape(-1, *leaf.shape[2:])[rows]

    given = seen.answers()
    targets, answers = (Labelling(flat(one.ids), flat(one.lengths)) for one in (examples.targets, given))
    sources, lengths = flat(examples.inputs), flat(examples.lengths)

    def told(texts: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
        return [tuple(texts[int(number)]) for number in numbers[rows]]

    written = [(text_of(*one, target_tokens),) for one in zip(*targets, strict=True)] if right is None else told(right)
    return Answered(
        targets,
        answers,
        lengths,
        rows,
        [source_tokens.decode(ids[:length]) for ids, length in zip(sources, lengths, strict=True)],
        written,
        [text_of(*one, target_tokens) for one in zip(*answers, strict=True)],
        written if references is None else told(references),
    )


def errors(found: Answered, unit: str) -> tuple[np.ndarray, np.ndarray]:
    """Of each answer the errors to the closest right one, and how many units that has, ``[n]`` each."""
    from rapidfuzz.distance import Levenshtein

    split: Callable[[str], Sequence[str]] = list if unit == "character" else str.split

    def closest(given: str, right: Sequence[str]) -> tuple[int, int]:
        units = split(given)
        distances = [(Levenshtein.distance(units, split(one)), len(split(one))) for one in right]
        return min(distances, key=lambda pair: pair[0])

    pairs = [closest(*pair) for pair in zip(found.given, found.right, strict=True)]
    edits, units = np.array(pairs, float).reshape(-1, 2).T
    return edits, units


def corpus_metrics(lower: bool = False) -> dict[str, Any]:
    """What makes BLEU and chrF, by their names here; ``lower``: without regard to case."""
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    return {"bleu": BLEU(lowercase=lower), "chrf": CHRF(lowercase=lower)}


def corpus_scores(
    given: Sequence[str], right: Sequence[Sequence[str]], lower: bool = False
) -> tuple[Row, tuple[str, ...]]:
    """BLEU and chrF of a whole split, and the signatures that say how they were made.

    Args:
      right: one text or more of each answer.
      lower: compare without regard to case.
    """
    streams = _streams(right)
    numbers, signatures = {}, []
    for name, made in corpus_metrics(lower).items():
        found = made.corpus_score(list(given), streams)
        numbers[name] = float(found.score)
        signatures.append(f"{found.name}|{made.get_signature()}")
    return numbers, tuple(signatures)


def words_by_part(metric: str, given: Sequence[str], right: Sequence[Sequence[str]]) -> np.ndarray:
    """BLEU or chrF by up to ``parts.MOST`` parts of neighbours, values whose mean is that of the whole, and whose
    variance over their number is its.

    Neither is a mean over texts, but a function of counts that add up: these are the pseudo-values of the jackknife,
    ``K b − (K − 1) b_k`` with ``b_k`` the score of all but part k (Efron and Tibshirani 1993, chapter 11), moved by
    what their mean is off, the jackknife's estimate of the bias. Nothing (``[0]``) where parts would have fewer than
    ``SENTENCES`` texts.

    Args:
      metric: ``bleu`` or ``chrf``.
      right: one text or more of each answer.
    """
    count = min(MOST, len(given) // SENTENCES)
    if count < 2:
        return np.zeros(0)
    made = corpus_metrics()[metric]
    # What its own bootstrap does: there is no public way to the counts.
    counts = np.array(made._extract_corpus_statistics(given, _streams(right)))
    whole = counts.sum(axis=0)

    def score(counts: np.ndarray) -> float:
        return made._compute_score_from_stats(counts.tolist()).score

    without = np.array([score(whole - part.sum(axis=0)) for part in np.array_split(counts, count)])
    return score(whole) + (count - 1) * (without.mean() - without)


def _streams(right: Sequence[Sequence[str]]) -> Any:
    """References as sacrebleu wants them: the first of every answer, the second, and so on; None for none."""
    return [[texts[place] if place < len(texts) else None for texts in right] for place in range(max(map(len, right)))]


def right_tokens(found: Answered) -> tuple[np.ndarray, np.ndarray]:
    """Whether the answer's token is the target's at the same position, and which positions the target has, ``<EOS>``
    left out, ``[n, L]`` each."""
    place = np.arange(found.targets.ids.shape[1])[None]
    counted = (place < found.targets.lengths[:, None]) & (found.targets.ids != END)
    both = found.answers.ids == found.targets.ids
    return both & (place < found.answers.lengths[:, None]), counted.astype(float)


def curves_by_length(splits: Sequence[Answered], exact: Sequence[np.ndarray]) -> tuple[Exhibit, ...]:
    """Right answers, and right tokens, by the source's length, of all splits together; ``exact [n]`` of each."""
    tokens = [right_tokens(found) for found in splits]
    right = np.concatenate([right.sum(axis=1, where=counted > 0) for right, counted in tokens])
    counted = np.concatenate([counted.sum(axis=1) for _, counted in tokens])
    lengths, answers = np.concatenate([found.lengths for found in splits]), np.concatenate(exact)
    return (
        curve_by(
            "exact_match_by_length",
            "Right answers by the source's length",
            answers,
            np.ones(len(answers)),
            lengths,
            of="answers",
            xlabel="tokens of the source",
            ylabel="share of answers",
            quantity="share",
            caption="Of all that is tested; lengths with five sources or more.",
            when=WHEN,
        ),
        curve_by(
            "accuracy_by_length",
            "Right tokens by the source's length",
            right / np.maximum(counted, 1),
            counted,
            lengths,
            of="tokens",
            xlabel="tokens of the source",
            ylabel="share of tokens",
            quantity="share",
            caption="Of the answers to all that is tested: the token at a position of the target is the target's.",
            when=WHEN,
        ),
    )


def curves_by_position(found: Answered, at_length: int, losses: Callable[[], Any]) -> tuple[Curve, ...]:
    """The share of right tokens, and what the target's tokens cost, by their position.

    Args:
      at_length: see ``score_pairs``.
      losses: see ``Seen``.
    """
    at_length = at_length or commonest(found.lengths)
    right, counted = right_tokens(found)
    counted = counted * (found.lengths == at_length)[:, None]
    position = np.broadcast_to(1 + np.arange(right.shape[1])[None], right.shape)
    nats = np.asarray(losses()).reshape(-1, right.shape[1])[found.rows]
    caption = f"Of the sources of {at_length} tokens in the test split."
    return (
        curve_by(
            "accuracy_by_position",
            "Right tokens by position",
            right,
            counted,
            position,
            of="answers",
            xlabel="position in the output",
            ylabel="share of answers",
            quantity="share",
            caption=f"{caption} Each answer goes on from its own tokens.",
            when=WHEN,
        ),
        curve_by(
            "nats_by_position",
            "Loss by position",
            nats,
            counted,
            position,
            of="answers",
            xlabel="position in the output",
            ylabel="nats",
            caption=f"{caption} Each token is predicted from the true ones before it.",
            when=WHEN,
        ),
    )


def among_its_length(lengths: np.ndarray) -> np.ndarray:
    """The place of each source among those of its length, from 0 on, ``[n]``."""
    order = np.argsort(lengths, kind="stable")
    place = np.empty(len(lengths), int)
    place[order] = np.arange(len(lengths)) - np.searchsorted(lengths[order], lengths[order])
    return place


def commonest(lengths: np.ndarray) -> int:
    """The commonest length, of several the longest; 0 of none."""
    counts = np.bincount(lengths, minlength=1)
    return len(counts) - 1 - int(counts[::-1].argmax())


def some_answers(found: Answered, exact: np.ndarray, numbers: Row, metric: str, remarks: Sequence[str]) -> Texts:
    """Answers at equal distances in the split, and others that are wrong, at equal distances among those.

    Args:
      metric: of the task; it stands beside them, as far as it is among the numbers.
      remarks: what else is said of them, where there is anything.
    """
    first = spread(np.arange(len(exact)))
    rows = [*first, *spread(np.array([row for row in np.flatnonzero(exact == 0) if row not in first], int))]

    def shown(row: int) -> str:
        text = f"{found.sources[row]}\n→ {found.given[row]}"
        return text if exact[row] else f"{text}\nright: {found.right[row][0]}"

    caption = "Answers from all over the test split, and others that are wrong."
    return Texts(
        "answers",
        "Answers",
        [shown(row) for row in rows],
        " ".join([caption, *filter(None, remarks)]),
        {name: numbers[name] for name in dict.fromkeys((metric, "exact_match", "bleu", "chrf")) if name in numbers},
        when=WHEN,
    )


def spread(rows: np.ndarray) -> list[int]:
    """``SHOWN`` of them at equal distances, from the first on; all where there are no more."""
    if not len(rows):
        return []
    return rows[np.unique(np.linspace(0, len(rows) - 1, min(SHOWN, len(rows))).astype(int))].tolist()
