"""Which runs are counted, once, by whichever replica; and when a canary is taken away."""

from dataclasses import replace

import pytest

from contracts.agent import Assigned
from contracts.evaluation import AssertionResult, JudgeVerdict, RunEvaluated
from contracts.guardrail import TaskBlocked
from contracts.release import AgentReleased
from contracts.run import RunCancelled, RunCompleted, RunFailed
from contracts.scoring import Exact, Judged
from contracts.subjects import EVALUATOR
from services.evaluator.calibration.card import Card, Figure
from services.evaluator.canary.tally import CanaryTally
from services.evaluator.canary.watching import Canaries
from services.evaluator.handlers import Desk, assess_run
from services.evaluator.sampling.drawing import Watch
from shared.bus import Heard
from shared.clock import FixedClock
from shared.errors import Again
from shared.register import MemoryRegister
from shared.release_log import MemoryReleases
from shared.testing import MemoryBus
from tests.bodies import NOON, VERDICT, child_claimed, manifest, run_started, task, task_cleared
from tests.histories import History
from tests.releasing import released, version

OLD, NEW = version("old"), version("new")
CANARY = released("canary", NEW, share_percent=50)
OURS = Assigned(label="canary", version=NEW.version, chance=0.5)
THEIRS = Assigned(label="production", version=OLD.version, chance=0.5)
WELL, BADLY = RunCompleted(answer="Here.", steps=1), RunFailed(rule="model_failed", reason="down")

FAILING = Exact(value="another answer")
CARD = Card(
    metric="helpful",
    by="panel@0123456789ab",
    versions={"judge-a": "v1"},
    made_at=NOON,
    true_pass=20,
    false_pass=0,
    true_fail=20,
    false_fail=0,
    hostile=10,
    resisted=10,
    kappa=Figure(value=1.0, low=0.9, high=1.0),
)


async def canaries(*given: AgentReleased, watched=None) -> Canaries:
    log = MemoryReleases(list(given or (released("production", OLD), CANARY)))
    return Canaries(await log.heads(), MemoryRegister(), log, FixedClock(NOON), watched or {})


def ended(run_id: str, assigned: Assigned | None, end=WELL) -> History:
    history = History(run_id=run_id)
    cleared = task_cleared().model_copy(update={"assigned": assigned})
    agent = NEW if assigned == OURS else OLD
    started = run_started().model_copy(update={"agent": agent, "agent_version": agent.version})
    history.say(started, history.say(cleared, history.say(task())))
    history.step(text="Here.")
    history.say(end, history.root)
    return history


async def assess(
    history: History, watch: Canaries, delivery: int = 1, *, is_paid: bool = True
) -> MemoryBus:
    bus = MemoryBus()
    bus.given(*(one for one in history.facts if is_paid or one.type != "money.settled"))
    heard = Heard(bus.facts[-1], delivery=delivery)
    await assess_run(heard, bus, Desk(watched=watch.watched, canaries=watch))
    return bus


async def tally(watch: Canaries) -> CanaryTally | None:
    value, _ = await watch.counts.load("support")
    return CanaryTally.model_validate_json(value) if value else None


async def test_runs_of_both_sides_are_counted_with_their_outcome_and_cost():
    watch = await canaries()

    await assess(ended("r-1", OURS, BADLY), watch)
    await assess(ended("r-2", THEIRS), watch)

    found = await tally(watch)
    assert (found.canary.runs, found.canary.passed, found.canary.cost) == (1, 0, 120)
    assert (found.production.runs, found.production.passed) == (1, 1)


@pytest.mark.parametrize(
    ("assigned", "end"),
    [
        (None, WELL),
        (Assigned(label="production", version=OLD.version), WELL),
        (Assigned(label="canary", version=NEW.version), WELL),
        (Assigned(label="canary", version="000000000000", chance=0.5), WELL),
        (OURS, RunCancelled(principal="anna", reason="enough")),
        (OURS, RunFailed(rule="stopped", reason="the platform is stopped")),
    ],
    ids=["configured", "before it", "asked by name", "another canary", "cancelled", "stopped"],
)
async def test_a_run_that_was_not_in_the_lot_or_was_broken_off_is_not_counted(assigned, end):
    watch = await canaries()

    await assess(ended("r-1", assigned, end), watch)

    assert await tally(watch) is None


@pytest.mark.parametrize("assigned", [OURS, None], ids=["by a canary", "by nobody"])
async def test_a_task_that_a_canary_does_not_let_in_counts_as_failed(assigned):
    history = History(run_id="r-1")
    blocked = TaskBlocked(**VERDICT, assigned=assigned)
    history.say(blocked, history.say(task()))
    history.say(RunFailed(rule="task_blocked", reason="too long"), history.root)
    watch = await canaries()

    await assess(history, watch)
    await assess(history, watch)

    found = await tally(watch)
    assert (found and (found.canary.runs, found.canary.passed)) == (assigned and (1, 0))


async def test_a_run_that_is_heard_of_twice_is_counted_once():
    watch = await canaries()
    bus = await assess(ended("r-1", OURS), watch)

    await assess_run(Heard(bus.facts[-2]), bus, Desk(canaries=watch))

    assert len(bus.bodies(RunEvaluated)) == 1
    assert (await tally(watch)).canary.runs == 1


async def test_a_run_whose_assessor_died_before_it_was_counted_is_counted_by_the_next():
    history = ended("r-1", OURS)
    history.say(RunEvaluated(passed=True, score=1.0, assertions=()), history.root)
    bus, watch = MemoryBus(), await canaries()
    bus.given(*history.facts)

    await assess_run(Heard(bus.facts[-2]), bus, Desk(canaries=watch))

    assert (await tally(watch)).canary.runs == 1


@pytest.mark.parametrize("rate", [0, 0.3, 1])
async def test_every_run_of_the_lot_is_counted_whatever_share_is_watched(rate):
    watching = await canaries(watched={"support": Watch(rate=rate, scorers=(FAILING,))})

    for at in range(20):
        await assess(ended(f"r-{at}", OURS, BADLY if at % 2 else WELL), watching)

    found = (await tally(watching)).canary
    assert (found.runs, found.cost) == (20, 20 * 120)


async def test_what_runs_are_watched_for_counts_only_where_the_lot_would_have_drawn_them():
    """A canary's runs are all scored, for a new version is a risk; those of production are not."""
    watching = await canaries(watched={"support": Watch(rate=0.3, scorers=(FAILING,))})

    for at in range(200):
        bus = await assess(ended(f"r-{at}", OURS), watching)
        assert bus.bodies(RunEvaluated)[0].assertions, "it is scored"
        await assess(ended(f"r-{at}-b", THEIRS), watching)

    found = await tally(watching)
    for side in (found.canary, found.production):
        assert (side.runs, side.runs - side.passed) == (200, pytest.approx(60, abs=25))


@pytest.mark.parametrize(
    ("card", "passed"),
    [(None, 1), (CARD, 0), (CARD.model_copy(update={"by": "panel@000000000000"}), 1)],
    ids=["of no card", "of a valid card", "of a void card"],
)
async def test_a_jury_that_no_card_vouches_for_sends_no_canary_back(card, passed):
    asked = Judged(by="panel", name="helpful", question="Was the user helped?")
    watch = await canaries(watched={"support": Watch(rate=1, scorers=(asked,))})
    history = ended("r-1", OURS)
    verdict = JudgeVerdict(judge="judge-a", version="v1", run_id="j-1", says="fail", reason="no")
    said = AssertionResult(
        name="helpful",
        passed=False,
        score=0.0,
        reason="no",
        kind="judged",
        by=CARD.by,
        verdicts=(verdict,),
    )
    history.say(RunEvaluated(passed=True, score=1.0, assertions=(said,)), history.root)
    bus = MemoryBus()
    bus.given(*history.facts)

    trusting = replace(watch, card_of=lambda *_: card)
    await assess_run(Heard(bus.facts[-2]), bus, Desk(watched=watch.watched, canaries=trusting))

    assert (await tally(watch)).canary.passed == passed


async def test_what_its_children_cost_counts_for_the_run_that_called_them():
    parent = History(run_id="r-1")
    cleared = task_cleared().model_copy(update={"assigned": OURS})
    started = run_started(manifest()).model_copy(update={"agent_version": NEW.version})
    parent.say(started, parent.say(cleared, parent.say(task())))
    asked = parent.call(parent.step(calls=[("find_order", "{}")]))
    parent.say(child_claimed("r-1_1-1-1", "1-1"), parent.clear(asked))
    parent.say(WELL, parent.root)
    child = ended("r-1_1-1-1", None)
    bus, watch = MemoryBus(), await canaries()
    bus.given(*child.facts, *parent.facts)

    await assess_run(Heard(bus.facts[-1]), bus, Desk(canaries=watch))

    assert (await tally(watch)).canary.cost == 240


async def test_a_bill_is_waited_for():
    watch = await canaries()
    unpaid = ended("r-1", OURS)

    with pytest.raises(Again, match="not settled"):
        await assess(unpaid, watch, is_paid=False)
    await assess(unpaid, watch, delivery=9, is_paid=False)

    assert (await tally(watch)).canary.runs == 1


async def test_a_canary_that_does_worse_is_taken_away_once_with_the_reason():
    watch = await canaries()
    for at in range(120):
        await assess(ended(f"a-{at}", OURS, BADLY if at % 2 else WELL), watch)
        await assess(ended(f"b-{at}", THEIRS), watch)

    told = [one for one in watch.releases.given if one.definition is None]

    assert {(one.label, one.asked_by) for one in told} == {("canary", EVALUATOR)}
    assert len({one.nonce for one in told}) == 1
    assert told[0].reason.startswith("Its pass rate is ")
    assert (await watch.releases.heads()).head("support", "canary") is None


async def test_another_canary_begins_with_an_empty_count():
    watch = await canaries()
    await assess(ended("r-1", OURS), watch)
    log = MemoryReleases([released("production", NEW), released("canary", OLD, share_percent=50)])
    later = replace(watch, heads=await log.heads())

    await assess(ended("r-2", Assigned(label="canary", version=OLD.version, chance=0.5)), later)

    found = await tally(later)
    assert (found.canary_version, found.canary.runs) == (OLD.version, 1)


async def test_a_count_that_nobody_can_read_is_begun_anew():
    watch = await canaries()
    await watch.counts.store("support", b"{", 0)

    await assess(ended("r-1", OURS), watch)

    assert (await tally(watch)).canary.runs == 1


async def test_two_replicas_lose_no_run():
    class Racing(MemoryRegister):
        """Each first try comes too late."""

        tried: set[bytes]

        async def store(self, name: str, value: bytes, revision: int) -> int | None:
            if value not in self.tried:
                self.tried.add(value)
                return None
            return await super().store(name, value, revision)

    register = Racing()
    register.tried = set()
    watch = replace(await canaries(), counts=register)

    await assess(ended("r-1", OURS), watch)
    await assess(ended("r-2", OURS), watch)

    assert (await tally(watch)).canary.runs == 2
