"""How much do the last outputs of a language model depend on the first words of what it has read? C32.

    python launch.py --experiment=first_words

Texts of 50 words and marks of the Python documentation, read from the initial state. By ablation: how far the
distribution of the next word moves (Kullback–Leibler divergence) where a tenth of the text is replaced by that of
another, the first tenth or the last. By gradient: the Jacobian of the last output by each input. Both before training
too, as a network that has learned nothing loses the beginning as well. Trained on stretches as long as the texts, so
that backpropagation reaches the first word. Elman RNN, GRU and LSTM at equal parameters; another text:
``--config.task.corpus=war_and_peace_en --data_dir=...``. About 12 minutes on two CPU cores
(21 with other work beside it).

Influence is not use: what is dragged along unused moves the outputs too, and a finite change may where the gradient is
gone, in units that saturate.

Margins: the claim's "little" is a tenth of what the last words do. That gates carry more from the beginning (deck L3
again) is claimed by a factor of 2 in the ratio of the two: less would show in no output.
"""

import math

import rnn_research.experiment as ex

UPDATES = 1500
CELLS = {
    "Elman": ex.Choice("elman", hidden=64),
    "GRU": ex.Choice("gru", hidden=64, keep_bias=1.0, reset_after=True),
    "LSTM": ex.Choice("lstm", hidden=64, forget_bias=1.0),
}


def little(network: str, primary: bool) -> ex.Claim:
    return ex.Claim(
        "C32" if primary else f"C32 of the {network}",
        f"the last outputs depend little on the first words: replacing the first tenth of 50 words changes what the "
        f"{network} says next less than a tenth as much as replacing the last",
        (ex.Level("KL first / last", "below", 0.1, {"network": (network,)}),),
        primary=primary,
    )


def carries(network: str) -> ex.Claim:
    return ex.Claim(
        "C32, gates",
        f"the {network} carries more from the beginning to the end: its ratio is more than twice the Elman RNN's",
        (ex.Compare("network", network, "Elman", math.log10(2), measure="log10 KL first / last"),),
    )


EXPERIMENT = ex.Experiment(
    question="How much do the last outputs of a language model depend on the first words?",
    base=ex.TrialConfig(
        task=ex.Choice("language_model", corpus="python_docs", tokens="words", vocabulary=2000, length=50),
        model=ex.ModelConfig(match="parameters", embedding=64),
        optimizer=ex.OptimizerConfig(schedule="linear", warmup=0.1),
        probes=(ex.Choice("influence", every=UPDATES, tokens=50),),
        train=ex.TrainConfig(steps=UPDATES, batch=16, eval_every=150),
    ),
    axes={"network": tuple(ex.Variant(name, {"model.cell": cell}) for name, cell in CELLS.items())},
    compare="network",
    seeds=8,
    tune=ex.Tune(values=(3e-3, 1e-2, 3e-2), seeds=1, steps=UPDATES, limits=(1e-4, 0.4), final_seeds=2),
    measures=(
        ex.Measure("KL first / last", "kl_ratio", quantity="amount"),
        ex.Measure("log10 KL first / last", "log10_kl_ratio"),
        ex.Measure("log10 KL first / last at start", "log10_kl_ratio", at="first"),
        ex.Measure("KL first (bits)", "kl_first", quantity="amount"),
        ex.Measure("KL last (bits)", "kl_last", quantity="amount"),
        ex.Measure("log10 gradient kept", "log10_gradient_kept"),
        ex.Measure("perplexity", "perplexity", split="test", quantity="amount"),
    ),
    claims=(
        little("Elman", primary=True),
        little("GRU", primary=False),
        little("LSTM", primary=False),
        carries("LSTM"),
        carries("GRU"),
    ),
    minutes=12,
)
