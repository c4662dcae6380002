"""The executor's credential of one tenant, stolen: nothing of another tenant is there for it.

Whatever fact is not its own, whatever is said in another tenant, and every way in which the engine
would show another's runs and content is refused by the server, or shows nothing.
"""

import json
from contextlib import suppress

import pytest
from nats.errors import TimeoutError as NatsTimeoutError

from contracts.envelope import encode, follow
from contracts.subjects import (
    CONTENT,
    CONTROL,
    EXECUTOR,
    FACTS,
    GUARDRAIL,
    ORCHESTRATOR,
    RUNS,
    SERVICES,
)
from contracts.tenancy import copy_of, user_of
from infra.generate.permissions import users
from tests.bodies import NOON, tool_succeeded
from tests.integration.eventually import eventually
from tests.integration.tenants.conftest import TENANTS
from tests.integration.tenants.telling import store_mixed, with_cleared_call

THIEF = user_of(EXECUTOR, "acme")
OWN = [kind for kind in FACTS if EXECUTOR in (kind.owner, *kind.also)]
FOREIGN = [kind for kind in FACTS if kind not in OWN]
BETA = "run.beta.r-1.tool.requested"
OUTCOME = tool_succeeded("1-1", output_json='"all the money"')
NEXT = f"$JS.API.CONSUMER.MSG.NEXT.{copy_of('acme')}.{THIEF}"
PIECE = f"content.beta.r-1.{'0' * 64}.0"
# Every form in which the engine hands a message out, or a copy, or a place among those who hear.
READING = (
    f"$JS.API.DIRECT.GET.{RUNS}",
    f"$JS.API.DIRECT.GET.{RUNS}.{BETA}",
    f"$JS.API.DIRECT.GET.{RUNS}.run.acme.r-1.tool.requested",
    f"$JS.API.DIRECT.GET.{RUNS}.run.beta.r-1.tool.claimed.1-1-1",
    f"$JS.API.DIRECT.GET.{RUNS}.run.>",
    f"$JS.API.STREAM.MSG.GET.{RUNS}",
    f"$JS.API.DIRECT.GET.{CONTENT}",
    f"$JS.API.DIRECT.GET.{CONTENT}.{PIECE}",
    f"$JS.API.DIRECT.GET.{CONTENT}.content.>",
    f"$JS.API.STREAM.MSG.GET.{CONTENT}",
    f"$JS.API.DIRECT.GET.{copy_of('beta')}",
    f"$JS.API.DIRECT.GET.{copy_of('beta')}.{BETA}",
    f"$JS.API.STREAM.MSG.GET.{copy_of('beta')}",
    *(
        f"$JS.API.CONSUMER.{verb}.{stream}.{durable}"
        for verb in ("MSG.NEXT", "INFO", "CREATE", "DURABLE.CREATE", "DELETE", "RESET")
        for stream, durable in (
            (RUNS, GUARDRAIL),
            (RUNS, "spy"),
            (copy_of("beta"), user_of(EXECUTOR, "beta")),
            (copy_of("beta"), "spy"),
        )
    ),
    f"$JS.API.CONSUMER.CREATE.{RUNS}.spy.run.acme.>",
    f"$JS.API.DIRECT.GET.{CONTROL}",
    f"$JS.API.DIRECT.GET.{CONTROL}.control.>",
    f"$JS.API.DIRECT.GET.{CONTROL}.control.tenant.beta",
    f"$JS.API.STREAM.MSG.GET.{CONTROL}",
    f"$JS.API.CONSUMER.CREATE.{copy_of('acme')}.spy",
    f"$JS.ACK.{copy_of('beta')}.{user_of(EXECUTOR, 'beta')}.1.1.1.1.1",
    "$JS.API.STREAM.CREATE.SPY",
    f"$JS.API.STREAM.UPDATE.{copy_of('acme')}",
    f"$JS.API.STREAM.PURGE.{copy_of('acme')}",
    f"$JS.API.STREAM.INFO.{RUNS}",
    f"$JS.API.STREAM.INFO.{copy_of('beta')}",
    "$JS.API.STREAM.LIST",
    "$JS.API.STREAM.NAMES",
)
LISTENING = (
    "run.>",
    "run.beta.>",
    "run.acme.>",
    "live.>",
    "control.>",
    "control.tenant.beta",
    "control.tenant.*",
    "content.>",
    "$JS.>",
    ">",
    f"_INBOX_{user_of(EXECUTOR, 'beta')}.>",
)
SAYING = (
    *(f"run.beta.r-1.{kind.type}{'.1-1-1' if kind.keyed else ''}" for kind in FACTS),
    *(f"run.acme.r-1.{kind.type}{'.1-1-1' if kind.keyed else ''}" for kind in FOREIGN),
    PIECE,
    "live.beta.r-1.progress",
    f"crash.{EXECUTOR}.{user_of(EXECUTOR, 'beta')}.1",
    f"crash.{EXECUTOR}.{EXECUTOR}.1",
    f"dead.{GUARDRAIL}.bad_body",
    "control.tenant.beta",
)


def aimed(sequence: int) -> tuple[dict[str, object], ...]:
    """Questions whose answer is what the thief has laid ready."""
    bait = "run.acme.bait.>"
    return (
        {"last_by_subj": bait},
        {"seq": 1, "next_by_subj": bait, "batch": 1},
        {"multi_last": [bait]},
        *({"seq": number} for number in range(1, sequence + 1)),
    )


async def refusals_of(named, *subjects: str) -> set[str]:
    """Of these subjects, those on which the server takes nothing from the thief."""
    stolen = await named.client(THIEF)
    named.refusals.clear()
    for subject in subjects:
        await stolen.publish(subject, b"{}")
    await stolen.flush()

    def refused() -> set[str]:
        said = " ".join(named.refusals)
        return {subject for subject in subjects if f'"{subject.lower()}"' in said}

    with suppress(AssertionError):  # the caller tells which are missing
        await eventually(lambda: refused() == set(subjects), within_seconds=2.0)
    return refused()


async def test_no_fact_of_another_and_nothing_in_another_tenant_can_be_said(named):
    assert await refusals_of(named, *SAYING) == set(SAYING)


async def test_no_form_of_reading_shows_what_is_of_another_tenant(named):
    assert await refusals_of(named, *READING) == set(READING)


@pytest.mark.parametrize(
    "asked",
    [
        {"last_by_subj": "run.beta.>"},
        {"seq": 1, "next_by_subj": "run.beta.>", "batch": 10},
        {"multi_last": ["run.beta.>"], "batch": 10},
        *({"seq": number} for number in range(1, 4)),
    ],
    ids=json.dumps,
)
async def test_its_own_copy_holds_nothing_of_another_tenant(named, asked):
    await store_mixed(named, with_cleared_call("beta"), with_cleared_call())
    stolen = await named.client(THIEF)

    for place in ("DIRECT.GET", "STREAM.MSG.GET"):
        answer = await stolen.request(
            f"$JS.API.{place}.{copy_of('acme')}", json.dumps(asked).encode(), timeout=2
        )
        shown = str(answer.headers) + answer.data.decode()
        assert "run.beta." not in shown


async def test_no_answer_of_the_engine_that_it_aims_at_another_tenant_is_believed(named):
    """The engine stores an answer under whatever subject one asks for it."""
    acme, beta = with_cleared_call(), with_cleared_call("beta")
    await store_mixed(named, beta, acme)
    stolen, runs = await named.client(THIEF), (await named.connect(ORCHESTRATOR)).bus.runs
    forged = follow("beta", "r-1", OUTCOME, cause_id=beta.facts[-1].id, time=NOON)
    made = encode(forged, None)
    headers = {name: one for name, one in made.headers.items() if name != "Nats-Msg-Id"}
    bait = await stolen.jetstream().publish(
        "run.acme.bait.tool.succeeded", made.body, headers=headers
    )
    js = await named.jetstream()
    before = (await js.stream_info(RUNS)).state.messages

    for asked in (b"", *(json.dumps(one).encode() for one in aimed(bait.seq))):
        for place in ("DIRECT.GET", "STREAM.MSG.GET"):
            subject = f"$JS.API.{place}.{copy_of('acme')}"
            await stolen.publish(subject, asked, reply=made.subject)
    await stolen.publish(NEXT, b'{"batch": 5, "no_wait": true}', reply=made.subject)
    await stolen.flush()

    async def landed() -> bool:
        return (await js.stream_info(RUNS)).state.messages > before

    await eventually(landed)
    assert (await runs.read("beta", "r-1")).call("1-1").last.outcome is None


@pytest.mark.parametrize("subject", LISTENING)
async def test_it_hears_no_run_as_it_happens(named, subject):
    stolen = await named.client(THIEF)
    heard = await stolen.subscribe(subject)
    await stolen.flush()

    await store_mixed(named, with_cleared_call("beta"))

    await eventually(lambda: any("permissions violation" in one for one in named.refusals))
    with pytest.raises(NatsTimeoutError):
        await heard.next_msg(timeout=0.1)


def test_where_tenants_are_named_nobody_executes_for_all():
    names = {user.name for user in users(TENANTS)}

    assert EXECUTOR not in names
    assert {user_of(EXECUTOR, tenant) for tenant in TENANTS} <= names
    assert {name for name in SERVICES if name != EXECUTOR} <= names
