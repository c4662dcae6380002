"""A check always says something, in time, whatever happens to it."""

import asyncio
import threading

import pytest

from infra.doctor.check import Check, aside
from infra.doctor.errors import Unexaminable, UnknownGroup
from infra.doctor.examination import CHECKS, GROUPS, chosen, examine
from infra.doctor.finding import ok
from infra.doctor.installation import Installation


@pytest.fixture
def nothing(home):
    return Installation.found(home, {})


async def test_a_check_that_hangs_fails_at_its_limit(nothing):
    async def hang(_):
        await asyncio.sleep(60)

    [finding] = await Check("nats", hang, 0.05).findings(nothing)

    assert (finding.name, finding.state) == ("nats", "fail")
    assert "0.05 s" in finding.detail
    assert finding.remedy


def test_a_thread_that_hangs_holds_up_nobody_not_even_the_end_of_the_program(nothing):
    let_go, found = threading.Event(), []

    async def hang(_):
        await aside(let_go.wait)

    def program():
        found.extend(asyncio.run(Check("machine", hang, 0.05).findings(nothing)))

    running = threading.Thread(target=program)
    running.start()
    running.join(5)
    ended = not running.is_alive()
    let_go.set()
    running.join()

    assert ended
    assert [one.state for one in found] == ["fail"]


async def test_what_a_check_raises_is_a_finding(nothing):
    async def break_down(_):
        raise ZeroDivisionError("a mistake")

    [finding] = await Check("keys", break_down).findings(nothing)

    assert (finding.state, finding.detail) == ("fail", "ZeroDivisionError: a mistake")


async def test_what_cannot_be_looked_at_is_skipped_and_says_why(nothing):
    async def look(_):
        raise Unexaminable("nothing runs here")

    [finding] = await Check("nats", look).findings(nothing)

    assert (finding.state, finding.detail) == ("skipped", "nothing runs here")


async def test_what_is_done_aside_gives_its_result_or_its_error():
    assert await aside(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await aside(lambda: 1 / 0)


async def test_checks_run_side_by_side_and_are_told_in_their_order(nothing):
    met = asyncio.Barrier(2)

    async def meet(_):
        await met.wait()
        return [ok("met", "each waits for the other")]

    done = []
    groups = await examine(nothing, [Check("a", meet, 5), Check("b", meet, 5)], done.append)

    assert [group.name for group in groups] == ["a", "b"]
    assert sorted(done) == ["a", "b"]


def test_groups_are_chosen_by_name():
    assert [check.name for check in chosen(["keys", "nats"])] == ["keys", "nats"]
    assert chosen([]) == CHECKS


def test_an_unknown_group_is_told_with_those_that_exist():
    with pytest.raises(UnknownGroup, match="'natz': choose among machine, packages") as caught:
        chosen(["nats", "natz"])

    assert caught.value.unknown == ("natz",)
    assert all(name in str(caught.value) for name in GROUPS)


async def test_where_nothing_runs_nothing_fails_and_all_that_is_skipped_says_why(nothing):
    groups = await examine(nothing)

    findings = [one for group in groups for one in group.findings]
    assert [one for one in findings if one.state == "fail"] == []
    assert {group.name for group in groups if group.findings[0].state == "skipped"} == {
        *("keys", "nats", "permissions", "streams", "consumers"),
        *("storage", "postgres", "telemetry", "services"),
    }
    assert all(one.detail for one in findings)
