"""What is to be said of the pilots beside the setting that they chose."""

from rnn_research.report.results import ENDED_BADLY, Results, by_labels


def remarks(results: Results) -> list[str]:
    """A sentence for every arm that was tuned without a single pilot that reached its end."""
    tune, columns = results.document["identity"]["tune"], results.document["columns"]
    found = []
    pilots = [trial for trial in results.trials if trial.stage == "pilot"]
    for labels, tried in by_labels(pilots, columns).items():
        if all(trial.state in ENDED_BADLY for trial in tried):
            found.append(
                f"{results.called(labels)}: all {len(tried)} pilots failed; the {tune['path']} of those that got "
                "furthest was taken"
            )
    return found
