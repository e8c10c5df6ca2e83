"""The lemma of an inflected word whose lemma was never seen: letters in, letters out, against a rule and a copy.

    python launch.py --experiment=lemmatisation                                           Russian
    python launch.py --experiment=lemmatisation --config.task.language=de --workdir=runs/lemmatisation_de

300,000 forms to train on, 5,000 forms of other lemmas to test. An LSTM that reads both ways, with attention; the rule
exchanges the longest known suffix as training exchanges it most often: it knows all that these forms say of suffixes,
and has 0.886 (0.861 with 100,000 forms); the copy answers with the word itself. No rate is tuned: 5e-3, as a probe had
it, and the others have none. 18,000 updates are 3.8 epochs; the probe, of 1,500 with 128 units and 100,000 forms, had
0.79.

About 30 minutes on two CPU cores.

Margins: 0.90 of the lemmas, for a lemmatiser of unknown words that is of use; against the rule 0.02, a sixth of its
errors.
"""

import rnn_research.experiment as ex

NETWORK, RULE, COPY = "LSTM", "suffix rule", "copy"

EXPERIMENT = ex.Experiment(
    question="How many lemmas of words that were never seen does a network write, and does it know more than suffixes?",
    base=ex.TrialConfig(
        task=ex.Choice("lemmatisation", language="ru", examples=300_000),
        model=ex.ModelConfig(
            cell=ex.Choice("lstm", hidden=96, forget_bias=1.0), embedding=48, bidirectional=True, attention="bilinear"
        ),
        optimizer=ex.OptimizerConfig(learning_rate=5e-3, schedule="linear"),
        train=ex.TrainConfig(steps=18_000, batch=64, eval_every=1000, valid_examples=1000, test_examples=5000, cuts=4),
    ),
    axes={
        "answers": (
            ex.Variant(NETWORK, {"probes": (ex.Choice("alignments", examples=2),)}),
            ex.Variant(RULE, {"learner": ex.Choice("suffix_rule")}),
            ex.Variant(COPY, {"learner": ex.Choice("copy_source")}),
        )
    },
    compare="answers",
    seeds=8,
    measures=(
        ex.Measure("character error rate", "character_error_rate", split="test", better="lower", quantity="amount"),
    ),
    claims=(
        ex.Claim(
            "S25",
            "it writes more than 0.90 of the lemmas of words whose lemmas it has never seen",
            (ex.Level("score", "above", 0.90, {"answers": (NETWORK,)}),),
        ),
        ex.Claim(
            "S25 against a rule",
            "it knows more than suffixes: more than 0.02 more of the lemmas are right than by the rule",
            (ex.Compare("answers", NETWORK, RULE, margin=0.02, measure="score"),),
        ),
    ),
    minutes=30,
)
