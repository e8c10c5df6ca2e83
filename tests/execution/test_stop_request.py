"""No signal is lost, at whatever moment it comes."""

import os
import signal

import pytest

from rnn_research.execution import stop_request
from rnn_research.execution.stop_request import CHECK_EVERY, StopRequest, catch_signals


def signalled(value):
    """A function that a signal reaches while it runs."""

    def function(*_):
        os.kill(os.getpid(), signal.SIGINT)
        return value

    return function


@pytest.mark.parametrize("wanted", [True, False])
def test_a_signal_during_the_look_for_the_launcher_is_kept(wanted):
    stop = StopRequest(signalled(wanted))
    stop.checked -= 2 * CHECK_EVERY
    with catch_signals(stop):
        assert stop()
    assert stop.number == signal.SIGINT


def test_a_signal_while_the_hosts_ask_each_other_counts_when_they_ask_again(monkeypatch):
    stop = StopRequest()
    with catch_signals(stop):
        with monkeypatch.context() as patch:
            patch.setattr(stop_request, "highest", signalled(0))
            assert not stop.everywhere()  # as on the other hosts
        assert stop.everywhere()
    assert stop.number == signal.SIGINT


def test_what_another_host_was_sent_stops_this_one(monkeypatch):
    stop = StopRequest()
    monkeypatch.setattr(stop_request, "highest", lambda number: max(number, signal.SIGTERM))
    assert stop.everywhere()
    assert stop.number == signal.SIGTERM
