"""Packs of trials in one program: placement and company change no bit where a device runs them one after another, and
nothing but the rounding where it runs them side by side."""

import dataclasses
from functools import lru_cache

import jax
import numpy as np
import pytest

from rnn_research.experiment import Choice, ModelConfig, OptimizerConfig, TrainConfig, TrialConfig
from rnn_research.training.devices import make_mesh
from rnn_research.training.pack import choose, run_pack
from rnn_research.training.program import Devices, in_turn
from tests.support.packs import compiled, exactly, run, stopped_and_gone_on_with, two_devices

pytestmark = pytest.mark.as_users

BASE = TrialConfig(
    task=Choice("adding", length=10),
    model=ModelConfig(cell=Choice("lstm", hidden=9)),
    optimizer=OptimizerConfig(learning_rate=1e-2, schedule="cosine", warmup=0.1),
    train=TrainConfig(steps=12, batch=5, eval_every=4, valid_examples=7, test_examples=11),
)
ALONE = 5  # the trial looked at: three chunks long
ILL = 3  # one that diverges in its first chunk, in the packs that have it


def trials(count):
    """Trials that differ in what is traced; in the number of steps, too."""
    return [
        dataclasses.replace(
            BASE,
            seed=seed,
            optimizer=dataclasses.replace(
                BASE.optimizer, learning_rate=1e-2 / (1 + seed), clip_norm=seed % 3, weight_decay=0.01 * (seed % 2)
            ),
            model=dataclasses.replace(BASE.model, init_scale=1 - 0.1 * (seed % 4)),
            train=dataclasses.replace(BASE.train, steps=4 * (1 + seed % 3)),
        )
        for seed in range(count)
    ]


def with_an_ill_one(count):
    found = trials(count)
    found[ILL] = dataclasses.replace(found[ILL], optimizer=dataclasses.replace(BASE.optimizer, learning_rate=1e38))
    return found


@pytest.fixture(scope="module")
def made():
    """``(per_device, pack) -> `` the program, compiled once."""
    return lru_cache(lambda per_device, pack="auto": compiled(BASE, two_devices(per_device, pack)))


@pytest.fixture(scope="module")
def alone(made):
    return run(made(1), [trials(7)[ALONE]])[0]


@pytest.fixture(scope="module")
def packed(made):
    return run(made(1), trials(7))


@pytest.fixture(scope="module")
def beside(made):
    """Trials side by side, one of them ill."""
    return run(made(3, "vmap"), with_an_ill_one(7))


def test_one_after_another_is_how_a_cpu_runs_them():
    mesh = make_mesh(jax.devices()[:2])
    assert [in_turn(mesh, pack) for pack in ("auto", "map", "vmap")] == [True, True, False]
    assert Devices(mesh).pack == "auto"


def test_company_changes_no_bit(alone, packed):
    assert exactly(packed[ALONE]) == exactly(alone)


def test_placement_changes_no_bit(made, packed):
    assert list(map(exactly, run(made(4, "map"), trials(7)))) == list(map(exactly, packed))


def test_a_pack_smaller_than_its_places_changes_no_bit(made, alone):
    assert exactly(run(made(4, "map"), [trials(7)[ALONE]])[0]) == exactly(alone)


def test_a_diverging_trial_changes_no_bit_of_the_others(made, packed):
    found = run(made(1), with_an_ill_one(7))
    assert found[ILL].kind == "diverged"
    for trial in set(range(7)) - {ILL}:
        assert exactly(found[trial]) == exactly(packed[trial])


def test_corpus_task_is_packed_alike():
    elman = ModelConfig(cell=Choice("elman", hidden=9))  # soon compiled
    digits = compiled(dataclasses.replace(BASE, task=Choice("sequential_digits", order="rows"), model=elman))
    single = run(digits, [trials(7)[ALONE]])[0]
    assert exactly(run(digits, trials(7))[ALONE]) == exactly(single)


def test_metrics_stop_at_each_trials_own_last_step(packed):
    for config, (kind, rows, state, _) in zip(trials(7), packed):
        assert kind == "done"
        assert [step for step, _ in rows] == [*range(4, config.train.steps + 1, 4), config.train.steps]
        assert int(state.step) == config.train.steps
        assert set(rows[-1][1]) == {"test"}


@pytest.mark.parametrize("slots", [1, 2, 3, 8])
@pytest.mark.parametrize("work", [(3, 3, 3, 3, 3), (1, 9, 2), (5,), (4, 4), (1, 1, 1, 1, 1, 1, 10)])
def test_schedule_takes_the_fewest_rounds(slots, work):
    remaining, running, rounds = dict(enumerate(work)), [], 0
    while remaining:
        running = choose(remaining, running, slots)
        assert len(set(running)) == len(running) <= slots
        for trial in running:
            remaining[trial] -= 1
            if not remaining[trial]:
                del remaining[trial]
        rounds += 1
    assert rounds == max(max(work), -(-sum(work) // slots))


def test_best_parameters_are_those_of_the_lowest_validation_loss(packed):
    for _, rows, state, _ in packed:
        losses = [row["valid"]["loss"] for _, row in rows[:-1]]
        assert float(state.best.score) == min(losses)
        assert int(state.best.step) == rows[int(np.argmin(losses))][0]


@pytest.mark.parametrize("chunks", [1, 2])
def test_stopping_and_going_on_changes_no_bit(made, packed, chunks):
    gone_on = stopped_and_gone_on_with(made(1), trials(5), chunks)
    assert list(map(exactly, gone_on)) == list(map(exactly, packed[:5]))


def test_a_trial_restored_at_its_end_is_only_tested(made, packed):
    states = {i: outcome.state for i, outcome in enumerate(packed[:3])}
    found = list(run_pack(made(1).program, trials(3), states))
    assert [event.kind for event in found] == ["done"] * 3
    for event, outcome in zip(found, packed):
        last = outcome._replace(rows=outcome.rows[-1:])
        assert exactly(last._replace(rows=[(event.step, event.rows)], state=event.state)) == exactly(last)


def test_due_states_are_those_of_their_step(made):
    found = run_pack(made(1).program, trials(5), due=lambda trial, step: step == 8)
    kept = {event.trial: event.state for event in found if event.kind == "chunk" and event.state}
    assert sorted(kept) == [2]  # trials 1 and 4 end at step 8: their last event has the state
    assert int(kept[2].step) == 8


def agree(outcome, other):
    """The same but for rounding."""
    assert outcome.kind == other.kind
    assert [step for step, _ in outcome.rows] == [step for step, _ in other.rows]
    for (_, rows), (_, expected) in zip(outcome.rows, other.rows):
        assert rows.keys() == expected.keys()
        for split in rows:
            assert rows[split].keys() == expected[split].keys()
            for name, value in rows[split].items():
                assert value == pytest.approx(expected[split][name], rel=1e-3, abs=1e-5), (split, name)
    for ours, theirs in zip(jax.tree.leaves(outcome.state), jax.tree.leaves(other.state), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-3, atol=1e-5)


def test_side_by_side_the_numbers_are_those_of_one_after_another(beside, packed):
    for trial in set(range(7)) - {ILL}:
        agree(beside[trial], packed[trial])


def test_side_by_side_a_diverging_trial_ends_alone(made, beside):
    ill = run(made(1), with_an_ill_one(7))[ILL]
    assert beside[ILL].kind == ill.kind == "diverged"
    assert beside[ILL].reason == ill.reason
    assert all(np.isfinite(leaf).all() for outcome in beside for leaf in finite_leaves(outcome))


def finite_leaves(outcome):
    return jax.tree.leaves(outcome.state.params) if outcome.kind == "done" else []


def test_side_by_side_trials_stop_and_go_on(made, beside):
    gone_on = stopped_and_gone_on_with(made(3, "vmap"), with_an_ill_one(7), 1)
    assert gone_on[ILL].kind == "diverged"
    for trial in set(range(7)) - {ILL}:
        agree(gone_on[trial], beside[trial])
