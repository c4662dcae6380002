"""Which finished runs are judged, with which chance; and rates that stay those of all runs."""

from datetime import timedelta
from decimal import Decimal

import pytest

from contracts.agent import Assigned
from contracts.evaluation import RunEvaluated
from contracts.guardrail import CheckFinding, ToolBlocked
from contracts.review import ReviewDecided, ReviewRequested
from contracts.run import RunCompleted, RunFailed
from contracts.scoring import Exact, Judged, StepsAtMost
from contracts.task import Checking, Judging, TaskSubmitted
from services.evaluator.handlers import BILLS_DELIVERIES, Desk, assess_run
from services.evaluator.sampling.config import load_watched
from services.evaluator.sampling.drawing import Watch, lot, risks, sample
from shared.bus import Heard
from shared.errors import Again, ConfigError
from shared.testing import MemoryBus
from tests.bodies import (
    NOON,
    agent,
    manifest,
    result_cleared,
    run_started,
    task_cleared,
    tool_escalated,
)
from tests.counting import counted
from tests.evaluator.scorers.runs import trial
from tests.histories import History

STEPS = StepsAtMost(steps=1)
RARE = Watch(rate=0.25, scorers=(STEPS,))


def ended(run_id="r-1", *, task=None, started=None, end=None, assigned=None):
    history = History(run_id=run_id)
    submitted = history.say(task or TaskSubmitted(agent="support", input="Where is it?"))
    cleared = history.say(task_cleared().model_copy(update={"assigned": assigned}), submitted)
    history.say(started or run_started(), cleared)
    history.step(text="Here.")
    history.say(end or RunCompleted(answer="Here.", steps=1), history.root)
    return history


def drawn(history, watch=RARE):
    return sample(history.run, {"support": watch})


def test_a_run_draws_the_same_lot_whoever_asks():
    assert lot(ended().run) == lot(ended().run)
    assert 0 <= lot(ended().run) < 1


def test_of_runs_without_a_risk_a_share_is_drawn_with_its_chance():
    found = [drawn(ended(f"r-{number}")) for number in range(2000)]

    chosen = [one for one in found if one is not None]
    assert len(chosen) == pytest.approx(500, abs=90)
    assert {one.chance for one in chosen} == {0.25}


@pytest.mark.parametrize(
    ("change", "watch", "risk"),
    [
        ({"end": RunFailed(rule="model_failed", reason="down")}, {}, "failed"),
        ({}, {"known_versions": ("another",)}, "new_version"),
    ],
)
def test_a_run_with_a_risk_is_always_drawn(change, watch, risk):
    never = Watch(rate=0, scorers=(STEPS,), **watch)
    history = ended(**change)

    assert list(risks(history.run, never)) == [risk]
    assert drawn(history, never).chance == 1.0
    assert drawn(history, never.model_copy(update={"always": ()})) is None


@pytest.mark.parametrize(("cost", "names"), [(299_999, []), (300_000, ["costly"])])
def test_a_run_is_costly_from_the_sum_that_is_named(cost, names):
    run = ended().run
    run.cost_micro_usd = cost

    assert list(risks(run, RARE.model_copy(update={"costly_usd": Decimal("0.3")}))) == names


def test_a_version_that_is_settled_and_a_cheap_run_are_no_risk():
    watch = Watch(
        rate=0,
        costly_usd=Decimal(1),
        known_versions=(run_started().agent_version,),
        scorers=(STEPS,),
    )

    assert drawn(ended(), watch) is None


@pytest.mark.parametrize(
    "change",
    [
        {"task": TaskSubmitted(agent="support", input="?", trial=trial(STEPS))},
        {"started": run_started().model_copy(update={"shadow": True})},
        {
            "task": TaskSubmitted(
                agent="support", input="?", judging=Judging(run_id="r", metric="m", judge="j")
            )
        },
        {
            "task": TaskSubmitted(
                agent="support", input="?", checking=Checking(run_id="r", check="c", fact="f")
            )
        },
    ],
    ids=["a trial", "a shadow", "a judge", "a check"],
)
def test_what_was_run_for_nobody_is_not_watched(change):
    assert drawn(ended(**change), Watch(rate=1, scorers=(STEPS,))) is None


def test_rates_by_weight_are_those_of_all_runs():
    """One run of ten fails and is always judged; unweighted, the rate would be far off."""
    watch = Watch(rate=0.1, scorers=(Exact(value="Here."),))
    failed = RunFailed(rule="model_failed", reason="down")
    samples = []
    for number in range(4000):
        history = ended(f"r-{number}", end=failed if number % 10 == 0 else None)
        found = drawn(history, watch)
        if found is not None:
            samples.append((number % 10 != 0, 1 / found.chance))

    weighted = sum(weight for passed, weight in samples if passed) / sum(w for _, w in samples)
    plain = sum(passed for passed, _ in samples) / len(samples)
    assert weighted == pytest.approx(0.9, abs=0.02)
    assert plain == pytest.approx(0.47, abs=0.06)


async def test_what_was_drawn_is_told_and_decides_nothing():
    bus = MemoryBus()
    runs = (ended(f"r-{number}") for number in range(100))
    history = next(one for one in runs if lot(one.run) < RARE.rate)
    bus.given(*history.facts)
    watch = RARE.model_copy(update={"scorers": (Exact(value="x"),)})
    scores = counted(
        "interlock_online_scores_total", agent="support", metric="exact", outcome="failed"
    )
    weight = counted(
        "interlock_online_weight_total", agent="support", metric="exact", outcome="failed"
    )

    await assess_run(Heard(history.facts[-1]), bus, Desk(watched={"support": watch}))

    told = bus.facts[-1].body
    assert isinstance(told, RunEvaluated)
    assert (told.passed, told.score) == (True, 1.0)
    last = told.assertions[-1]
    assert (last.name, last.passed, last.chance) == ("exact", False, 0.25)
    assert (scores.more, weight.more) == (1, 4)


async def test_a_run_that_may_be_costly_waits_for_its_bill_and_not_for_ever():
    whole = ended().facts
    unpaid = [one for one in whole if one.type != "money.settled"]
    watch = RARE.model_copy(update={"costly_usd": Decimal("0.3")})
    bus = MemoryBus()
    bus.given(*unpaid)

    with pytest.raises(Again):
        await assess_run(Heard(unpaid[-1]), bus, Desk(watched={"support": watch}))
    await assess_run(Heard(unpaid[-1], BILLS_DELIVERIES), bus, Desk(watched={"support": watch}))

    assert len(bus.bodies(RunEvaluated)) == 1


async def test_nobody_waits_for_a_bill_that_decides_nothing():
    unpaid = [one for one in ended().facts if one.type != "money.settled"]
    watch = RARE.model_copy(update={"costly_usd": Decimal("0.3"), "always": ("failed",)})
    bus = MemoryBus()
    bus.given(*unpaid)

    await assess_run(Heard(unpaid[-1]), bus, Desk(watched={"support": watch}))

    assert len(bus.bodies(RunEvaluated)) == 1


def asked_for_a_call():
    """A run, and the call that its model asks for."""
    history = History()
    cleared = history.say(
        task_cleared(), history.say(TaskSubmitted(agent="support", input="Where?"))
    )
    history.say(run_started(manifest()), cleared)
    return history, history.call(history.step(calls=[("find_order", "{}")]))


def test_a_refused_call_is_a_risk():
    history, asked = asked_for_a_call()
    history.say(
        ToolBlocked(call="1-1", attempt=1, rule="denied", reason="no", policy_version="p"), asked
    )

    assert list(risks(history.run, RARE)) == ["refused"]


def test_a_call_that_is_left_to_a_person_is_a_risk():
    history, asked = asked_for_a_call()
    history.say(tool_escalated(asked.body), asked)

    assert list(risks(history.run, RARE)) == ["escalated"]


@pytest.mark.parametrize(("severity", "found"), [("redact", ["redacted"]), ("note", [])])
def test_a_gate_that_takes_something_out_is_a_risk_and_one_that_notes_it_is_none(severity, found):
    history, asked = asked_for_a_call()
    outcome = history.run_tool(history.clear(asked))
    seen = CheckFinding(check="pii", severity=severity, rule="email", reason="an address")
    history.say(result_cleared("1-1").model_copy(update={"findings": (seen,)}), outcome)

    assert list(risks(history.run, RARE)) == found


@pytest.mark.parametrize(
    ("outcome", "found"),
    [
        ("approved", ["escalated"]),
        ("edited", ["escalated", "edited"]),
        ("rejected", ["escalated", "edited"]),
        ("responded", ["escalated", "edited"]),
    ],
)
def test_a_run_that_a_person_changed_is_a_risk(outcome, found):
    history, asked = asked_for_a_call()
    escalated = history.say(tool_escalated(asked.body), asked)
    of = {"review_id": "1-1-1", "arguments_sha256": asked.body.arguments_sha256}
    question = ReviewRequested(
        **of,
        about="call",
        call="1-1",
        attempt=1,
        tool="find_order",
        arguments_json="{}",
        roles=("lead",),
        reason="large",
        expires_at=NOON + timedelta(hours=2),
    )
    decided = ReviewDecided(**of, outcome=outcome)
    history.say(decided, history.say(question, escalated))

    assert list(risks(history.run, RARE)) == found


@pytest.mark.parametrize(
    ("label", "found"),
    [("canary", ["new_version"]), ("staging", ["new_version"]), ("production", [])],
)
def test_a_version_that_is_not_productions_is_news_without_a_list(label, found):
    history = ended(assigned=Assigned(label=label, version="0123456789ab", chance=0.5))

    assert list(risks(history.run, RARE)) == found
    listed = RARE.model_copy(update={"known_versions": (run_started().agent_version,)})
    assert list(risks(history.run, listed)) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("agents: {nobody: {rate: 1, scorers: [{kind: steps_at_most, steps: 1}]}}", "no agent"),
        ("agents: {support: {rate: 2, scorers: [{kind: steps_at_most, steps: 1}]}}", "rate"),
        ("agents: {support: {rate: 1, scorers: []}}", "scorers"),
        (
            "agents: {support: {rate: 1, scorers: [{kind: judged, by: x, question: Is it}]}}",
            "no jury is named 'x'",
        ),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_place(tmp_path, text, why):
    (tmp_path / "online.yaml").write_text(text)

    with pytest.raises(ConfigError, match=why):
        load_watched(tmp_path, {"support": agent()}, {})


def test_without_the_file_nothing_is_watched(tmp_path):
    assert load_watched(tmp_path, {}, {}) == {}


def test_a_judged_scorer_is_taken(tmp_path):
    asked = Judged(by="panel", question="Is it true?")

    assert Watch(rate=0.1, scorers=(asked,)).scorers == (asked,)
