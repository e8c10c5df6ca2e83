"""Which pilots are asked for, and which candidate they choose."""

import dataclasses
import math

import pytest

from rnn_research.execution.plan import pilot_ended
from rnn_research.experiment import Tune
from rnn_research.experiment.arms import arms
from rnn_research.experiment.trials import count_trials
from rnn_research.experiment.tuning import Ended, next_beyond, rank, tune_arm, tune_runs, tuned_runs
from rnn_research.runs.directory import RunDirectory, begin, record, set_status, write_card
from tests.support.tables import EXPERIMENT, TABLES

ARM = arms(EXPERIMENT, TABLES)[0]


def done(loss, solved=False):
    return Ended(True, 9, loss, solved)


def diverged(steps, loss=math.inf):
    return Ended(False, steps, loss)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ([done(0.4)], [done(0.5)]),
        ([done(0.5)], [diverged(5, 0.1)]),
        ([done(0.5)] * 2, [done(0.1), diverged(5, 0.1)]),
        # As many diverged of each: what those that reached the end came to.
        ([done(0.4), diverged(2, 0.9)], [done(0.5), diverged(5, 0.1)]),
        # None reached it: the one that got furthest, then the lower loss.
        ([diverged(8, 0.5)], [diverged(5, 0.1)]),
        ([diverged(8, 0.1)], [diverged(8, 0.5)]),
        # At the end, but infinite on validation wherever it was looked at: as good as diverged.
        ([done(0.5), diverged(5)], [done(math.inf), done(math.inf)]),
        ([done(0.5), done(0.6)], [done(0.1), done(math.inf)]),
        # Solved more often, whatever the loss; as a share, as one may have been tried more often.
        ([done(0.5, True), done(0.5)], [done(0.1), done(0.1)]),
        ([done(0.5, True)], [done(0.1, True), done(0.1), done(0.1)]),
    ],
)
def test_what_makes_a_candidate_better(better, worse):
    assert rank(better) < rank(worse)


def run_pilots(tune, loss, most=20):
    """Let the pilots of an arm end round by round; the losses by value, and the rounds' new pilots."""
    experiment = dataclasses.replace(EXPERIMENT, tune=tune)
    known, rounds = {}, []

    def ended(trial):
        return known.get(trial.id)

    for _ in range(most):
        tuning = tune_arm(experiment, ARM, ended)
        if tuning.complete:
            return tuning, rounds
        new = [(value, trial) for value, trials in tuning.pilots.items() for trial in trials if trial.id not in known]
        assert new and tuning.chosen is None
        rounds.append([(value, trial.config.seed - 1_000_000) for value, trial in new])
        assert all(trial.config.optimizer.learning_rate == value for value, trial in new)
        known |= {trial.id: loss(value, trial.config.seed - 1_000_000) for value, trial in new}
    raise AssertionError("it does not end")


def valley(at):
    """Losses that are least at a rate."""
    return lambda value, seed: done(abs(math.log(value / at)) + 0.001 * seed)


def test_the_best_within_is_chosen_at_once():
    tuning, rounds = run_pilots(Tune((0.1, 0.3, 0.9), 1, 100, limits=(0.01, 10)), valley(0.3))
    assert (tuning.chosen, rounds) == (0.3, [[(0.1, 0), (0.3, 0), (0.9, 0)]])


@pytest.mark.parametrize(("at", "added"), [(5.0, [2.7, 8.1]), (0.02, [0.033, 0.011]), (0.003, [0.033, 0.011])])
def test_candidates_are_added_until_the_best_is_within(at, added):
    """Never beyond the limits, which are said beforehand."""
    tuning, rounds = run_pilots(Tune((0.1, 0.3, 0.9), 1, 100, limits=(0.01, 10)), valley(at))
    assert rounds[1:] == [[(value, 0)] for value in added]
    assert tuning.chosen == min(tuning.pilots, key=lambda value: abs(math.log(value / at)))
    without, rounds = run_pilots(Tune((0.1, 0.3, 0.9), 1, 100), valley(at))
    assert len(rounds) == 1 and without.chosen in (0.1, 0.9)


def test_the_best_two_are_tried_on_more_seeds():
    """On the first seed 0.3 is best and 0.1 next; on the others 0.3 diverges."""

    def unlucky(value, seed):
        return diverged(3) if value == 0.3 and seed else valley(0.2)(value, seed)

    tuning, rounds = run_pilots(Tune((0.1, 0.3, 0.9), 1, 100, limits=(0.1, 0.9), final_seeds=3), unlucky)
    assert rounds[1] == [(0.3, 1), (0.3, 2), (0.1, 1), (0.1, 2)] or rounds[1] == [
        (0.1, 1),
        (0.1, 2),
        (0.3, 1),
        (0.3, 2),
    ]
    # 0.9, on one seed, has now the second place, so it is tried on all.
    assert rounds[2] == [(0.9, 1), (0.9, 2)]
    assert tuning.chosen == 0.1
    experiment = dataclasses.replace(EXPERIMENT, tune=Tune((0.1, 0.3), 1, 100, final_seeds=3))
    assert count_trials(experiment) == 6 * (8 + 2 + 4)


def test_nothing_is_added_beyond_a_rate_that_is_no_rate():
    assert next_beyond(Tune((0.0, 1.0), 1, 100, limits=(0.0, 1.0)), [0.0, 1.0], 0.0) is None
    assert next_beyond(Tune((0.5,), 1, 100, limits=(0.1, 1.0)), [0.5], 0.5) is None
    assert next_beyond(Tune((0.0, 0.1), 1, 100, limits=(0.0, 1.0)), [0.0, 0.1], 0.1) is None
    # In two digits, what lies beyond 1.02 is 1.0: tried already.
    assert next_beyond(Tune((1.0, 1.02), 1, 100, limits=(0.1, 9.0)), [1.0, 1.02], 1.02) is None
    assert tune_arm(dataclasses.replace(EXPERIMENT, tune=None), ARM, lambda trial: None).complete


def test_how_a_pilot_ended_is_on_record(tmp_path):
    run = RunDirectory(tmp_path)
    tuning = tune_arm(EXPERIMENT, ARM, lambda trial: None)
    first, second = tuning.pilots[0.1]
    for trial, accuracy in ((first, 0.995), (second, 0.5)):
        begin(run, trial)
        write_card(run, trial, {"metric": "accuracy", "better": "higher", "solved": 0.99})
        record(run, trial, [{"step": 5, "split": "valid", "accuracy": accuracy, "loss": 0.1}])
    set_status(run, first, "done", "", {"best_valid": 0.1, "step": 100})
    set_status(run, second, "diverged", "", {"best_valid": None, "step": 7})
    assert pilot_ended(run, first) == Ended(True, 100, 0.1, True)
    assert pilot_ended(run, second) == Ended(False, 7, math.inf, False)


def test_runs_that_are_tuned_each_by_itself_have_pilots_and_values_of_their_own():
    """The best rate differs from run to run; no two runs share a pilot, nor do they with an arm that is tuned once."""
    tune = Tune((0.1, 0.3, 0.9), seeds=1, steps=9, final_seeds=2, each_seed=True)
    experiment = dataclasses.replace(EXPERIMENT, tune=tune, seeds=3)
    best, known = {1000: 0.1, 2000: 0.9, 3000: 0.3}, {}
    for _ in range(3):
        tuning = tune_runs(experiment, ARM, lambda trial: known.get(trial.id))
        trials = [trial for one in tuning for of_value in one.pilots.values() for trial in of_value]
        for trial in trials:
            own, rate = trial.config.seed - 1_000_000, trial.config.optimizer.learning_rate
            known[trial.id] = done(abs(math.log(rate / best[own // 1000 * 1000])))
    assert all(one.complete for one in tuning) and [one.chosen for one in tuning] == [*best.values()]
    assert len({trial.id for trial in trials}) == len(trials) == 3 * (3 + 2)
    assert count_trials(experiment) - count_trials(dataclasses.replace(experiment, tune=None)) == 15 * len(
        arms(EXPERIMENT, TABLES)
    )
    runs = tuned_runs(experiment, ARM, tuning)
    assert [(run.config.seed, run.tuned[tune.path]) for run in runs] == [(0, 0.1), (1, 0.9), (2, 0.3)]
    more = dataclasses.replace(experiment, seeds=4)  # a seed more asks for its own pilots, and leaves the others'
    again = tune_runs(more, ARM, lambda trial: known.get(trial.id))
    assert [one.complete for one in again] == [True] * 3 + [False]
    assert tuned_runs(more, ARM, again) == runs
    shared = tune_arm(
        dataclasses.replace(experiment, tune=dataclasses.replace(tune, each_seed=False)), ARM, lambda trial: None
    )
    assert not {trial.id for of_value in shared.pilots.values() for trial in of_value} & set(known)


def test_the_runner_up_is_the_second_best_of_the_same_pilots():
    tune = Tune((0.1, 0.3, 0.9), 1, 100, limits=(0.01, 10), final_seeds=2)
    best, rounds = run_pilots(tune, valley(0.25))
    second, same = run_pilots(dataclasses.replace(tune, runner_up=True), valley(0.25))
    assert rounds == same
    assert (best.chosen, second.chosen) == (0.3, 0.1)
