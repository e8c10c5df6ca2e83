"""What several files on reports use."""

import pytest

from tests.support.random_networks import random_networks_run


@pytest.fixture(scope="session")
def random_networks(shared_place):
    """The run of networks with random weights, and its report."""
    return random_networks_run(shared_place / "random_networks")
