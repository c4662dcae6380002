"""Which durability mode runs, as the servers themselves tell it."""

import nats
import pytest

from infra.doctor.durability import check_durability, judge_durability
from infra.doctor.installation import (
    DURABILITY_VARIABLE,
    MONITORING_VARIABLE,
    Installation,
)
from infra.platform.attestation import (
    PROMISES,
    REMEDIES,
    Copies,
    NodeReport,
    Unattested,
    attest,
    judge,
)
from infra.platform.nats import Durability, NatsServer
from infra.platform.processes import Supervisor
from infra.streams import ensure_streams

FAST, DURABLE, REPLICATED = Durability
URLS = [f"http://node-{number}:8222" for number in (1, 2, 3)]


def node(url=URLS[0], *, flushes=True, led=()) -> NodeReport:
    return NodeReport(url, flushes, 120.0, dict(led))


def three(copies: Copies, *, flushes=(True, True, True)) -> list[NodeReport]:
    led = [{"RUNS": copies}, {"TIMERS": copies}, {}]
    return [
        node(url, flushes=each, led=one) for url, each, one in zip(URLS, flushes, led, strict=True)
    ]


def test_every_mode_has_a_promise_and_a_way_to_reach_it():
    assert set(PROMISES) == set(REMEDIES) == set(Durability)


@pytest.mark.parametrize(("flushes", "mode"), [(False, FAST), (True, DURABLE)])
def test_one_node_is_durable_only_if_it_flushes_every_write(flushes, mode):
    assert judge([node(flushes=flushes, led={"RUNS": Copies(1, 1)})]).mode is mode


def test_three_nodes_that_all_flush_with_three_copies_are_replicated():
    found = judge(three(Copies(3, 3)))

    assert (found.mode, found.shortfalls) == (REPLICATED, ())
    assert "one machine" not in found.detail


def test_one_node_of_three_that_does_not_flush_makes_all_of_them_fast():
    found = judge(three(Copies(3, 3), flushes=(True, True, False)))

    assert found.mode is FAST
    assert "flushed every 120 s" in found.detail


def test_three_nodes_with_one_copy_are_no_more_than_durable():
    assert judge(three(Copies(1, 1))).mode is DURABLE


def test_one_stream_with_a_single_copy_is_enough_to_be_no_more_than_durable():
    nodes = [
        node(URLS[0], led={"RUNS": Copies(3, 3)}),
        node(URLS[1], led={"TIMERS": Copies(1, 1)}),
        node(URLS[2]),
    ]

    assert judge(nodes).mode is DURABLE


def test_nodes_that_were_not_asked_are_not_vouched_for():
    assert judge([node(led={"RUNS": Copies(3, 3)})]).mode is DURABLE


def test_a_copy_that_lags_is_told():
    found = judge(three(Copies(3, 2)))

    assert found.mode is REPLICATED
    assert found.shortfalls == (
        "RUNS has 2 of 3 copies that are current",
        "TIMERS has 2 of 3 copies that are current",
    )


def test_nodes_on_one_machine_are_told():
    nodes = [node(f"http://127.0.0.1:{port}", led={"RUNS": Copies(3, 3)}) for port in (1, 2, 3)]

    assert "all on one machine" in judge(nodes).detail


def test_without_the_leader_of_the_log_nothing_is_attested():
    with pytest.raises(Unattested, match="leads the stream RUNS"):
        judge([node()])


@pytest.mark.parametrize("mode", [FAST, DURABLE])
async def test_a_real_server_is_attested_for_what_it_is(home, mode):
    server = NatsServer(home, port=0, monitoring_port=0, durability=mode)
    async with Supervisor(lambda _: None) as supervisor:
        await server.start(supervisor)
        async with await nats.connect(server.url) as client:
            await ensure_streams(client.jetstream())

        found = await attest([server.monitoring_url])

    assert (found.mode, found.shortfalls) == (mode, ())


async def test_a_claim_that_the_server_does_not_meet_fails_with_what_to_do(home):
    server = NatsServer(home, port=0, monitoring_port=0)
    async with Supervisor(lambda _: None) as supervisor:
        await server.start(supervisor)
        async with await nats.connect(server.url) as client:
            await ensure_streams(client.jetstream())

        claim = {
            DURABILITY_VARIABLE: "durable",
            MONITORING_VARIABLE: server.monitoring_url,
        }
        finding = await check_durability(Installation.found(home, claim))

    assert finding.state == "fail"
    assert finding.detail.startswith("durable is claimed, and what runs is fast")
    assert "sync_interval: always" in finding.remedy


async def test_a_server_that_does_not_answer_is_not_attested(home):
    environment = {MONITORING_VARIABLE: "http://127.0.0.1:9"}

    finding = await check_durability(Installation.found(home, environment))

    assert finding.state == "fail"
    assert "http://127.0.0.1:9" in finding.detail


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"INTERLOCK_DURABILITY": "durable"}, "no server is known to attest it"),
        (
            {"INTERLOCK_DURABILITY": "eternal", "INTERLOCK_NATS_MONITORING_URL": "http://a"},
            "eternal",
        ),
    ],
)
async def test_a_claim_that_cannot_be_looked_at_fails(home, environment, said):
    finding = await check_durability(Installation.found(home, environment))

    assert (finding.state, said in finding.detail) == ("fail", True)


async def test_where_nothing_runs_and_nothing_is_claimed_the_default_is_told(home):
    finding = await check_durability(Installation.found(home, {}))

    assert finding.state == "warn"
    assert PROMISES[FAST] in finding.detail


@pytest.mark.parametrize("found", list(Durability))
@pytest.mark.parametrize("claimed", list(Durability))
def test_a_stronger_mode_meets_a_weaker_claim_and_never_the_other_way(claimed, found):
    reports = {
        FAST: [node(flushes=False, led={"RUNS": Copies(1, 1)})],
        DURABLE: [node(led={"RUNS": Copies(1, 1)})],
        REPLICATED: three(Copies(3, 3)),
    }[found]

    finding = judge_durability(claimed, judge(reports))

    modes = list(Durability)
    assert (finding.state == "fail") == (modes.index(claimed) > modes.index(found))
    assert finding.remedy or finding.state == "ok"
