"""What a probe of one's own gives is checked, and its name said."""

import jax.numpy as jnp
import pytest

from rnn_research.exhibits import Matrix
from rnn_research.probes.looking import plain_numbers
from rnn_research.tasks.base import Findings


def test_numbers_become_pythons_own():
    found = plain_numbers(Findings({"a": jnp.float32(0.5), "b": 2}, (Matrix("m", "M", [[1.0]]),)), "mine")
    assert found == {"a": 0.5, "b": 2.0} and all(type(value) is float for value in found.values())


@pytest.mark.parametrize(
    ("findings", "said"),
    [
        (Findings({"a": "much"}), "probe mine gave what is no number"),
        (Findings({}, ("picture",)), "probe mine gave a str"),
    ],
)
def test_what_is_none_is_refused(findings, said):
    with pytest.raises(TypeError, match=said):
        plain_numbers(findings, "mine")
