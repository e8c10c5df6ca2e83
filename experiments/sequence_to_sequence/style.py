"""Today's English for verses of 1611, against the verses as they stand: a change of style (S25), with attention (C36).

    pip install -r requirements-translation.txt -r requirements-style.txt
    python launch.py --experiment=style

The King James Version and the World English Bible, verse by verse, 22,741 verses of up to 40 words and marks to train
on, five whole books to test, without what other books say in the same words (tasks/style.py). LSTMs of 128 units that
read both ways, answers greedy. The verse as it stands comes to 57 BLEU without a word changed, as most words are the
same: that is the baseline to beat, and it needs no attention to copy. 3,000 updates are 4.2 epochs; no rate is tuned.

Carlson, Riddell and Rockmore (2018) did it with 34 versions and larger networks; theirs is another split.

MINUTES
Margins: 5 BLEU for attention, half of what it gave in translation (Bahdanau et al. 2015); against the copy none.
"""

import rnn_research.experiment as ex

ATTENTION, VECTOR, COPY = "LSTM with attention", "LSTM, one vector", "the verse as it stands"

EXPERIMENT = ex.Experiment(
    question="Does a small network write verses of 1611 in today's English, and what is attention worth?",
    base=ex.TrialConfig(
        task=ex.Choice("style", examples=25_000, vocabulary=2000, longest=24),
        model=ex.ModelConfig(
            cell=ex.Choice("lstm", hidden=96, forget_bias=1.0), embedding=48, bidirectional=True, dropout=0.2
        ),
        optimizer=ex.OptimizerConfig(learning_rate=3e-3, schedule="linear"),
        train=ex.TrainConfig(steps=2000, batch=32, eval_every=400, valid_examples=500, test_examples=2000, cuts=3),
    ),
    axes={
        "verses": (
            ex.Variant(
                ATTENTION,
                {"model.attention": "bilinear", "probes": (ex.Choice("alignments", examples=2),)},
            ),
            ex.Variant(VECTOR, {}),
            ex.Variant(COPY, {"learner": ex.Choice("copy_source")}),
        )
    },
    compare="verses",
    seeds=8,
    measures=(
        ex.Measure("chrF", "chrf", split="test", better="higher"),
        ex.Measure("word error rate", "word_error_rate", split="test", better="lower"),
    ),
    claims=(
        ex.Claim(
            "C36",
            "attention repairs the bottleneck: more than 5 BLEU more than one vector",
            (ex.Compare("verses", ATTENTION, VECTOR, margin=5.0, measure="score"),),
        ),
        ex.Claim(
            "S25",
            "the network with attention is nearer to today's verse than the verse as it stands",
            (ex.Compare("verses", ATTENTION, COPY, margin=0.0, measure="score"),),
        ),
    ),
)
