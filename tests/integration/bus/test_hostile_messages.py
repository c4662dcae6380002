"""Messages made to break whoever reads them: nothing is believed, and the next is heard."""

import asyncio

import pytest

from contracts.guardrail import TaskBlocked
from contracts.subjects import CONSOLE, EXECUTOR, GUARDRAIL, ORCHESTRATOR, PRODUCER, ROUTER
from shared.bus import Heard
from tests.bodies import VERDICT, task_cleared
from tests.integration.bus.scene import publish_raw, submit
from tests.integration.eventually import eventually

BLOCKED = TaskBlocked(**VERDICT)
PLACE = "run.acme.r-1.task.blocked"

PROBE = b"are you there?"


@pytest.mark.parametrize(
    ("rule", "changes", "body"),
    [
        ("type_mismatch", {"ce_type": "task.cleared"}, None),
        ("id_mismatch", {"ce_id": "acme/r-1:other"}, None),
        ("id_mismatch", {"ce_causeid": "acme/r-2"}, None),
        ("unknown_version", {"ce_schemaversion": "99"}, None),
        ("bad_time", {"ce_time": "yesterday"}, None),
        ("bad_body", {}, b"{not json"),
        ("bad_body", {}, b"[" * 100_000),
        ("bad_body", {"Status": "404", "Description": "No Messages"}, b""),
        ("bad_body", {"Status": "100"}, b""),
        ("bad_body", {"Nats-Sequence": "1", "Nats-Num-Pending": "-"}, b"\xff\xfe"),
    ],
)
async def test_an_ill_fitting_message_is_put_aside_with_its_reason(scene, rule, changes, body):
    owner = await scene.platform.client(GUARDRAIL)
    forged = scene.forge(BLOCKED, **changes)

    await owner.jetstream().publish(
        PLACE, forged.body if body is None else body, headers=forged.headers
    )

    await eventually(scene.platform.dead_letters)
    await scene.assert_unharmed(rule)


async def test_a_message_that_looks_like_a_status_does_not_cut_a_run_short(scene):
    owner = await scene.platform.client(GUARDRAIL)
    forged = scene.forge(BLOCKED, Status="204", Description="EOB", ce_id="x")
    await owner.jetstream().publish(PLACE, b"", headers=forged.headers)

    await scene.guardrail.bus.say(scene.submitted, task_cleared())

    run = await scene.orchestrator.bus.read("acme", "r-1")
    assert run.verdict is not None
    assert run.last_sequence == 3


@pytest.mark.parametrize(
    "block",
    [b"NATS/1.0 \xff\xfe\xff x\r\n\r\n", b"NATS/1.0 204 \xff\r\nx: y\r\n\r\n", b"NATS/1.0"],
)
async def test_a_malformed_header_does_not_deafen_its_readers(nats_platform, block):
    """The engine takes such a line off what it stores; core NATS hands it on as it is."""
    console, router = [await nats_platform.connect(name) for name in (CONSOLE, ROUTER)]
    heard: list[bytes] = []

    async def hear(message) -> None:
        heard.append(message.data)

    async def is_heard() -> bool:
        """nats-py's flush may overtake the subscription that it is to follow."""
        await router.bus.live("live.acme.r-1.tokens", PROBE)
        await asyncio.sleep(0.05)
        return bool(heard)

    await console.client.subscribe("live.*.*.tokens", cb=hear)
    await eventually(is_heard)

    await publish_raw(router.client, "live.acme.r-1.tokens", block, b"hostile")
    await router.bus.live("live.acme.r-1.tokens", b"good")
    await router.client.flush()

    await eventually(lambda: [one for one in heard if one != PROBE] == [b"hostile", b"good"])


async def test_a_message_as_large_as_the_server_takes_fits_into_the_dead_letters(scene):
    producer = await scene.platform.client(PRODUCER)
    hostile = b'{"' + b"x" * 950_000 + b'": 1}'
    headers = {f"h{number}": "\x01" * 1_000 for number in range(60)}

    await producer.jetstream().publish("run.acme.r-2.task.submitted", hostile, headers=headers)

    await eventually(scene.platform.dead_letters)
    await scene.assert_unharmed("bad_body")


async def test_a_letter_cannot_be_kept_out_by_whoever_takes_its_id(scene):
    attacker = await scene.platform.client(EXECUTOR)
    for service in (ORCHESTRATOR, GUARDRAIL):
        await attacker.jetstream().publish(
            f"dead.{EXECUTOR}.x",
            b'{"body_base64": "", "rule": "squat", "reason": "x"}',
            headers={"Nats-Msg-Id": f"RUNS-2-{service}"},
        )
    owner = await scene.platform.client(GUARDRAIL)

    await owner.jetstream().publish(PLACE, b"not a fact")

    async def kept() -> bool:
        return "bad_body" in [one["rule"] for one in await scene.platform.dead_letters()]

    await eventually(kept)


async def test_answers_meant_for_a_guessed_reader_reach_nobody(scene):
    """Another run's true fact, sent where an answer might be awaited, is folded into no run."""
    other = await submit(scene.platform, "r-2")
    attacker = await scene.platform.client(EXECUTOR)
    for number in range(1, 50):
        for place in (f"direct.{number}", f"pull.orchestrator.{number}"):
            reply = f"_INBOX_{ORCHESTRATOR}.{place}"
            await attacker.publish("$JS.API.DIRECT.GET.RUNS", b'{"seq": 2}', reply=reply)
    await attacker.flush()

    run = await scene.orchestrator.bus.read("acme", "r-1")

    assert run.last_sequence == scene.submitted.sequence < other.sequence


@pytest.mark.parametrize("begins", ["3", "1000000000"])
async def test_a_lie_about_where_a_run_begins_loses_nothing_of_it(scene, begins):
    forged = scene.forge(BLOCKED, ce_runsequence=begins)
    owner = await scene.platform.client(GUARDRAIL)
    await submit(scene.platform, "r-2")
    await owner.jetstream().publish(PLACE, forged.body, headers=forged.headers)
    await eventually(lambda: "task.blocked" in scene.ear.types)
    fresh = await scene.platform.connect(ORCHESTRATOR)

    run = await fresh.bus.run(Heard(scene.ear.facts[-1]))

    assert scene.ear.facts[-1].first_sequence == int(begins)
    assert run.submitted is not None
    assert run.first_sequence == scene.submitted.sequence
