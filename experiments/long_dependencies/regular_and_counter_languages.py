"""What is learned on strings of up to 40 symbols, does it hold at 500? Delétang et al. (2023), Weiss et al. (2018).

    python launch.py --experiment=regular_and_counter_languages

Regular languages (parity; products of A5, read as two generators) take a state that is kept exactly; aⁿbⁿ takes a
counter and aⁿbⁿcⁿ two. Trained as in Delétang et al. on lengths uniform from 1 to 40 (here from the shortest string
that there is), tested at lengths they have not seen, up to 500. A string of aⁿbⁿ is accepted where all is right from
the first b on (Gers and Schmidhuber 2001); at one length there is one such string, so a run accepts it or not.

Published, of parity: RNN 100% and LSTM 100%, the best of ten runs of 1,000,000 updates of 128 strings at 256 units, a
mean over lengths 41 to 500. Of products of permutations there is no figure with this protocol. Weiss et al. show
that LSTMs and relu RNNs of finite precision can count and that GRUs and tanh RNNs cannot, and that trained LSTMs do.
About 31 minutes on two CPU cores.
"""

import rnn_research.experiment as ex

LENGTHS = (50, 100, 200, 500)

EXPERIMENT = ex.Experiment(
    question="Does what is learned on strings of up to 40 symbols hold for strings of up to 500?",
    base=ex.TrialConfig(
        model=ex.ModelConfig(match="parameters"),
        optimizer=ex.OptimizerConfig(name="adam", clip_norm=1.0),
        probes=(ex.Choice("lengths", lengths=LENGTHS),),
        train=ex.TrainConfig(steps=10_000, batch=32, eval_every=1000, valid_examples=512, test_examples=512),
    ),
    axes={
        "language": (
            ex.Variant("parity", {"task": ex.Choice("parity", length=40, shortest=1)}),
            ex.Variant("A5", {"task": ex.Choice("permutations", length=40, shortest=1, group="A5", generators=True)}),
            ex.Variant("aⁿbⁿ", {"task": ex.Choice("counter_language", length=40, shortest=2)}),
            ex.Variant("aⁿbⁿcⁿ", {"task": ex.Choice("counter_language", length=40, shortest=3, letters=3)}),
        ),
        "network": (
            ex.Variant("Elman", {"model.cell": ex.Choice("elman", hidden=32)}),
            ex.Variant(
                "IRNN", {"model.cell": ex.Choice("elman", hidden=32, activation="relu", recurrent_init="identity")}
            ),
            ex.Variant("LSTM", {"model.cell": ex.Choice("lstm", hidden=32, forget_bias=1.0)}),
            ex.Variant("GRU", {"model.cell": ex.Choice("gru", hidden=32, keep_bias=1.0, reset_after=True)}),
        ),
    },
    compare="network",
    seeds=16,
    tune=ex.Tune(values=(1e-3, 3e-3, 1e-2, 3e-2), seeds=1, steps=5000, limits=(1e-4, 0.4)),
    measures=(
        *(ex.Measure(f"accuracy at {length}", f"accuracy@{length}") for length in LENGTHS),
        ex.Measure("right at 500", "accuracy@500", above=0.99),
    ),
    figures=(
        ex.ByMeasure(
            tuple((length, f"accuracy at {length}") for length in LENGTHS),
            "length of the test strings (symbols)",
            "test accuracy after training on up to 40",
        ),
    ),
    claims=(
        ex.Claim(
            "Delétang 2023, table 1",
            "RNNs and LSTMs generalise on parity (100% for both, the best of ten runs): of our runs, more than one in "
            "ten is right at length 500 in more than 99% of the strings",
            tuple(
                ex.Level("right at 500", "above", 0.1, {"language": ("parity",), "network": (network,)})
                for network in ("Elman", "LSTM")
            ),
        ),
        ex.Claim(
            "Weiss 2018",
            "LSTMs count and GRUs do not: on aⁿbⁿ and aⁿbⁿcⁿ the share of runs that are right at 500 is higher by more "
            "than a quarter",
            (ex.Compare("network", "LSTM", "GRU", 0.25, {"language": ("aⁿbⁿ*",)}, measure="right at 500"),),
        ),
    ),
    minutes=31,
)
