"""Pen digits from UNIPEN files: what is read, who is held out, what is refused; trajectories as numbers."""

import numpy as np
import pytest

from rnn_research.data.locate import DataNotFoundError
from rnn_research.data.pen_digits import (
    lifts,
    normalised,
    offsets,
    parse_unipen,
    pen_digits,
    read_unipen,
    resampled,
)
from tests.support.pen_digits import write_corpus, written


def test_digits_are_read_as_they_were_written_and_split_by_writers(tmp_path, monkeypatch):
    monkeypatch.setenv("RNN_RESEARCH_DATA", str(tmp_path))
    made = write_corpus(tmp_path)
    found = pen_digits()
    expected = {
        "train": [one for one in made["train"] if one[1] <= 25],
        "valid": [one for one in made["train"] if one[1] > 25],
        "test": made["test"],
    }
    assert {split: len(digits) for split, digits in found.items()} == {"train": 50, "valid": 10, "test": 20}
    for split, digits in found.items():
        for digit, (label, writer, strokes) in zip(digits, expected[split], strict=True):
            assert (digit.label, digit.writer) == (label, writer)
            np.testing.assert_array_equal(digit.points, np.concatenate(strokes))
            np.testing.assert_array_equal(np.bincount(digit.strokes), [len(stroke) for stroke in strokes])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"3"', '"x"', r":6: no digit as the label"),
        (" 5  6", " 5  six", r":10: neither a point of a stroke nor a line of UNIPEN's: ' 5  six'"),
        (" 5  6", " 5  6  7", ":10: neither a point"),
        (".PEN_DOWN\n", "", ":8: neither a point"),
        (" 1  2\n 5  6\n", "", ":6: a digit without points"),
        (".COMMENT 3 7   1\n", "", ":6: a digit without a writer"),
        (' "3"', "", ":6: a digit without a label"),
        (' "3"', ' "34"', ":6: no digit as the label"),
        (".SEGMENT", ".PEN_UP", ": no line .SEGMENT"),
    ],
)
def test_a_line_that_is_none_of_unipens_is_named(tmp_path, old, new, message):
    text = written([(3, 7, [[(1, 2), (5, 6)]])])
    assert old in text
    path = tmp_path / "digits"
    path.write_text(text.replace(old, new))
    with pytest.raises(ValueError, match=rf"digits{message}"):
        read_unipen(path)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_digits_that_are_to_be_read_need_neither_label_nor_writer(end):
    text = written([(3, 7, [[(1, 2), (5, 6)]]), (4, 7, [[(1, 2), (5, 9)]]), (5, 8, [[(1, 2)]])])
    text = text.replace(' ? "3"', "").replace('"4"', '"?"').replace(".COMMENT 4 7   2\n", ".COMMENT in some haste\n")
    found = parse_unipen(text.replace("\n", end).encode(), "digits")
    lines = [number for number, line in enumerate(text.split("\n"), 1) if line.startswith(".SEGMENT")]
    assert [(one.label, one.writer, one.line) for one in found] == list(zip([-1, -1, 5], [7, 0, 8], lines))
    assert [one.points.tolist() for one in found] == [[[1, 2], [5, 6]], [[1, 2], [5, 9]], [[1, 2]]]


def test_half_a_gzip_file_is_refused(tmp_path):
    write_corpus(tmp_path)
    path = tmp_path / "pendigits_orig" / "pendigits-test.gz"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match=r"cannot unpack .*pendigits-test\.gz"):
        read_unipen(path)


def test_digits_that_are_not_there_are_named_with_their_file(nowhere):
    with pytest.raises(DataNotFoundError, match=r"put pendigits_orig/pendigits-train\.gz into --data_dir"):
        pen_digits()


def test_the_official_digits(data_directory):
    if not (data_directory / "pendigits_orig").is_dir():
        pytest.skip("no pendigits_orig in the data directory")
    found = pen_digits()
    assert [len(split) for split in found.values()] == [6246, 1248, 3498]
    # Counts of the classes as the data set's own description gives them, training and test.
    labels = [np.bincount([digit.label for digit in found[split]]) for split in ("train", "valid", "test")]
    np.testing.assert_array_equal(labels[0] + labels[1], [780, 779, 780, 719, 780, 720, 720, 778, 719, 719])
    np.testing.assert_array_equal(labels[2], [363, 364, 364, 336, 364, 335, 336, 364, 336, 336])


def test_a_normalised_digit_keeps_its_shape_and_lies_in_its_box():
    points = np.array([[10.0, 20.0], [14, 28], [12, 24]])
    np.testing.assert_allclose(normalised(points), [[-0.5, -1], [0.5, 1], [0, 0]])
    np.testing.assert_allclose(normalised(3 * points - 7), normalised(points), atol=1e-12)
    assert not normalised(np.array([[3.0, 4.0]])).any()  # one point has no size


def test_offsets_add_up_and_lifts_end_strokes():
    points = np.random.default_rng(0).normal(size=(7, 2))
    np.testing.assert_allclose(points[0] + np.cumsum(offsets(points), axis=0), points)
    np.testing.assert_array_equal(lifts(np.array([0, 0, 1, 2, 2, 2])), [0, 1, 1, 0, 0, 1])


def test_resampled_points_are_at_even_distances_along_the_ink():
    points = np.array([[0.0, 0], [1, 0], [4, 0], [9, 9], [9, 9], [9, 5], [9, 4]])  # 4 of ink, a lift, 5 of ink
    found, strokes = resampled(points, np.array([0, 0, 0, 1, 1, 1, 1]), 10)
    np.testing.assert_allclose(found[:4], [[0, 0], [1, 0], [2, 0], [3, 0]], atol=1e-12)
    np.testing.assert_allclose(found[4:], [[9, 9], [9, 8], [9, 7], [9, 6], [9, 5], [9, 4]], atol=1e-12)
    np.testing.assert_array_equal(strokes, [0] * 4 + [1] * 6)
    one, of = resampled(points[:1], np.zeros(1, int), 3)
    assert (one == 0).all() and (of == 0).all() and len(one) == 3
    # Of a digit that ends in a dot: the dot is its last point.
    found, strokes = resampled(points[[0, 1, 3]], np.array([0, 0, 1]), 3)
    np.testing.assert_allclose(found, [[0, 0], [0.5, 0], [9, 9]])
    np.testing.assert_array_equal(strokes, [0, 0, 1])
