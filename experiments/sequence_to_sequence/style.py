"""Today's English for verses of 1611, against a copy of the verse: a change of style (S25), with attention (C36).

    pip install -r requirements-translation.txt -r requirements-style.txt
    python launch.py --experiment=style

The King James Version and the World English Bible, verse by verse: 9,951 verses of up to 24 words and marks to train
on, 459 of five other books to test, without what other books say in the same words (tasks/style.py). LSTMs of 96 units
that read both ways and know the 2,000 commonest words and marks of either side, answers greedy. Most words stay as they
are: the verse as it stands has 53.4 BLEU, and 44.1 without the words that the networks do not know, which is the copy.
10,000 updates are 32 epochs; no rate is tuned. Carlson, Riddell and Rockmore (2018) had 34 versions, larger networks
and another split.

Made for a GPU: with 2,000 updates, 6.4 epochs, it is some 25 minutes of two CPU cores, and no answer: the network with
attention had 4.1 BLEU (n = 8), the one without 0.5, and neither had learned to copy.

Margins: 5 BLEU for attention, half of what it gave in translation (Bahdanau et al. 2015); none against the copy.
"""

import rnn_research.experiment as ex

ATTENTION, VECTOR, COPY = "LSTM with attention", "LSTM, one vector", "copy"
WHOLE_VERSE = 53.4  # BLEU of the tested verses of 1611 against those of today

EXPERIMENT = ex.Experiment(
    question="Does a small network write verses of 1611 in today's English, and what is attention worth?",
    base=ex.TrialConfig(
        task=ex.Choice("style", examples=25_000, vocabulary=2000, longest=24),
        model=ex.ModelConfig(
            cell=ex.Choice("lstm", hidden=96, forget_bias=1.0), embedding=48, bidirectional=True, dropout=0.2
        ),
        optimizer=ex.OptimizerConfig(learning_rate=3e-3, schedule="linear"),
        train=ex.TrainConfig(steps=10_000, batch=32, eval_every=1000, valid_examples=500, test_examples=2000, cuts=3),
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
        ex.Measure("word error rate", "word_error_rate", split="test", better="lower", quantity="amount"),
    ),
    claims=(
        ex.Claim(
            "C36",
            "attention repairs the bottleneck: more than 5 BLEU more than one vector",
            (ex.Compare("verses", ATTENTION, VECTOR, margin=5.0, measure="score"),),
        ),
        ex.Claim(
            "S25",
            "the network with attention is nearer to today's verse than a copy of the words that it knows",
            (ex.Compare("verses", ATTENTION, COPY, margin=0.0, measure="score"),),
        ),
        ex.Claim(
            "S25, all words",
            "and nearer than the verse as it stands, all words of it: more than 53.4 BLEU",
            (ex.Level("score", "above", WHOLE_VERSE, {"verses": (ATTENTION,)}),),
            primary=False,
        ),
    ),
)
