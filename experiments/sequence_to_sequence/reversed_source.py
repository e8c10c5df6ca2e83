"""Does it help to read the source from its end? (C34)

    python launch.py --experiment=reversed_source

One vector and no attention, on three kinds of pairs. Copied rows: read from the end, the first letter to be written is
the last that was read, which is why it should help (Sutskever, Vinyals and Le 2014). Sums of two numbers of up to three
digits: what is written first hangs on the first digits, and on all carries. Russian lemmas: mostly a copy, but what is
to be exchanged, the ending, is read first then.

About 7 minutes on two CPU cores.

Margin: 0.05 of the answers; in translation it gave 4.7 BLEU to 25.9 (Sutskever et al. 2014), and on captions of
pictures it made things worse.
"""

import rnn_research.experiment as ex

TASKS = {
    "copied rows": {"task": ex.Choice("symbols", op="copy", longer=())},
    "sums": {"task": ex.Choice("addition", digits=3)},
    "lemmas": {"task": ex.Choice("lemmatisation", language="ru")},
}

EXPERIMENT = ex.Experiment(
    question="Does reading the source from its end help a network that has one vector for all of it?",
    base=ex.TrialConfig(
        task=ex.Choice("symbols"),
        model=ex.ModelConfig(cell=ex.Choice("lstm", hidden=64, forget_bias=1.0), embedding=32),
        optimizer=ex.OptimizerConfig(schedule="linear"),
        train=ex.TrainConfig(steps=3600, batch=32, eval_every=600, valid_examples=500, test_examples=2000, cuts=3),
    ),
    axes={
        "pairs": tuple(ex.Variant(name, settings) for name, settings in TASKS.items()),
        "source": (ex.Variant("in order", {}), ex.Variant("reversed", {"model.reverse": True})),
    },
    compare="source",
    seeds=8,
    tune=ex.Tune(values=(3e-3, 9e-3), seeds=1, steps=3600, limits=(3e-4, 0.1)),
    claims=tuple(
        ex.Claim(
            f"C34 for {name}",
            f"reversing the source helps: more than 0.05 more of the {name} are right",
            (ex.Compare("source", "reversed", "in order", margin=0.05, measure="score", where={"pairs": (name,)}),),
        )
        for name in TASKS
    ),
    minutes=7,
)
