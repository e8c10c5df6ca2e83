"""Does a word model know right from wrong order (C31)? Of every sentence of the test text, the words as they stand
against the same with two neighbours swapped; and the whole text against its tokens in random order.

An LSTM, a GRU and n-grams on the words of the Python documentation, whose test text has 140 sentences in which two
words can be swapped. Each is scored by itself, so both forms have the same context; to a model that sees one word at a
time they are equally likely, and of such pairs half count. A novel has more of them:
``--config.task.corpus=war_and_peace_en --data_dir=...``. About 13 minutes on two CPU cores.

Four sentences of five is the claim's own figure: a pair such as two names nobody can put right, and one sentence of
five allows for that.
"""

import rnn_research.experiment as ex


def counted(order: int) -> ex.Variant:
    return ex.Variant(f"{order}-gram", {"learner": ex.Choice("ngram", order=order)})


MODELS = (
    ex.Variant("LSTM", {"model.cell": ex.Choice("lstm", hidden=128, forget_bias=1.0)}),
    ex.Variant("GRU", {"model.cell": ex.Choice("gru", hidden=128, keep_bias=1.0, reset_after=True)}),
    *map(counted, (1, 3, 5)),
)

EXPERIMENT = ex.Experiment(
    question="Is the right order of words more likely to a language model than a wrong one?",
    base=ex.TrialConfig(
        task=ex.Choice("language_model", corpus="python_docs", tokens="words", length=20, swaps=True),
        model=ex.ModelConfig(match="parameters", embedding=64),
        optimizer=ex.OptimizerConfig(schedule="linear"),
        train=ex.TrainConfig(steps=1500, batch=32, eval_every=150),
    ),
    axes={"model": MODELS},
    compare="model",
    seeds=8,
    tune=ex.Tune(values=(1e-3, 3e-3, 1e-2), seeds=1, steps=1500, limits=(1e-4, 0.2), final_seeds=3),
    measures=(
        ex.Measure("original preferred", "original_preferred", split="test", better="higher", quantity="share"),
        ex.Measure("bits added by a swap", "swapping_bits", split="test"),
        ex.Measure("bits a token added by shuffling", "shuffling_bits", split="test"),
    ),
    claims=(
        ex.Claim(
            "C31",
            "perplexity falls for correct text: of more than four sentences in five the words as they stand are "
            "likelier than with two neighbours swapped",
            tuple(ex.Level("original preferred", "above", 0.8, where={"model": (name,)}) for name in ("LSTM", "GRU")),
        ),
        ex.Claim(
            "C31, shuffled",
            "all tokens of the test text in random order cost more than a bit a token",
            (ex.Level("bits a token added by shuffling", "above", 1.0, where={"model": ("LSTM", "GRU")}),),
            primary=False,
        ),
    ),
    minutes=13,
)
