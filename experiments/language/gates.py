"""Do an LSTM's forget gates keep and drop by content, at the end of a sentence for one? C39.

    python launch.py --experiment=gates

The lecture's LSTM may forget all before a word that decides. The end of a sentence is easier to tell: as a full stop,
an exclamation or a question mark is read before a blank, is the mean gate over units lower than for tokens that are as
frequent in the training text (the area under the ROC curve of 1 − the mean gate; 0.5 is chance), and is it by training?
Only the next token says that it was an end; so that one too, against the same token elsewhere. And what is a gate worth
that reads: with every unit's gate held at its own mean, and with all of them at 1, the network scored as it stands, not
trained again. Words and characters of the Python documentation; another text:
``--config.task.corpus=war_and_peace_en --data_dir=...``. About 10 minutes on two CPU cores (an estimate).

Margins: an area of 0.7 is what is called acceptable discrimination (Hosmer and Lemeshow 2000), 0.1 half of what it is
above chance; 0.02 bits a character, by which other experiments on text take two networks to be alike.
"""

import rnn_research.experiment as ex

UPDATES = 1200
WORDS = {"task.tokens": "words", "task.vocabulary": 2000, "model.embedding": 64}


def ends(tokens: str, primary: bool) -> ex.Claim:
    where = {"tokens": (tokens,)}
    return ex.Claim(
        f"C39, {tokens}",
        "forget gates drop at the end of a sentence: the mean gate tells it from tokens of like frequency with an area "
        "of more than 0.7, and more than 0.1 above that before training",
        (
            ex.Level("AUROC of ends", "above", 0.7, where),
            ex.Level("AUROC gained by training", "above", 0.1, where),
        ),
        primary=primary,
    )


EXPERIMENT = ex.Experiment(
    question="Do the forget gates of an LSTM that has learned a text keep and drop by what they read?",
    base=ex.TrialConfig(
        task=ex.Choice("language_model", corpus="python_docs", length=50),
        model=ex.ModelConfig(cell=ex.Choice("lstm", hidden=96, forget_bias=1.0)),
        optimizer=ex.OptimizerConfig(schedule="linear"),
        probes=(ex.Choice("gates", every=UPDATES),),
        train=ex.TrainConfig(steps=UPDATES, batch=32, eval_every=150),
    ),
    axes={"tokens": (ex.Variant("words", WORDS), ex.Variant("characters", {"task.tokens": "characters"}))},
    compare="tokens",
    seeds=8,
    tune=ex.Tune(values=(3e-3, 1e-2, 3e-2), seeds=1, steps=UPDATES, limits=(1e-4, 0.4)),
    measures=(
        ex.Measure("AUROC of ends", "auroc", quantity="share"),
        ex.Measure("AUROC before training", "auroc", at="first", quantity="share"),
        ex.Measure("AUROC after ends", "auroc_after", quantity="share"),
        ex.Measure("AUROC after ends gained", "auroc_after", at="change"),
        ex.Measure("AUROC gained by training", "auroc", at="change"),
        ex.Measure("mean gate", "kept", quantity="share"),
        ex.Measure("bits a constant gate costs", "constant_costs"),
        ex.Measure("bits keeping all costs", "keep_all_costs"),
    ),
    claims=(
        ends("words", primary=True),
        ends("characters", primary=False),
        ex.Claim(
            "C39, after the end",
            "they drop as the token after the end is read, which tells that it was one: from the same tokens elsewhere "
            "the mean gate tells it with an area of more than 0.7, and more than 0.1 above that before training",
            (ex.Level("AUROC after ends", "above", 0.7), ex.Level("AUROC after ends gained", "above", 0.1)),
            primary=False,
        ),
        ex.Claim(
            "C39",
            "what gates do by content is worth something: held at their means, they cost more than 0.02 bits a "
            "character, of words and of characters",
            (ex.Level("bits a constant gate costs", "above", 0.02),),
        ),
        ex.Claim(
            "C39, dropping",
            "so is it that they drop: all held at 1, they cost more than 0.02 bits a character",
            (ex.Level("bits keeping all costs", "above", 0.02),),
        ),
    ),
    minutes=10,
)
