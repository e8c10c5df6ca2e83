"""The difference of two arms' means, of all runs of both, with what the test split adds."""

from collections.abc import Sequence

import numpy as np

from rnn_research.report.results import TrialResult
from rnn_research.report.split import split_sample
from rnn_research.report.statistics import Means, Part, weighted_means
from rnn_research.report.table import is_deterministic


def welch(
    values: Sequence[float], others: Sequence[float], arm: Sequence[TrialResult], against: Sequence[TrialResult]
) -> tuple[Means, int]:
    """Of scores, finite ones of each, first minus second, what no seed changes being known exactly; and the runs of the
    smaller sample that a seed tells apart, 1 where there is none."""
    signed = [
        (1.0, np.array(values), is_deterministic(arm)),
        (-1.0, np.array(others), is_deterministic(against)),
    ]
    random: list[Part] = [(sign, sample) for sign, sample, exactly in signed if not exactly]
    fixed = sum(sign * float(np.mean(sample)) for sign, sample, exactly in signed if exactly)
    estimate = weighted_means(random, fixed, split_sample([(1.0, arm), (-1.0, against)], "score"))
    return estimate, min((len(sample) for _, sample in random), default=1)
