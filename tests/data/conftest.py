"""Fixtures of the tests of corpora."""

import pytest


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """A data directory that holds nothing."""
    monkeypatch.setenv("RNN_RESEARCH_DATA", str(tmp_path / "empty"))
    return tmp_path / "empty"
