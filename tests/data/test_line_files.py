"""Files of handwritten lines: read, encoded and written; what is none is named by its line."""

import json

import numpy as np
import pytest

from rnn_research.data.codec import Labeller, from_json, to_json
from rnn_research.data.digit_lines import line_features
from rnn_research.data.line_files import PictureLines, StrokeLines

PICTURES = PictureLines(tuple("0123456789"), 3, 5)
STROKES = StrokeLines(tuple("0123456789"), 40)
PICTURE = [[0, 0.5, 1], [1, 0, 0.25], [0, 0, 1]]
PEN = [[[0, 0], [1, 4], [2, 0]], [[3, 1], [3, 2]]]
ANSWERS = [(np.array([4, 0, 7]), np.int32(3)), (np.array([1, 9, 9]), np.int32(0))]  # labels, and how many


def lines(*objects):
    return "".join(json.dumps(one) + "\n" for one in objects).encode()


@pytest.mark.parametrize("codec", [PICTURES, STROKES])
def test_codecs_come_back_from_json(codec):
    assert isinstance(codec, Labeller)
    assert from_json(json.loads(json.dumps(to_json(codec)))) == codec


@pytest.mark.parametrize(("codec", "field", "value"), [(PICTURES, "picture", PICTURE), (STROKES, "strokes", PEN)])
def test_what_is_written_is_what_was_read_with_the_text(codec, field, value):
    examples = codec.read(lines({field: value, "id": 7}) + b"\n  \n" + lines({"text": "12", field: value}), "f")
    assert [example.line for example in examples] == [1, 4]
    found = [json.loads(line) for line in codec.write(examples, ANSWERS).decode().splitlines()]
    assert found == [{field: value, "id": 7, "text": "407"}, {"text": "", field: value}]
    assert codec.write(codec.read(codec.write(examples, ANSWERS), "f"), ANSWERS) == codec.write(examples, ANSWERS)


def test_pictures_are_columns_from_the_left_padded_with_zeros():
    examples = PICTURES.read(lines({"picture": PICTURE}, {"picture": [[1], [0], [0.5]]}), "f")
    columns, lengths = PICTURES.encode(examples)
    assert columns.dtype == np.float32 and lengths.tolist() == [3, 1]
    np.testing.assert_array_equal(columns[0], np.array(PICTURE).T)
    np.testing.assert_array_equal(columns[1], [[1, 0, 0.5], [0, 0, 0], [0, 0, 0]])
    np.testing.assert_array_equal(PICTURES.picture(columns[0]), PICTURE)


def test_strokes_are_read_on_any_scale_and_thinned():
    (frames,), _ = STROKES.encode(STROKES.read(lines({"strokes": PEN}), "f"))
    points, stroke = np.concatenate([np.array(one, float) for one in PEN]), np.array([0, 0, 0, 1, 1])
    np.testing.assert_allclose(frames, line_features(points, stroke), atol=1e-6)
    np.testing.assert_allclose(frames[:, :2].sum(axis=0), [1.5, 1])  # the line is 2 high
    assert frames[:, 2].tolist() == [0, 0, 1, 0, 1]
    larger = [[[50 * x + 9, 50 * y - 4] for x, y in one] for one in PEN]
    dense = [[[50 * x, 200 * y] for x, y in [(0, 0), (0.001, 0.003), (0.002, 0.004), (0.5, 1), (1, 0)]]]
    encoded, lengths = STROKES.encode(STROKES.read(lines({"strokes": larger}, {"strokes": dense}), "f"))
    np.testing.assert_allclose(encoded[0, :5], frames, atol=1e-5)
    assert lengths.tolist() == [5, 3]
    assert STROKES.picture(frames).max() == 1 and STROKES.picture(frames).shape[0] == 24


def test_a_point_is_a_line_too():
    encoded, lengths = STROKES.encode(STROKES.read(lines({"strokes": [[[5, 5]]]}), "f"))
    np.testing.assert_array_equal(encoded, [[[0, 0, 1]]])
    assert lengths.tolist() == [1]
    assert STROKES.picture(encoded[0]).sum() == 0  # nothing is drawn between no two points


@pytest.mark.parametrize("height", [0, 1e-7, 0.03])
def test_a_dash_is_as_wide_as_other_lines_are_high(height):
    dash = {"strokes": [[[0, 2], [1, 2 + height], [2, 2]]]}
    (frames,), _ = STROKES.encode(STROKES.read(lines(dash), "f"))
    np.testing.assert_allclose(frames[:, 0], [0, 1, 1])
    assert np.abs(frames[:, 1]).max() <= height
    picture = STROKES.picture(frames)
    assert picture.shape[1] < 30 and picture.any(axis=0).sum() == 24  # from end to end


def test_what_is_written_reads_as_it_did():
    examples = PICTURES.read(lines(*[{"picture": PICTURE, "by": "Ёж 日本"}] * 2), "f")
    assert '"by": "Ёж 日本"' in PICTURES.write(examples, ANSWERS).decode()


GOOD = lines({"picture": PICTURE})


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"[1", "no JSON: "),
        (b"[1]", "no JSON object"),
        (b"{}", 'no "picture" of one row or more'),
        (b'{"picture": []}', 'no "picture"'),
        (b'{"picture": [[0, 1], [1], [0]]}', 'no "picture"'),
        (b'{"picture": [[0], [1.5], [0]]}', "from 0 to 1"),
        (b'{"picture": [[0], [NaN], [0]]}', "from 0 to 1"),
        (b'{"picture": [["0"], ["1"], ["0"]]}', "from 0 to 1"),
        (b'{"picture": [[true], [false], [true]]}', "from 0 to 1"),
        (b'{"picture": [[0, 1]]}', "a picture of 1 rows; those that were learned have 3"),
        (b'{"picture": [[0,0,0,0,0,0],[0,0,0,0,0,0],[0,0,0,0,0,0]]}', "of 6 columns; those that were learned have up"),
        (b'{"picture": [[0], [1], [0]], "by": "\\ud800"}', "half a character: \\ud800"),
        (b'{"picture": [[0], [1], [0]], "text": 5}', 'a "text" that is none'),
    ],
)
def test_a_picture_that_is_none_is_named_by_its_line(line, said):
    with pytest.raises(ValueError, match=r"^lines\.jsonl:2: ") as refused:
        PICTURES.read(GOOD + line + b"\n", "lines.jsonl")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"strokes": []}', 'no "strokes", lists of points'),
        (b'{"strokes": [[]]}', 'no "strokes"'),
        (b'{"strokes": [[[1, 2, 3]]]}', 'no "strokes"'),
        (b'{"strokes": [[[1, Infinity]]]}', 'no "strokes"'),
        (b'{"strokes": [[1, 2]]}', 'no "strokes"'),
        (
            lines({"strokes": [[[i, i % 2] for i in range(41)]]}),
            "strokes of 41 points; those that were learned",
        ),
    ],
)
def test_strokes_that_are_none_are_named_by_their_line(line, said):
    with pytest.raises(ValueError, match=r"^lines\.jsonl:2: ") as refused:
        STROKES.read(lines({"strokes": PEN}) + line, "lines.jsonl")
    assert said in str(refused.value)


def test_agreement_is_the_error_rate_of_lines_that_have_a_text():
    examples = PICTURES.read(lines({"picture": PICTURE, "text": "4072"}, {"picture": PICTURE}), "f")
    assert PICTURES.agreement(examples, ANSWERS) == {"character_error_rate": 1 / 4}
    assert PICTURES.agreement(examples[1:], ANSWERS[1:]) == {}
