"""Exhibits as rows, and drawn by their kind."""

import json
import math
import re

import numpy as np
import pytest

from rnn_research.exhibits import KINDS, Curve, Drawings, Images, Matrix, Strip, Texts, as_row, from_row
from rnn_research.report.build import build
from rnn_research.report.drawing import Drawing
from rnn_research.report.exhibits import DRAWN, drawn_exhibits
from rnn_research.report.exhibits.curves import DARKEST, LEAST, _row, _values
from rnn_research.report.exhibits.drawings import _box
from rnn_research.report.results import load
from rnn_research.runs.files import append_rows, encode, read_rows, write_json
from tests.support.made_up_run import CARD, SCORES, decay, faded, fading, write_run

EXHIBITS = [
    Curve("c", "A curve", [1.0, 2.0], 3, None, "x", "y", "caption", "log", ("lines", "strip"), Strip("s"), 0.5, "then"),
    Curve("c", "A curve", [1.0, 2.0], x=[5.0, 7.5], beside={"real": [0.5, math.inf], "other": [1.0]}),
    Matrix("m", "A matrix", [[1.0, 2.0], [3.0, 4.0]], ("r", "s"), ("a", "b"), "x", "y", "caption", "then"),
    Texts("t", "Some texts", ("one", "NaN", "Infinity"), "caption", {"words": 0.5}, "then"),
    Drawings("d", "Drawings", [[[[[0.0, 0.0], [1.0, 2.0]], [[3.0, 3.0]]], []]], ("r",), ("a", "b"), "caption", "then"),
    Images("i", "Pictures", [[[0.0, 1.0]], [[0.25], [0.5]]], ("a", "b"), (True, False), [[[0.5]], [[1.0]]], ("r",)),
]


def plain(exhibit):
    return {name: list(v) if isinstance(v, tuple) and name != "strip" else v for name, v in exhibit._asdict().items()}


@pytest.mark.parametrize("exhibit", EXHIBITS)
def test_exhibits_come_back_from_their_file(tmp_path, exhibit):
    append_rows(tmp_path / "exhibits.jsonl", [as_row(exhibit, 7)])
    (row,) = read_rows(tmp_path / "exhibits.jsonl")
    assert row["step"] == 7 and KINDS[row["kind"]] is type(exhibit)
    assert plain(from_row(row)) == plain(exhibit)


def test_arrays_become_lists_of_six_digits():
    values = np.array([1 / 3, np.nan, -np.inf], np.float32)
    row = as_row(Curve("c", "C", values, x=np.arange(3)), np.int64(4))  # type: ignore
    assert encode(row["y"]) == "[0.333333, null, -1e999]"
    assert row["x"] == [0, 1, 2] and row["step"] == 4
    found = from_row(json.loads(encode(row)))
    assert isinstance(found, Curve)
    assert repr(found.y) == "[0.333333, nan, -inf]"
    assert as_row(Matrix("m", "M", np.eye(2)), 0)["values"] == [[1.0, 0.0], [0.0, 1.0]]  # type: ignore
    assert as_row(Texts("t", "T", ["x"], numbers={"share": np.float32(0.1)}), 0)["numbers"] == {"share": 0.1}  # type: ignore


def test_positions_are_listed_or_counted():
    assert Curve("c", "C", [9.0, 8.0, 7.0], first=2).positions == [2, 3, 4]
    assert Curve("c", "C", [9.0, 8.0], x=[0.5, 4.0]).positions == [0.5, 4.0]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"kind": "hologram", "name": "h"}, "unknown kind 'hologram'"),
        ({"name": "h"}, "unknown kind None"),
        ({"kind": "curve", "name": "c"}, "title"),
        ({"kind": "curve", "name": "c", "title": "C", "y": ["x"]}, "could not convert"),
        ({"kind": "matrix", "name": "c", "title": "C", "values": [1.0]}, "not iterable"),
    ],
)
def test_what_is_no_exhibit_is_refused(row, message):
    with pytest.raises(ValueError, match=message):
        from_row({"step": 0} | row)


def test_every_kind_is_drawn():
    assert set(DRAWN) == set(KINDS)


def test_unknown_kinds_are_named_and_the_rest_is_drawn(tmp_path):
    run = write_run(tmp_path, SCORES, exhibits=fading)
    for seed in (0, 1):
        append_rows(run.exhibits_path(f"t-a-{seed}"), [{"step": 20, "kind": "hologram", "name": "<ghost>"}])
    append_rows(run.exhibits_path("t-a-2"), [{"step": 20, "kind": "curve", "name": "torso"}])
    build(run)
    page = (run.report / "index.html").read_text()
    assert page.count("&lt;ghost&gt;: unknown kind &#39;hologram&#39;") == 1
    assert "torso: no curve" in page
    assert (run.report / "how_the_error_decays_on_its_way_back.svg").exists()


def test_only_the_first_and_the_last_look_are_drawn(tmp_path):
    run = write_run(tmp_path, SCORES, exhibits=fading)
    rows = run.exhibits("t-a-0")
    middle = [as_row(decay([1.0] * 99), 10)]
    run.exhibits_path("t-a-0").write_text("".join(encode(row) + "\n" for row in [*rows[:2], *middle, *rows[2:]]))
    for drawing in drawn_exhibits(load(run)):
        assert isinstance(drawing, Drawing)
        svg = drawing.svg.decode()
        assert "at initialisation" in svg and "after training" in svg and "10 updates" not in svg


def test_moments_that_exhibits_name_themselves(tmp_path):
    run = write_run(tmp_path, SCORES, exhibits=lambda *_: [Curve("c", "C", [1.0, 2.0], when="as counted")])
    (drawing,) = drawn_exhibits(load(run))
    assert isinstance(drawing, Drawing)
    assert ">t as counted<" in drawing.svg.decode() and "training" not in drawing.svg.decode()


def test_positions_are_marked_at_whole_numbers(tmp_path):
    run = write_run(tmp_path, SCORES, exhibits=lambda *_: [Curve("c", "C", [0.1] * 20, xlabel="position")])
    (drawing,) = drawn_exhibits(load(run))
    assert isinstance(drawing, Drawing)
    marks = re.findall(r">(\d+(?:\.\d+)?)</text>", drawing.svg.decode())
    assert "5" in marks and not {"2.5", "7.5", "12.5", "17.5"} & set(marks)


def test_a_share_is_of_the_first_value_and_a_strip_is_its_median():
    curves = [decay([2.0, 1.0, 2e-9]), decay([4.0, 4.0, 4e-3]), decay([5.0, 0.5, 0.0])]
    assert _values(curves[0], LEAST) == pytest.approx([1, 0.5, 1e-9])
    assert _values(curves[2], LEAST) == pytest.approx([1, 0.1, LEAST])
    assert _row(curves) == pytest.approx([DARKEST, math.log10(0.5), 0.0])  # from the last step that is reached
    assert np.isnan(_values(decay([math.inf] * 3), LEAST)).all()


@pytest.mark.parametrize("scale", ["linear", "log", "share"])
def test_curves_of_every_scale_and_view(tmp_path, scale):
    def curves(cell, seed, step):
        y = [abs(value) for value in faded(cell, step)][: 5 + (cell == "a")]
        shown = {"scale": scale, "views": ("lines", "strip"), "xlabel": "the place", "ylabel": "the value"}
        return [
            Curve("ranged", "Ranged", y, first=4, **shown),
            Curve("listed", "Listed", y, x=[d**2 for d in range(len(y))], **shown),
        ]

    drawn = drawn_exhibits(load(write_run(tmp_path, SCORES, exhibits=curves)))
    titles = [part.title for part in drawn if isinstance(part, Drawing)]
    assert titles == ["Ranged, step by step", "Ranged", "Listed, step by step", "Listed"]
    for part in drawn:
        assert isinstance(part, Drawing)
        assert ">the place<" in part.svg.decode()
        logarithmic = (
            "the value (log10)" if "step by step" in part.title else "the value, log scale"
        ) in part.svg.decode()
        assert logarithmic == (scale != "linear")


def test_what_curves_are_compared_with_is_drawn_once_and_named(tmp_path):
    beside = {"real text": [3.0, 2.0]}
    run = write_run(tmp_path, SCORES, exhibits=lambda *_: [Curve("c", "C", [1.0, 2.0], beside=beside)])
    (drawing,) = drawn_exhibits(load(run))
    assert isinstance(drawing, Drawing)
    assert drawing.svg.decode().count(">real text<") == 1


def test_what_has_no_updates_is_shown_beside_what_was_trained(tmp_path):
    run = write_run(tmp_path, SCORES, exhibits=lambda _, seed, step: [Curve("c", "C", [1.0, 2.0])][: step == 0])
    for metrics in run.path.glob("trials/t-b-*/metrics.jsonl"):
        rows = [row | {"step": 0} for row in read_rows(metrics) if row["split"] == "test"]
        metrics.unlink()
        append_rows(metrics, rows)
    for parameters, trained in ((1234, False), (0, True)):  # a network that nobody trained, and what counts
        for card in run.path.glob("trials/t-b-*/card.json"):
            write_json(card, CARD | {"parameters": parameters})
        (drawing,) = drawn_exhibits(load(run))
        assert isinstance(drawing, Drawing)
        svg = drawing.svg.decode()
        assert "at initialisation" in svg and ("after training" in svg) == trained


def test_curves_without_a_view_or_values_are_kept_and_not_drawn(tmp_path):
    exhibits = [Curve("a", "A", [1.0, 2.0], views=()), Curve("b", "B", []), Matrix("c", "C", [])]
    assert drawn_exhibits(load(write_run(tmp_path, SCORES, exhibits=lambda *_: exhibits))) == []


def test_matrices_are_the_mean_over_seeds(tmp_path):
    def confusion(cell, seed, step):
        right = 10.0 * seed if step else math.nan
        names = ("NOUN", "VERB")
        return [Matrix("confusion", "Confusion", [[right, 1], [2, 3]], names, names, "answered", "true", "Counts.")]

    run = write_run(tmp_path, SCORES, exhibits=confusion)
    (drawing,) = drawn_exhibits(load(run))
    assert isinstance(drawing, Drawing)
    svg = drawing.svg.decode()
    for word in ("t, a after training", "t, b at initialisation", "answered", "true", "NOUN", "20.0", "–"):
        assert f">{word}<" in svg, word
    assert drawing.caption == "Counts. Mean over seeds." and drawing.name == "confusion"
    assert svg.count(">Confusion<") == 1  # beside the colours


def test_the_colours_of_a_matrix_are_labelled_with_what_its_values_are(tmp_path):
    one = Matrix("m", "M", [[1.0, 2.0]], zlabel="weight (nats)")
    (drawing,) = drawn_exhibits(load(write_run(tmp_path, SCORES, exhibits=lambda *_: [one])))
    assert isinstance(drawing, Drawing)
    assert ">weight (nats)<" in drawing.svg.decode() and ">M<" not in drawing.svg.decode()


def test_a_large_matrix_has_every_nth_line_named(tmp_path):
    big = Matrix("m", "M", np.zeros((120, 9)).tolist(), [f"row {row}" for row in range(120)])
    (drawing,) = drawn_exhibits(load(write_run(tmp_path, SCORES, exhibits=lambda *_: [big])))
    assert isinstance(drawing, Drawing)
    svg = drawing.svg.decode()
    assert ">row 3<" in svg and ">row 4<" not in svg and ">9<" in svg


def test_drawings_are_those_of_the_first_seed_of_each_arm(tmp_path):
    def drawn(cell, seed, step):
        line = [[0.0, 0.0], [1.0 + seed, 5.0]] if step else [[0.0, 0.0], [1.0, 0.0]]
        return [
            Drawings("d", "Drawn", [[[line], []], [[line, [[2.0, 2.0]]], [line]]], ("zero", "one"), ("real", "own"))
        ]

    run = write_run(tmp_path, SCORES, exhibits=drawn)
    (drawing,) = drawn_exhibits(load(run))
    assert isinstance(drawing, Drawing)
    svg = drawing.svg.decode()
    assert svg.count(">zero<") == svg.count(">own<") == 2  # a panel for each of two arms
    assert ">t, a<" in svg and ">t, b<" in svg
    assert svg.count("LineCollection") == 2 and drawing.caption == "Of the first seed of each arm."


def test_a_drawing_is_shrunk_to_its_cell_and_small_ones_keep_their_size():
    size = {name: _box(lines) for name, lines in {"dot": [[[2.0, 3.0]]], "wide": [[[0.0, 0.0], [4.0, 2.0]]]}.items()}
    assert size["dot"][1] == 0 and size["dot"][0].tolist() == [2, 3]
    assert size["wide"][1] == 4 and size["wide"][0].tolist() == [2, 1]
    assert _box([])[1] == 0


def test_grids_without_a_drawing_are_not_drawn(tmp_path):
    assert drawn_exhibits(load(write_run(tmp_path, SCORES, exhibits=lambda *_: [Drawings("d", "D", [])]))) == []


def test_texts_stand_beside_the_score_of_their_step(tmp_path):
    def written(cell, seed, step):
        texts = [f"<{cell}> wrote {seed} at {step}", "with ``` in it"]
        numbers = {"known words": 0.25 + seed} if step else {}
        return [Texts("samples", "What it wrote", texts, "Drawn at temperature 1.", numbers)]

    run = write_run(tmp_path, SCORES, exhibits=written)
    build(run)
    page, samples = (run.report / "index.html").read_text(), (run.report / "samples.md").read_text()
    assert ">What it wrote</h2>" in page and "Drawn at temperature 1. Of the first seed of each arm" in page
    assert "&lt;a&gt; wrote 0 at 20" in page and "wrote 1" not in page  # the first seed's alone
    cells = '<tr><th scope="row">after 20 updates</th><td>0.0100</td><td>0.250</td>'
    row = cells + '<td class="sample" lang="">&lt;b&gt; wrote 0 at 20<hr>'
    assert row in page
    assert re.sub("<th[^>]*>", "<th>", page).count("<th>when</th><th>mse</th><th>known words</th><th>text</th>") == 2
    assert samples.startswith(
        "# made_up\n\nIs a < b & c?\n\n## t, a\n\nBefore training (mse –):\n\n```text\n<a> wrote 0 at 0\n```"
    )
    assert "After 20 updates (mse 0.0100, known words 0.250):" in samples
    assert "````text\nwith ``` in it\n````" in samples


def test_texts_of_a_moment_that_they_name(tmp_path):
    counted = Texts("samples", "What it wrote", ["x"], when="counted")
    run = write_run(tmp_path, SCORES, exhibits=lambda cell, seed, step: [] if step else [counted])
    build(run)
    assert "Counted:\n\n```text\nx\n" in (run.report / "samples.md").read_text()  # the score on validation is of none
    assert "at the same step" not in (run.report / "index.html").read_text()


def test_a_score_that_comes_with_texts_stands_there_once(tmp_path):
    """Not beside that of validation, under one name."""
    tested = Texts("samples", "Answers", ["x"], numbers={"mse": 0.25}, when="on the test split")
    run = write_run(tmp_path, SCORES, exhibits=lambda cell, seed, step: [tested] if step else [])
    build(run)
    assert "On the test split (mse 0.250):" in (run.report / "samples.md").read_text()
    assert '<th scope="row">on the test split</th><td>0.250</td><td' in (run.report / "index.html").read_text()


def test_no_texts_no_document(tmp_path):
    run = write_run(tmp_path, SCORES, exhibits=fading)
    build(run)
    assert not (run.report / "samples.md").exists()


def lines_of(cell, seed, step):
    """Two pictures, of which the second seed's captions differ."""
    pictures = [np.eye(3, 7), np.full((3, 4), 1 / 3)]
    probabilities = [np.full((2, 7), 0.5), np.full((2, 4), 0.25)]
    captions = (f"{cell}{seed}, step {step}", "nothing <b>")
    return [Images("lines", "Lines read", pictures, captions, (False, True), probabilities, ("x", "y"))]  # type: ignore


def test_pictures_are_the_first_seed_s_last_ones_with_their_captions(tmp_path):
    run = write_run(tmp_path, SCORES, exhibits=lines_of)
    (drawing,) = drawn_exhibits(load(run))
    assert isinstance(drawing, Drawing) and drawing.name == "lines_read"
    svg = drawing.svg.decode()
    assert ">a0, step 20<" in svg and ">b0, step 20<" in svg and svg.count("nothing &lt;b&gt;") == 2
    assert "a1" not in svg and "step 0" not in svg
    assert svg.count("<image") == 4  # of two arms two pictures, each as one with the map under it
    (row,) = [row for row in run.exhibits("t-a-0") if row["step"] == 20]
    assert row["values"][1][0] == [0.33] * 4  # kept with two digits


def test_pictures_without_maps_and_marks_or_without_any(tmp_path):
    bare = [Images("a", "A", [[[1.0]]], ("one",)), Images("b", "B", [], ())]
    (drawing,) = drawn_exhibits(load(write_run(tmp_path, SCORES, exhibits=lambda *_: bare)))
    assert isinstance(drawing, Drawing) and drawing.svg.decode().count("<image") == 2
