"""What the project computes against figures that others published, or that other people's programs computed.

``docs/published.md`` lists these, and those that stand beside what they are of: cells against PyTorch and flax,
intervals against scipy, counts against NLTK.
"""

import gzip
from collections import Counter

import jax
import numpy as np
import pytest

from rnn_research.cells import CELLS, count_cell_parameters, count_parameters
from rnn_research.experiment import Choice, ModelConfig
from rnn_research.models import network
from rnn_research.ngrams import count, discounts, kneser_ney, perplexity
from rnn_research.tasks import adding, copy_memory
from rnn_research.tasks.base import Inputs, Target
from tests.support.ngrams import generated_sentences

# KenLM 0.3.0: lmplz --order n, then query: perplexity "including OOVs". Its distribution is uniform over the words of
# the training text, the end of a sentence and <unk>.
GENERATED = {2: 292.199002, 3: 300.880872, 5: 301.330602}
GENERATED_DISCOUNTS = [
    [0.323275, 1.36905, 2.21106],
    [0.78835, 1.41545, 1.90909],
    [0.932772, 1.50651, 1.81284],
    [0.971809, 1.63557, 1.47891],
    [0.988037, 1.3516, 1.58852],
]
EWT = 146.967874
EWT_DISCOUNTS = [
    [0.138225, 1.78202, 2.65739],
    [0.757605, 1.23698, 1.52076],
    [0.890799, 1.31373, 1.44484],
    [0.958584, 1.49899, 1.60516],
    [0.944906, 1.56286, 2.36922],
]
UNKNOWN, END = 0, 1


def as_ids(train, test, least):
    """Sentences as ids with an end each, words seen fewer than ``least`` times in training unknown; the vocabulary's
    size."""
    seen = Counter(word for sentence in train for word in sentence)
    names = [word for word, number in seen.items() if number >= least]
    ids = {word: number for number, word in enumerate(names, start=2)}

    def encoded(text):
        return [np.array([*(ids.get(word, UNKNOWN) for word in sentence), END]) for sentence in text]

    return encoded(train), encoded(test), len(names) + 2


@pytest.mark.parametrize("order", GENERATED)
def test_kneser_ney_is_kenlms(order):
    """On many short sentences, in which the beginnings weigh; unknown words among those that are scored."""
    train, test, size = as_ids(generated_sentences(3000, 1), generated_sentences(300, 2), least=1)
    assert (sum(map(len, train)), sum(map(len, test))) == (19471, 1974)
    counts = count(train, order, size)
    assert perplexity(kneser_ney(counts), test) == pytest.approx(GENERATED[order], rel=1e-6)
    if order == 5:
        assert discounts(counts).values.ravel() == pytest.approx(np.ravel(GENERATED_DISCOUNTS), rel=1e-5)


@pytest.fixture
def ewt(data_directory):
    """The English Web Treebank, lower-cased, words seen once unknown."""
    if not (data_directory / "ud_english_ewt").is_dir():
        pytest.skip("no ud_english_ewt in the data directory")

    def sentences(split):
        with gzip.open(data_directory / f"ud_english_ewt/en_ewt-ud-{split}.conllu.gz", "rt", encoding="utf-8") as file:
            blocks = file.read().strip().split("\n\n")
        rows = ([line.split("\t") for line in block.split("\n")] for block in blocks)
        return [[row[1].lower() for row in block if row[0].isdigit()] for block in rows]

    return as_ids(sentences("train"), sentences("test"), least=2)


@pytest.mark.parametrize(("order", "expected"), [(2, 162.58), (3, 148.81), (5, 146.97)])
def test_kneser_ney_on_sentences_of_english(order, expected, ewt):
    """As a program with one <s> a sentence and no <unk> beside the one that stands in the text has it, and KenLM."""
    train, test, size = ewt
    assert (size, len(train), len(test), sum(map(len, test))) == (8867, 12544, 2077, 27171)
    assert perplexity(kneser_ney(count(train, order, size)), test) == pytest.approx(expected, abs=0.01)
    if order == 5:
        counts = count(train, order, size + 1)
        assert perplexity(kneser_ney(counts), test) == pytest.approx(EWT, rel=1e-6)
        assert discounts(counts).values.ravel() == pytest.approx(np.ravel(EWT_DISCOUNTS), rel=1e-5)


@pytest.mark.parametrize(("hidden", "millions"), [(650, 20), (1500, 66)])
def test_zarembas_networks_have_the_parameters_that_papers_list(hidden, millions):
    """The medium and the large LSTM of Zaremba et al. 2014 on PTB's 10,000 words, as Merity et al. 2017 list
    them."""
    config = ModelConfig(cell=Choice("lstm", hidden=hidden), layers=2, embedding=hidden)
    model = network(config, Inputs("words", 10_000, 35), Target("softmax", 10_000, each_step=True))
    params = jax.eval_shape(lambda key: model.init(key, 1.0), jax.random.key(0))
    assert round(count_parameters(params) / 1e6) == millions


def test_gated_cells_have_a_multiple_of_the_elman_cells_parameters():
    """Chung et al. 2014, section 3: an LSTM has four of an RNN's affine maps, a GRU three. PyTorch's GRU has one bias
    more."""
    elman = count_cell_parameters(CELLS["elman"](48), 20)
    assert elman == 48 * (20 + 48 + 1)
    assert count_cell_parameters(CELLS["lstm"](48), 20) == 4 * elman
    assert count_cell_parameters(CELLS["gru"](48, reset_after=False), 20) == 3 * elman
    assert count_cell_parameters(CELLS["gru"](48, reset_after=True), 20) == 3 * elman + 48


def test_what_is_known_without_learning():
    """Adding: 0.167 by always answering 1 (Arjovsky et al. 2016, section 5.1). Copying over 1000 steps: 10 ln 8 / 1020
    without memory (their equation in section 5.2; 0.0204 in Bai et al. 2018, section 5.2)."""
    assert adding(750).goal.baseline["mse"] == pytest.approx(0.167, abs=0.0005)
    assert copy_memory(1000).goal.baseline["loss"] == pytest.approx(0.0204, abs=0.00005)
