"""One vector for the whole source: what is lost of it, by its length and by place, and what attention gives back
(C33, C35, C36, C42).

    python launch.py --experiment=bottleneck
    python launch.py --experiment=bottleneck --config.task.op=reverse --workdir=runs/bottleneck_reverse

Rows of up to 20 letters, drawn uniformly of 26, are written again as they are, so that every token must come through
the one vector: n letters are 4.7 n bits. Encoders of as many parameters (some 53,000) read ahead, from the end, both
ways, or ahead with attention. Places are thirds of the output, scored with the true letters before: a letter that is
wrong there has been lost by the encoder or by the decoder until then. Two arms tell them apart. Read from the end, the
first letters are the last that were read; by how much more that favours the first third than reading ahead does is the
encoder's part. Read both ways, both ends are read last by one of the two: what the last third has less than the first
is the decoder's.

Probes of one seed: after 2,000 updates without attention 0.86 to 0.97 of the rows of 5 letters, 0.24 to 0.34 of 10 and
none of 20; with it 0.9 of 20 after 3,000. About 8 minutes on two CPU cores.

Margins: 0.2 of the rows, which tells "falls with length" from "falls a little"; of letters 0.05, and 0.03 for the
middle third, a tenth of what is lost in all; attention's 0.1 of the rows is a third of what it gave in translation
(Bahdanau et al. 2015, BLEU 17.8 to 26.8, as a share).
"""

import rnn_research.experiment as ex

LENGTHS = (5, 10, 15, 20)
LONGER = (25, 30)
AHEAD, REVERSED, BOTH, ATTENTION = "ahead", "from the end", "both ways", "ahead, attention"
FIRST, MIDDLE, LAST = (f"accuracy/{third}_third" for third in ("first", "middle", "last"))
NO_ATTENTION = (AHEAD, REVERSED, BOTH)


def reader(hidden: int, **settings) -> dict:
    return {"model.cell.hidden": hidden} | {f"model.{name}": value for name, value in settings.items()}


def of_places(name: str, column: str, minus: str) -> ex.Measure:
    return ex.Measure(name, column, split="test", minus=minus)


EXPERIMENT = ex.Experiment(
    question="How much of a source goes through one vector, what part of it is lost, and does attention bring it back?",
    base=ex.TrialConfig(
        task=ex.Choice("symbols", op="copy", length=20, lengths=LENGTHS, longer=LONGER),
        model=ex.ModelConfig(cell=ex.Choice("lstm", hidden=64, forget_bias=1.0), embedding=32),
        optimizer=ex.OptimizerConfig(schedule="linear"),
        train=ex.TrainConfig(steps=4000, batch=32, eval_every=400, valid_examples=500, test_examples=1000, cuts=3),
    ),
    axes={
        "encoder": (
            ex.Variant(AHEAD, reader(64)),
            ex.Variant(REVERSED, reader(64, reverse=True)),
            ex.Variant(BOTH, reader(45, bidirectional=True)),
            ex.Variant(ATTENTION, reader(53, attention="bilinear")),
        )
    },
    compare="encoder",
    seeds=8,
    tune=ex.Tune(values=(3e-3, 9e-3), seeds=1, steps=4000, limits=(3e-4, 0.1)),
    measures=(
        *(
            ex.Measure(f"exact at {length}", f"exact_match/length_{length}", split="test", better="higher")
            for length in (*LENGTHS, *LONGER)
        ),
        ex.Measure("exact at 5 − at 20", "exact_match/length_5", split="test", minus="exact_match/length_20"),
        ex.Measure("letters, first third", FIRST, split="test", better="higher"),
        of_places("last third − first", LAST, FIRST),
        of_places("first third − last", FIRST, LAST),
        of_places("first third − middle", FIRST, MIDDLE),
        of_places("last third − middle", LAST, MIDDLE),
    ),
    figures=(
        ex.ByMeasure(
            tuple((length, f"exact at {length}") for length in (*LENGTHS, *LONGER)),
            "letters of the source (training has up to 20)",
            "rows written without an error",
        ),
    ),
    claims=(
        ex.Claim(
            "C33",
            "one vector must hold the whole source, and holds less of a long one: of rows of 5 letters more than 0.2 "
            "more are right than of 20, whichever way they are read",
            (ex.Level("exact at 5 − at 20", "above", 0.2, {"encoder": NO_ATTENTION}),),
        ),
        ex.Claim(
            "C33 by place",
            "what was read first is lost: read ahead, the last third has more than 0.05 more of the letters right, "
            "against the first, than read from the end",
            (ex.Compare("encoder", AHEAD, REVERSED, margin=0.05, measure="last third − first"),),
        ),
        ex.Claim(
            "C35",
            "with an encoder that reads both ways it is the middle that is lost: more than 0.03 fewer of its letters "
            "are right than of either end's",
            tuple(ex.Level(f"{end} third − middle", "above", 0.03, {"encoder": (BOTH,)}) for end in ("first", "last")),
        ),
        ex.Claim(
            "C42",
            "the decoder, too, loses as it writes: where the encoder favours neither end, more than 0.05 more of the "
            "letters are right in the first third than in the last",
            (ex.Level("first third − last", "above", 0.05, {"encoder": (BOTH,)}),),
        ),
        ex.Claim(
            "C42 with attention",
            "with attention it need not hold them: there it is less than 0.05",
            (ex.Level("first third − last", "below", 0.05, {"encoder": (ATTENTION,)}),),
            primary=False,
        ),
        ex.Claim(
            "C36",
            "attention repairs it: of rows of 20 letters more than 0.1 more are right",
            (ex.Compare("encoder", ATTENTION, AHEAD, margin=0.1, measure="exact at 20"),),
        ),
    ),
    minutes=8,
)
