"""The setting that is tuned for each arm: which pilots are asked for, round after round, and which value they choose.

All arms have the same rule (docs/statistics.md): one pilot or more of every candidate; where the best is at an end of
what was tried, one candidate more beyond it, within the limits that the experiment states; then the best two are tried
on further seeds. What is asked for next depends on how pilots ended and on nothing else, so whoever reads the same
records comes to the same pilots.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from rnn_research.experiment.arms import Arm, pilot_config
from rnn_research.experiment.experiment import Experiment, Tune
from rnn_research.experiment.trials import APART, FINALISTS, PILOT_SEED, Trial, mains, make_trial

NOTHING: dict[Any, list[Trial]] = {}


class Ended(NamedTuple):
    """How a pilot ended.

    Attributes:
      done: whether it reached its last update.
      steps: updates it made.
      score: the best on validation, the lower the better: the loss, unless the task is chosen by another metric
        (``Goal.chosen``); infinite where none is known.
      solved: whether it had solved its task at a look; False where a task has no such threshold.
    """

    done: bool
    steps: int
    score: float
    solved: bool = False


class Tuning(NamedTuple):
    """Where the tuning of an arm stands.

    Attributes:
      pilots: those asked for so far, by value.
      complete: whether all have ended and no more are wanted.
      chosen: the value; None before that, and where nothing is tuned.
    """

    pilots: dict[Any, list[Trial]]
    complete: bool
    chosen: Any


def tune_runs(experiment: Experiment, arm: Arm, ended: Callable[[Trial], Ended | None]) -> list[Tuning]:
    """The tuning of an arm: one for all of its runs, or, with ``Tune.each_seed``, one for each, in order of seeds."""
    if experiment.tune is None or not experiment.tune.each_seed:
        return [tune_arm(experiment, arm, ended)]
    return [tune_arm(experiment, arm, ended, PILOT_SEED + APART * (1 + seed)) for seed in range(experiment.seeds)]


def tuned_runs(experiment: Experiment, arm: Arm, tuning: Sequence[Tuning]) -> list[Trial]:
    """The runs of an arm that are reported, of those whose tuning is complete, with what it chose."""
    if len(tuning) == 1 and not (experiment.tune and experiment.tune.each_seed):
        return mains(experiment, arm, tuning[0].chosen) if tuning[0].complete else []
    return [mains(experiment, arm, one.chosen)[seed] for seed, one in enumerate(tuning) if one.complete]


def tune_arm(
    experiment: Experiment, arm: Arm, ended: Callable[[Trial], Ended | None], first_seed: int = PILOT_SEED
) -> Tuning:
    """The pilots of an arm, as far as what has ended says. Arms that differ in ``train.steps`` alone have the same.

    Args:
      ended: how a pilot ended, None of one that has not.
      first_seed: of the pilots of a candidate.
    """
    tune, owner = experiment.tune, arm.tuned_with or arm
    if tune is None:
        return Tuning(NOTHING, True, None)

    def pilot(value: Any, seed: int) -> Trial:
        return make_trial("pilot", owner, pilot_config(tune, owner.config, value), first_seed + seed, tune.path)

    asked = {value: [pilot(value, seed) for seed in range(tune.seeds)] for value in tune.values}
    while True:
        outcomes = {value: [ended(trial) for trial in trials] for value, trials in asked.items()}
        known = {value: [one for one in found if one is not None] for value, found in outcomes.items()}
        if any(len(known[value]) < len(asked[value]) for value in asked):
            return Tuning(asked, False, None)
        ranked = sorted(known, key=lambda value: rank(known[value]))
        beyond = next_beyond(tune, list(asked), ranked[0])
        if beyond is not None:
            asked[beyond] = [pilot(beyond, seed) for seed in range(tune.seeds)]
            continue
        wanting = [value for value in ranked[:FINALISTS] if len(asked[value]) < tune.final_seeds]
        if not wanting or len(asked) == 1:
            return Tuning(asked, True, ranked[int(tune.runner_up)])
        for value in wanting:
            asked[value] = [pilot(value, seed) for seed in range(tune.final_seeds)]


def rank(found: Sequence[Ended]) -> tuple[float, float, float, float]:
    """What candidates are ordered by, the best first: the share of pilots that diverged or failed, the share that did
    not solve the task, the mean of the best validation scores of those that reached their end.

    What a pilot had reached before it diverged says nothing of a longer run, and one whose validation scores are all
    infinite has failed, too. Where none reached its end, the candidate whose pilots made the most updates comes first;
    the report says so (``report.remarks``).
    """
    done = [one for one in found if one.done and math.isfinite(one.score)]
    made = sum(one.steps for one in found) / len(found)
    score = sum(one.score for one in done or found) / len(done or found)
    unsolved = 1 - sum(one.solved for one in done) / len(found)
    return 1 - len(done) / len(found), 0.0 if done else -made, unsolved, score


def next_beyond(tune: Tune, tried: Sequence[Any], best: Any) -> Any:
    """The candidate to try beyond the best one, if that is at an end: as far from it as its neighbour; None within, and
    where it would be beyond the limits."""
    values = sorted(tried)
    if tune.limits is None or len(values) < 2 or best not in (values[0], values[-1]) or values[0] <= 0:
        return None
    neighbour = values[1] if best == values[0] else values[-2]
    value = float(f"{best * best / neighbour:.2g}")
    beyond = value < values[0] or value > values[-1]  # two digits may fall on what was tried
    return value if beyond and tune.limits[0] <= value <= tune.limits[1] else None
