"""One stolen credential: what somebody could do with the NATS user and signing key of one service.

Each user tries to say every signed fact that it does not own, both ways that the engine offers: by
publishing it, and by having the engine store it for whoever asks. A user that is added is tried
like the others, and so is a fact.
"""

import json
from dataclasses import replace

import pytest

from contracts.envelope import encode, follow
from contracts.guardrail import TaskBlocked, TaskCleared
from contracts.shape import Body
from contracts.subjects import (
    EVALUATOR,
    EXECUTOR,
    FACTS,
    GUARDRAIL,
    ORCHESTRATOR,
    SUBMITTED,
    FactKind,
)
from contracts.task import (
    Checking,
    Judging,
    TaskPutToCheck,
    TaskPutToJudge,
    TaskScheduled,
    TaskSubmitted,
)
from infra.generate.permissions import INFRA, USERS, users
from services.guardrail_checker.checks.shelf import Shelf
from services.guardrail_checker.desk import Desk
from services.guardrail_checker.handlers import gate_task
from services.guardrail_checker.rules import ToolPolicy
from shared.bus import Heard
from shared.signing import Ed25519Signer, load_signer
from tests.bodies import NOON, agent, task_cleared, tool_claimed, tool_succeeded
from tests.contracts.test_golden import golden
from tests.families import child_task
from tests.integration.bus.scene import stored_subjects
from tests.integration.eventually import eventually

SIGNED = [kind for kind in FACTS if kind.starred]
# Whoever makes the streams may do anything to them; nobody works under it.
THIEVES = [name for name in USERS if name != INFRA]
# A direct get makes the engine store what it replies, under whatever subject one asks for.
READERS = [
    user.name
    for user in users()
    if user.name in THIEVES and "$JS.API.DIRECT.GET.RUNS" in user.publish
]
BODIES: dict[str, Body] = {
    kind.type: kind.body.model_validate_json(golden(kind).body) for kind in SIGNED
}
BEGINNINGS = [kind for kind in FACTS if kind.begins]
CONTENT = Checking(run_id="r-1", check="careful", fact="acme/r-1")
ASKED = Judging(run_id="r-1", metric="truthful", judge="judge-a")
CLAIMS: list[tuple[str, TaskSubmitted, str]] = [
    (EXECUTOR, child_task("r-1"), "r-1_1-1-1"),
    (EVALUATOR, TaskPutToJudge(agent="judge-a", input="Pay.", judging=ASKED), "judge-1"),
    (GUARDRAIL, TaskPutToCheck(agent="check-a", input="Pay.", checking=CONTENT), "check-1"),
    (ORCHESTRATOR, TaskScheduled(agent="support", input="Pay.", schedule="n"), "n-1"),
]
DESK = Desk({"support": agent()}, ToolPolicy(), Shelf(), check_timeout_seconds=1.0)


def key_of(scene, thief: str) -> Ed25519Signer:
    """The thief's own signing key, or one that nobody knows."""
    path = scene.platform.home.keys / f"{thief}.seed"
    signer = load_signer(path) if path.exists() else None
    return signer or Ed25519Signer(bytes(32))


def forged(scene, kind: FactKind, thief: str, **changes):
    """The fact of another, signed by the thief."""
    submitted = replace(scene.submitted, **changes)
    body = BODIES[kind.type]
    fact = follow(submitted.tenant, submitted.run_id, body, cause_id=scene.submitted.id, time=NOON)
    made = encode(fact, key_of(scene, thief))
    headers = {name: value for name, value in made.headers.items() if name != "Nats-Msg-Id"}
    return replace(made, headers=headers)


@pytest.mark.parametrize("thief", THIEVES)
async def test_no_credential_says_what_another_owns(scene, thief):
    stolen = await scene.platform.client(thief)
    others = [kind for kind in SIGNED if kind.owner != thief]

    for kind in others:
        once = forged(scene, kind, thief)
        await stolen.publish(once.subject, once.body, headers=once.headers)
    await stolen.flush()

    await scene.assert_unharmed()
    assert not {kind.type for kind in others if kind.type != "task.cleared"} & _types(
        await stored_subjects(scene)
    )


@pytest.mark.parametrize("thief", THIEVES)
async def test_no_credential_submits_a_task_but_its_own_kind(scene, thief):
    """And those that a service submits lie under no id that a producer would give."""
    stolen = await scene.platform.client(thief)
    own = {kind.type for kind in FACTS if thief in (kind.owner, *kind.also)}

    for kind in BEGINNINGS:
        await stolen.publish(f"run.beta.r-7.{kind.type}", golden(kind).body)
    await stolen.flush()

    stored = {one for one in await stored_subjects(scene) if one.startswith("run.beta.")}
    assert stored == {f"run.beta.r-7.{kind.type}" for kind in BEGINNINGS if kind.type in own}
    run = await scene.orchestrator.bus.read("beta", "r-7")
    assert (run.submitted is None) == (SUBMITTED.type not in own)


@pytest.mark.parametrize(("thief", "body", "run_id"), CLAIMS, ids=[one[0] for one in CLAIMS])
async def test_what_a_thief_submits_in_its_own_way_is_held_to_the_log(scene, thief, body, run_id):
    stolen = await scene.platform.connect(thief)
    await scene.guardrail.bus.say(scene.submitted, task_cleared())

    assert await stolen.bus.submit("acme", run_id, body)
    run = await scene.orchestrator.bus.read("acme", run_id)
    await gate_task(Heard(run.submitted), scene.guardrail.bus, DESK)

    run = await scene.orchestrator.bus.read("acme", run_id)
    assert isinstance(run.verdict.body, TaskBlocked)
    assert run.verdict.body.rule == "claim_unfounded"


@pytest.mark.parametrize("thief", READERS)
async def test_what_the_engine_stores_for_a_thief_is_believed_by_nobody(scene, thief):
    own = next(kind for kind in FACTS if thief in (kind.owner, *kind.also) and not kind.keyed)
    stolen = await scene.platform.client(thief)
    others = [kind for kind in SIGNED if kind.owner != thief]

    for kind in others:
        once = forged(scene, kind, thief)
        bait = f"run.acme.bait.{own.type}"
        ack = await stolen.jetstream().publish(bait, once.body, headers=once.headers)
        request = json.dumps({"seq": ack.seq}).encode()
        await stolen.publish("$JS.API.DIRECT.GET.RUNS", request, reply=once.subject)
    await stolen.flush()

    async def landed() -> bool:
        return {kind.type for kind in others} <= _types(await stored_subjects(scene))

    await eventually(landed)
    run = await scene.orchestrator.bus.read("acme", "r-1")
    assert (run.verdict, run.started, run.end) == (None, None, None)


async def test_the_executor_writes_nothing_into_a_run_that_it_does_not_serve(scene):
    """It may say outcomes; without a call that was cleared they are the outcomes of nothing."""
    stolen = await scene.platform.connect(EXECUTOR)
    await scene.guardrail.bus.say(scene.submitted, task_cleared())
    before = await scene.orchestrator.bus.read("acme", "r-1")

    for body in (tool_claimed("1-1"), tool_succeeded("1-1", output_json='"all the money"')):
        await stolen.bus.say(scene.submitted, body)

    run = await scene.orchestrator.bus.read("acme", "r-1")
    assert isinstance(run.verdict.body, TaskCleared)
    assert (run.steps, run.end) == (before.steps, None)
    assert run.call("1-1") is None


@pytest.mark.parametrize("thief", THIEVES)
async def test_no_credential_changes_the_engine_or_hears_the_replies_of_another(scene, thief):
    for user in users():
        if user.name != thief:
            continue
        assert not [one for one in user.subscribe if one in (">", "_INBOX.>", "_INBOX_*.>")]
        for verb in ("CREATE", "UPDATE", "DELETE", "PAUSE"):
            assert not [one for one in user.publish if f".CONSUMER.{verb}" in one]
            assert not [one for one in user.publish if f".STREAM.{verb}" in one]
        others = [name for name in USERS if name != thief]
        assert not [
            one
            for one in (*user.publish, *user.subscribe)
            if any(one.startswith(f"_INBOX_{name}.") for name in others)
        ]


def _types(subjects: list[str]) -> set[str]:
    return {".".join(subject.split(".")[3:5]) for subject in subjects}
