"""The users of one tenant, on a real server: no other tenant is there for them."""

import pytest
from nats.errors import TimeoutError as NatsTimeoutError

from contracts.subjects import CONSOLE
from infra.generate.permissions import INFRA, PRODUCER, USERS, permissions_conf, users
from infra.generate.tenants import names_of, tenant_users
from infra.streams import ensure_streams
from tests.integration.engine import nats_server
from tests.integration.eventually import eventually
from tests.integration.test_permissions import BOUNDS, Engine, refused

TENANTS = ("acme", "beta")
BODY = b'{"agent": "support", "input": "hello"}'


@pytest.fixture
async def engine(tmp_path):
    engine = Engine((*USERS, *names_of(TENANTS)))
    conf = permissions_conf(engine.public, TENANTS)
    async with nats_server(tmp_path, conf) as engine.url:
        infra = await engine.connect(INFRA)
        await ensure_streams(infra.jetstream(), bounds=BOUNDS)
        yield engine
        await engine.close()


async def test_a_producer_submits_in_its_tenant_and_hears_what_becomes_of_it(engine):
    producer = await engine.connect("producer-acme")
    heard = await producer.subscribe("run.acme.r-1.>")
    await producer.flush()

    stored = await producer.jetstream().publish("run.acme.r-1.task.submitted", BODY)

    assert stored.stream == "RUNS"
    assert (await heard.next_msg(timeout=10)).data == BODY
    assert engine.refusals == []


@pytest.mark.parametrize(
    "subject",
    [
        "run.beta.r-1.task.submitted",
        "run.beta.r-1.input.submitted",
        "run.beta.r.1.task.submitted",
        "run.acme.r-1.task.delegated",
        "run.acme.r-1.task.cleared",
        "run.acme.r-1.review.answered",
        "$JS.API.DIRECT.GET.RUNS",
        "$JS.API.DIRECT.GET.RUNS.run.beta.r-1.task.submitted",
        "$JS.API.STREAM.MSG.GET.RUNS",
        "$JS.API.CONSUMER.CREATE.RUNS.spy",
        "$JS.API.CONSUMER.MSG.NEXT.RUNS.guardrail_checker",
        "_INBOX_producer-beta.1",
    ],
)
async def test_a_producer_says_nothing_in_another_tenant_and_asks_the_engine_nothing(
    engine, subject
):
    assert await refused(engine, "producer-acme", subject)


@pytest.mark.parametrize(
    "subject",
    ["run.beta.>", "run.>", "run.*.r-1.>", ">", "_INBOX_producer-beta.>", "_INBOX.>", "$JS.>"],
)
@pytest.mark.parametrize("user", ["producer-acme", "approver-acme"])
async def test_nobody_of_a_tenant_listens_to_another(engine, user, subject):
    listener = await engine.connect(user)
    heard = await listener.subscribe(subject)
    await listener.flush()

    await (await engine.connect(CONSOLE)).publish("run.beta.r-1.task.submitted", BODY)

    await eventually(lambda: any("permissions violation" in one for one in engine.refusals))
    with pytest.raises(NatsTimeoutError):
        await heard.next_msg(timeout=0.1)


async def test_an_approver_hears_what_waits_for_a_person_and_says_nothing(engine):
    approver, infra = await engine.connect("approver-acme"), await engine.connect(INFRA)
    heard = await approver.subscribe("run.acme.*.review.requested")
    await approver.flush()

    await infra.publish("run.acme.r-1.review.requested", b"{}")

    assert (await heard.next_msg(timeout=10)).subject == "run.acme.r-1.review.requested"
    for subject in ("run.acme.r-1.review.answered", "run.acme.r-1.task.submitted", "x"):
        assert await refused(engine, "approver-acme", subject)


def test_where_tenants_have_users_there_is_no_producer_of_all():
    names = [user.name for user in users(TENANTS)]

    assert PRODUCER not in names
    assert {"producer-acme", "approver-acme", "producer-beta", "approver-beta"} <= set(names)


def test_a_tenant_with_a_dot_or_a_star_in_it_is_refused():
    for name in ("a.b", "*", ">", "", "a b"):
        with pytest.raises(ValueError, match="tenant"):
            tenant_users([name])
