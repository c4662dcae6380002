"""A program that knows NATS and the documented JSON, and nothing of ours."""

import asyncio
import json

import nats
import pytest

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(60)]
QUIET_SECONDS = 1.0


@pytest.fixture
def producer(platform):
    """Credentials of a producer; all that such a program is given."""
    home = platform.places.home

    async def connect():
        return await nats.connect(
            platform.places.nats_url,
            nkeys_seed=str(home.keys / "producer.nkey"),
            inbox_prefix=b"_INBOX_producer",
        )

    return connect


async def listening(client, run_id, tenant="plain"):
    """Every message of one run, as it comes."""
    heard = asyncio.Queue()
    await client.subscribe(f"run.{tenant}.{run_id}.>", cb=heard.put)
    return heard


async def until(heard, verb, seconds=20):
    """The first message whose subject ends so; its JSON."""
    async with asyncio.timeout(seconds):
        while True:
            message = await heard.get()
            if message.subject.endswith(verb):
                return json.loads(message.data)


async def quiet(heard):
    """What still comes, once nothing more is expected."""
    await asyncio.sleep(QUIET_SECONDS)
    return [heard.get_nowait().subject for _ in range(heard.qsize())]


async def test_the_documented_json_is_enough_to_finish_a_run(producer):
    client = await producer()
    heard = await listening(client, "r-1")

    await client.publish(
        "run.plain.r-1.task.submitted", b'{"agent": "support", "input": "hello there"}'
    )

    assert (await until(heard, "run.completed"))["answer"].startswith("Hello")
    await client.close()


async def test_the_same_run_id_again_changes_nothing(producer):
    client = await producer()
    body = b'{"agent": "support", "input": "hello again"}'
    heard = await listening(client, "r-2")
    await client.publish("run.plain.r-2.task.submitted", body)
    await until(heard, "run.evaluated")
    await quiet(heard)

    await client.publish("run.plain.r-2.task.submitted", body)

    assert await quiet(heard) == ["run.plain.r-2.task.submitted"]
    await client.close()


async def test_another_body_under_the_same_run_id_is_told_so(producer):
    client = await producer()
    heard = await listening(client, "r-3")
    await client.publish("run.plain.r-3.task.submitted", b'{"agent": "support", "input": "hello"}')
    await until(heard, "run.completed")

    await client.publish("run.plain.r-3.task.submitted", b'{"agent": "support", "input": "bye"}')

    assert "first" in json.dumps(await until(heard, "task.conflicted"))
    await client.close()


@pytest.mark.parametrize(
    ("name", "body", "where"),
    [
        ("malformed", b"{not json", "JSON"),
        ("unknown-agent", b'{"agent": "nobody", "input": "hello"}', "known: bench"),
        (
            "negative-budget",
            b'{"agent": "support", "input": "x", "limits": {"budget_usd": -1}}',
            "limits.budget_usd",
        ),
        ("unknown-field", b'{"agent": "support", "input": "x", "buget": 1}', "buget"),
        ("no-input", b'{"agent": "support"}', "input"),
    ],
)
async def test_bad_input_is_answered_where_its_sender_listens(producer, name, body, where):
    client = await producer()
    heard = await listening(client, name)

    await client.publish(f"run.plain.{name}.task.submitted", body)

    failed = await until(heard, "run.failed")
    assert where in failed["reason"]
    await client.close()


@pytest.mark.parametrize("tenant", ["ac.me", "ac*me"])
async def test_a_tenant_that_cannot_be_one_is_answered_on_its_own_prefix(producer, tenant):
    client = await producer()
    heard = asyncio.Queue()
    await client.subscribe("run.>", cb=heard.put)

    await client.publish(
        f"run.{tenant}.r-9.task.submitted", b'{"agent": "support", "input": "hello"}'
    )

    assert "tenant" in (await until(heard, f"{tenant}.r-9.task.blocked"))["reason"]
    await client.close()


async def test_two_megabytes_are_refused_by_the_clients_own_library(producer):
    client = await producer()

    with pytest.raises(nats.errors.MaxPayloadError):
        await client.publish("run.plain.big.task.submitted", b"x" * 2_000_000)

    await client.close()


async def test_a_mistyped_subject_is_refused_at_once(producer):
    client = await producer()

    with pytest.raises(nats.errors.Error):
        await client.jetstream().publish("run.plain.r-4.task.submited", b"{}", timeout=1)

    await client.close()


async def test_after_all_that_the_next_task_still_finishes(producer):
    client = await producer()
    heard = await listening(client, "r-last")

    await client.publish(
        "run.plain.r-last.task.submitted", b'{"agent": "support", "input": "hello"}'
    )

    await until(heard, "run.completed")
    await client.close()
