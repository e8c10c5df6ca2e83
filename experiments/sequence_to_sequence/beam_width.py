"""What a wider search finds: likelier answers, and better ones? (C37, S26)

    python launch.py --experiment=beam_width --data_dir=DATA     with cmudict/

One trained network, answers by beams of 1 (greedily) to 64, ranked by ln p or by ln p per token. Two kinds of pairs:
words and their pronunciations, where an answer is uncertain, and rows of letters that are copied through one vector,
where the network is. In translation answers get worse again in wide beams ranked by ln p, as short ones cost less
(Koehn and Knowles 2017); the report draws whether they do here.

About 5 minutes on two CPU cores.

Margins: 0.01 nats an answer, which is more than nothing; 0.005 of the words, a step of a table of word error rates; the
same for the fall.
"""

import rnn_research.experiment as ex

WIDTHS = (1, 2, 5, 16, 64)
WORDS, ROWS = "pronunciation", "copied rows"


def of_width(name: str, what: str, width: int, than: int, by: str = "beam") -> ex.Measure:
    return ex.Measure(name, f"{what}@{by}({width})", minus=f"{what}@{by}({than})")


EXPERIMENT = ex.Experiment(
    question="Does a wider beam find likelier answers, are they better, and does it stay so?",
    base=ex.TrialConfig(
        task=ex.Choice("pronunciation"),
        model=ex.ModelConfig(cell=ex.Choice("lstm", hidden=64, forget_bias=1.0), embedding=32),
        optimizer=ex.OptimizerConfig(learning_rate=5e-3, schedule="linear"),
        probes=(ex.Choice("beams", widths=WIDTHS),),
        train=ex.TrainConfig(steps=4000, batch=64, eval_every=1000, valid_examples=500, test_examples=1000, cuts=3),
    ),
    axes={
        "answers": (
            ex.Variant(WORDS, {}),
            ex.Variant(ROWS, {"task": ex.Choice("symbols", op="copy", longer=()), "train.steps": 2000}),
        )
    },
    compare="answers",
    seeds=8,
    measures=(
        *(of_width(f"ln p gained by {width}", "log_probability", width, 1) for width in WIDTHS[1:]),
        *(of_width(f"right gained by {width}", "exact_match", width, 1) for width in WIDTHS[1:]),
        of_width("right lost from 5 to 64", "exact_match", 5, 64),
        of_width("right lost from 5 to 64, per token", "exact_match", 5, 64, "per_token"),
        of_width("tokens gained by 64", "tokens", 64, 1),
    ),
    figures=(
        ex.ByMeasure(
            tuple((width, f"right gained by {width}") for width in WIDTHS[1:]),
            "width of the beam",
            "answers right, more than greedily",
        ),
    ),
    claims=(
        ex.Claim(
            "C37",
            "beam search finds likelier outputs than greedy: with a beam of 5 answers have more than 0.01 nats more",
            (ex.Level("ln p gained by 5", "above", 0.01),),
        ),
        ex.Claim(
            "C37, quality",
            "and better ones: more than 0.005 more of the words are pronounced right",
            (ex.Level("right gained by 5", "above", 0.005, {"answers": (WORDS,)}),),
        ),
        ex.Claim(
            "Koehn and Knowles 2017",
            "a beam of 64 makes them worse again than one of 5: more than 0.005 fewer words are right",
            (ex.Level("right lost from 5 to 64", "above", 0.005, {"answers": (WORDS,)}),),
            primary=False,
        ),
        ex.Claim(
            "Wu et al. 2016",
            "ranked per token they are not: fewer than 0.005",
            (ex.Level("right lost from 5 to 64, per token", "below", 0.005, {"answers": (WORDS,)}),),
            primary=False,
        ),
    ),
    minutes=5,
)
