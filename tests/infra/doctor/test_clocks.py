"""Clocks are judged by what half a round trip leaves certain."""

import os

import pytest

from infra.doctor import clocks
from infra.doctor.clocks import Skew, check_own, judge, measured
from infra.doctor.installation import Installation

NOW = clocks.EARLIEST_NOW + 3600


def test_a_clock_before_this_release_fails(home):
    installation = Installation.found(home, {})

    assert check_own(installation, now=0.0).state == "fail"
    assert check_own(installation, now=NOW).state == "ok"


def test_a_clock_behind_our_own_logs_is_noticed(home):
    log = home.logs / "nats.log"
    log.write_text("")
    os.utime(log, (NOW, NOW))
    installation = Installation.found(home, {})

    assert check_own(installation, now=NOW).state == "ok"
    assert check_own(installation, now=NOW - 3600 + 1).state == "warn"


@pytest.mark.parametrize(
    ("ahead", "unsure", "state"),
    [
        *((0.0, 0.0, "ok"), (0.9, 0.0, "ok"), (1.1, 0.0, "warn"), (-1.1, 0.0, "warn")),
        *((5.1, 0.0, "fail"), (-5.1, 0.0, "fail"), (5.1, 0.2, "warn"), (1.1, 0.2, "ok")),
    ],
)
def test_only_what_is_certain_counts(ahead, unsure, state):
    assert judge("nats", Skew(ahead, unsure)).state == state


async def test_another_clock_is_read_in_the_middle_of_the_round_trip(monkeypatch):
    ours = iter([100.0, 102.0])
    monkeypatch.setattr(clocks.time, "time", lambda: next(ours))

    async def theirs():
        return 104.0

    assert await measured(theirs) == Skew(ahead_seconds=3.0, unsure_seconds=1.0)
