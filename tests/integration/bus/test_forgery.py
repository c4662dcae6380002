"""Forging somebody else's fact, under the attacker's real permissions.

The server itself stores its reply wherever a request asks for it, so permissions stop none of the
first three. Each test looks that the forgery did land, and then that nobody believed it.
"""

import asyncio
import json

import pytest
from nats.js.errors import APIError

from contracts.guardrail import TaskBlocked
from contracts.subjects import EXECUTOR, GUARDRAIL, LEDGER, PRODUCER, ROUTER
from shared.errors import LogUnavailable
from shared.service import Core
from shared.signing import Ed25519Signer, load_signer
from tests.bodies import VERDICT, model_funded, model_requested, task_cleared
from tests.integration.bus.scene import counted, publish_raw, stored_subjects
from tests.integration.eventually import eventually

BLOCKED = TaskBlocked(**VERDICT)
PLACE = "run.acme.r-1.task.blocked"
OWN = "run.acme.r-1.tool.succeeded"
STRANGER = Ed25519Signer(bytes(32))


async def landed(scene, subject=PLACE, times=1) -> None:
    """The forgery lies in the stream."""

    async def lies() -> bool:
        return (await stored_subjects(scene)).count(subject) >= times

    await eventually(lies)


@pytest.mark.parametrize(
    ("suffix", "request_of"),
    [
        ("", lambda sequence: {"seq": sequence}),
        ("", lambda _: {"last_by_subj": OWN}),
        ("", lambda sequence: {"seq": sequence, "next_by_subj": OWN, "batch": 1}),
        ("", lambda _: {"multi_last": [OWN]}),
        (f".{OWN}", lambda _: None),
    ],
    ids=["by_sequence", "last", "batch", "multi_last", "last_by_subject"],
)
async def test_a_reply_to_a_direct_get_is_no_fact(scene, suffix, request_of):
    attacker = await scene.platform.client(EXECUTOR)
    bait = scene.forge(BLOCKED)
    ack = await attacker.jetstream().publish(OWN, bait.body, headers=bait.headers)

    request = request_of(ack.seq)
    payload = json.dumps(request).encode() if request else b""
    await attacker.publish(f"$JS.API.DIRECT.GET.RUNS{suffix}", payload, reply=PLACE)

    await landed(scene)
    # A batch ends with a status, which lands there as well.
    await eventually(scene.platform.dead_letters)
    letters = [one["rule"] for one in await scene.platform.dead_letters()]
    await scene.assert_unharmed(*letters)
    assert letters[0] == "restored"


@pytest.mark.parametrize(
    ("place", "payload"),
    [
        ("$JS.API.STREAM.MSG.GET.RUNS", b'{"seq": 1}'),
        ("$JS.API.CONSUMER.INFO.RUNS.tool_executor", b""),
        (OWN, b"{}"),
    ],
    ids=["message", "consumer", "acknowledgement"],
)
async def test_no_other_answer_of_the_engine_is_a_fact(scene, place, payload):
    attacker = await scene.platform.client(EXECUTOR)

    await attacker.publish(place, payload, reply=PLACE)

    await landed(scene)
    await eventually(scene.platform.dead_letters)
    await scene.assert_unharmed("bad_body")


async def test_a_pull_aimed_at_a_run_yields_a_repeat_and_no_fact(scene):
    """The engine stores the message where it came from, and the end of the pull where it aims."""
    attacker, ledger = [await scene.platform.client(name) for name in (ROUTER, LEDGER)]
    signer = load_signer(scene.platform.home.keys / f"{LEDGER}.seed")
    # Without an id, as after the window: within it the server drops the copy by itself.
    true = scene.forge(model_funded(), signer)
    place = "run.acme.r-1.model.responded"
    pull = "$JS.API.CONSUMER.MSG.NEXT.RUNS.model_router"

    await attacker.publish(pull, b'{"batch": 1, "no_wait": true}', reply=place)
    await landed(scene, place)
    await ledger.jetstream().publish(true.subject, true.body, headers=true.headers)
    await attacker.publish(pull, b'{"batch": 1}', reply=place)
    await landed(scene, true.subject, times=2)

    await eventually(scene.platform.dead_letters)
    await scene.assert_unharmed("bad_body")


async def test_a_schedule_aimed_at_a_run_never_fires(scene):
    attacker = await scene.platform.client(PRODUCER)
    headers = {"Nats-Schedule": "@at 2026-01-01T00:00:00Z", "Nats-Schedule-Target": PLACE}

    with pytest.raises(APIError, match="schedule"):
        await attacker.jetstream().publish(
            "run.acme.r-2.task.submitted", scene.forge(BLOCKED).body, headers=headers
        )

    await asyncio.sleep(0.6)  # the engine looks at its schedules four times a second
    assert PLACE not in await stored_subjects(scene)
    await scene.assert_unharmed()


@pytest.mark.parametrize("what", ["all", "sub"])
async def test_a_rollup_wipes_nothing(scene, what):
    attacker = await scene.platform.client(PRODUCER)

    with pytest.raises(APIError, match="rollup"):
        await attacker.jetstream().publish(
            "run.acme.r-1.task.submitted", b"{}", headers={"Nats-Rollup": what}
        )

    await scene.assert_unharmed()


async def test_a_squatted_id_does_not_keep_its_owner_from_saying(scene):
    attacker = await scene.platform.client(EXECUTOR)
    squatted = f"{scene.submitted.id}:verdict"
    squat = await attacker.jetstream().publish(
        "run.acme.r-9.tool.succeeded", b"{}", headers={"Nats-Msg-Id": squatted}
    )

    said = await scene.guardrail.bus.say(scene.submitted, task_cleared())

    assert said.sequence > squat.seq
    assert said.id == squatted
    assert counted("interlock_squatted_ids") > 0
    await eventually(lambda: scene.ear.types == ["task.submitted", "task.cleared"])
    assert (await scene.orchestrator.bus.read("acme", "r-1")).verdict.id == squatted


async def test_a_squatted_id_does_not_keep_its_owner_from_appending(scene):
    attacker = await scene.platform.client(EXECUTOR)
    squatted = f"{scene.submitted.id}:step"
    await attacker.jetstream().publish(OWN, b"{}", headers={"Nats-Msg-Id": squatted})
    run = await scene.orchestrator.bus.read("acme", "r-1")

    said = await scene.orchestrator.bus.append(run, scene.submitted.id, model_requested())

    assert said.sequence > run.last_sequence
    await scene.assert_unharmed()


async def test_a_copy_of_ones_own_place_does_not_pass_for_a_repeat(scene):
    """The server stores the id of a bait along with it: the copy squats where the fact belongs."""
    squatted = f"{scene.submitted.id}:verdict"
    forged = scene.forge(task_cleared(), STRANGER, Nats_Msg_Id=squatted)
    owner = await scene.platform.client(GUARDRAIL)
    await owner.jetstream().publish(forged.subject, forged.body, headers=forged.headers)

    await scene.assert_unharmed("bad_signature")


async def test_a_fact_under_a_squatted_ce_id_is_not_believed(scene):
    attacker = await scene.platform.client("model_router")
    forged = scene.forge(BLOCKED, ce_type="model.failed")

    await attacker.jetstream().publish(
        "run.acme.r-1.model.failed", _failed(), headers=forged.headers
    )

    await eventually(scene.platform.dead_letters)
    await scene.assert_unharmed("id_mismatch")


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("bad_signature", {}),
        ("bad_signature", {"ce_signature": "not base64"}),
        ("unsigned", {"ce_signature": None}),
    ],
    ids=["by_a_stranger", "no_signature_at_all", "absent"],
)
async def test_a_starred_fact_needs_the_signature_of_its_owner(scene, rule, changes):
    """Whoever steals the connection of the guardrail, without its signing key, clears nothing."""
    thief = await scene.platform.client(GUARDRAIL)
    forged = scene.forge(task_cleared("Send me all the money"), STRANGER)
    headers = {**forged.headers, **{k.replace("_", "-"): v for k, v in changes.items()}}
    headers = {name: value for name, value in headers.items() if value is not None}

    await thief.jetstream().publish(forged.subject, forged.body, headers=headers)

    await eventually(scene.platform.dead_letters)
    await scene.assert_unharmed(rule)


async def test_a_service_cannot_publish_what_it_does_not_own(scene):
    attacker: Core = await scene.platform.connect(EXECUTOR)
    before = counted("interlock_nats_errors")

    with pytest.raises(LogUnavailable):
        await attacker.bus.say(scene.submitted, BLOCKED)

    assert counted("interlock_nats_errors") > before
    assert PLACE not in await stored_subjects(scene)
    await scene.assert_unharmed()


@pytest.mark.parametrize(
    "line",
    [b"Nats-Subject: x", b"Nats-Stream: x", b" Nats-Subject : x"],
    ids=["subject", "stream", "spaced"],
)
async def test_a_restored_fact_is_refused_by_ear_and_by_fold_alike(scene, line):
    owner = await scene.platform.client(GUARDRAIL)
    forged = scene.forge(BLOCKED)
    lines = [f"{name}: {value}".encode() for name, value in forged.headers.items()]
    block = b"\r\n".join([b"NATS/1.0", *lines, line]) + b"\r\n\r\n"

    await publish_raw(owner, PLACE, block, forged.body)

    await eventually(scene.platform.dead_letters)
    await scene.assert_unharmed("restored")


async def test_a_name_of_the_server_inside_a_value_is_no_reason_to_refuse(scene):
    owner = await scene.platform.client(GUARDRAIL)
    forged = scene.forge(BLOCKED, note="Nats-Subject: x", Interlock_Repeated="1")

    await owner.jetstream().publish(forged.subject, forged.body, headers=forged.headers)

    await eventually(lambda: "task.blocked" in scene.ear.types)
    run = await scene.orchestrator.bus.read("acme", "r-1")
    assert run.verdict is not None


def _failed() -> bytes:
    from contracts.model import AttemptFailure, ModelFailed

    failure = AttemptFailure(kind="denied", reason="no", billed="nothing")
    return ModelFailed(step=1, attempt=1, failure=failure).model_dump_json().encode()
