"""What a trial was trained with, compared."""

import pytest

from rnn_research.experiment.config import TrialConfig
from rnn_research.experiment.trials import Trial
from rnn_research.report.results import load
from rnn_research.runs.directory import (
    begin,
    declare,
    note_identity,
    note_trials,
    open_directory,
    set_status,
    write_card,
)
from rnn_research.runs.identity import conflicts, refusal

ONE = {
    "code": {"cell a": "1", "task t": "2"},
    "data": {"t": "3"},
    "settings": {"platform": "cpu", "jax_default_prng_impl": "rbg"},
}


def changed(**kinds):
    return {kind: {**values, **kinds.get(kind, {})} for kind, values in ONE.items()}


@pytest.mark.parametrize(
    ("now", "found"),
    [
        (ONE, []),
        ({}, []),
        (changed(code={"cell b": "9"}), []),
        (changed(code={"cell a": "9"}), ["the code of cell a"]),
        (changed(code={"cell a": "9"}, data={"t": "9"}), ["the code of cell a", "the data of t"]),
        (changed(settings={"platform": "gpu"}), ["platform (now gpu, before cpu)"]),
        (ONE | {"settings": {"platform": "cpu"}}, ["jax_default_prng_impl (now not set, before rbg)"]),
        (
            changed(settings={"JAX_NEW": "1", "pack": "vmap"}),
            ["JAX_NEW (now 1, before not set)", "pack (now vmap, before not set)"],
        ),
        # A launch whose workers train elsewhere does not know where.
        (ONE | {"settings": {"jax_default_prng_impl": "rbg"}}, []),
    ],
)
def test_conflicts(now, found):
    assert conflicts(ONE, now) == found
    assert bool(conflicts(now, ONE)) == bool(found)
    assert conflicts({}, now) == []


def test_a_refusal_counts_trials_and_names_the_commonest():
    found = {"1": ["the code of cell a"], "2": ["the data of t", "the code of cell a"]}
    assert refusal(found) == (
        "the code of cell a, the data of t changed since these 2 trials; another --workdir, or --retrain"
    )
    assert "since this trial" in refusal({"1": ["x"]})
    assert "a, b, c and 2 more changed" in refusal({"1": list("abcde")})


def trial(name):
    return Trial(name, "main", 0, {"cell": name}, TrialConfig(), {})


def test_processes_of_a_launch_must_agree(tmp_path):
    run = open_directory(tmp_path, {})
    declare(run, {}, {"trained_with": {"code": {"cell a": "1"}, "settings": {}}})
    note_identity(run, {"code": {"cell a": "1"}, "settings": {"platform": "gpu"}})
    assert (run.document() or {})["trained_with"] == {"code": {"cell a": "1"}, "settings": {"platform": "gpu"}}
    for other, what in (
        ({"code": {"cell a": "2"}}, "code of cell a"),
        ({"code": {}, "settings": {"platform": "cpu"}}, "platform"),
    ):
        with pytest.raises(ValueError, match=f"trains with something else: .*{what}"):
            note_identity(run, other)


@pytest.mark.parametrize("noted", [True, False])
def test_no_table_of_unlike_trials(tmp_path, noted):
    run = open_directory(tmp_path, {})
    declare(run, {}, {"trained_with": ONE} if noted else {})
    trials = [trial(name) for name in "abc"]
    note_trials(run, trials)
    for one, identity in zip(trials, (ONE, ONE, changed(data={"t": "9"}))):
        begin(run, one)
        write_card(run, one, {"metric": "loss", "trained_with": identity})
        set_status(run, one, "diverged", "", {})
    with pytest.raises(ValueError, match="cannot be one table: the data of t changed since this trial"):
        load(run)
    set_status(run, trials[2], "failed", "", {})  # it will be tried again with what there is now
    assert len(load(run).trials) == 3
