"""The baseline of words and their forms: the commonest rule for how the word ends."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnn_research.data.pairs import END
from rnn_research.learners.base import Kind
from rnn_research.learners.fitted import State
from rnn_research.learners.rules import kind_of, labelled, sources_of
from rnn_research.tasks.base import Batch, Labelling

Rules = dict[str, Any]  # by suffix: what takes its place, the ids of the target


def suffix_rule(longest: int = 12) -> Kind:
    """The most frequent rule "this suffix becomes that" of the longest suffix that training holds a rule for; what
    stands before the suffix is copied.

    A pair gives a rule for every suffix of its source that begins no later than where source and target part: of
    ``walking``, ``walk`` they are ``ing → ``, ``king → k``, and so on. Of equally frequent rules that which was met
    first counts. Suffixes are of the source's tokens, so of letters where those are its tokens; what the target's
    vocabulary lacks is not copied.

    Args:
      longest: tokens of a suffix, at most.

    Raises:
      ValueError: none.
    """
    if longest < 1:
        raise ValueError(f"learner suffix_rule needs suffixes of 1 token or more, not {longest}")

    def fit(table: np.ndarray, batches: Batch) -> State:
        counted = (np.asarray(batches.weights) > 0).any(axis=-1).reshape(-1).tolist()
        ids, lengths = (np.asarray(leaf) for leaf in batches.targets)
        targets = [
            [token for token in row[:length] if token != END]
            for row, length in zip(ids.reshape(-1, ids.shape[-1]).tolist(), lengths.reshape(-1).tolist(), strict=True)
        ]
        rows = zip(sources_of(batches)[0], targets, counted, strict=True)
        pairs = [(source, target) for source, target, counts in rows if counts]
        return packed(rules_of(pairs, table.tolist(), longest)) | {"table": table}

    return kind_of("suffix_rule", fit, answer)


def answer(state: State, batch: Batch, time: int) -> Labelling:
    """What the rules make of the sources of a batch, or of several."""
    sources, shape = sources_of(batch)
    rules, table = unpacked(state), np.asarray(state["table"]).tolist()
    longest = max(map(len, rules), default=0)
    return labelled([applied(rules, table, as_text(row), longest) for row in sources], time, shape)


def rules_of(pairs: Sequence[tuple[Sequence[int], Sequence[int]]], table: Sequence[int], longest: int) -> Rules:
    """The rules of pairs of source and target, without those that say what one of a shorter suffix says.

    Args:
      table: see ``learners.rules.shared_ids``.
    """
    parted = [(as_text(source), as_text(target), common(source, target, table)) for source, target in pairs]
    rules: Rules = {}
    for length in range(longest + 1):
        counts: dict[str, Counter] = {}
        for source, target, alike in parted:
            begin = len(source) - length
            if 0 <= begin <= alike:
                counts.setdefault(source[begin:], Counter())[target[begin:]] += 1
        found = {suffix: list(map(ord, of.most_common(1)[0][0])) for suffix, of in counts.items()}
        # Rules of one length do not contain each other, so each is compared with shorter ones alone.
        new = {suffix: made for suffix, made in found.items() if applied(rules, table, suffix, length - 1) != made}
        rules |= new
    return rules


def applied(rules: Mapping[str, Any], table: Sequence[int], source: str, longest: int) -> list[int]:
    """The ids that a source becomes, by the rule for its longest suffix; copied where there is none."""
    for begin in range(max(len(source) - longest, 0), len(source) + 1):
        found = rules.get(source[begin:])
        if found is not None:
            break
    else:
        begin, found = len(source), []
    return [table[ord(token)] for token in source[:begin] if table[ord(token)]] + found


def common(source: Sequence[int], target: Sequence[int], table: Sequence[int]) -> int:
    """Tokens with which both begin."""
    alike = 0
    while alike < min(len(source), len(target)) and table[source[alike]] == target[alike]:
        alike += 1
    return alike


def as_text(ids: Sequence[int]) -> str:
    """Ids as a key of a dict, of which parts can be cut."""
    return "".join(map(chr, ids))


def packed(rules: Rules) -> dict[str, np.ndarray]:
    """Rules as arrays: ``suffixes`` and ``made`` end to end, and the lengths of each ``[rules]``."""
    return {
        "suffixes": np.array([ord(token) for suffix in rules for token in suffix], np.int32),
        "made": np.array([token for made in rules.values() for token in made], np.int32),
        "suffix_lengths": np.array([len(suffix) for suffix in rules], np.int32),
        "made_lengths": np.array([len(made) for made in rules.values()], np.int32),
    }


def unpacked(state: State) -> Rules:
    """The rules that ``packed`` made arrays of."""

    def parts(name: str, lengths: str) -> list[list[int]]:
        flat, ends = np.asarray(state[name]).tolist(), np.cumsum(state[lengths]).tolist()
        return [flat[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]  # none of no rules

    found = zip(parts("suffixes", "suffix_lengths"), parts("made", "made_lengths"), strict=True)
    return {as_text(suffix): made for suffix, made in found}
