"""The small word language model of Zaremba, Sutskever and Vinyals (2014), on any text of words (S05, S19).

Two layers of 200 LSTM units, no dropout, all weights uniform on ±0.1, batches of 20 rows of 20 steps whose state is
carried over, SGD, 13 epochs. Here on the words of the Python documentation, whose 13 epochs are 4,160 updates.
WikiText-2, by ``--data_dir``: ``--config.task.corpus=wikitext2 --config.task.tokens=split --config.train.steps=67860
--config.train.eval_every=5220 --config.train.valid_examples=70000 --config.train.test_examples=70000
--config.probes.texts.steps=67860`` (hours on a CPU). Beside it, 3- and 5-grams; with
dropout: ``--config.model.dropout=0.5``, which is the share left out there too. About 14 minutes on two CPU cores.

The paper's figures in our units (its text, and the code that its authors published):

- Loss: theirs is the sum over the 20 steps of the mean over the rows, ours the mean over both, a twentieth. So their
  rate of 1 is 20 here, and their clipping of the whole gradient at norm 5 is at 0.25. Perplexity is e^(nats per word)
  in both.
- Rate: 4 epochs, then halved for each that follows, as in the text; the code holds it for a fifth.
- Epoch: tokens / (20 · 20) updates. Their rows begin at the same places in every epoch, and with a state of zeros; here
  they go round the text, from places that the seed shifts.
- Biases: each of theirs is a sum of two, both uniform on ±0.1. Ours is one that begins at 0, the forget gate's too (not
  at 1), and it learns at half the speed of such a sum.
- Kneser-Ney: their corpus' 141.2 (5-grams) against 114.5 is 0.30 bits a word: a tenth of a bit a character at the 3.2
  characters that a word or mark has here.
"""

import rnn_research.experiment as ex

CELL = ex.Choice("lstm", hidden=200, forget_bias=0.0, input_init="uniform(0.1)", recurrent_init="uniform(0.1)")

EXPERIMENT = ex.Experiment(
    question="How well does Zaremba's small LSTM model words, next to n-grams?",
    base=ex.TrialConfig(
        task=ex.Choice("language_model", corpus="python_docs", tokens="words", length=20),
        model=ex.ModelConfig(
            cell=CELL, layers=2, embedding=200, embedding_init="uniform(0.1)", head_init="uniform(0.1)"
        ),
        optimizer=ex.OptimizerConfig(name="sgd", learning_rate=20.0, clip_norm=0.25, schedule="stepped"),
        probes=(ex.Choice("texts", steps=(4160,), texts=4, tokens=100),),
        train=ex.TrainConfig(steps=4160, batch=20, eval_every=320, valid_examples=2048),
    ),
    axes={
        "model": (
            ex.Variant("LSTM 2×200", {}),
            ex.Variant("3-gram", {"learner": ex.Choice("ngram", order=3), "probes.texts.steps": (0,)}),
            ex.Variant("5-gram", {"learner": ex.Choice("ngram", order=5), "probes.texts.steps": (0,)}),
        )
    },
    compare="model",
    seeds=8,
    measures=(
        ex.Measure("perplexity", "perplexity", split="test", quantity="amount"),
        ex.Measure("least validation perplexity", "perplexity", split="valid", at="least", quantity="amount"),
        ex.Measure("training perplexity at the end", "perplexity", split="train", quantity="amount"),
        ex.Measure("training time (s)", "seconds", split="train", at="total", quantity="amount"),
    ),
    figures=(ex.Curves("perplexity", "valid", "validation perplexity", log=True, where={"model": ("LSTM*",)}),),
    claims=(
        ex.Claim(
            "Zaremba 2014",
            "the small LSTM has a lower perplexity than Kneser-Ney 5-grams: at least a tenth of a bit a character less",
            (ex.Compare("model", "5-gram", "LSTM 2×200", margin=0.1, measure="score"),),
        ),
    ),
    minutes=14,
)
