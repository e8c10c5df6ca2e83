"""Drawings of a model that draws at random, and of the probe's own measures."""

import numpy as np
import pytest

from rnn_research.probes.drawings import drawer_of, drawings, spread
from tests.contracts.small import config_of, made


def test_spread_is_the_mean_distance_within_classes():
    features = np.array([[0.0, 0], [3, 4], [10, 10], [10, 10], [10, 11]])
    assert spread(features, np.array([0, 0, 1, 1, 1])) == pytest.approx((5 + 2 / 3) / 2)
    assert spread(features[2:4], np.array([7, 7])) == 0


@pytest.mark.parametrize("options", [{"temperatures": ()}, {"temperatures": (0.0,)}, {"samples": 1}, {"shown": 0}])
def test_options_that_draw_nothing_are_refused(options):
    with pytest.raises(ValueError, match="probe drawings needs"):
        drawings(**options)


@pytest.mark.parametrize(
    ("task", "model", "message"), [("parity", {}, "'parity'"), ("digit_rows", {"bidirectional": True}, "both ways")]
)
def test_what_cannot_draw_is_refused(task, model, message):
    with pytest.raises(ValueError, match=message):
        drawer_of(made(config_of(task, **model)).subject)
