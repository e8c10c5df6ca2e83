"""All the probes of a trial together: when one is due, and the row and exhibits that they add."""

import time
from typing import Any

from rnn_research.exhibits import KINDS
from rnn_research.experiment.choice import build
from rnn_research.experiment.config import TrialConfig
from rnn_research.probes import PROBES
from rnn_research.probes.base import Look, Probe, Subject
from rnn_research.tasks.base import Findings
from rnn_research.training.event import Looking


def make_probes(config: TrialConfig) -> list[Probe]:
    """The probes of a config, in its order."""
    return [build(choice, PROBES, "probe") for choice in config.probes]


def check_probes(subject: Subject) -> None:
    """Refuse probes that the subject has nothing for.

    Raises:
      ValueError: the first one.
    """
    for probe in make_probes(subject.config):
        probe.check(subject)


def looking(subject: Subject) -> Looking:
    """The probes of the subject's config, each made when it is first due."""
    probes = make_probes(subject.config)
    looks: dict[int, Look] = {}

    def due(config: TrialConfig, step: int) -> bool:
        return any(probe.due(config, step) for probe in probes)

    def look(weights: Any, config: TrialConfig, step: int) -> Findings:
        numbers, exhibits, seconds = {}, (), 0.0
        for number, probe in enumerate(probes):
            if not probe.due(config, step):
                continue
            if number not in looks:
                looks[number] = probe.make(subject)
            started = time.monotonic()
            found = looks[number](weights)
            seconds += time.monotonic() - started
            numbers |= plain_numbers(found, config.probes[number].name)
            exhibits += found.exhibits
        return Findings(numbers | {"probe_seconds": seconds}, exhibits)

    return Looking(due, look)


def plain_numbers(found: Findings, probe: str) -> dict[str, float]:
    """The numbers of a probe as Python's own.

    Raises:
      TypeError: one that is none, or an exhibit of a kind that no report knows, with the probe's name.
    """
    for exhibit in found.exhibits:
        if not isinstance(exhibit, tuple(KINDS.values())):
            raise TypeError(f"probe {probe} gave a {type(exhibit).__name__}, no exhibit; known: {', '.join(KINDS)}")
    try:
        return {name: float(value) for name, value in found.numbers.items()}
    except (TypeError, ValueError) as error:
        raise TypeError(f"probe {probe} gave what is no number: {error}") from error
