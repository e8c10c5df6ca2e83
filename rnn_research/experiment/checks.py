"""What an experiment says of itself, checked before anything is run: columns, measures, patterns, tuning."""

import math
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from rnn_research.experiment import paths
from rnn_research.experiment.claims import FAMILIES, Compare, Level, ParameterRatio
from rnn_research.experiment.columns import columns, label, pools
from rnn_research.experiment.config import traced_paths
from rnn_research.experiment.declared_types import check_types
from rnn_research.experiment.experiment import Experiment
from rnn_research.experiment.figures import ByAxis, ByMeasure, Reach
from rnn_research.experiment.measures import ALWAYS
from rnn_research.experiment.variant import Variant
from rnn_research.lookup import nearest


def check_names(experiment: Experiment) -> None:
    """Refuse what no override can put right: values of another type than is declared, columns and measures that are not
    there, a tuning that cannot be.

    Raises:
      ValueError: the first one, with the nearest name.
    """
    check_types(experiment, Experiment, "")
    for path, values in experiment.axes.items():
        if not values:
            raise ValueError(f"axes[{path!r}] holds no value")
        for value in values:
            check_types(value, type(value), f"axes[{path!r}]")
            if isinstance(value, Variant) and not str(value).strip():
                raise ValueError(f"axes[{path!r}] holds a variant without a name")
    for claim in experiment.claims:
        if not claim.tests:
            raise ValueError(f"claim {claim.source!r} has no tests")
        for test in claim.tests:
            _check_test(f"claim {claim.source!r}", test)
    for number, figure in enumerate(experiment.published):
        if not (figure.source.strip() and math.isfinite(figure.value)):
            raise ValueError(f"published[{number}] needs a source and a finite value, not {figure}")
    if any(not isinstance(value, Variant) for value in pools(experiment).get("seed", ())):
        raise ValueError("seeds are set by --seeds=N, or by the experiment's own seeds: no axis can set one")
    names = columns(experiment)
    if experiment.compare not in names.values():
        hint = nearest(experiment.compare, names.values())
        raise ValueError(f"compare={experiment.compare!r} is no column; {hint}")
    both = set(experiment.axes) & {path for point in experiment.points for path in point}
    if both:
        raise ValueError(f"{min(both)} is both an axis and a setting of points")
    if experiment.seeds < 1 or experiment.base.seed:
        raise ValueError("seeds must be 1 or more, and base.seed 0: the runs of an arm have the seeds from 0 on")
    for what, column, _ in patterns(experiment):
        if column not in names.values():
            raise ValueError(f"{what}: no column {column!r}; {nearest(column, names.values())}")
    _check_measures(experiment)
    _check_tune(experiment)


def check_patterns(experiment: Experiment) -> None:
    """Refuse a claim or a figure, drawn or published, about a value that no arm has. For an experiment as its file has
    it: what the command line fixes, and what ``smoke`` leaves out, may well leave nothing of what a claim is about.

    Raises:
      ValueError: the first one, with the nearest value.
    """
    check_names(experiment)
    known = {name: _labels(experiment, path) for path, name in columns(experiment).items()}
    for claim in experiment.claims:
        for test in claim.tests:
            if isinstance(test, Compare):
                _check_settings(f"claim {claim.source!r}", test, known)
                _check_both(f"claim {claim.source!r}", test)
    for what, column, wanted in patterns(experiment):
        labels = known[column]
        for pattern in wanted:
            if labels and not any(fnmatchcase(one, str(pattern)) for one in labels):
                raise ValueError(f"{what}: no {column} is {pattern!r}; {nearest(str(pattern), dict.fromkeys(labels))}")


def patterns(experiment: Experiment) -> Iterator[tuple[str, str, Sequence[Any]]]:
    """What claims and figures, drawn or published, say of columns: who says it, the column, the values or patterns that
    it is to have."""
    for claim in experiment.claims:
        what = f"claim {claim.source!r}"
        for test in claim.tests:
            if isinstance(test, Compare):
                yield what, test.column, [_literally(test.arm), _literally(test.against)]
                yield from ((what, column, []) for column in (test.along, test.families) if column)
            if isinstance(test, ParameterRatio):
                yield what, test.column, [_literally(test.arm)]
            yield from ((what, column, wanted) for column, wanted in _where(test).items())
    for figure in experiment.figures:
        what = f"figure {type(figure).__name__}"
        if isinstance(figure, ByAxis | Reach):
            yield what, figure.x, []
        yield from ((what, column, wanted) for column, wanted in _where(figure).items())
    for one in experiment.published:
        yield from ((f"published {one.value:g}", column, wanted) for column, wanted in one.where.items())


def _check_settings(what: str, test: Compare, known: Mapping[str, Sequence[str]]) -> None:
    """Refuse a slope along what is no number above 0, and families of which too few are run."""
    if test.along and not all(map(_is_above_0, known[test.along])):
        raise ValueError(f"{what}: along={test.along!r} takes numbers above 0, not {', '.join(known[test.along])}")
    wanted = test.where.get(test.families, ("*",))
    kept = [one for one in known.get(test.families, ()) if any(fnmatchcase(one, pattern) for pattern in wanted)]
    families = {one.partition("(")[0] for one in kept}
    if kept and len(families) < FAMILIES:
        raise ValueError(f"{what}: {len(families)} families ({', '.join(sorted(families))}), and it takes {FAMILIES}")


def _check_both(what: str, test: Compare) -> None:
    """Refuse a comparison whose own ``where`` leaves out one of its arms."""
    patterns = test.where.get(test.column, ("*",))
    for arm in (test.arm, test.against):
        if not any(fnmatchcase(arm, str(pattern)) for pattern in patterns):
            raise ValueError(f"{what} is about {arm!r}, and its where leaves that out: {', '.join(map(str, patterns))}")


def _is_above_0(text: str) -> bool:
    try:
        return float(text) > 0
    except ValueError:
        return False


def _check_test(what: str, test: Compare | Level | ParameterRatio) -> None:
    """Refuse a test that could have no answer, whatever is run."""
    limit = test.margin if isinstance(test, Compare) else test.value
    if not math.isfinite(limit):
        raise ValueError(f"{what}: what is claimed must be finite, not {limit}")
    if isinstance(test, Compare) and test.arm == test.against:
        raise ValueError(f"{what} compares {test.arm!r} with itself")
    if isinstance(test, Compare) and test.families and test.along:
        raise ValueError(f"{what} is either about families or about a slope: not both families and along")


def _where(holder: Any) -> Mapping[str, Sequence[Any]]:
    return getattr(holder, "where", {})


def _literally(name: str) -> str:
    """A value as a pattern that matches it alone."""
    return name.replace("[", "[[]").replace("*", "[*]").replace("?", "[?]")


def _labels(experiment: Experiment, path: str) -> list[str]:
    """All that a column may hold, as far as that can be known without tables of factories; else nothing."""
    values = pools(experiment)[path]
    if any(path not in point for point in experiment.points) and path not in experiment.axes:
        return []  # some arms have what the base has, or its factory's default
    found: list[str] = []
    for value in values:
        try:
            ran = None if isinstance(value, Variant) else paths.get(paths.replace(experiment.base, path, value), path)
        except ValueError:
            return []  # an option of a choice that another axis makes
        name = label(value, values, ran)
        found.append(str(name))
        if isinstance(name, int | float) and name == int(name):  # the factory may want the other kind of number
            found += [str(int(name)), str(float(name))]
    return found


def _check_measures(experiment: Experiment) -> None:
    for measure in experiment.measures:
        if measure.name in ALWAYS:
            raise ValueError(f"measure {measure.name!r} is there anyway: give this one another name, or leave it out")
        if measure.quantity and (measure.minus or measure.at == "change"):
            raise ValueError(f"measure {measure.name!r} is a difference, which may be below 0: it takes no quantity")
        if measure.quantity == "share" and measure.at in ("total", "spike"):
            raise ValueError(f"measure {measure.name!r} is no share, as a {measure.at} may be above 1")
        if measure.quantity and measure.above is not None:
            raise ValueError(f"measure {measure.name!r} is a share of the runs: it takes no quantity")
    known = [*ALWAYS, *(measure.name for measure in experiment.measures)]
    tests = [test for claim in experiment.claims for test in claim.tests if not isinstance(test, ParameterRatio)]
    used = [test.measure for test in tests] + [f.y for f in experiment.figures if isinstance(f, ByAxis)]
    used += [name for f in experiment.figures if isinstance(f, ByMeasure) for _, name in f.points]
    for name in used:
        if name not in known:
            raise ValueError(f"no measure {name!r}; {nearest(name, known)}")
    for test in tests:
        if isinstance(test, Compare) and test.ratio and (test.margin <= 0 or test.measure in ALWAYS):
            raise ValueError(
                f"a ratio is claimed of one of the experiment's measures, with a margin above 0; not {test.margin} of "
                f"{test.measure!r}"
            )


def _check_tune(experiment: Experiment) -> None:
    tune = experiment.tune
    if tune is None:
        return
    known = [path for path in traced_paths() if path != "seed"]
    if tune.path not in known:
        raise ValueError(f"tune.path: {tune.path!r} cannot be tuned; {nearest(tune.path, known)}")
    if not tune.values or len(set(tune.values)) < len(tune.values):
        raise ValueError(f"tune.values must be different values, at least one, not {tune.values}")
    if tune.limits and not tune.limits[0] <= min(tune.values) <= max(tune.values) <= tune.limits[1]:
        raise ValueError(f"tune.limits {tune.limits} leave out one of tune.values {tune.values}")
    if tune.runner_up and len(tune.values) < 2:
        raise ValueError("tune.runner_up takes the second best of two candidates or more")
    for name, number in (("seeds", tune.seeds), ("steps", tune.steps)):
        if number < 1:
            raise ValueError(f"tune.{name} must be 1 or more, not {number}")
