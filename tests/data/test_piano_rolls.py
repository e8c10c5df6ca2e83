"""Piano rolls from files: official splits, and what is no piano roll."""

import numpy as np
import pytest

from rnn_research.data.locate import DataNotFoundError
from rnn_research.data.piano_rolls import piano_rolls_of
from tests.support.piano_rolls import made_up_pieces, write_corpus


def test_pieces_are_read_as_they_were_written(tmp_path, monkeypatch):
    monkeypatch.setenv("RNN_RESEARCH_DATA", str(tmp_path))
    pieces = made_up_pieces()
    write_corpus(tmp_path, pieces)
    found = piano_rolls_of("Made_up")
    assert list(found) == ["train", "valid", "test"]
    for read, written in zip(found.values(), pieces.values()):
        assert [piece.dtype for piece in read] == [np.uint8] * len(written)
        for one, other in zip(read, written, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        ({"validdata": []}, "no pieces in validdata"),
        ({"testdata": [np.zeros((4, 87)), np.zeros((3, 87))]}, "testdata holds what is no"),
        ({"testdata": [np.full((4, 88), 0.5)]}, "testdata holds what is no"),
        ({"traindata": [np.zeros((0, 88))]}, "traindata holds what is no"),
    ],
)
def test_what_is_no_piano_roll_is_refused(tmp_path, monkeypatch, pieces, message):
    monkeypatch.setenv("RNN_RESEARCH_DATA", str(tmp_path))
    write_corpus(tmp_path, made_up_pieces() | pieces)
    with pytest.raises(ValueError, match=rf"Made_up\.mat: {message}"):
        piano_rolls_of("Made_up")


def test_a_corpus_that_is_not_there_is_named_with_its_file(tmp_path, monkeypatch):
    monkeypatch.setenv("RNN_RESEARCH_DATA", str(tmp_path))
    with pytest.raises(DataNotFoundError, match=r"Nottingam not found .*put poly_music/Nottingam\.mat into --data_dir"):
        piano_rolls_of("Nottingam")


@pytest.mark.parametrize(
    ("corpus", "pieces"), [("JSB_Chorales", [229, 76, 77]), ("Nottingham", [694, 173, 170])], ids=lambda value: ""
)
def test_the_official_splits(data_directory, corpus, pieces):
    if not (data_directory / "poly_music").is_dir():
        pytest.skip("no poly_music in the data directory")
    assert [len(split) for split in piano_rolls_of(corpus).values()] == pieces
