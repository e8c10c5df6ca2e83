"""Translation of any pairs, by the small set-up that is usual for Multi30k: LSTMs one way and both, with attention.

    python launch.py --experiment=translation                    Multi30k, from the hub or DATA/multi30k/*.parquet
    python launch.py --experiment=translation --config.task.train=TRAIN.tsv --config.task.valid=VALID.tsv \\
        --config.task.test=TEST.tsv                              your own pairs

sacrebleu makes the scores (requirements-translation.txt). The set-up of notebooks that are much copied (B. Trevett,
pytorch-seq2seq): vectors of 256, 512 units, dropout 0.5, Adam at 1e-3, clipping at 1, batches of 128, 10 epochs of
29,000 captions, half of the steps in training reading what the decoder wrote itself, answers greedy. Theirs on the test
of 2016, German into English: two layers of LSTM cells 13.76 BLEU, one layer of GRU cells 20.61, with attention, read
both ways, 28.11. Not as published: the tokeniser (words and marks, not spaCy's) and BLEU, sacrebleu's of texts in lower
case, theirs torchtext's of tokens, so that figures are near each other, not alike; their GRU reads the vector again at
every step.

Margin: 3 BLEU, half of what attention gave there.

Made for a GPU: an update takes seconds on two CPU cores. Three seeds there are about --seeds=3; a verdict takes 8.
"""

import rnn_research.experiment as ex

SOURCE = "B. Trevett, pytorch-seq2seq"
UPDATES = 2270  # of 128 pairs: 10 epochs
LSTM, GRU, ATTENTION = "LSTM, two layers", "GRU", "GRU both ways, attention"
CELL = ex.Choice("gru", hidden=512, keep_bias=1.0, reset_after=True)

EXPERIMENT = ex.Experiment(
    question="How well do small recurrent networks translate captions, and what is attention worth?",
    base=ex.TrialConfig(
        task=ex.Choice("translation"),
        model=ex.ModelConfig(cell=CELL, embedding=256, dropout=0.5, scheduled_sampling=0.5),
        optimizer=ex.OptimizerConfig(learning_rate=1e-3, clip_norm=1.0),
        train=ex.TrainConfig(steps=UPDATES, batch=128, eval_every=227, valid_examples=1014, test_examples=1000),
    ),
    axes={
        "model": (
            ex.Variant(LSTM, {"model.cell": ex.Choice("lstm", hidden=512, forget_bias=1.0), "model.layers": 2}),
            ex.Variant(GRU, {}),
            ex.Variant(
                ATTENTION,
                {
                    "model.bidirectional": True,
                    "model.attention": "additive",
                    "probes": (ex.Choice("alignments", examples=2),),
                },
            ),
        )
    },
    compare="model",
    seeds=8,
    measures=(
        ex.Measure("chrF", "chrf", split="test", better="higher"),
        ex.Measure("word error rate", "word_error_rate", split="test", better="lower", quantity="amount"),
    ),
    claims=(
        ex.Claim(
            "C36",
            "attention repairs the bottleneck: more than 3 BLEU more than the GRU without it",
            (ex.Compare("model", ATTENTION, GRU, margin=3.0, measure="score"),),
        ),
    ),
    published=(
        ex.Published(13.76, SOURCE, {"model": (LSTM,)}),
        ex.Published(20.61, SOURCE, {"model": (GRU,)}),
        ex.Published(28.11, SOURCE, {"model": (ATTENTION,)}),
    ),
)
