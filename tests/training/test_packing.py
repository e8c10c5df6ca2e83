"""Packs of trials in one program: placement and company change no bit on a CPU."""

import dataclasses

import jax
import numpy as np
import pytest

from rnn_research.experiment import Choice, ModelConfig, OptimizerConfig, TrainConfig, TrialConfig
from rnn_research.models import sequence_model
from rnn_research.tasks import adding, sequential_digits
from rnn_research.training.devices import make_mesh
from rnn_research.training.pack import choose, run_pack
from rnn_research.training.program import compile_program
from rnn_research.training.step import training_data

BASE = TrialConfig(
    model=ModelConfig(cell=Choice("lstm", hidden=9)),
    optimizer=OptimizerConfig(learning_rate=1e-2, schedule="cosine", warmup=0.1),
    train=TrainConfig(steps=12, batch=5, eval_every=4, valid_examples=7, test_examples=11),
)
ALONE = 5  # the trial looked at: three chunks long


def trials(count):
    """Trials that differ in every lane; the number of steps, too."""
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


def run(configs, per_device=1, task=None):
    """Final state and all rows of each trial."""
    task = task or adding(10)
    program = compile_program(
        BASE,
        task,
        sequence_model(BASE.model, task),
        training_data(BASE, task),
        make_mesh(jax.devices()[:2]),
        per_device,
    )
    rows, states = [[] for _ in configs], {}
    for event in run_pack(program, configs):
        rows[event.trial].append((event.step, event.rows))
        if event.kind == "done":
            states[event.trial] = event.state
    return [(rows[i], states[i]) for i in range(len(configs))]


def bits(result):
    rows, state = result
    return repr(rows), [leaf.tobytes() for leaf in jax.tree.leaves(state)]


@pytest.fixture(scope="module")
def alone():
    return run([trials(7)[ALONE]])[0]


@pytest.mark.parametrize("per_device", [1, 4])
def test_company_and_placement_change_no_bit(alone, per_device):
    packed = run(trials(7), per_device)
    assert bits(packed[ALONE]) == bits(alone)


def test_a_pack_smaller_than_its_places_changes_no_bit(alone):
    assert bits(run([trials(7)[ALONE]], per_device=2)[0]) == bits(alone)


def test_corpus_task_is_packed_alike():
    task = sequential_digits(order="rows")
    single = run([trials(7)[ALONE]], task=task)[0]
    assert bits(run(trials(7), task=task)[ALONE]) == bits(single)


def test_every_lane_matters():
    first = dataclasses.replace(BASE, train=dataclasses.replace(BASE.train, steps=8))
    changed = [
        dataclasses.replace(first, seed=1),
        dataclasses.replace(first, optimizer=dataclasses.replace(BASE.optimizer, learning_rate=2e-2)),
        dataclasses.replace(first, optimizer=dataclasses.replace(BASE.optimizer, clip_norm=0.01)),
        dataclasses.replace(first, optimizer=dataclasses.replace(BASE.optimizer, weight_decay=0.1)),
        dataclasses.replace(first, model=dataclasses.replace(BASE.model, init_scale=0.5)),
        dataclasses.replace(first, train=dataclasses.replace(BASE.train, steps=12)),
    ]
    results = [bits(result)[1] for result in run([first, *changed])]
    for other in results[1:]:
        assert other != results[0]


def test_metrics_stop_at_each_trials_own_last_step():
    for config, (rows, state) in zip(trials(7), run(trials(7))):
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


def test_best_parameters_are_those_of_the_lowest_validation_loss():
    for rows, state in run(trials(7)):
        losses = [row["valid"]["loss"] for _, row in rows[:-1]]
        assert float(state.best.loss) == min(losses)
        assert int(state.best.step) == rows[int(np.argmin(losses))][0]


def stopped_and_gone_on_with(configs, chunks):
    """Rows and final states of a pack that stops after every few chunks and goes on in a new one."""
    task = adding(10)
    mesh = make_mesh(jax.devices()[:2])
    program = compile_program(BASE, task, sequence_model(BASE.model, task), training_data(BASE, task), mesh)
    rows, states, starts = [[] for _ in configs], {}, {}
    left = list(range(len(configs)))
    while left:
        rounds = iter(range(1, chunks + 1))
        events = run_pack(
            program,
            [configs[i] for i in left],
            {left.index(i): state for i, state in starts.items() if i in left},
            stopping=lambda rounds=rounds: next(rounds) == chunks,
        )
        for event in events:
            trial = left[event.trial]
            if event.rows:
                rows[trial].append((event.step, event.rows))
            if event.kind == "done":
                states[trial] = event.state
            elif event.state is not None:
                starts[trial] = event.state
        left = [i for i in left if i not in states]
    return [(rows[i], states[i]) for i in range(len(configs))]


@pytest.mark.parametrize("chunks", [1, 2])
def test_stopping_and_going_on_changes_no_bit(chunks):
    straight = run(trials(5))
    assert list(map(bits, stopped_and_gone_on_with(trials(5), chunks))) == list(map(bits, straight))


def test_a_trial_restored_at_its_end_is_only_tested():
    configs = trials(3)
    straight = run(configs)
    task = adding(10)
    model, data = sequence_model(BASE.model, task), training_data(BASE, task)
    program = compile_program(BASE, task, model, data, make_mesh(jax.devices()[:2]))
    events = list(run_pack(program, configs, {i: state for i, (_, state) in enumerate(straight)}))
    assert [event.kind for event in events] == ["done"] * 3
    for event, (rows, state) in zip(events, straight):
        assert (event.step, event.rows) == rows[-1]
        assert bits(([], event.state)) == bits(([], state))


def test_due_states_are_those_of_their_step():
    due = lambda trial, step: step == 8  # noqa: E731
    task = adding(10)
    model, data = sequence_model(BASE.model, task), training_data(BASE, task)
    program = compile_program(BASE, task, model, data, make_mesh(jax.devices()[:2]))
    kept = {e.trial: e.state for e in run_pack(program, trials(5), due=due) if e.kind == "chunk" and e.state}
    assert sorted(kept) == [2]  # trials 1 and 4 end at step 8: their last event has the state
    assert int(kept[2].step) == 8
