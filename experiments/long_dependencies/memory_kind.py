"""Where is a recurrent network's memory: in the hidden state, or in the previous input? C28, S28.

    python launch.py --experiment=memory_kind

The lecture's two networks, ``(input + previous hidden) → hidden`` and ``(input + previous input) → hidden``, name the
symbol that they read some steps ago, the first of a sequence of four symbols drawn at random. A window of two inputs
sees what is one step back; stacked L times, L steps back, and so far it should learn the task: a control. Beside them
the Elman RNN and the LSTM, at equal parameters. The lecture's picture of four steps is measured, of the networks that
were asked for lag 10: what share each input has in each state, and how far the state moves where nothing is read after
the first step.

Lags that each reach is inside of and just beyond, up to ten. One rate for all, at which each learns what it can see:
pilots from 0.003 to 0.09 differ in the loss alone. Margins: chance is 0.25, and a network that had a tenth of
the way to a perfect answer would be at 0.325; 0.95 is nine tenths of it. A state that moves by less than a hundredth of
what one input makes of it would not be called moving. About 3 minutes on two CPU cores (an estimate).
"""

from typing import Literal

import rnn_research.experiment as ex

LAGS = (1, 2, 3, 4, 5, 7, 10)
REACH = {"window of 2": 1, "window of 2, two layers": 2, "window of 2, four layers": 4}
LOOKED_AT = {"probes": (ex.Choice("memory"),)}
RECURRENT = ("Elman", "LSTM")


def lags(*kept: int) -> tuple[str, ...]:
    return tuple(map(str, kept))


def of_chance(network: str) -> ex.Level:
    beyond = lags(*(lag for lag in LAGS if lag > REACH[network]))
    return ex.Level("score", "below", 0.325, {"network": (network,), "lag": beyond})


def recalled(network: str) -> ex.Level:
    within = lags(*(lag for lag in LAGS if lag <= REACH.get(network, max(LAGS))))
    return ex.Level("score", "above", 0.95, {"network": (network,), "lag": within})


def moves(network: str, side: Literal["above", "below"]) -> ex.Level:
    return ex.Level("moved without input", side, 0.01, {"network": (network,), "lag": lags(max(LAGS))})


EXPERIMENT = ex.Experiment(
    question="Does a network remember by its hidden state, or would the previous input do?",
    base=ex.TrialConfig(
        task=ex.Choice("recall_first"),
        model=ex.ModelConfig(match="parameters"),
        optimizer=ex.OptimizerConfig(learning_rate=1e-2, schedule="linear"),
        train=ex.TrainConfig(steps=2000, batch=32, eval_every=250),
    ),
    axes={
        "lag": tuple(
            ex.Variant(lag, {"task.length": lag + 1} | (LOOKED_AT if lag == max(LAGS) else {})) for lag in LAGS
        ),
        "network": (
            *(
                ex.Variant(name, {"model.cell": ex.Choice("window", hidden=16, size=2), "model.layers": layers})
                for name, layers in REACH.items()
            ),
            ex.Variant("Elman", {"model.cell": ex.Choice("elman", hidden=16)}),
            ex.Variant("LSTM", {"model.cell": ex.Choice("lstm", hidden=16, forget_bias=1.0)}),
        ),
    },
    compare="network",
    seeds=8,
    measures=(
        ex.Measure("moved without input", "moved", quantity="amount"),
        ex.Measure("share of the first input", "first_kept", quantity="share"),
    ),
    figures=(ex.ByAxis("lag", "score", "lag (steps)", "accuracy of recall"),),
    claims=(
        ex.Claim(
            "C28",
            "without recurrence through the hidden state memory reaches one step: from lag 2 on a window of two inputs "
            "names less than 0.325 of the symbols, chance being 0.25; at lag 1 more than 0.95",
            (of_chance("window of 2"), recalled("window of 2")),
        ),
        ex.Claim(
            "C28",
            "with it, it reaches all ten: Elman RNN and LSTM name more than 0.95 at every lag",
            tuple(map(recalled, RECURRENT)),
        ),
        ex.Claim(
            "C28, stacked",
            "stacked L times a window of two reaches L steps and no more: two layers 2, four layers 4",
            tuple(test(name) for name in list(REACH)[1:] for test in (recalled, of_chance)),
            primary=False,
        ),
        ex.Claim(
            "S28",
            "a recurrent state moves at each of the steps 2, 3 and 4, though nothing is read there, by more than a "
            "hundredth of its size; that of the window does not",
            (
                *(moves(name, "above") for name in RECURRENT),
                moves("window of 2", "below"),
            ),
        ),
    ),
    minutes=3,
)
