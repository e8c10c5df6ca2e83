"""What a person sees while an experiment runs: a live bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from rnn_research.execution.output import forget_output
from rnn_research.execution.sparkline import LEVELS, sparkline
from rnn_research.execution.words import counted
from rnn_research.experiment.arms import Arm
from rnn_research.experiment.experiment import Experiment
from rnn_research.experiment.trials import Trial
from rnn_research.runs.directory import RunDirectory, entry_of

if TYPE_CHECKING:  # the report and its statistics take a second to import, which a run that is cut short need not wait
    from rnn_research.report.build import Report

PLAIN_EVERY = 5.0  # seconds between progress lines where there is no terminal
WIDE = 200  # characters in a line where there is no terminal
SHOWN = 5  # runs of a pack that diverged, by name
CURVES = 8  # arms of a pack whose curves are shown, the last that have something new
ANSWER_STYLES = {
    "supported": "bold green",
    "contradicted": "bold dark_orange",
    "equivalent": "bold cyan",
    "mixed": "bold magenta",
    "undecided": "bold",
    "not answered": "bold",
}


class Terminal(Console):
    """The standard output of a run, which goes on where nobody reads it any more. In a notebook it writes text."""

    def __init__(self) -> None:
        super().__init__(force_jupyter=False)

    def on_broken_pipe(self) -> None:
        self.quiet = True
        forget_output()


class Display:
    """Progress of one run, written as it happens; ``with Display(console) as display``."""

    def __init__(self, console: Console):
        self.console = console
        self.last_line = time.monotonic()
        self.where = self.stage = ""
        self.compiled = 0.0
        self.done = self.total = self.diverged = 0
        self.metric = "loss"
        # By what an arm is called the measurements of each look: the mean over its seeds is shown.
        self.curves: dict[str, dict[int, list[float]]] = {}
        self.curve_lines: list[str] = []
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f}% {task.fields[detail]}"),
            TimeRemainingColumn(compact=True),
            console=console,
        )
        self.task = self.bar.add_task("", total=1, detail="", visible=False)
        self.live = Live(get_renderable=self._frame, console=console, transient=True)

    def __enter__(self) -> "Display":
        if self.console.is_terminal:
            self.live.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.live.stop()

    def plan(self, experiment: Experiment, arms: int, trials: int, programs: int, where: str) -> None:
        """The question and the size of the work; ``where`` it is done."""
        self._print(
            f"[bold]{escape(experiment.name)}[/bold]: {escape(experiment.question)}", highlight=False, emoji=False
        )
        of_pilots = trials - arms * experiment.seeds
        pilots, steps = "", experiment.base.train.steps
        if experiment.tune:
            other = f", of {experiment.tune.steps} updates for {steps}" if experiment.tune.steps != steps else ""
            pilots = f" ({of_pilots} of them {'a pilot' if of_pilots == 1 else 'pilots'}{other})"
        expected = "" if experiment.minutes is None else f"; expected: about {experiment.minutes:g} min on 2 cores"
        self.say(f"{counted(trials, 'trial')}{pilots} in {counted(programs, 'program')} on {where}{expected}")

    def changed_versions(self, before: Mapping[str, str], now: Mapping[str, str]) -> None:
        """A warning where a run goes on with other packages than it was begun with."""
        for name in before:
            if before[name] != now.get(name):
                change = f"begun with {name} {before[name]}, going on with {now.get(name)}"
                self.say(f"{change}: numbers may differ in the last digits")

    def group(self, number: int, total: int, arms: Sequence[Arm]) -> None:
        """A program begins."""
        values = [" ".join(map(str, arm.labels.values())) for arm in arms]
        self.where = f"[{number}/{total}] {values[0]}" + (f" and {len(values) - 1} more" if len(values) > 1 else "")
        self.compiled = 0.0

    @contextmanager
    def compiling(self) -> Iterator[None]:
        started = time.monotonic()
        self._update(f"{self.where}: compiling", 0, 1, "")
        yield
        self.compiled = time.monotonic() - started

    def pack(self, trials: Sequence[Trial], steps: Mapping[int, int], metric: str = "loss") -> None:
        """Trials begin to train, or go on from a step.

        Args:
          metric: what is shown of each look at the validation split; the loss where it is not measured there.
        """
        self.diverged, self.metric, self.curves, self.curve_lines = 0, metric, {}, []
        self.done, self.total = sum(steps.values()), sum(trial.config.train.steps for trial in trials)
        self.stage = counted(len(trials), "pilot" if trials[0].stage == "pilot" else "run")
        if self.compiled:
            self.say(f"{self.where}: compiled in {self.compiled:.1f} s")
            self.compiled = 0.0
        if not self.console.is_terminal:
            self.say(f"{self.where}: training {self.stage}")
        if steps:
            said = f"{counted(len(steps), 'trial')}, at steps {listed(steps.values())}"
            self.say(f"{self.where}: gone on from checkpoints: {said}")
        self._update(f"{self.where}: {self.stage}", self.done, self.total, "")

    def event(self, trial: Trial, event: Any) -> None:
        """News of a trial."""
        if event.kind == "diverged":
            self.diverged += 1
            if self.diverged <= SHOWN:
                labels = " ".join(map(str, trial.labels.values()))
                self.say(f"{labels}, seed {trial.config.seed}: diverged: {event.reason}")
            self.done += trial.config.train.steps - event.step
        if event.kind != "chunk":
            return
        steps = trial.config.train.eval_every
        self.done += steps
        name = self.metric if self.metric in event.rows["valid"] else "loss"
        value = float(event.rows["valid"][name])
        detail = f"{steps / event.seconds:.0f} steps/s  valid {name} {value:.4g}"
        self._note(trial, event.step, value)
        self._update(f"{self.where}: {self.stage}", self.done, self.total, detail)
        if not self.console.is_terminal and time.monotonic() - self.last_line > PLAIN_EVERY:
            self.say(f"{self.where}: {self.stage}, {self.done / self.total:.0%}, {detail}")

    def pack_ended(self, seconds: float, whole: float) -> None:
        """How many runs diverged beyond those named, and what the probes cost of the whole time."""
        if self.diverged > SHOWN:
            self.say(f"{self.where}: {self.diverged} runs diverged in all")
        if seconds:
            share = seconds / max(whole - seconds, 1e-9)
            self.say(f"{self.where}: the probes took {seconds:.1f} s, {share:.1%} on top of training")

    def results(self, run: RunDirectory, trials: Sequence[Trial]) -> None:
        """One line for each arm that is complete."""
        by_arm: dict[tuple, list[Trial]] = {}
        for trial in trials:
            by_arm.setdefault(tuple(trial.labels.values()), []).append(trial)
        for arm in by_arm.values():
            self.say(arm_line(run, arm))

    def failure(self, reason: str, trials: int, again: int = 0) -> None:
        """Trials failed; some of them are tried again."""
        more = f", {again} to be tried again" if again else ""
        self.say(f"{self.where}: {counted(trials, 'trial')} failed{more}: {reason}")

    def workers(self, ended: int, total: int, workers: int) -> None:
        """How far workers in processes of their own have come."""
        self._update(counted(workers, "worker"), ended, total, f"{ended} of {total} trials")
        if not self.console.is_terminal and time.monotonic() - self.last_line > PLAIN_EVERY:
            self.say(f"{counted(workers, 'worker')}: {ended} of {total} trials have ended")

    def say(self, line: str) -> None:
        self.last_line = time.monotonic()
        self._print(line, highlight=False, markup=False, emoji=False, soft_wrap=True)

    def _note(self, trial: Trial, step: int, value: float) -> None:
        """Add a measurement to the curve of its arm, or of what a pilot tries; it is then the last of those shown."""
        tried = trial.tuned if trial.stage == "pilot" else {}
        called = " ".join(map(str, (*trial.labels.values(), *tried.values())))
        looks = self.curves.pop(called, {})
        looks.setdefault(step, []).append(value)
        self.curves[called] = looks
        if _can_show(self.console, LEVELS):  # made here, as the terminal is drawn by a thread of its own
            self.curve_lines = [curve_line(*curve) for curve in list(self.curves.items())[-CURVES:]]

    def _frame(self) -> Group:
        """What is live: the bar, and below it a curve for each arm in training."""
        lines = (Text(line, no_wrap=True, overflow="ellipsis") for line in self.curve_lines)
        return Group(self.bar, *lines)

    def _print(self, line: str, **how: Any) -> None:
        try:
            self.console.print(line, **how)
        except OSError:  # such as a full disk under the output: said at the end, what is trained until then is kept
            self.console.quiet = True

    def _update(self, description: str, done: int, total: int, detail: str) -> None:
        self.bar.update(self.task, description=description.replace("[", r"\["), completed=done, total=total)
        self.bar.update(self.task, detail=detail, visible=True)


def curve_line(called: str, looks: Mapping[int, Sequence[float]]) -> str:
    """The curve of an arm's mean over its seeds, its last value, and what it is called, which may be cut at the end."""
    means = [sum(values) / len(values) for _, values in sorted(looks.items())]
    return f"  {sparkline(means)}  {means[-1]:.4g}  {called}"


def _can_show(console: Console, text: str) -> bool:
    try:
        text.encode(console.encoding)
    except UnicodeEncodeError:
        return False
    return True


def listed(numbers: Iterable[int]) -> str:
    """Numbers in order, each once."""
    return ", ".join(str(number) for number in sorted(set(numbers)))


def arm_line(run: RunDirectory, trials: Sequence[Trial]) -> str:
    """An arm's labels, size and scores on one line."""
    from rnn_research.report.render import NOTHING, setting_text, tuned_headings, with_interval
    from rnn_research.report.results import ENDED_BADLY, read_trial, without_copies
    from rnn_research.report.table import score_summary

    results = without_copies(read_trial(run, entry_of(trial)) for trial in trials)
    facts = results[0].facts
    score = with_interval(score_summary(results))
    labels = "  ".join(str(value) for value in trials[0].labels.values())
    tuned = zip(tuned_headings(list(trials[0].tuned)), trials[0].tuned.values(), strict=True)
    chosen = "".join(f"  {name} {setting_text(value)}" for name, value in tuned)
    metric, hidden = facts.get("metric", "score"), facts.get("hidden", NOTHING)
    failed = sum(result.state in ENDED_BADLY for result in results)
    count = f"n={len(results) - failed}" + (f", {failed} failed" if failed else "")
    count += ", deterministic" if results[0].seed is None else ""
    return f"  {labels}  test {metric} {score}  {count}  hidden {hidden}{chosen}"


def print_report(console: Console, report: "Report") -> None:
    """The whole table and the verdicts."""
    from rnn_research.report.fit import fit
    from rnn_research.report.render import cells, tuned_headings

    headings, rows = cells(report.results, report.table)
    spare = [*tuned_headings(report.results.tuned), *reversed(report.results.measures)]
    shown = fit(headings, rows, console.width if console.is_terminal else sys.maxsize, spare)
    if not console.is_terminal:  # nothing cuts a line there, nor what stands in it
        console.width = max(console.width, WIDE, shown.width)
    wraps = any("\n" in cell for row in shown.rows for cell in row)
    drawn = Table(header_style="bold", show_lines=wraps)
    for heading in shown.headings:
        drawn.add_column(Text(heading))
    for row, texts in zip(report.table, shown.rows, strict=True):
        drawn.add_row(*map(Text, texts), end_section=row.is_baseline)
    console.print(drawn, width=shown.width, crop=False)  # too long a line goes on below: a number is never cut
    if shown.left_out:
        console.print(f"left out for want of room: {', '.join(shown.left_out)}", highlight=False, markup=False)
    for remark in report.remarks:
        console.print(remark, highlight=False, markup=False, soft_wrap=True)
    for verdict in report.verdicts:
        style, said = ANSWER_STYLES[verdict.answer], escape(f"{verdict.source}: {verdict.text}")
        console.print(f"[{style}]{verdict.answer.upper()}[/] {said}", highlight=False, emoji=False)
        for evidence in verdict.evidence:
            console.print(f"    {evidence}", highlight=False, markup=False, emoji=False, soft_wrap=True)
