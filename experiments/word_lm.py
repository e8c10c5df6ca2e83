"""The small word language model of Zaremba, Sutskever and Vinyals (2014), on any text of words (S05, S19, C31).

Two layers of 200 LSTM units, no dropout, all weights uniform on ±0.1, batches of 20 rows of 20 steps whose state is
carried over, SGD at rate 1, halved in every epoch after the fourth, gradients clipped at norm 5, 13 epochs. Here on the
words of the Python documentation, whose 13 epochs are 4,160 updates. WikiText-2, by ``--data_dir``:
``--config.task.corpus=wikitext2 --config.task.tokens=split --config.train.steps=67860 --config.train.eval_every=5220``
(hours on a CPU). Beside it, 3- and 5-grams; with dropout: ``--config.model.dropout=0.5``. About 25 minutes on two CPU
cores.
"""

from rnn_research.experiment import (
    Choice,
    Claim,
    Compare,
    Curves,
    Experiment,
    Level,
    Measure,
    ModelConfig,
    OptimizerConfig,
    ProbeConfig,
    TrainConfig,
    TrialConfig,
    Variant,
)

CELL = Choice("lstm", hidden=200, input_init="uniform(0.1)", recurrent_init="uniform(0.1)")

EXPERIMENT = Experiment(
    question="How well does Zaremba's small LSTM model words, next to n-grams?",
    base=TrialConfig(
        task=Choice("language_model", corpus="python_docs", tokens="words", length=20),
        model=ModelConfig(cell=CELL, layers=2, embedding=200, embedding_init="uniform(0.1)", head_init="uniform(0.1)"),
        optimizer=OptimizerConfig(name="sgd", learning_rate=1.0, clip_norm=5.0, schedule="stepped"),
        probe=ProbeConfig(samples="4160", texts=4, tokens=100),
        train=TrainConfig(steps=4160, batch=20, eval_every=320),
    ),
    axes={
        "model": (
            Variant("LSTM 2×200", {}),
            Variant("3-gram", {"model.cell": Choice("ngram", order=3), "probe.samples": "0"}),
            Variant("5-gram", {"model.cell": Choice("ngram", order=5), "probe.samples": "0"}),
        )
    },
    compare="model",
    seeds=8,
    measures=(
        Measure("perplexity", "perplexity", split="test"),
        Measure("perplexity, shuffled", "shuffled_perplexity", split="test"),
        Measure("bits added by shuffling", "shuffling_bits", split="test"),
        Measure("least validation perplexity", "perplexity", split="valid", at="least"),
        Measure("training perplexity at the end", "perplexity", split="train"),
        Measure("training time (s)", "seconds", split="train", at="total"),
    ),
    figures=(Curves("perplexity", "valid", "validation perplexity", log=True, where={"model": ("LSTM*",)}),),
    claims=(
        Claim(
            "Zaremba 2014",
            "the small LSTM has a lower perplexity than Kneser-Ney 5-grams: at least a tenth of a bit a character less",
            (Compare("model", "5-gram", "LSTM 2×200", margin=0.1, measure="score"),),
        ),
        Claim(
            "C31",
            "perplexity falls for correct text: shuffling the words of the test text costs more than a bit a word",
            (Level("bits added by shuffling", "above", 1.0),),
        ),
    ),
    minutes=25,
)
