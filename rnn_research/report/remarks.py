"""What is to be said beside the table: of the pilots, and of looks that cost more than an experiment has."""

from collections.abc import Sequence

from rnn_research.experiment.looks import ERROR, Look, last, seeds_of, taken
from rnn_research.report.results import ENDED_BADLY, Results, by_labels, has_ended
from rnn_research.report.sweep import best


def remarks(results: Results) -> list[str]:
    """Sentences without a full stop."""
    return [*unfinished(results), *best(results), *_pilots(results), *_looks(results)]


def unfinished(results: Results) -> list[str]:
    """That runs are still to come."""
    ended, lacking = sum(map(has_ended, results.reported)), without_runs(results)
    if ended == len(results.reported) and not lacking:
        return []
    found = [f"{ended} of {len(results.reported)} runs have ended", *lacking]
    return [f"Unfinished: {', '.join(found)}; a claim has its verdict when all runs that it is about have"]


def without_runs(results: Results) -> list[str]:
    """How many arms that were asked for have no run yet, as their pilots have not ended; empty if none."""
    lacking = results.asked - len(by_labels(results.reported, results.document["columns"]))
    return [f"{lacking} of {results.asked} arms have none yet"] if lacking > 0 else []


def _pilots(results: Results) -> list[str]:
    """One for every arm that was tuned without a single pilot that reached its end, and one for all whose choice lies
    at an end of what was tried; of what counts and has no parameters, any choice is the same."""
    tune, columns = results.document["identity"]["tune"], results.document["columns"]
    found, at_an_end = [], []
    pilots = [trial for trial in results.trials if trial.stage == "pilot"]
    chosen = {
        labels: {trial.tuned.get(tune["path"]) for trial in trials} if tune else set()
        for labels, trials in by_labels(results.reported, columns).items()
    }
    begun = by_labels([trial for trial in results.reported if trial.facts], columns)
    counting = {labels for labels, trials in begun.items() if "parameters" not in trials[0].facts}
    for labels, tried in by_labels(pilots, columns).items():
        values = sorted({value for trial in tried for path, value in trial.tuned.items() if path == tune["path"]})
        if len(values) > 1 and labels not in counting and chosen.get(labels, set()) & {values[0], values[-1]}:
            at_an_end.append(results.called(labels))
        if all(trial.state in ENDED_BADLY for trial in tried):
            found.append(
                f"{results.called(labels)}: all {len(tried)} pilots failed; the {tune['path']} of those that got "
                "furthest was taken"
            )
    if tune and tune.get("runner_up"):
        found.append("Every arm has the candidate that its pilots ranked second")
    if at_an_end:
        what = tune["path"].rpartition(".")[2].replace("_", " ")
        found.append(f"The {what} lies at an end of those tried for {'; '.join(at_an_end)}")
    return found


def _looks(results: Results) -> list[str]:
    """How often the verdicts were looked at, and what that makes of their error; that more seeds were."""
    looks = taken(results.document)
    asked = results.document.get("seeds", last(looks))
    fewer = f"These are {asked} seeds of the {last(looks)} that were looked at: --seeds={last(looks)} shows all of them"
    return [*([fewer] if asked < last(looks) else []), *_spent(looks)]


def _spent(looks: Sequence[Look]) -> list[str]:
    if len(looks) < 2:
        return []
    spent = sum(look.error for look in looks)
    over = f", more than the {ERROR:g} of one look: seeds were added by hand" if spent > ERROR + 1e-9 else ""
    wrong = f"one of them is false in at most {spent:.2g} of such runs{over}"
    return [f"The verdicts were looked at with {seeds_of(looks)} seeds; {wrong}"]
