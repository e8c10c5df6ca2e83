"""Translation, or anything else that goes from one text to another: pairs of your own, or of the hub (S25)."""

from functools import lru_cache
from typing import Any

from rnn_research.data.labelled_files import Columns
from rnn_research.data.labelled_texts import state_of
from rnn_research.data.pairs import COLUMNS, carve, dataset_pairs, own_pairs
from rnn_research.lookup import nearest
from rnn_research.tasks.base import Task
from rnn_research.tasks.seq2seq import OF_WORDS, Encoded, encode_pairs, of_pairs, references
from rnn_research.tasks.seq2seq_scores import corpus_scores

METRICS = (*OF_WORDS, "exact_match")
KNOWN = {"multi30k": ("bentrevett/multi30k", Columns("de", "en"))}  # on the hub, and what is translated into what


def translation(
    dataset: str = "multi30k",
    train: str = "",
    valid: str = "",
    test: str = "",
    source: str = "",
    target: str = "",
    source_tokens: str = "bare_words",
    target_tokens: str = "words",
    source_vocabulary: int = 0,
    target_vocabulary: int = 0,
    lower: bool = True,
    longest: int = 60,
    examples: int = 0,
    beam: int = 1,
    metric: str = "bleu",
) -> Task:
    """The target of a source, of pairs that are given: files, or a dataset.

    By default Multi30k (Elliott et al. 2016), captions of pictures from German into English, 29,000 to train on, 1,014
    to validate, 1,000 to test: from the hub, or ``multi30k/train.parquet`` and so on in the data directory. What files
    or a dataset lack of validation and test is taken from training, a tenth each, by a hash of the source: pairs of one
    source, or of sources that differ in case, blanks and marks alone, are on one side.

    Metric: BLEU, from 0 to 100, by sacrebleu; or chrF; or exact match, the share of answers that are right as a whole,
    as BLEU is of four words in a row and answers may have one. See ``tasks.seq2seq.of_pairs`` for what there is beside
    it. Chosen on validation by the loss, or by exact match. Baseline: the empty answer, 0.

    Args:
      dataset: of the hub, or a folder that ``datasets`` reads; not read where there are files.
      train, valid, test: files of pairs, ``.tsv``, ``.csv``, ``.jsonl``, perhaps with ``.gz`` (``data.pairs``).
      source, target: columns, fields or languages; if left out ``source`` and ``target``, of Multi30k ``de``, ``en``.
      source_tokens, target_tokens: see ``data.tokens.TOKENISERS``.
      source_vocabulary, target_vocabulary: how many tokens to know; 0: of words, those that occur twice or more.
      lower: lower all texts first.
      longest: tokens of a source or a target; longer pairs are left out; 0: none is.
      examples: to train on, the first ones; 0 for all.
      beam: see ``of_pairs``.
      metric: ``bleu``, ``chrf`` or ``exact_match``; without the first two sacrebleu is not asked for.

    Raises:
      ValueError: held-out files without one to train on, a file or a line that cannot be, by file and line; columns,
        tokens or numbers that cannot be; sacrebleu is not installed; BLEU of a test split without four words in a row.
      DataNotFoundError: the dataset is not to be had.
    """
    files = {split: path for split, path in (("train", train), ("valid", valid), ("test", test)) if path}
    if files and not train:
        raise ValueError("valid and test need a file to train on: train=FILE")
    if bool(source) != bool(target):
        raise ValueError("source and target name columns or languages: give both or none")
    if metric not in METRICS:
        raise ValueError(f"translation: unknown metric {metric!r}; {nearest(metric, METRICS)}")
    if examples < 0:
        raise ValueError(f"translation: examples must be 0 (all) or a number of pairs, not {examples}")
    name, columns = (dataset, COLUMNS) if files else KNOWN.get(dataset, (dataset, COLUMNS))
    columns = Columns(source, target) if source else columns
    tokens = source_tokens, target_tokens, source_vocabulary, target_vocabulary, longest, lower
    found = prepare(
        "" if files else dataset, name, tuple(files.items()), columns, examples, tokens, state_of(list(files.values()))
    )
    words = metric in OF_WORDS
    task = of_pairs(found, beam=beam, metric=metric, chosen="loss" if words else "", words=words)
    if metric == "bleu" and not best_bleu(found):
        raise ValueError(
            "no target of the test split has four words, so that its BLEU is 0 whatever is answered: "
            "--config.task.metric=exact_match or chrf"
        )
    return task


def best_bleu(found: Encoded) -> float:
    """BLEU of the right answers themselves: 0 where none has four words, 100 else."""
    right = references(found, "test")
    return float(corpus_scores([texts[0] for texts in right], right)[0]["bleu"])


@lru_cache(maxsize=4)
def prepare(
    dataset: str,
    name: str,
    files: tuple[tuple[str, str], ...],
    columns: Columns,
    examples: int,
    tokens: tuple,
    state: Any = None,
) -> Encoded:
    """The pairs of files, or of a dataset.

    Args:
      name: of the dataset on the hub.
      tokens: arguments of ``encode_pairs``.
      state: of the files, so that one that has changed is read again.
    """
    splits = carve(own_pairs(dict(files), columns) if files else dataset_pairs(dataset, columns, name))
    if examples:
        splits["train"] = splits["train"][:examples]
    return encode_pairs(splits, *tokens, columns=columns, form=splits["train"][0].form)
