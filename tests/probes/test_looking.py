"""The probes of a run together: when they look, and that they leave its bits alone."""

import dataclasses
import math

import jax
import numpy as np
import pytest

from rnn_research.experiment import Choice
from rnn_research.probes.looking import check_probes, looking
from tests.support.subjects import CONFIG, changed, exhibits, learner_of, rows, seeds, subject_of

pytestmark = pytest.mark.as_users

PROBES = (
    Choice("gradients", every=8, examples=6),
    Choice("jacobians", every=8, examples=6),
    Choice("lengths", lengths=(10, 20)),
)
PROBED = changed(probes=PROBES)


@pytest.fixture(scope="module")
def learner():
    return learner_of(PROBED)


@pytest.fixture(scope="module")
def probed(learner):
    return list(learner.run(seeds(PROBED, 2)))


@pytest.mark.slow
def test_the_probes_do_not_change_a_bit(probed):
    config = changed(PROBED, probes=())
    plain = list(learner_of(config).run(seeds(config, 2)))
    for trial in range(2):
        for split in ("train", "valid", "test"):
            assert rows(probed, split, trial) == rows(plain, split, trial)
        ends = [next(e.state for e in found if e.kind == "done" and e.trial == trial) for found in (probed, plain)]
        jax.tree.map(np.testing.assert_array_equal, *ends)
    assert not rows(plain, "probe") and not exhibits(plain)


@pytest.mark.slow
def test_they_look_first_last_and_as_often_as_asked(probed):
    for trial in range(2):
        found, shown = rows(probed, "probe", trial), exhibits(probed, trial)
        assert list(found) == list(shown) == [0, 8, 16, 24]
        assert all(row["probe_seconds"] > 0 for row in found.values())
        assert [step for step, row in found.items() if "mse@20" in row] == [24]
        assert all(row["half_life"] > 0 and row["jacobian_norm"] > 0 for row in found.values())
        for curves in shown.values():
            assert len(curves["decay"].y) == 11 and len(curves["log10_product"].y) == 12
    assert {event.kind for event in probed} == {"started", "chunk", "done"}


@pytest.mark.slow
def test_pilots_are_not_looked_at_and_the_end_is_that_of_each_trial(learner):
    """A program is made for pilots of 4 updates; the trials that are reported make 12 and 8, and share it."""
    pilot, longer, shorter = (changed(PROBED, train=dataclasses.replace(PROBED.train, steps=n)) for n in (4, 12, 8))
    shared = learner_of(pilot)
    assert not rows(list(shared.run([pilot], test=False)), "probe")
    found = list(shared.run([longer, shorter]))
    for trial, last in ((0, 12), (1, 8)):
        seen = rows(found, "probe", trial)
        assert list(seen) == sorted({0, 8, last})
        assert [step for step, row in seen.items() if "mse@20" in row] == [last]
    # As from a learner that never knew of pilots.
    alone = rows(list(learner.run([longer])), "probe")
    for step, row in rows(found, "probe", 0).items():
        assert {k: v for k, v in row.items() if k != "probe_seconds"} == {
            k: v for k, v in alone[step].items() if k != "probe_seconds"
        }


@pytest.mark.slow
@pytest.mark.usefixtures("in_haste")
def test_a_trial_of_no_steps_is_looked_at_and_scored():
    config = changed(
        PROBED,
        train=dataclasses.replace(PROBED.train, steps=0),
        probes=(Choice("gradients"), Choice("lengths", lengths=(30,))),
    )
    found = list(learner_of(config).run(seeds(config, 3)))
    assert [event.kind for event in found].count("done") == 3
    for trial in range(3):
        assert list(rows(found, "probe", trial)) == [0]
        assert rows(found, "probe", trial)[0]["mse@30"] > 0
        assert math.isfinite(rows(found, "test", trial)[0]["mse"])


def test_when_a_look_is_due():
    def due(*probes):
        eyes = looking(subject_of(changed(probes=probes)))
        return [step for step in range(0, 25, 4) if eyes.due(CONFIG, step)]

    assert due(*PROBES) == [0, 8, 16, 24]
    assert due(Choice("gradients")) == due(Choice("jacobians", every=3)) == [*range(0, 25, 4)]
    assert due(Choice("lengths", lengths=(20,))) == [24]
    assert due(Choice("gradients", every=100)) == [0, 24]
    assert due() == []
    # Each trial has an end of its own.
    short = dataclasses.replace(CONFIG, train=dataclasses.replace(CONFIG.train, steps=12))
    eyes = looking(subject_of(changed(probes=(Choice("lengths", lengths=(20,)),))))
    assert [step for step in range(0, 25, 4) if eyes.due(short, step)] == [12]


@pytest.mark.parametrize(
    ("probe", "message"),
    [
        (
            Choice("gradients", examples=0),
            "gradients needs examples above 0, every and length 0 or more, not 0, 0 and 0",
        ),
        (Choice("jacobians", every=-1), "jacobians needs examples above 0 and every 0 or more, not 32 and -1"),
        (Choice("lengths"), "probe lengths needs the lengths to score"),
        (Choice("texts", texts=0), "probe texts needs texts, tokens above 0"),
        (Choice("texts", steps=(-4,)), "and steps from 0 on"),
        (Choice("texts", steps=(0,)), "probe texts is for language models, not for task 'adding'"),
        (Choice("strategies", tokens=0), "probe strategies needs texts and tokens above 0"),
        (Choice("strategies", strategies=("nucleus",)), "none of greedy, sample"),
        (Choice("strategies"), "probe strategies is for language models, not for task 'adding'"),
    ],
)
def test_probes_that_cannot_be_are_refused_before_anything_is_compiled(probe, message):
    with pytest.raises(ValueError, match=message):
        check_probes(subject_of(changed())._replace(config=changed(probes=(probe,))))


@pytest.mark.parametrize("name", ["gradients", "jacobians", "lengths"])
def test_probes_of_networks_are_refused_for_other_learners(name):
    options = {"lengths": (20,)} if name == "lengths" else {}
    config = changed(learner=Choice("majority"), probes=(Choice(name, **options),))
    with pytest.raises(ValueError, match=f"probe {name} is for networks, not for learner 'majority'"):
        check_probes(subject_of(config))
