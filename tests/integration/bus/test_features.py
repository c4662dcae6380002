"""What the engine offers to whoever asks, tried with every credential: none gives a forged fact.

Whatever a user may ask of the engine is asked with its answer aimed at a run: the engine stores it
there. Headers that make the engine write or wipe, ids of others, and consumers are tried as well.
"""

import json

import pytest
from nats.aio.client import Client
from nats.js.errors import APIError

from contracts.guardrail import TaskBlocked, TaskCleared
from contracts.subjects import FACTS, ORCHESTRATOR, RUNS, FactKind
from infra.generate.permissions import INFRA, USERS, users
from tests.bodies import VERDICT, task_cleared
from tests.integration.bus.scene import Scene, stored_subjects
from tests.integration.eventually import eventually

BLOCKED = TaskBlocked(**VERDICT)
PLACE = "run.acme.r-1.task.blocked"
# Whoever makes the streams may do anything to them; nobody works under it.
THIEVES = [name for name in USERS if name != INFRA]
# Who may purge a stream may empty it, and gets a count for an answer: nothing to aim.
POWERS = (".PURGE.", "$JS.ACK.")
WRITING = {
    "schedule": {"Nats-Schedule": "@at 2026-01-01T00:00:00Z", "Nats-Schedule-Target": PLACE},
    "rollup_of_all": {"Nats-Rollup": "all"},
    "rollup_of_a_subject": {"Nats-Rollup": "sub"},
}
MANAGING = (
    "CONSUMER.CREATE.RUNS.spy",
    "CONSUMER.CREATE.RUNS.spy.run.beta.>",
    "CONSUMER.DURABLE.CREATE.RUNS.spy",
    "CONSUMER.DURABLE.CREATE.RUNS.orchestrator",
    "CONSUMER.CREATE.RUNS.orchestrator",
    "CONSUMER.DELETE.RUNS.orchestrator",
    "CONSUMER.PAUSE.RUNS.orchestrator",
    "CONSUMER.RESET.RUNS.orchestrator",
    "STREAM.CREATE.SPY",
    "STREAM.UPDATE.RUNS",
    "STREAM.DELETE.RUNS",
    "STREAM.MSG.DELETE.RUNS",
    "STREAM.RESTORE.RUNS",
    "STREAM.SNAPSHOT.RUNS",
)


def own_of(thief: str) -> FactKind:
    return next(one for one in FACTS if thief in (one.owner, *one.also) and not one.keyed)


def bait_of(thief: str) -> str:
    """A place in a run of nobody where the thief may say something."""
    return f"run.acme.bait.{own_of(thief).type}"


def questions_of(thief: str) -> list[str]:
    """Every subject of the engine that the thief may ask on, with one value for each wildcard."""
    user = next(one for one in users() if one.name == thief)
    asked = (one for one in user.publish if one.startswith("$JS.API."))
    plain = (one.replace(".>", f".{bait_of(thief)}") for one in asked)
    return [
        one.replace(".*", f".{ORCHESTRATOR}")
        for one in plain
        if not any(power in one for power in POWERS)
    ]


def payloads(sequence: int, bait: str) -> list[bytes]:
    """What is asked: for one message, for several, for the next of a consumer."""
    asked = (
        {"seq": sequence},
        {"last_by_subj": bait},
        {"seq": sequence, "next_by_subj": bait, "batch": 1},
        {"multi_last": [bait]},
        {"batch": 1, "no_wait": True},
    )
    return [b"", *(json.dumps(one).encode() for one in asked)]


async def lay_bait(scene: Scene, stolen: Client, thief: str) -> int:
    """What a guardrail would have said, where the thief may say something; its sequence."""
    forged = scene.forge(BLOCKED)
    ack = await stolen.jetstream().publish(bait_of(thief), forged.body, headers=forged.headers)
    return ack.seq


async def assert_believed_is_the_owner_alone(scene: Scene) -> None:
    """The guardrail clears the task, everybody hears that, and nothing else of this run."""
    said = await scene.guardrail.bus.say(scene.submitted, task_cleared())

    await eventually(lambda: "task.cleared" in scene.ear.types)
    heard = {fact.type for fact in scene.ear.facts if fact.run_id == "r-1"}
    run = await scene.orchestrator.bus.read("acme", "r-1")
    assert heard == {"task.submitted", "task.cleared"}
    assert (run.verdict.id, run.end) == (said.id, None)
    assert isinstance(run.verdict.body, TaskCleared)


@pytest.mark.parametrize("thief", THIEVES)
async def test_no_answer_of_the_engine_is_a_fact_whoever_aims_it(scene, thief):
    stolen = await scene.platform.client(thief)
    sequence = await lay_bait(scene, stolen, thief)

    for subject in questions_of(thief):
        for payload in payloads(sequence, bait_of(thief)):
            await stolen.publish(subject, payload, reply=PLACE)
    # The acknowledgement of a publish is an answer too.
    await stolen.publish(bait_of(thief), b"{}", reply=PLACE)
    await stolen.flush()

    async def landed() -> bool:
        return PLACE in await stored_subjects(scene)

    await eventually(landed)
    await assert_believed_is_the_owner_alone(scene)


@pytest.mark.parametrize("thief", THIEVES)
async def test_no_header_makes_the_engine_write_or_wipe(scene, thief):
    stolen = await scene.platform.client(thief)
    await lay_bait(scene, stolen, thief)
    before = await stored_subjects(scene)

    for headers in WRITING.values():
        with pytest.raises(APIError, match=r"schedule|rollup"):
            await stolen.jetstream().publish(
                bait_of(thief), scene.forge(BLOCKED).body, headers=headers
            )

    assert await stored_subjects(scene) == before
    await assert_believed_is_the_owner_alone(scene)


@pytest.mark.parametrize("thief", THIEVES)
async def test_no_squatted_id_keeps_an_owner_from_saying(scene, thief):
    stolen = await scene.platform.client(thief)
    squatted = {"Nats-Msg-Id": f"{scene.submitted.id}:verdict"}

    await stolen.jetstream().publish(bait_of(thief), b"{}", headers=squatted)

    await assert_believed_is_the_owner_alone(scene)


@pytest.mark.parametrize("thief", THIEVES)
async def test_nobody_makes_changes_or_takes_away_consumers_and_streams(scene, thief):
    stolen, js = await scene.platform.client(thief), await scene.platform.jetstream()
    before = await js.consumer_info(RUNS, ORCHESTRATOR)

    for verb in MANAGING:
        await stolen.publish(f"$JS.API.{verb}", b"{}")
    await stolen.flush()

    await eventually(lambda: len(scene.platform.refusals) >= len(MANAGING))
    names = {one.name for one in await js.consumers_info(RUNS)}
    after = await js.consumer_info(RUNS, ORCHESTRATOR)
    assert "spy" not in names
    assert (after.created, after.config) == (before.created, before.config)
    await assert_believed_is_the_owner_alone(scene)


async def test_a_timer_of_the_orchestrator_fires_at_no_run(scene):
    """It alone may set schedules, on a stream that stores no facts."""
    stolen = await scene.platform.client(ORCHESTRATOR)

    with pytest.raises(APIError, match="schedule"):
        await stolen.jetstream().publish(
            "timer.set.acme.r-1.x", scene.forge(BLOCKED).body, headers=WRITING["schedule"]
        )

    await assert_believed_is_the_owner_alone(scene)
    assert PLACE not in await stored_subjects(scene)
