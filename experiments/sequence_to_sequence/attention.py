"""Attention by each of three similarities, against none, at as many parameters (C36, S27).

    python launch.py --experiment=attention
    python launch.py --experiment=attention --config.task.op=sort --workdir=runs/attention_sort

Rows of up to 20 letters are written from their end, so that what is to be looked at moves against the order in which it
was read. The cells' widths make up for what attention adds: all arms have some 53,000 parameters. The report draws what
the first run of each looks back at. The inner product has no parameters of its own: state and outputs have to learn to
be alike.

In probes of one seed attention came to 0.95 and more of the rows of 20 letters after 2,000 updates. About 14 minutes on
two CPU cores (16 with other work beside it).

Margin: 0.1 of the rows of 20 letters, a third of what attention gave in translation (Bahdanau et al. 2015: BLEU 17.8 to
26.8, as a share).
"""

import rnn_research.experiment as ex

LENGTHS = (5, 10, 15, 20)
WIDTHS = {"none": 64, "dot": 54, "bilinear": 53, "additive": 51}


def looks_back(similarity: str, hidden: int) -> ex.Variant:
    shown = {} if similarity == "none" else {"probes": (ex.Choice("alignments", examples=2),)}
    return ex.Variant(similarity, {"model.attention": similarity, "model.cell.hidden": hidden} | shown)


EXPERIMENT = ex.Experiment(
    question="Does attention get a long source through, whatever similarity it looks back by?",
    base=ex.TrialConfig(
        task=ex.Choice("symbols", op="reverse", length=20, lengths=LENGTHS, longer=(25, 30)),
        model=ex.ModelConfig(cell=ex.Choice("lstm", hidden=64, forget_bias=1.0), embedding=32),
        optimizer=ex.OptimizerConfig(schedule="linear"),
        train=ex.TrainConfig(steps=3000, batch=32, eval_every=500, valid_examples=500, test_examples=1000, cuts=3),
    ),
    axes={"attention": tuple(looks_back(similarity, hidden) for similarity, hidden in WIDTHS.items())},
    compare="attention",
    seeds=8,
    tune=ex.Tune(values=(3e-3, 9e-3), seeds=1, steps=3000, limits=(3e-4, 0.1)),
    measures=(
        *(
            ex.Measure(f"exact at {length}", f"exact_match/length_{length}", split="test", better="higher")
            for length in (*LENGTHS, 25, 30)
        ),
        ex.Measure("attention's entropy (nats)", "attention_entropy", quantity="amount"),
    ),
    figures=(
        ex.ByMeasure(
            tuple((length, f"exact at {length}") for length in (*LENGTHS, 25, 30)),
            "letters of the source (training has up to 20)",
            "rows written without an error",
        ),
    ),
    claims=tuple(
        ex.Claim(
            f"C36 {similarity}",
            f"attention by {said} repairs the bottleneck: of rows of 20 letters more than 0.1 more are right than "
            "with the last state alone",
            (ex.Compare("attention", similarity, "none", margin=0.1, measure="exact at 20"),),
        )
        for similarity, said in (
            ("dot", "the inner product"),
            ("bilinear", "a matrix"),
            ("additive", "a small network"),
        )
    ),
    minutes=14,
)
