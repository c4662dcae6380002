"""What recoveries come to, and what of it breaks a promise."""

from infra.chaos.healing import Healing, still_down, unhealed
from infra.chaos.killer import Strike
from infra.chaos.recovery import Recovery
from infra.chaos.result import Spread
from tests.infra.chaos.facts import second

HUNDRED = [1.0] * 98 + [2.9, 9.0]


def recovery(seconds, *, kind="work", service="cost_ledger", is_single=True) -> Recovery:
    return Recovery(service, kind, second(0), seconds, is_single, "r-1", "model.requested")


def healing(*seconds, **how) -> Healing:
    return Healing.of([recovery(one, **how) for one in seconds])


def test_the_p99_of_a_hundred_is_the_second_worst():
    assert Spread.of(HUNDRED).p99 == 2.9


def test_the_p99_of_fewer_is_the_worst():
    assert Spread.of([*HUNDRED[:50], 9.0]).p99 == 9.0


def test_what_is_quick_enough_and_often_enough_seen_breaks_nothing():
    assert unhealed(healing(*HUNDRED), {}, wanted=100) == []


def test_a_p99_past_the_limit_breaks_a_promise():
    [sentence] = unhealed(healing(*HUNDRED[:-2], 3.1, 3.1), {}, wanted=100)

    assert sentence == "slow: recovery p99 3.1 s, past 3.0 s"


def test_work_that_never_went_on_breaks_a_promise_also_in_mid_effect():
    never = healing(None, kind="mid_effect").never + healing(None).never

    assert len(never) == 2
    assert unhealed(healing(1.0, None), {}, wanted=1) == [
        "unrecovered: cost_ledger never went on with model.requested of r-1"
    ]


def test_what_nobody_settled_in_the_end_breaks_a_promise():
    assert unhealed(healing(1.0), {"cost_ledger": 2}, wanted=1) == [
        "unrecovered: 2 messages of cost_ledger"
    ]


def test_too_few_recoveries_prove_nothing():
    assert unhealed(healing(1.0), {}, wanted=2) == ["unproven: 1 of 2 recoveries were seen"]


def test_only_single_kills_are_of_the_figure_and_calls_in_mid_effect_are_of_none():
    found = Healing.of(
        [
            recovery(1.0),
            recovery(1.2, service="guardrail_checker"),
            recovery(40.0, is_single=False),
            recovery(8.0, kind="mid_effect"),
        ]
    )

    assert (found.single.count, found.single.max) == (2, 1.2)
    assert set(found.by_service) == {"cost_ledger", "guardrail_checker"}
    assert (found.under_fire.count, found.under_fire.max) == (1, 40.0)


def test_a_worker_that_did_not_come_back_is_named():
    back = Strike("cost_ledger", "cost_ledger", second(0), second(3), is_single=True)
    down = Strike("cost_ledger", "cost_ledger-2", second(9), is_single=True)
    under_fire = Strike("cost_ledger", "cost_ledger", second(9))

    assert still_down([back, down, under_fire]) == ["down: cost_ledger-2 did not hear again"]
