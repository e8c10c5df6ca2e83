"""Tokenisers, trained on the training documents only: characters, byte pairs, words with and without blanks, and split
beforehand."""

import inspect
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rnn_research.data.encoding import ANY_CHARACTER, UNKNOWN, Encoded, Tokeniser
from rnn_research.data.reductions import LANGUAGES, REDUCTIONS
from rnn_research.data.words import bare_words, split, words
from rnn_research.lookup import lookup


def tokeniser(
    kind: str, documents: Sequence[str], *, vocabulary: int = 0, reduce: str = "none", language: str = "english"
) -> Tokeniser:
    """A tokeniser by name.

    Args:
      kind: a name in ``TOKENISERS``.
      documents: what it is trained on.
      vocabulary: how many tokens it should know; 0 leaves that to the tokeniser. Not for characters.
      reduce: how words become classes; for words only.
      language: of the words.

    Raises:
      ValueError: an unknown name, an option that the tokeniser does not have or cannot satisfy, no text.
    """
    build = lookup(TOKENISERS, kind, "tokeniser")
    options = {"vocabulary": vocabulary, "reduce": reduce, "language": language}
    own = inspect.signature(build).parameters
    if vocabulary and "vocabulary" not in own:
        raise ValueError(f"tokens {kind!r} have no choice of vocabulary; leave it 0, not {vocabulary}")
    lookup(REDUCTIONS, reduce, "reduction")
    lookup(LANGUAGES, language, "language")
    if reduce != "none" and "reduce" not in own:
        raise ValueError(f"reduce={reduce!r} is for words; tokens {kind!r} are not reduced")
    if vocabulary < 0:
        raise ValueError(f"vocabulary must be 0 or a number of tokens, not {vocabulary}")
    if not any(documents):
        raise ValueError("no text to train a tokeniser on")
    return build(documents, **{name: value for name, value in options.items() if name in own})


def characters(documents: Sequence[str]) -> Tokeniser:
    """A token per character that the documents hold, in the order of Unicode, and ``<unk>`` for every other.

    An unknown character costs ``ln 1114112`` nats, the number of code points, beyond its token.
    """
    return characters_of(np.unique(np.concatenate([np.unique(_codes(document)) for document in documents])))


def characters_of(seen: np.ndarray) -> Tokeniser:
    """The tokens of ``characters`` from the code points that the documents hold, ascending."""
    unknown_id = len(seen)
    ids = np.full(0x110000, unknown_id, np.int32)
    ids[seen] = np.arange(unknown_id)
    names = (*map(chr, seen.tolist()), UNKNOWN)

    def encode(text: str) -> Encoded:
        found = ids[_codes(text)]
        extra = np.where(found == unknown_id, np.float32(ANY_CHARACTER), np.float32(0))
        return Encoded(found, np.ones(len(found), np.float32), extra)

    def decode(tokens: Sequence[int] | np.ndarray) -> str:
        return "".join(names[token] for token in tokens)

    def unknown(text: str) -> list[str]:
        return [character for character in dict.fromkeys(text) if ids[ord(character)] == unknown_id]

    def state() -> dict[str, Any]:
        # A list: in one string, the halves of a surrogate pair would become one character.
        return {"kind": "characters", "characters": list(names[:-1])}

    return Tokeniser(len(names), names, encode, decode, unknown, state)


def _codes(text: str) -> np.ndarray:
    """The code points of a text, ``[length]`` uint32."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def bpe(documents: Sequence[str], vocabulary: int = 1000) -> Tokeniser:
    """Byte pair encoding of UTF-8 bytes (Sennrich et al. 2016, Radford et al. 2019): no text in any language is lost.

    Merges stay within words, as GPT-2 cuts them. A character of several bytes counts for the token that completes it.

    Args:
      documents: the training documents.
      vocabulary: how many tokens; fewer where the documents hold no more pairs that occur twice. 0 is 1000.

    Raises:
      ValueError: a vocabulary that does not hold the 256 bytes.
    """
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    vocabulary = vocabulary or 1000
    if vocabulary < 256:
        raise ValueError(f"byte pairs need a vocabulary of 256, one for every byte, or more; not {vocabulary}")
    model: Any = Tokenizer(models.BPE())
    model.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, min_frequency=2, initial_alphabet=alphabet, special_tokens=[], show_progress=False
    )
    model.train_from_iterator(documents, trainer)
    return bpe_of(model)


def bpe_of(model: Any) -> Tokeniser:
    """The tokens of ``bpe`` from a trained ``tokenizers.Tokenizer``."""
    byte_of = _byte_alphabet()
    tokens = [bytes(byte_of[letter] for letter in model.id_to_token(i)) for i in range(model.get_vocab_size())]
    lengths = np.array([len(token) for token in tokens])

    def encode(text: str) -> Encoded:
        ids = np.array(model.encode_batch_fast([text])[0].ids, np.int32)
        begins = (np.frombuffer(text.encode(), np.uint8) & 0xC0) != 0x80  # a character, at each byte
        ends = np.cumsum(lengths[ids])
        # A token's last character is whole where the next byte begins another.
        completed = np.append(0, np.cumsum(begins))[ends] - ~np.append(begins, True)[ends]
        return Encoded(ids, np.diff(completed, prepend=0).astype(np.float32), np.zeros(len(ids), np.float32))

    def decode(ids: Sequence[int] | np.ndarray) -> str:
        return b"".join(tokens[i] for i in ids).decode("utf-8", "replace")

    def state() -> dict[str, Any]:
        return {"kind": "bpe", "model": json.loads(model.to_str())}

    names = tuple(token.decode("utf-8", "backslashreplace") for token in tokens)
    return Tokeniser(len(tokens), names, encode, decode, lambda text: [], state)


def _byte_alphabet() -> dict[str, int]:
    """The letters that stand for bytes in byte-level models: printable Latin-1 for itself, U+0100 and on for the rest,
    in order."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(0x100 + k): byte for k, byte in enumerate(others)}


TOKENISERS: dict[str, Callable[..., Tokeniser]] = {
    "characters": characters,
    "bpe": bpe,
    "bare_words": bare_words,
    "words": words,
    "split": split,
}
