"""The two sentences at the top of the page."""

import pytest

from rnn_research.report.answer import answer
from rnn_research.report.remarks import remarks
from rnn_research.report.results import load
from rnn_research.report.verdicts import Verdict, judge
from rnn_research.runs.files import write_json
from tests.support.made_up_run import SCORES, compare, write_run


def test_the_first_primary_claim_with_its_effect_and_how_all_stand(tmp_path):
    scores = {labels: [*values, *values[:3]] for labels, values in SCORES.items()}
    results = load(write_run(tmp_path, scores, [[compare("a", "b")], [compare()]], primary=(False, True)))
    first, second = answer(results, judge(results))
    found = judge(results)[1].measured[0]
    assert found is not None and found.kind == "difference" and found.low < found.effect < found.high
    measured = f"+{found.effect:#.3g} [+{found.low:#.3g}, +{found.high:#.3g}], claimed more than +0"
    assert first == f"Yes, as claimed: b is better ({measured})."
    assert second == "Of 2 claims 1 is supported and 1 is contradicted."


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (["undecided"], "It is the experiment's only claim."),
        (["supported", "supported"], "All 2 claims are supported."),
        (
            ["not answered", "supported", "mixed", "supported"],
            "Of 4 claims 2 are supported, 1 is not answered and 1 is mixed.",
        ),
    ],
)
def test_how_all_claims_stand(tmp_path, answers, said):
    results = load(write_run(tmp_path, SCORES))
    assert answer(results, [Verdict("C99", "it is so", one, [], False) for one in answers])[1] == said


def test_of_several_tests_it_is_said_whose_number_it_is(tmp_path):
    scores = {("t", cell): [0.01 * (1 + index) + 0.001 * seed for seed in range(8)] for index, cell in enumerate("abc")}
    tests = [compare("a", "b", measure="score"), compare("a", "c", measure="score")]
    results = load(write_run(tmp_path, scores, [tests]))
    first, _ = answer(results, judge(results))
    assert "b is better (score of a − b: −0.0100 [" in first


LATER = "a claim has its verdict when all runs that it is about have"


def test_arms_that_wait_for_their_pilots_are_still_to_come(tmp_path):
    """A grid of four, of which two have runs so far."""
    run = write_run(tmp_path, SCORES)
    asked = run.document() | {"axes": {"task": ["t", "u"], "cell": ["a", "b"]}}
    write_json(run.path / "experiment.json", asked)
    results = load(run)
    claimed = [Verdict("C99", "it is so", "undecided", [])]
    assert answer(results, claimed)[1].endswith(", so far: 2 of 4 arms have none yet.")
    told = f"Unfinished: 10 of 10 runs have ended, 2 of 4 arms have none yet; {LATER}"
    assert remarks(results) == [told]
    listed = {"axes": {"cell": ["a", "b"]}, "points": [{"task": "t"}, {"task": "u"}, {"task": "v"}]}
    write_json(run.path / "experiment.json", asked | listed)
    assert "4 of 6 arms have none yet" in remarks(load(run))[0]
    write_json(run.path / "experiment.json", asked | {"axes": {}, "points": [{"cell": "a"}, {"cell": "b"}]})
    assert remarks(load(run)) == []


def test_a_run_that_goes_on_and_one_that_claims_nothing(tmp_path):
    results = load(write_run(tmp_path, SCORES, states={("t", "a", 0): "running"}))
    claimed = [Verdict("C99", "it is so", "undecided", [])]
    assert answer(results, claimed) == [
        "Not decided yet: it is so.",
        "It is the experiment's only claim, so far: 9 of 10 runs have ended.",
    ]
    assert answer(results, []) == ["This experiment claims nothing; its table says what 9 of 10 runs came to."]
