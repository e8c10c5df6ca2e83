"""Sums as text: Keras' example of sequence to sequence learning (Chollet and Smith 2015), the question reversed or not.

    python launch.py --experiment=addition

Numbers of up to 2 digits, 4,500 questions to train on, and of up to 3, 45,000, filled up with blanks as published; one
LSTM of 128 units reads and one writes. Published are 99% after 55 and 100 epochs of questions that are read from their
end, as the share of right characters, which is the score here. Theirs does not read what it has written; ours reads the
character before, in scoring the true one. So the sums that are right as a whole, which it must write by itself, stand
beside it. Batches are of 64: of 2 digits 3,850 updates are the published 55 epochs, of 3 digits 5,250 are 7.5 where 100
are published. Not as published: the rate is tuned, and falls.

Probes of one seed, at one rate: with the question from its end all sums of 2 digits were right as a whole after 2,800
updates, of 3 digits 0.990 after 5,000; in order 0.838 of those. About 10 minutes on two CPU cores.

Margin: 0.985, what rounds to the published figure. Reversing: 0.05 of the sums.
"""

import rnn_research.experiment as ex

SOURCE = "Chollet and Smith 2015, characters"
DIGITS = {2: 3850, 3: 5250}

EXPERIMENT = ex.Experiment(
    question="Does a network learn to add from examples as well as published, and does the question's order matter?",
    base=ex.TrialConfig(
        task=ex.Choice("addition", digits=2, padded=True),
        model=ex.ModelConfig(cell=ex.Choice("lstm", hidden=128, forget_bias=1.0)),
        optimizer=ex.OptimizerConfig(schedule="linear"),
        train=ex.TrainConfig(steps=3850, batch=64, eval_every=350, valid_examples=500, test_examples=2500, cuts=1),
    ),
    axes={
        "digits": tuple(
            ex.Variant(digits, {"task.digits": digits, "train.steps": steps}) for digits, steps in DIGITS.items()
        ),
        "question": (ex.Variant("in order", {}), ex.Variant("reversed", {"model.reverse": True})),
    },
    compare="question",
    seeds=8,
    tune=ex.Tune(values=(2e-3, 6e-3), seeds=1, steps=2800, limits=(2e-4, 0.06)),
    measures=(ex.Measure("sums", "exact_match", split="test", better="higher"),),
    claims=(
        *(
            ex.Claim(
                f"Chollet and Smith 2015, {digits} digits",
                f"of sums of {digits} digits 99% of the characters are right, as published: more than 0.985",
                (ex.Level("score", "above", 0.985, {"digits": (str(digits),), "question": ("reversed",)}),),
            )
            for digits in DIGITS
        ),
        ex.Claim(
            "C34",
            "reversing the question helps: more than 0.05 more of the sums are right",
            (ex.Compare("question", "reversed", "in order", margin=0.05, measure="sums"),),
            primary=False,
        ),
    ),
    published=(ex.Published(0.99, SOURCE, {"question": ("reversed",)}),),
    minutes=10,
)
