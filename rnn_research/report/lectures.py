"""What five lecture decks claim (C01 to C42) and describe (S01 to S29), a line each: the rows of the board of claims.

Which experiment asks of a claim is not said here: the ``source`` of an experiment's ``Claim`` begins with the id.
"""

from typing import NamedTuple


class Stated(NamedTuple):
    """A claim of a lecture.

    Attributes:
      lectures: those that make it, by number.
      fact: what is claimed.
      tests: where it is an identity, the tests that hold it; else "".
    """

    id: str
    lectures: tuple[int, ...]
    fact: str
    tests: str = ""


class System(NamedTuple):
    """What a lecture describes and this project has.

    Attributes:
      where: files and folders that hold it, from the root of the repository.
      experiments: that show it at work.
    """

    id: str
    lectures: tuple[int, ...]
    name: str
    where: tuple[str, ...]
    experiments: tuple[str, ...] = ()


CLAIMS = (
    Stated("C01", (1,), "n-gram text is made of existing n-grams", "tests/ngrams/test_ngram_texts.py"),
    Stated("C02", (1,), "a longer n makes estimates worse"),
    Stated("C03", (1,), "a smaller vocabulary makes n-grams less rare"),
    Stated("C04", (1,), "n-grams are simple and very fast"),
    Stated("C05", (1,), "a convolutional network can write, but what is far back blurs"),
    Stated("C06", (2,), "a window of words takes a million parameters where a recurrent network takes 20,100"),
    Stated("C07", (1, 2), "backpropagation equals the sum of products", "tests/gradients/test_textbook_bptt.py"),
    Stated("C08", (1, 2), "Jacobians above 1 explode, and the learning curve shows it"),
    Stated("C09", (1,), "clipping the norm keeps the gradient's direction, clipping values does not"),
    Stated("C10", (1,), "clipping, regularisation and a smaller rate each cure explosion"),
    Stated("C11", (1,), "with a sigmoid gradients vanish, and orthogonal weights do not help"),
    Stated("C12", (1,), "no trick repairs a vanishing gradient"),
    Stated("C13", (2,), "products of orthogonal matrices neither explode nor vanish"),
    Stated("C14", (2,), "skip connections carry gradients further"),
    Stated("C15", (2,), "over 128 steps the LSTM keeps a gradient that the Elman network loses"),
    Stated("C16", (1, 3), "the LSTM captures distant dependencies much better"),
    Stated("C17", (1,), "the LSTM has four times an Elman cell's parameters, the GRU three times"),
    Stated("C18", (1,), "the GRU learns better from little data, the LSTM from much"),
    Stated("C19", (1, 5), "the GRU is as good as the LSTM"),
    Stated("C20", (1, 3, 4), "reading both ways helps tagging, doubles the parameters, and cannot write"),
    Stated("C21", (1, 3), "two layers are usually enough"),
    Stated("C22", (4,), "skip connections make many layers trainable"),
    Stated("C23", (4,), "layer norm suits recurrent networks, batch norm does not"),
    Stated("C24", (4,), "dropout regularises, depending on where it is"),
    Stated("C25", (1, 4), "characters make long inputs, words large vocabularies, byte pairs lie between"),
    Stated("C26", (2, 4), "pretrained vectors and random ones both work"),
    Stated("C27", (5,), "a larger state remembers more"),
    Stated("C28", (5,), "without recurrence through the state, memory reaches one step"),
    Stated("C29", (5,), "as training goes on, samples go from noise to words"),
    Stated("C30", (5,), "greedy writing repeats itself, sampling does not"),
    Stated("C31", (5,), "perplexity falls for correct text"),
    Stated("C32", (3,), "an Elman network's last outputs depend little on the first words"),
    Stated("C33", (3, 4), "one vector loses the first words of a long source"),
    Stated("C34", (3,), "reading the source backwards helps"),
    Stated("C35", (3,), "an encoder that reads both ways loses the middle"),
    Stated("C36", (4,), "attention repairs what one vector loses"),
    Stated("C37", (3,), "a beam finds likelier answers than greedy search"),
    Stated("C38", (4,), "labels that begin and go on find names of several words"),
    Stated("C39", (1,), "forget gates keep and drop by what they read"),
    Stated("C40", (1,), "n-gram text does not hold together beyond n"),
    Stated("C41", (5,), "the LSTM's parameters make it slow and costly to train"),
    Stated("C42", (3,), "a decoder loses information as it writes"),
)

SYSTEMS = (
    System("S01", (1, 3), "n-gram language model", ("rnn_research/ngrams",), ("ngram_order", "ngram_text")),
    System("S02", (1,), "smaller vocabularies", ("rnn_research/data/reductions.py",), ("reductions",)),
    System(
        "S03", (2,), "language model with a window", ("rnn_research/cells/convolution.py",), ("window_or_recurrence",)
    ),
    System("S04", (1,), "convolutional language model", ("rnn_research/cells/convolution.py",), ("convolution_lm",)),
    System("S05", (1, 2, 3, 4, 5), "Elman network", ("rnn_research/cells/elman.py",), ("lstm_vs_gru", "char_lm")),
    System("S06", (1, 2), "backpropagation through time", ("rnn_research/gradients/textbook.py",)),
    System("S07", (1, 2), "gradient clipping", ("rnn_research/training/optimizer.py",), ("clipping_direction",)),
    System("S08", (1, 2), "orthogonal weights", ("rnn_research/cells/initializers.py",), ("orthogonal_products",)),
    System("S09", (2, 4), "skip connections", ("rnn_research/cells/combinators.py",), ("skip_connections", "depth")),
    System("S10", (1, 2, 3, 4, 5), "LSTM", ("rnn_research/cells/lstm.py",), ("lstm_vs_gru",)),
    System("S11", (1, 5), "GRU", ("rnn_research/cells/gru.py",), ("lstm_vs_gru",)),
    System("S12", (1, 3, 4), "both directions", ("rnn_research/recurrence/layers.py",), ("bidirectional",)),
    System("S13", (1, 3, 4), "several layers", ("rnn_research/recurrence/layers.py",), ("depth",)),
    System(
        "S14",
        (4,),
        "norms and dropout",
        ("rnn_research/models/norms.py", "rnn_research/models/dropout.py"),
        ("normalisation", "dropout"),
    ),
    System("S15", (1, 4), "characters, words, byte pairs", ("rnn_research/data/tokens.py",), ("vocabulary",)),
    System(
        "S16",
        (2, 3, 4),
        "vectors of words",
        ("rnn_research/models/embedding.py", "rnn_research/data/vectors.py"),
        ("embeddings", "sentiment"),
    ),
    System(
        "S17",
        (3, 5),
        "language model of characters, and what it writes",
        ("rnn_research/tasks/language_model.py", "rnn_research/probes/texts.py"),
        ("war_and_peace", "char_lm"),
    ),
    System("S18", (5,), "sampling", ("rnn_research/decoding/sample.py",), ("sampling",)),
    System("S19", (5,), "cross-entropy and perplexity", ("rnn_research/tasks/language_model.py",), ("word_order",)),
    System(
        "S20", (1, 4, 5), "texts to classify", ("rnn_research/tasks/text_classification.py",), ("classify", "sentiment")
    ),
    System("S21", (3, 4), "words to tag", ("rnn_research/tasks/tagging.py",), ("pos_tagging",)),
    System("S22", (4,), "names to find", ("rnn_research/tasks/named_entities.py",), ("named_entities",)),
    System("S23", (5,), "a sequence from one input", ("rnn_research/decoding/unfold.py",), ("drawing", "digit_rows")),
    System(
        "S24",
        (2,),
        "handwriting to read",
        ("rnn_research/heads/ctc.py", "rnn_research/tasks/handwriting.py"),
        ("handwriting", "pen_digits"),
    ),
    System(
        "S25",
        (3, 4),
        "sequence to sequence",
        ("rnn_research/heads/decoder.py", "rnn_research/tasks/seq2seq.py"),
        ("bottleneck", "four_layers", "translation"),
    ),
    System(
        "S26",
        (3,),
        "beam search",
        ("rnn_research/decoding/beam.py", "rnn_research/decoding/n_best.py"),
        ("beam_width",),
    ),
    System("S27", (4,), "attention", ("rnn_research/heads/attention.py",), ("attention",)),
    System("S28", (5,), "memory in the hidden state", ("rnn_research/probes/memory.py",), ("memory_kind",)),
    System(
        "S29",
        (2,),
        "the error sent back, step by step",
        ("rnn_research/gradients/decay.py", "rnn_research/probes/gradients.py"),
        ("gradient_decay",),
    ),
)
