"""Figures, and what all of them share."""

import math
from itertools import pairwise

import numpy as np
import pytest

from rnn_research.report.build import build
from rnn_research.report.drawing import (
    Drawing,
    arrange,
    band,
    finish,
    line_style,
    number_within,
    panels,
    power_of_ten,
    slug,
)
from rnn_research.report.figures import by_axis, draw
from rnn_research.report.places import tick
from rnn_research.report.results import load
from rnn_research.runs.files import write_json
from tests.support.made_up_run import KEPT, MEASURES, SCORES, decay, decaying, fading, products, write_run

FIGURES = [
    {"kind": "ByAxis", "x": "task", "y": "kept at end", "label": "the axis", "ylabel": "", "where": {}},
    {
        "kind": "ByMeasure",
        "points": [[10, "kept at start"], [1000, "kept at end"]],
        "label": "two measures",
        "ylabel": "kept",
        "where": {},
    },
    {"kind": "Curves", "column": "loss", "split": "train", "ylabel": "the loss", "log": True, "where": {}},
    {"kind": "Curves", "column": "loss", "split": "train", "ylabel": "x", "log": True, "where": {"cell": ["none"]}},
    {"kind": "ByMeasure", "points": [[1, "absent"]], "label": "x", "ylabel": "nothing", "where": {}},
]


def figures(run):
    return [part for part in draw(load(run)) if isinstance(part, Drawing)]


def test_figures_that_were_asked_for_and_those_of_the_probe(tmp_path):
    states = {("t", "b", 1): "diverged"}
    run = write_run(
        tmp_path, SCORES, measures=MEASURES, figures=FIGURES, probe=decaying, exhibits=fading, states=states
    )
    drawn = figures(run)
    assert [d.name for d in drawn] == [
        "kept_at_end",
        "kept",
        "the_loss",
        "learning_curves",
        "the_error_sent_back_step_by_step",
        "how_the_error_decays_on_its_way_back",
        "products_of_step_jacobians",
    ]
    words = {d.name: d.svg.decode() for d in drawn}
    for name, word in (
        ("kept_at_end", "the axis"),
        ("kept", "two measures"),
        ("the_loss", "the loss, log scale"),
        ("the_error_sent_back_step_by_step", "step k that the error of step 12 is sent back to"),
        ("the_error_sent_back_step_by_step", "b after training"),
        ("how_the_error_decays_on_its_way_back", "t at initialisation"),
        ("how_the_error_decays_on_its_way_back", "distance back from the last step (steps)"),
        ("products_of_step_jacobians", "span t (steps)"),
    ):
        assert f">{word}<" in words[name], (name, word)


def test_figures_of_one_title_have_files_of_their_own(tmp_path):
    again = FIGURES[2] | {"split": "valid"}
    run = write_run(tmp_path, SCORES, figures=[FIGURES[2], again, again | {"ylabel": "The loss!"}])
    build(run)
    written = {path.stem for path in run.report.glob("*.png")}
    assert written == {"the_loss", "the_loss_2", "the_loss_3", "learning_curves"}


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Perplexity (test), log10", "perplexity_test_log10"),
        ("../../etc/passwd", "etc_passwd"),
        ("Größe", "größe"),
        ("‖∂‖", "figure"),
    ],
)
def test_a_file_is_named_by_its_title(title, name):
    assert slug(title) == name


@pytest.mark.parametrize(("perfect", "bottom"), [(1.0, True), (100.0, False)])
def test_shares_have_the_whole_range(tmp_path, perfect, bottom):
    card = {"metric": "mse", "better": "higher", "perfect": perfect}
    (drawn,) = figures(write_run(tmp_path, SCORES, card=card))
    assert (">1.0<" in drawn.svg.decode()) == bottom


def test_numbers_that_are_not_finite_leave_gaps(tmp_path):
    def exploding(cell, seed, step):
        return [decay([math.inf] * 11 if cell == "a" else [0.0] * 11), products([math.nan, math.inf, 1.0])]

    def kept(cell, seed, step):
        return {"kept": math.inf}

    run = write_run(tmp_path, SCORES, measures=[KEPT], figures=FIGURES[:1], probe=kept, exhibits=exploding)
    for entry in load(run).trials:
        path = run.metrics(entry.id)
        path.write_text(path.read_text().replace('"loss": 0.02', '"loss": 1e999'))
    assert any(row.get("loss") == math.inf for row in run.rows("t-a-0"))
    report = build(run)
    assert math.isnan(report.table[0].measures["kept at end"].mean)
    assert "–" in (run.report / "table.md").read_text()


def test_a_legend_keeps_inside_its_figure():
    names = [f"a rather long name, the {index}th of them" for index in range(7)]
    with panels(1) as (figure, axes):
        for name in names:
            axes[0].plot([0, 1], [1, 2], label=name)
        finish(figure, axes, "title", "caption")
        (legend,) = figure.legends
        box = legend.get_window_extent(figure.canvas.get_renderer())
        assert box.x0 >= 0 and box.x1 <= figure.bbox.width
        assert [text.get_text() for text in legend.get_texts()] == names
        assert box.y0 >= axes[0].get_window_extent().y1


def test_what_a_logarithmic_axis_cannot_show_counts_in_the_median():
    """Of five runs two are at 0 and stay there; a third gets there."""
    x, curves = np.array([1, 2]), [np.array([4.0, 2.0]), np.array([3.0, 1.0]), np.array([2.0, 0.0])] + [np.zeros(2)] * 2
    with panels(1) as (_, axes):
        assert band(axes[0], x, curves, 0, "an arm", positive=True)
        *_, median = axes[0].get_lines()
        np.testing.assert_array_equal(median.get_ydata(), [2.0, np.nan])
        (filled,) = axes[0].collections
        assert filled.get_paths()[0].get_extents().bounds == (1, 1.0, 1, 2.0)  # quartiles 0 to 3 and 0 to 1, from 1 on
        assert not band(axes[0], x, curves[3:], 1, "another", positive=True)


@pytest.mark.parametrize("count", [1, 3])
def test_a_title_keeps_inside_its_figure(count):
    title = ", ".join(f"a setting of many words {index}" for index in range(5))
    with panels(count) as (figure, axes):
        for axis in axes:
            axis.plot([0, 1], [1, 2], label="an arm")
            axis.set_ylabel("validation bits per character, log scale")
            axis.set_title(title, fontsize=9)
        finish(figure, axes, "title", "caption")
        boxes = [axis.title.get_window_extent(figure.canvas.get_renderer()) for axis in axes]
        assert all(box.x0 >= 0 and box.x1 <= figure.bbox.width for box in boxes)
        assert all(before.x1 < after.x0 for before, after in pairwise(boxes))
        assert boxes[0].y1 <= figure.legends[0].get_window_extent().y0 + 4
        assert " ".join(axes[0].get_title().split()) == title


def test_a_title_beside_a_bar_of_colours_keeps_inside_its_panel():
    with panels(2) as (figure, axes):
        for axis in axes:
            axis.imshow([[0, 1]], aspect="auto")
            axis.set_title("task: " + ", ".join(f"a setting of many words {index}" for index in range(5)), fontsize=9)
        arrange(figure, right=0.9)
        boxes = [axis.title.get_window_extent(figure.canvas.get_renderer()) for axis in axes]
        assert all(box.x0 >= 0 and box.x1 <= 0.92 * figure.bbox.width for box in boxes)
        assert all(box.y1 <= figure.bbox.height for box in boxes) and boxes[0].x1 < boxes[1].x0


@pytest.mark.parametrize("across", [False, True])
def test_numbers_of_less_than_a_decade_are_written_out(across):
    with panels(2) as (figure, axes):
        for axis, most in zip(axes, (2.8, 2800), strict=True):
            axis.plot([1.7, most], [1.7, most])
            (axis.set_xscale if across else axis.set_yscale)("log")
        arrange(figure)
        figure.canvas.draw()
        drawn = [axis.xaxis if across else axis.yaxis for axis in axes]
        narrow, wide = ({text.get_text() for text in axis.get_ticklabels(which="both")} for axis in drawn)
    assert {"2", "2.5"} & narrow and "10⁰" not in narrow
    assert {"10¹", "10²", "10³"} <= wide and not any("$" in text for text in wide)


@pytest.mark.parametrize(
    ("least", "most", "numbers"),
    [
        (0.45, 7.0, ["0.5", "1", "2", "5"]),
        (1.15, 4.5, ["2", "3", "4"]),
        (9.1, 15.0, ["10", "12", "14"]),
        (1.003, 1.02, ["1.005", "1.01", "1.015", "1.02"]),
        (110.0, 350.0, ["150", "200", "250", "300", "350"]),
    ],
)
def test_between_two_powers_of_ten_there_are_numbers(least, most, numbers):
    """Of one alone nobody could tell the scale."""
    with panels(1) as (figure, axes):
        axes[0].plot([0, 1], [least, most])
        axes[0].set_yscale("log")
        arrange(figure)
        figure.canvas.draw()
        low, high = axes[0].get_ylim()
        drawn = [
            (place, text.get_text())
            for minor in (False, True)
            for place, text in zip(axes[0].get_yticks(minor=minor), axes[0].get_yticklabels(minor=minor), strict=True)
        ]
    assert [text for place, text in sorted(drawn) if low <= place <= high] == numbers


def test_no_number_is_written_that_no_value_can_have():
    with panels(2) as (_, axes):
        for axis, most in zip(axes, (1.0, math.inf), strict=True):
            band(axis, np.array([1, 2]), [np.array([1.0, 1.0])], 0, "an arm")
            number_within(axis, 0.0, most)
        shares, amounts = (axis.get_yticks() for axis in axes)
        assert shares.max() == 1.0 < axes[0].get_ylim()[1] and amounts.max() > 1.0
        assert axes[0].get_lines()[-1].get_marker() == "o"  # of two values it is said where they are


@pytest.mark.parametrize(("value", "text"), [(1e-12, "10⁻¹²"), (1.0, "10⁰"), (1000.0, "10³"), (0.02, "0.02")])
def test_powers_of_ten_are_written_as_such(value, text):
    assert power_of_ten(value) == text


@pytest.mark.parametrize("name", ["_private", "$$", "$x_{", "from $5 to $10", "a_b^c", "\\frac{1}"])
def test_names_are_drawn_as_they_are_written(name):
    """Not as mathematics between dollars, and in the legend with an underscore before them."""
    with panels(2) as (figure, axes):
        for axis in axes:
            band(axis, np.array([1, 2]), [np.array([1.0, 2.0])], 0, name)
            axis.set_title(name)
            axis.set_ylabel(name)
        axes[0].set_xticks([1, 2], [name, "b"])
        drawing = finish(figure, axes, "title", "caption")
        assert [text.get_text().strip() for text in figure.legends[0].get_texts()] == [name]
    assert drawing.svg.decode().count(name) == 6


def test_no_two_of_many_lines_look_alike():
    styles = [line_style(index) for index in range(49)]
    assert len(set(map(str, styles))) == 49
    assert all(len({style[part] for style in styles[:7]}) == 7 for part in (0, 2))


def test_no_line_bridges_a_place_where_an_arm_has_no_run(tmp_path):
    """And places are in order, however they were run."""
    scores = {(length, cell): [0.1] * 8 for length in (200, 50, 100) for cell in "ab" if (length, cell) != (100, "a")}
    asked = [{"kind": "ByAxis", "x": "length", "y": "score", "label": "length", "ylabel": "", "where": {}}]
    run = write_run(tmp_path, scores, figures=asked, columns=("length", "cell"))
    (drawing, *_) = draw(load(run))
    assert isinstance(drawing, Drawing) and drawing.chart is not None
    ((panel,),) = drawing.chart.views.values()
    assert [list(one.x) for one in panel.means] == [[50, 100, 200]] * 2
    assert np.isnan([one.y for one in panel.means]).tolist() == [[False, True, False], [False] * 3]


def test_a_score_is_drawn_without_an_interval_where_runs_are_of_two_kinds(tmp_path, monkeypatch):
    """As in the table; beside it one that all runs solve."""
    scores = {(length, "a"): [0.001] * n + [0.19] * (8 - n) for length, n in ((50, 8), (100, 2))}
    scores[50, "a"] = [0.001 + 0.0001 * seed for seed in range(8)]
    asked = [{"kind": "ByAxis", "x": "length", "y": "score", "label": "length", "ylabel": "", "where": {}}]
    drawn = []
    monkeypatch.setattr(
        "rnn_research.report.figures._line", lambda axis, places, summaries, *_: drawn.extend(summaries)
    )
    run = write_run(tmp_path, scores, figures=asked, columns=("length", "cell"), card={"solved": 0.05})
    draw(load(run))
    first, second = drawn
    assert first.low < first.mean < first.high
    assert second.n == 8 and math.isnan(second.low)


@pytest.mark.parametrize(("lengths", "log"), [((10, 20, 30), False), ((10, 100, 1000), True)])
def test_intervals_of_arms_at_one_length_stand_beside_each_other(tmp_path, monkeypatch, lengths, log):
    scores = {(length, cell): [0.1 + seed / 100 for seed in range(8)] for length in lengths for cell in "abc"}
    asked = {"kind": "ByAxis", "x": "length", "y": "score", "label": "length", "ylabel": "", "where": {}}
    kept = []
    monkeypatch.setattr("rnn_research.report.figures.finish", lambda figure, axes, *_: kept.append(axes) or FINISHED)
    by_axis(load(write_run(tmp_path, scores, figures=[asked], columns=("length", "cell"))), asked)
    ((axis,),) = kept
    axis.figure.canvas.draw()
    assert axis.get_xscale() == ("log" if log else "linear")
    bars = [one.get_window_extent() for container in axis.containers for one in container.lines[2]]
    middles = np.array([segment for container in axis.containers for segment in in_pixels(container.lines[2][0])])
    assert len(bars) == 3 and middles.shape == (9,)
    by_arm = middles.reshape(3, 3)
    apart = np.diff(by_arm, axis=0) * 72 / axis.figure.dpi
    np.testing.assert_allclose(apart, 3, atol=0.01)  # points, in the order of the arms
    box = axis.get_window_extent()
    assert box.x0 < middles.min() and middles.max() < box.x1
    assert all(box.y0 < bar.y0 and bar.y1 < box.y1 for bar in bars)


def test_an_arm_that_is_alone_in_its_panel_stands_at_its_places(tmp_path, monkeypatch):
    """Of the second task there is the arm a only, which the first has beside b and c."""
    scores = {(length, cell): [0.1 + seed / 100 for seed in range(8)] for length in (1, 2) for cell in "abc"}
    scores |= {(length, "d"): [0.1 + seed / 100 for seed in range(8)] for length in (1, 2)}
    asked = {"kind": "ByAxis", "x": "length", "y": "score", "label": "length", "ylabel": "", "where": {}}
    run = write_run(tmp_path, scores, figures=[asked], columns=("length", "cell"))
    document = run.document() or {}
    for entry in document["trials"]:
        entry["labels"] = {"task": "one" if entry["labels"]["cell"] == "d" else "three", **entry["labels"]}
    write_json(run.path / "experiment.json", document | {"columns": ["task", "length", "cell"]})
    kept = []
    monkeypatch.setattr("rnn_research.report.figures.finish", lambda figure, axes, *_: kept.append(axes) or FINISHED)
    by_axis(load(run), asked)
    ((three, one),) = kept
    one.figure.canvas.draw()
    (drawn,) = one.containers
    at = [float(segment) for segment in in_pixels(drawn.lines[2][0])]
    assert at == pytest.approx([float(one.transData.transform((x, 0))[0]) for x in (1, 2)])
    assert len(three.containers) == 3


FINISHED = Drawing("name", "title", "caption", b"", b"")


def in_pixels(bars):
    """Where each of vertical lines stands."""
    return [bars.get_transform().transform(segment)[0, 0] for segment in bars.get_segments()]


FREE, AMOUNT = (-math.inf, math.inf), (0.0, math.inf)


@pytest.mark.parametrize(
    ("card", "metric", "loss"),
    [
        ({"target": {"head": "regression"}}, AMOUNT, AMOUNT),
        ({"better": "higher", "perfect": 1.0, "metric": "accuracy"}, (0.0, 1.0), FREE),
        ({"perfect": -4.1, "target": {"head": "mixture"}}, FREE, FREE),
    ],
)
def test_curves_say_between_what_their_values_lie(tmp_path, card, metric, loss):
    asked = [{"kind": "Curves", "column": "loss", "split": "train", "ylabel": "the loss", "log": False, "where": {}}]
    baseline = {"baseline": {"mse": 0.2, "loss": 0.2, "accuracy": 0.1}}
    run = write_run(tmp_path, SCORES, figures=asked, card=baseline | card, more={"accuracy": 0.5})
    for entry in run.document()["trials"]:
        path = run.metrics(entry["id"])
        path.write_text(path.read_text().replace('"split": "test",', '"split": "test", "accuracy": 0.5,'))
    first, curves = figures(run)
    assert [panel.bounds for panel in first.chart.views["the loss"]] == [loss]
    bounds = {name: {panel.bounds for panel in panels} for name, panels in curves.chart.views.items()}
    assert bounds[f"validation {card.get('metric', 'mse')}"] == {metric} and bounds["validation loss"] == {loss}


def test_a_band_has_a_gap_where_no_curve_has_a_number():
    x, gap = np.arange(5.0), np.array([1.0, 2.0, math.nan, 4.0, 5.0])
    with panels(1) as (_, axes):
        assert band(axes[0], x, [gap, gap + 1, gap + 2], 0, "an arm")
        *_, median = axes[0].get_lines()
        np.testing.assert_array_equal(median.get_ydata(), gap + 1)
        (filled,) = axes[0].collections
        assert sum(path.codes.tolist().count(1) for path in filled.get_paths()) == 2


@pytest.mark.parametrize(
    "places",
    [(1, 2, 4, 8), (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.033, 0.11), tuple(2**place for place in range(6, 18))],
)
def test_numbers_along_an_axis_stand_apart(places):
    with panels(3) as (figure, axes):
        for axis in axes:
            axis.plot(places, places)
            tick(axis, places)
        arrange(figure)
        renderer = figure.canvas.get_renderer()
        for axis in axes:
            boxes = [label.get_window_extent(renderer) for label in axis.get_xticklabels()]
            assert not any(one.overlaps(other) for one, other in pairwise(boxes))
