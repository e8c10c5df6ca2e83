"""An experiment as JSON values."""

from typing import Any

from rnn_research.experiment.columns import columns
from rnn_research.experiment.config import to_dict
from rnn_research.experiment.experiment import Experiment


def described(experiment: Experiment) -> dict[str, Any]:
    """For ``experiment.json`` and ``--print_config``."""
    return {
        "name": experiment.name,
        "question": experiment.question,
        "seeds": experiment.seeds,
        "compare": experiment.compare,
        "columns": list(columns(experiment).values()),
        "axes": to_dict(experiment.axes),
        "points": to_dict(experiment.points),
        "measures": to_dict(experiment.measures),
        "figures": [{"kind": type(figure).__name__, **to_dict(figure)} for figure in experiment.figures],
        "claims": [
            {
                "source": claim.source,
                "text": claim.text,
                "primary": claim.primary,
                "tests": [{"kind": type(test).__name__, **to_dict(test)} for test in claim.tests],
            }
            for claim in experiment.claims
        ],
        "published": to_dict(experiment.published),
    }
