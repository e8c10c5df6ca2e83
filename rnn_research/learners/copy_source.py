"""The baseline of pairs that learns nothing: the source as it stands."""

import numpy as np

from rnn_research.learners.base import Kind
from rnn_research.learners.fitted import State
from rnn_research.learners.rules import kind_of, labelled, sources_of
from rnn_research.tasks.base import Batch, Labelling


def copy_source() -> Kind:
    """Every token of the source that the targets have, in order; the others are left out. Of words that are inflected
    little, or of a style that changes little, that is much of the target."""
    return kind_of("copy_source", lambda table, batches: {"table": table}, answer)


def answer(state: State, batch: Batch, time: int) -> Labelling:
    """The sources of a batch, or of several, as answers."""
    sources, shape = sources_of(batch)
    ids = np.asarray(state["table"]).tolist()
    return labelled([[ids[token] for token in row if ids[token]] for row in sources], time, shape)
