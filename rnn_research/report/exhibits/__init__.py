"""What runs have shown beside their numbers, drawn by kind: a file a kind, with a line in ``DRAWN``."""

from collections.abc import Callable

from rnn_research.report.drawing import Drawing, Section
from rnn_research.report.exhibits.curves import draw_curves
from rnn_research.report.exhibits.drawings import draw_drawings
from rnn_research.report.exhibits.images import draw_images
from rnn_research.report.exhibits.looks import Look, looks_of
from rnn_research.report.exhibits.matrix import draw_matrix
from rnn_research.report.exhibits.texts import draw_texts
from rnn_research.report.markup import fill
from rnn_research.report.results import Results

# (results, all looks at exhibits of one name) -> figures and sections
DRAWN: dict[str, Callable[[Results, list[Look]], list[Drawing | Section]]] = {
    "curve": draw_curves,
    "matrix": draw_matrix,
    "texts": draw_texts,
    "drawings": draw_drawings,
    "images": draw_images,
}


def drawn_exhibits(results: Results) -> list[Drawing | Section]:
    """Figures and sections of all exhibits of the reported runs, by kind and name in order of appearance.

    What cannot be drawn, as its kind is not known here or it lacks something, a last section names.
    """
    found, faults = looks_of(results)
    shown = [part for (kind, _), looks in found.items() if kind in DRAWN for part in DRAWN[kind](results, looks)]
    faults += [f"{name}: no way to draw a {kind}" for kind, name in found if kind not in DRAWN]
    if faults:
        shown.append(Section("Exhibits that are not drawn", fill("faults.html", faults=list(dict.fromkeys(faults)))))
    return shown
