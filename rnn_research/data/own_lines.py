"""Handwritten lines out of files of one's own, checked before anything is trained on them (S24)."""

import hashlib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rnn_research.data.line_files import PictureLines, StrokeLines, Written, check_picture, objects
from rnn_research.data.plain import read_bytes

ANY = 1 << 30  # as a greatest size: no line is too long


class Split(NamedTuple):
    """Lines with their texts: ``frames [n, time, features]``, ``times [n]``, ``ids [n, most]``, ``lengths [n]``."""

    frames: np.ndarray
    times: np.ndarray
    ids: np.ndarray
    lengths: np.ndarray


class OwnLines(NamedTuple):
    """What files hold: splits whose arrays are as long as the longest line of all; how lines are read; a digest."""

    splits: dict[str, Split]
    codec: PictureLines | StrokeLines
    digest: str


def own_lines(paths: Mapping[str, str], delay: int = 0) -> OwnLines:
    """The lines of a file for every split, pictures or strokes as the first one of training is (``data.line_files``).

    The labels are the characters of the training texts.

    Args:
      delay: frames at the beginning of each line in which nothing can be written; see ``heads.ctc``.

    Raises:
      ValueError: a file that cannot be read or holds no lines; a line of another kind or height, one without a text,
        with a character that training lacks, or whose text does not fit its frames; named as ``FILE:LINE``.
    """
    found = {split: read_bytes(Path(path).expanduser()) for split, path in paths.items()}
    first = next(iter(objects(found["train"], paths["train"], dict)), None)
    if first is None:
        raise ValueError(f"{paths['train']} holds no lines")
    reader = StrokeLines((), ANY) if "strokes" in first.fields else _of_height(first, paths["train"])
    written = {split: reader.read(data, paths[split]) for split, data in found.items()}
    names = tuple(sorted({character for line in written["train"] for character in line.fields.get("text", "")}))
    encoded = {}
    for split, lines in written.items():
        if not lines:
            raise ValueError(f"{paths[split]} holds no lines")
        frames, times = reader.encode(lines)
        for line, time in zip(lines, times, strict=True):
            _check(line, int(time), names, paths[split], delay)
        encoded[split] = frames, times
    longest = max(frames.shape[1] for frames, _ in encoded.values())
    most = max(1, *(len(line.fields["text"]) for lines in written.values() for line in lines))
    splits = {}
    for split, (frames, times) in encoded.items():
        ids, lengths = _ids([line.fields["text"] for line in written[split]], names, most)
        splits[split] = Split(np.pad(frames, ((0, 0), (0, longest - frames.shape[1]), (0, 0))), times, ids, lengths)
    height = frames.shape[2]
    codec = StrokeLines(names, longest) if isinstance(reader, StrokeLines) else PictureLines(names, height, longest)
    return OwnLines(splits, codec, hashlib.sha256(b"".join(found[split] for split in sorted(found))).hexdigest()[:16])


def frames_needed(labels: Sequence) -> int:
    """Frames of the shortest path of a labelling: one for each label, and a blank between two that are alike."""
    return len(labels) + sum(a == b for a, b in pairwise(labels))


def _of_height(first: Written, name: str) -> PictureLines:
    try:
        return PictureLines((), check_picture(first.fields)[0], ANY)
    except ValueError as error:
        raise ValueError(f"{name}:{first.line}: {error}") from None


def _check(line: Written, time: int, names: Sequence[str], name: str, delay: int) -> None:
    """Refuse a line that cannot be learned or scored."""
    place, text = f"{name}:{line.line}", line.fields.get("text")
    if not text:
        raise ValueError(f'{place}: no "text" of one character or more')
    unknown = [character for character in text if character not in names]
    if unknown:
        raise ValueError(f"{place}: {unknown[0]!r} is in no text of training")
    if frames_needed(text) > time - delay:
        raise ValueError(
            f"{place}: {text!r} takes {frames_needed(text)} frames, one for each character and one between two that "
            f"are alike; the line has {time}" + (f", of which the first {delay} are the delay" if delay else "")
        )


def _ids(texts: Sequence[str], names: Sequence[str], most: int) -> tuple[np.ndarray, np.ndarray]:
    known = {name: number for number, name in enumerate(names)}
    ids = np.zeros((len(texts), most), np.int32)
    for row, text in zip(ids, texts, strict=True):
        row[: len(text)] = [known[character] for character in text]
    return ids, np.array([len(text) for text in texts], np.int32)
