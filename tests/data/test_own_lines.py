"""Handwritten lines of one's own: labels, arrays, and what is refused by file and line."""

import json

import numpy as np
import pytest

from rnn_research.data.line_files import PictureLines, StrokeLines, drawn
from rnn_research.data.own_lines import frames_needed, own_lines


def picture(columns, text, height=2):
    return {"picture": [[0.5] * columns] * height, "text": text}


def files(path, **splits):
    """A file of objects, or of bytes, for every split."""
    found = {}
    for split in ("train", "valid", "test"):
        objects = splits.get(split, [picture(4, "ab")])
        data = objects if isinstance(objects, bytes) else "".join(json.dumps(one) + "\n" for one in objects).encode()
        (path / f"{split}.jsonl").write_bytes(data)
        found[split] = str(path / f"{split}.jsonl")
    return found


def test_splits_are_as_long_as_the_longest_line_of_all(tmp_path):
    paths = files(tmp_path, train=[picture(4, "ba"), picture(3, "c")], test=[picture(6, "abcab")])
    found = own_lines(paths)
    assert found.codec == PictureLines(("a", "b", "c"), 2, 6)
    train, test = found.splits["train"], found.splits["test"]
    assert train.frames.shape == (2, 6, 2) and test.frames.shape == (1, 6, 2)
    assert train.times.tolist() == [4, 3] and (train.frames.any(axis=2).sum(axis=1) == train.times).all()
    np.testing.assert_array_equal(train.ids, [[1, 0, 0, 0, 0], [2, 0, 0, 0, 0]])
    assert train.lengths.tolist() == [2, 1] and test.ids.tolist() == [[0, 1, 2, 0, 1]]
    assert own_lines(paths).digest == found.digest
    assert own_lines(files(tmp_path, valid=[picture(5, "a")])).digest != found.digest


def test_strokes_of_one_s_own(tmp_path):
    line = {"strokes": [[[0, 0], [1, 5], [2, 0]]], "text": "a"}
    found = own_lines(files(tmp_path, train=[line], valid=[line], test=[line]))
    assert found.codec == StrokeLines(("a",), 3)
    assert found.splits["test"].frames.shape == (1, 3, 3)


def test_a_dash_of_one_s_own(tmp_path):
    line = {"strokes": [[[0, 2], [1, 2], [2, 2]]], "text": "-"}
    found = own_lines(files(tmp_path, train=[line], valid=[line], test=[line]))
    assert found.splits["test"].frames.tolist() == [[[0, 0, 0], [1, 0, 0], [1, 0, 1]]]
    assert drawn(found.splits["test"].frames[0]).any()


def test_a_delay_leaves_fewer_frames(tmp_path):
    paths = files(tmp_path, train=[picture(5, "ab")], valid=[picture(4, "ab")], test=[picture(3, "ab")])
    own_lines(paths, delay=1)
    with pytest.raises(ValueError, match=r"test.jsonl:1: .* 2 frames.* has 3, of which the first 2 are the delay"):
        own_lines(paths, delay=2)


@pytest.mark.parametrize(
    ("splits", "said"),
    [
        ({"train": b""}, "train.jsonl holds no lines"),
        ({"valid": b"\n"}, "valid.jsonl holds no lines"),
        ({"train": b"{}"}, 'train.jsonl:1: no "picture"'),
        ({"train": b"{"}, "train.jsonl:1: no JSON"),
        ({"test": [picture(4, "ab"), picture(4, "ab", 3)]}, "test.jsonl:2: a picture of 3 rows"),
        ({"valid": [{"strokes": [[[0, 1]]], "text": "a"}]}, 'valid.jsonl:1: no "picture"'),
        ({"train": [picture(4, "ab"), {"picture": [[1], [0]]}]}, 'train.jsonl:2: no "text"'),
        ({"test": [picture(4, "")]}, 'test.jsonl:1: no "text"'),
        ({"test": [picture(4, "ab"), picture(4, "abz")]}, "test.jsonl:2: 'z' is in no text of training"),
        ({"train": [picture(4, "ab"), picture(3, "aab")]}, "train.jsonl:2: 'aab' takes 4 frames"),
    ],
)
def test_what_cannot_be_learned_is_refused_by_its_line(tmp_path, splits, said):
    with pytest.raises(ValueError) as refused:
        own_lines(files(tmp_path, **splits))
    assert said in str(refused.value)


@pytest.mark.parametrize(("ids", "needed"), [([], 0), ([3], 1), ([1, 2, 1], 3), ([1, 1], 3), ([0, 0, 0, 5, 5], 8)])
def test_labels_that_repeat_take_a_blank_between_them(ids, needed):
    assert frames_needed(ids) == needed
