"""A redrive: the named service handles a fact again that it had given up on, and nobody else."""

import pytest

from contracts.run import RunRedriven
from contracts.subjects import CONSOLE, GUARDRAIL, LEDGER, ORCHESTRATOR
from shared.bus import Heard
from shared.errors import Again, LogUnavailable
from tests.bodies import task_cleared
from tests.integration.bus.scene import listen, submit
from tests.integration.eventually import eventually
from tests.integration.nats_platform import DELIVERIES

SUBMITTED = "task.submitted"


class Broken:
    """A handler that fails until it is mended."""

    def __init__(self) -> None:
        self.mended = False
        self.heard: list[Heard] = []
        self.handled: list[Heard] = []

    async def __call__(self, heard: Heard) -> None:
        self.heard.append(heard)
        if not self.mended:
            raise Again("broken")
        self.handled.append(heard)


def redriven(fact, service=GUARDRAIL, sequence=0, nonce="n"):
    return RunRedriven(
        service=service, sequence=sequence or fact.sequence, principal="anna", nonce=nonce
    )


@pytest.fixture
def few_deliveries(monkeypatch):
    monkeypatch.setattr("shared.delivery.Patience.is_last", lambda _, n: n >= DELIVERIES)


@pytest.fixture
async def given_up(nats_platform, few_deliveries):
    """A submission that the guardrail could not handle; gives it, and its mended handler."""
    broken = Broken()
    core = await nats_platform.connect(GUARDRAIL)
    await nats_platform.hear(core, GUARDRAIL, {SUBMITTED: broken}, cap_seconds=0.01)
    submitted = await submit(nats_platform)
    await eventually(nats_platform.dead_letters)
    broken.mended = True
    return submitted, broken


async def test_a_redriven_fact_is_handled_again_as_it_was(nats_platform, given_up):
    submitted, broken = given_up
    console = await nats_platform.connect(CONSOLE)

    await console.bus.say(submitted, redriven(submitted))

    await eventually(lambda: broken.handled)
    [heard] = broken.handled
    assert (heard.fact.id, heard.fact.type) == (submitted.id, SUBMITTED)
    assert heard.fact.sequence == submitted.sequence
    assert not heard.last
    # It was delivered before, so that whoever hears it reads its run to the end.
    assert heard.delivery == 2


async def test_what_followed_meanwhile_is_folded_before_a_redriven_fact_is_acted_upon(
    nats_platform, given_up
):
    submitted, broken = given_up
    console, guardrail = [await nats_platform.connect(name) for name in (CONSOLE, GUARDRAIL)]
    await guardrail.bus.run(Heard(submitted))
    other = await nats_platform.connect(GUARDRAIL)
    await other.bus.say(submitted, task_cleared())

    await console.bus.say(submitted, redriven(submitted))

    await eventually(lambda: broken.handled)
    assert (await guardrail.bus.run(broken.handled[0])).verdict is not None


async def test_a_redrive_is_heard_by_the_service_that_it_names_alone(nats_platform, given_up):
    submitted, broken = given_up
    orchestrator = await nats_platform.connect(ORCHESTRATOR)
    ear = await listen(nats_platform, orchestrator, ORCHESTRATOR)
    await eventually(lambda: ear.types == [SUBMITTED])
    console = await nats_platform.connect(CONSOLE)

    await console.bus.say(submitted, redriven(submitted, ORCHESTRATOR))

    await eventually(lambda: ear.types == [SUBMITTED, SUBMITTED])
    assert broken.handled == []
    run = await orchestrator.bus.read("acme", "r-1")
    assert run.status == "submitted"


async def test_a_redrive_that_fails_again_leaves_a_letter_of_its_own_about_the_fact(
    nats_platform, given_up
):
    submitted, broken = given_up
    broken.mended = False
    console = await nats_platform.connect(CONSOLE)
    tried = len(broken.heard)

    redrive = await console.bus.say(submitted, redriven(submitted))

    async def two() -> bool:
        return len(await nats_platform.dead_letters()) == 2

    await eventually(two)
    first, second = await nats_platform.dead_letters()
    assert len(broken.heard) >= tried + DELIVERIES
    assert (first["redrive"], second["redrive"]) == (0, redrive.sequence)
    for name in ("subject", "sequence", "rule", "body"):
        assert first[name] == second[name]


async def test_a_redrive_whose_fact_cannot_be_read_is_tried_again_and_then_put_aside(
    nats_platform, given_up, monkeypatch
):
    submitted, broken = given_up
    asked: list[int] = []

    async def away(reader, sequence: int) -> None:
        asked.append(sequence)
        raise LogUnavailable("RUNS", 0, "away")

    monkeypatch.setattr("shared.direct.DirectReader.at", away)
    console = await nats_platform.connect(CONSOLE)

    redrive = await console.bus.say(submitted, redriven(submitted))

    async def two() -> bool:
        return len(await nats_platform.dead_letters()) == 2

    await eventually(two)
    letter = (await nats_platform.dead_letters())[-1]
    assert set(asked) == {submitted.sequence}
    assert len(asked) >= DELIVERIES
    assert (letter["rule"], letter["sequence"]) == ("handler_failed", redrive.sequence)
    assert broken.handled == []


@pytest.mark.parametrize(
    ("sequence", "reason"),
    [(99, "the log has no message 99"), (2, "is not the fact that caused it")],
    ids=["gone", "another"],
)
async def test_a_redrive_that_names_nothing_it_may_is_put_aside(
    nats_platform, given_up, sequence, reason
):
    submitted, broken = given_up
    other = await submit(nats_platform, "r-2")
    await eventually(lambda: [one.fact.run_id for one in broken.handled] == ["r-2"])
    assert other.sequence == 2
    console = await nats_platform.connect(CONSOLE)

    await console.bus.say(submitted, redriven(submitted, sequence=sequence))

    async def unfit() -> bool:
        return "redrive_unfit" in [one["rule"] for one in await nats_platform.dead_letters()]

    await eventually(unfit)
    assert reason in (await nats_platform.dead_letters())[-1]["reason"]
    assert len(broken.handled) == 1


async def test_a_service_is_not_made_to_handle_what_it_does_not_hear(nats_platform):
    ledger, console = [await nats_platform.connect(name) for name in (LEDGER, CONSOLE)]
    ear = await listen(nats_platform, ledger, LEDGER)
    submitted = await submit(nats_platform)

    await console.bus.say(submitted, redriven(submitted, LEDGER))

    await eventually(nats_platform.dead_letters)
    [letter] = await nats_platform.dead_letters()
    assert letter["rule"] == "redrive_unfit"
    assert "does not hear task.submitted" in letter["reason"]
    assert ear.facts == []
