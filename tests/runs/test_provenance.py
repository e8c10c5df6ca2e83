"""Which commit a run says it was made with."""

import subprocess

import pytest

from rnn_research.runs import provenance
from rnn_research.runs.provenance import git_revision


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository of somebody's with one commit, and how to run git in it."""
    for name, value in {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b"}.items():
        monkeypatch.setenv(name, value)
        monkeypatch.setenv(name.replace("AUTHOR", "COMMITTER"), value)

    def git(*arguments):
        found = subprocess.run(["git", *arguments], cwd=tmp_path, capture_output=True, text=True, check=True)
        return found.stdout.strip()

    git("init", "-q")
    (tmp_path / "thesis.tex").write_text("mine")
    git("add", ".")
    git("commit", "-qm", "begin")
    return tmp_path, git


def test_a_repository_that_does_not_track_the_package_says_nothing_of_it(repository):
    path, git = repository
    file = path / "site-packages" / "rnn_research" / "here.py"
    file.parent.mkdir(parents=True)
    file.write_text("")
    assert git_revision(file) == ""
    git("add", ".")
    git("commit", "-qm", "take it in")
    assert git_revision(file) == git("rev-parse", "HEAD")
    file.write_text("changed")
    assert git_revision(file) == git("rev-parse", "HEAD") + "+changes"


def test_a_repository_that_the_environment_names_is_not_asked(repository, monkeypatch):
    path, git = repository
    own = git_revision()
    monkeypatch.setenv("GIT_DIR", str(path / ".git"))
    assert git_revision() == own != git("rev-parse", "HEAD")


def test_without_git_nothing_is_said(monkeypatch):
    def missing(*arguments, **options):
        raise FileNotFoundError

    monkeypatch.setattr(provenance.subprocess, "run", missing)
    assert git_revision() == ""
