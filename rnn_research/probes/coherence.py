"""Whether what a model writes hangs together: existing n-grams, and what tokens say of others further on (C40)."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnn_research.data.streams import Stream
from rnn_research.decoding.dependence import information
from rnn_research.decoding.strategy import Strategy
from rnn_research.exhibits import Curve
from rnn_research.ngrams.counts import Counts, count, documents, walk
from rnn_research.probes.base import Look, Probe, Subject, at_end
from rnn_research.probes.writing import SEED, writer_of
from rnn_research.tasks.base import Findings, Row
from rnn_research.tasks.language_model import stream_of

WHEN = "as written in the end"
EXISTING = "Share of the runs of n tokens that the training text holds. Grey: of held-out text."
INFORMATION = (
    "Mutual information of tokens that lie so far apart, of the 64 most frequent and all others as one, less what the "
    "same tokens give in random order. Grey: of the training text in pieces of that length."
)


def coherence(
    texts: int = 64,
    tokens: int = 1000,
    spans: tuple[int, ...] = (1, 2, 3, 4, 6, 8, 12),
    distances: tuple[int, ...] = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64),
    far: int = 16,
) -> Probe:
    """Texts drawn from nothing when training is over, beside real ones.

    Row: ``existing@n``, the share of their runs of n tokens that the training text holds, ``existing@n_real``, that of
    held-out text, and ``existing@n_beyond``, the difference; ``information@d``, the mutual information of tokens d
    apart in bits (see ``decoding.dependence.information``), ``information@d_real``, that of the training text, and
    ``linked``, their sum over the distances from ``far`` on as a share of that of the training text; NaN where that has
    none. Exhibits: both over n and d.

    Args:
      texts: how many.
      tokens: length of each.
      spans, distances: the n and the d; those that the texts are too short for are left out.
      far: see ``linked``.

    Raises:
      ValueError: no texts, texts of fewer than two tokens, a span or a distance below 1.
    """
    if texts < 1 or tokens < 2 or min(*spans, *distances) < 1:
        raise ValueError(
            f"probe coherence needs texts, two tokens, spans and distances from 1 on, not {texts}, {tokens}, {spans}, "
            f"{distances}"
        )
    spans = tuple(n for n in spans if n <= tokens)
    distances = tuple(d for d in distances if d < tokens)

    def check(subject: Subject) -> None:
        writer_of(subject, "coherence")

    def make(subject: Subject) -> Look:
        write_with, data = writer_of(subject, "coherence"), subject.task.data
        train = Stream(*map(np.asarray, data.arrays))
        counts = count(np.split(train.ids, np.flatnonzero(train.starts)[1:]), max(spans), subject.task.target.size)
        held_out = existing(counts, pieces(stream_of(data.held_out("valid", 10**9)).ids, texts, tokens), spans)
        whole = pieces(train.ids, len(train.ids), tokens)
        real = np.array([information(whole, d) for d in distances])

        def look(weights: Any) -> Findings:
            written = write_with(weights)(Strategy("sample"), np.zeros((texts, 0), np.int32), tokens, SEED)
            ours = existing(counts, written, spans)
            bits = np.array([information(written, d) for d in distances])
            row: Row = {f"existing@{n}": share for n, share in zip(spans, ours, strict=True)}
            row |= {f"existing@{n}_real": share for n, share in zip(spans, held_out, strict=True)}
            row |= {f"existing@{n}_beyond": share for n, share in zip(spans, ours - held_out, strict=True)}
            row |= {f"information@{d}": value for d, value in zip(distances, bits, strict=True)}
            row |= {f"information@{d}_real": value for d, value in zip(distances, real, strict=True)}
            beyond = np.array(distances) >= far
            row["linked"] = bits[beyond].sum() / real[beyond].sum() if real[beyond].sum() > 0 else np.nan
            shown = _existing(spans, ours, held_out), _information(distances, bits, real)
            return Findings({name: float(value) for name, value in row.items()}, shown)

        return look

    return Probe(at_end, make, check)


def pieces(ids: np.ndarray, texts: int, tokens: int) -> np.ndarray:
    """Pieces of a text, evenly spread and apart where it is long enough, ``[texts, tokens]``; fewer or a shorter one
    where it is not."""
    if len(ids) <= tokens:
        return ids[None]
    first = np.linspace(0, len(ids) - tokens, min(texts, len(ids) // tokens)).astype(int)
    return ids[first[:, None] + np.arange(tokens)]


def existing(counts: Counts, texts: np.ndarray, spans: Sequence[int]) -> np.ndarray:
    """The share of the runs of n tokens within texts, ``[texts, tokens]``, that was counted, for each n of ``spans``;
    NaN where the texts are shorter."""
    flat, first = documents(list(texts), counts.vocabulary_size)
    found = [rows.reshape(texts.shape) >= 0 for _, rows in walk(counts, flat, first)]
    shares = [found[n - 1][:, n - 1 :] for n in spans]  # what begins before the text, with padding, is left out
    return np.array([np.mean(share) if share.size else np.nan for share in shares])


def _existing(spans: Sequence[int], written: np.ndarray, held_out: np.ndarray) -> Curve:
    return Curve(
        "existing",
        "Existing n-grams",
        written.tolist(),
        x=spans,
        xlabel="n (tokens)",
        ylabel="share of n-grams that exist",
        caption=EXISTING,
        beside={"held-out text": held_out.tolist()},
        when=WHEN,
    )


def _information(distances: Sequence[int], written: np.ndarray, real: np.ndarray) -> Curve:
    return Curve(
        "information",
        "Mutual information by distance",
        written.tolist(),
        x=distances,
        xlabel="distance (tokens)",
        ylabel="mutual information (bits)",
        caption=INFORMATION,
        scale="log",
        beside={"real text": real.tolist()},
        when=WHEN,
    )
