"""Sequence to sequence (S25): pairs of texts as ids, and the task of them. What each task adds are its pairs."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

import jax
import numpy as np

from rnn_research.data.encoding import UNKNOWN, Tokeniser
from rnn_research.data.labelled_files import Columns
from rnn_research.data.pair_labeller import PairLabeller, prepared
from rnn_research.data.pairs import COLUMNS, Pair
from rnn_research.data.text_labeller import padded
from rnn_research.data.tokens import tokeniser
from rnn_research.tasks.base import Batch, Findings, Goal, Inputs, Labelling, Mean, Seen, Target, Task, Terms
from rnn_research.tasks.bucketed import bucketed
from rnn_research.tasks.measures import classified, weighted
from rnn_research.tasks.seq2seq_scores import check_words, score_pairs
from rnn_research.tasks.slices import of_lengths, sliced, thirds

ERROR = "_error_rate"
OF_WORDS = ("bleu", "chrf")  # from 0 to 100


class Encoded(NamedTuple):
    """Pairs as ids, by split.

    Attributes:
      codec: see there.
      splits: leaves ``[examples, ...]``, padded to the longest of all splits.
      pairs: what the examples were made of, in the same order.
      left_out: how many pairs were longer than wanted, by split.
      digest: of all ids and their names.
    """

    codec: PairLabeller
    splits: dict[str, Batch]
    pairs: dict[str, tuple[Pair, ...]]
    left_out: dict[str, int]
    digest: str


def encode_pairs(
    splits: Mapping[str, Sequence[Pair]],
    source_tokens: str = "characters",
    target_tokens: str = "characters",
    source_vocabulary: int = 0,
    target_vocabulary: int = 0,
    longest: int = 0,
    lower: bool = False,
    columns: Columns = COLUMNS,
    form: str = "",
) -> Encoded:
    """Make pairs ids; the tokens are those of the training pairs.

    Args:
      splits: ``train``, ``valid``, ``test`` and what else is tested.
      source_tokens, target_tokens: see ``data.tokens.TOKENISERS``; ``split`` are what stands between blanks,
        ``bare_words`` are for sources alone.
      source_vocabulary, target_vocabulary: how many tokens to know, the most frequent; see ``data.tokens.tokeniser``.
      longest: tokens of a source, and of a target without what ends it; pairs with more are left out; 0: none is.
      lower: lower all texts first.
      columns, form: of files to answer; see ``PairLabeller``.

    Raises:
      ValueError: an unknown kind of tokens, or one that no text can be written of; a vocabulary that cannot be, or
        that knows no word; a split without a pair that is short enough.
    """
    if target_tokens == "bare_words":
        raise ValueError("target_tokens=bare_words leaves out blanks, so no answer could be written: take words")
    if longest < 0:
        raise ValueError(f"longest must be 0 (no limit) or a number of tokens, not {longest}")
    train = splits["train"]
    read = [[pair.source for pair in train], [text for pair in train for text in (pair.target, *pair.others)]]
    codec = PairLabeller(
        _learned("source", source_tokens, prepared(read[0], lower), source_vocabulary),
        _learned("target", target_tokens, prepared(read[1], lower), target_vocabulary),
        lower,
        columns,
        form,
    )
    kept: dict[str, tuple[Pair, ...]] = {}
    sources: dict[str, list[np.ndarray]] = {}
    targets: dict[str, list[np.ndarray]] = {}
    for split, pairs in splits.items():
        ids = codec.source_ids([one.source for one in pairs]), codec.target_ids([one.target for one in pairs])
        chosen = [
            row for row, both in enumerate(zip(*ids, strict=True)) if not longest or max(map(len, both)) <= longest
        ]
        if not chosen:
            raise ValueError(f"{split} holds no pair of at most {longest} tokens")
        kept[split] = tuple(pairs[row] for row in chosen)
        sources[split], targets[split] = ([side[row] for row in chosen] for side in ids)
    time = max(1, *(len(ids) for side in sources.values() for ids in side))
    written = 1 + max(len(ids) for side in targets.values() for ids in side)
    found = {split: _batch(sources[split], targets[split], time, written) for split in splits}
    digest = hashlib.sha256(repr((codec.source.names, codec.target.names)).encode())
    for leaf in jax.tree.leaves([found[split] for split in sorted(found)]):
        digest.update(np.ascontiguousarray(leaf).tobytes())
    left_out = {split: len(pairs) - len(kept[split]) for split, pairs in splits.items()}
    return Encoded(codec, found, kept, left_out, digest.hexdigest()[:16])


def left_out_of(found: Encoded) -> tuple[str, ...]:
    """What is said of pairs that are longer than wanted."""
    counted = [(split, count, count + len(found.pairs[split])) for split, count in found.left_out.items() if count]
    said = ", ".join(f"{count} of {whole} in {split}" for split, count, whole in counted)
    return (f"pairs with more tokens on a side than the task's longest are left out: {said}",) if said else ()


def of_pairs(
    found: Encoded,
    *,
    beam: int = 1,
    metric: str = "exact_match",
    chosen: str = "",
    solved: float | None = None,
    tested: tuple[str, ...] = ("test",),
    words: bool = False,
    unit: str = "",
    whole: str = "",
    lengths: tuple[int, ...] = (),
    by_thirds: bool = False,
) -> Task:
    """The task of writing each target, token by token, from its source.

    Measured at every look, of tokens given the true ones before them: their ``loss`` in nats, ``accuracy``, and
    ``exact_match``, the share of targets whose tokens are all right: just these are what greedy decoding writes. A
    target that holds an unknown token counts as wrong. At the end what ``tasks.seq2seq_scores.score_pairs`` says of the
    answers, exact match among it: then answers are searched for, and of several right ones the closest counts.

    Baseline: the empty answer, right where the target is; its loss is that of who knows nothing, ln V for each token.

    Args:
      found: the pairs.
      beam: width of the search for answers (S26); 1: greedily.
      metric: that is reported: ``exact_match``, ``accuracy``, or one of ``score_pairs``.
      chosen: of the ``Goal``; the metric if left out.
      solved: of the ``Goal``.
      tested: see ``Data``.
      words, unit, whole: see ``score_pairs``; ``WHOLE_error_rate`` is measured at every look, too, of greedy answers.
      lengths: of sources whose targets are measured by themselves, ``exact_match/length_N``; in the test's row of all
        splits that are tested, which have as many of each as was wanted.
      by_thirds: whether ``accuracy`` is measured by position in the target, ``accuracy/first_third`` and so on.

    Raises:
      ValueError: a beam below 1; BLEU and chrF are wanted, and there is nothing that makes them.
    """
    if beam < 1:
        raise ValueError(f"beam must be 1 (greedy) or more, not {beam}")
    if words:
        check_words()
    codec, train, test = found.codec, found.splits["train"], found.splits["test"]
    known = in_training(found)
    data = bucketed(found.splits, tested, cut=cut_pairs, steps=steps_needed)._replace(
        codec=codec,
        digest=found.digest,
        facts={
            "vocabulary": codec.source.size,
            "target_vocabulary": len(codec.names),
            "training_examples": len(found.pairs["train"]),
            "left_out": sum(found.left_out.values()),
            "test_left_out": found.left_out["test"],
            "test_in_training": known,
        },
        remarks=left_out_of(found),
    )
    target = Target(
        "decoder",
        len(codec.names),
        each_step=False,
        names=codec.names,
        time=train.weights.shape[1],
        options=(("beam", beam),),
    )
    empty = float(np.mean(test.targets.lengths == 1))
    nothing = {
        "loss": math.log(target.size),
        "accuracy": float(len(test.lengths) / test.weights.sum()),
        "exact_match": empty,
    }
    if metric not in nothing:
        nothing[metric] = 1 - empty if metric.endswith(ERROR) else 0.0
    perfect = 0.0 if metric.endswith(ERROR) else 100.0 if metric in OF_WORDS else 1.0
    measures = partial(
        measured,
        unknown=codec.names.index(UNKNOWN) if UNKNOWN in codec.names else -1,
        whole=whole,
        lengths=lengths,
        by_thirds=by_thirds,
    )

    def score(seen: Mapping[str, Seen]) -> Findings:
        said = score_pairs(
            seen,
            source_tokens=codec.source,
            target_tokens=codec.target,
            right={split: written(found, split) for split in seen},
            references={split: references(found, split) for split in seen},
            words=words,
            lower=codec.lower,
            unit=unit,
            whole=whole,
            metric=metric,
            even_lengths=bool(lengths),
            remark=" ".join(remarks(found, known)),
        )
        by_length = {
            name: value
            for split in seen
            for name, value in seen[split].means.items()
            if name.startswith("exact_match/length_") and np.isfinite(value)
        }
        return said._replace(numbers=by_length | said.numbers)

    return Task(
        data=data,
        inputs=Inputs("ids", codec.source.size, train.inputs.shape[1]),
        target=target,
        goal=Goal(metric, "higher" if perfect else "lower", nothing, perfect, solved, chosen or metric),
        measure=measures,
        score=score,
    )


def in_training(found: Encoded) -> int:
    """How many sources of the test split training has, too: the same tokens, and of what holds an unknown one the same
    text."""

    def sources(split: str) -> tuple[list[str], list[bytes]]:
        batch = found.splits[split]
        ids = [row[:length].tobytes() for row, length in zip(batch.inputs, batch.lengths, strict=True)]
        return found.codec.prepared([one.source for one in found.pairs[split]]), ids

    texts, rows = map(set, sources("train"))
    unknown = found.codec.source.unknown
    return sum(text in texts or (row in rows and not unknown(text)) for text, row in zip(*sources("test"), strict=True))


def remarks(found: Encoded, known: int) -> list[str]:
    """What is to be said of the test split: which of it training has, too, and what is not in it.

    Args:
      known: see ``in_training``.
    """
    count, left_out = len(found.pairs["test"]), found.left_out["test"]
    said = [f"Of its {count} sources training has {known}, too."] if known else []
    return said + ([f"{left_out} of its pairs were too long and are left out."] if left_out else [])


def measured(
    terms: Terms,
    batch: Batch,
    *,
    unknown: int = -1,
    whole: str = "",
    lengths: tuple[int, ...] = (),
    by_thirds: bool = False,
) -> dict[str, Mean]:
    """See ``of_pairs``.

    Args:
      unknown: the id of the unknown token; none has −1.
    """
    ids, counts = batch.targets.ids, terms.weight > 0
    exact = (((terms.right > 0) & (ids != unknown)) | ~counts).all(axis=1).astype(terms.loss.dtype)
    of_row = terms.weight[:, 0]  # the first token of every target counts, if its row does
    means = classified(terms, batch) | {"exact_match": weighted(exact, of_row)}
    if whole:
        means[f"{whole}{ERROR}"] = weighted(1 - exact, of_row)
    if lengths:
        means |= sliced("exact_match", exact, of_row, of_lengths(batch.lengths, lengths))
    if by_thirds:
        right, written = terms.right.astype(terms.loss.dtype), batch.targets.lengths - 1
        means |= sliced("accuracy", right, terms.weight, thirds(written, ids.shape[1]))
    return means


def steps_needed(batch: Batch) -> np.ndarray:
    """Steps of each pair ``[batch]``: those of its source or of its target, whichever are more."""
    lengths = batch.targets.lengths
    return lengths.__array_namespace__().maximum(batch.lengths, lengths)


def cut_pairs(batch: Batch, time: int) -> Batch:
    """The first ``time`` steps of sources and of targets, each."""
    ids = batch.targets.ids[:, :time]
    return batch._replace(
        inputs=batch.inputs[:, :time],
        targets=batch.targets._replace(ids=ids),
        weights=batch.weights[:, :time],
    )


def written(found: Encoded, split: str) -> list[tuple[str, ...]]:
    """The right answers to each example of a split as the tokeniser writes them, by which answers are judged; one that
    holds a token it does not know, as it stands: no answer is that."""
    return [tuple(map(found.codec.written, texts)) for texts in references(found, split)]


def references(found: Encoded, split: str) -> list[tuple[str, ...]]:
    """The right answers to each example of a split as they stand, lowered where all is."""
    return [tuple(found.codec.prepared((pair.target, *pair.others))) for pair in found.pairs[split]]


def _learned(side: str, kind: str, texts: Sequence[str], vocabulary: int) -> Tokeniser:
    """A tokeniser of texts; to look for characters in each by itself takes ten times as long."""
    found = tokeniser(kind, ["".join(texts)] if kind == "characters" else texts, vocabulary=vocabulary)
    if found.names == (UNKNOWN,) and any(texts):
        raise ValueError(
            f"no word of the training {side}s comes twice, so none is known: take {side}_tokens=characters or bpe"
        )
    return found


def _batch(sources: Sequence[np.ndarray], targets: Sequence[np.ndarray], time: int, written: int) -> Batch:
    """Args:
    time, written: steps of the longest source and target, ``END`` counted.
    """
    inputs, lengths = padded(sources, time)
    ids, tokens = padded(targets, written)
    counts = np.arange(written)[None] <= tokens[:, None]
    return Batch(inputs, Labelling(ids, tokens + 1), counts.astype(np.float32), lengths)
