"""Runs are deleted from a real log and all that was made of it, and leave a proof."""

from types import SimpleNamespace
from unittest.mock import AsyncMock

import pytest

from contracts.audit import erasure_proof
from contracts.envelope import Stored
from contracts.run import RunArchived
from contracts.subjects import AUDIT, OBSERVER
from services.observer.adapters.audit_log import ENDED
from services.observer.archiving.clerk import open_clerk
from services.observer.errors import Refused, Unfinished
from services.observer.settings import Settings
from services.observer.store.orders import PostgresOrders
from shared.errors import LogUnavailable
from tests.bodies import NOON
from tests.histories import History
from tests.integration.archiving.place import Died, Life, story


@pytest.mark.parametrize("archived_before", [False, True])
async def test_a_deleted_run_leaves_a_tombstone_and_a_proof(place, archived_before):
    await place.given(story("r-1", large=True), "r-1")
    if archived_before:
        await place.archiver().archive("acme", "r-1")
    order = await place.order("r-1")

    answer = await place.eraser().work(order)

    assert answer == "1 run deleted"
    assert await place.in_log("r-1") == {"run.acme.r-1.run.archived": 1}
    (message,) = await place.core.bus.runs.messages("acme", "r-1")
    told = RunArchived.model_validate_json(message.body)
    assert told.task_sha256 == told.archive_sha256
    assert await place.in_content() == 0
    assert not list(place.folder.rglob("*.gz"))
    for table in ("console_runs", "console_run_search", "observer_archives"):
        assert await place.rows(table, "r-1") == 0
    (one,) = await PostgresOrders(place.pool).planned(order.number)
    assert one.is_erased
    assert one.evidence["log"]["facts"] >= 1
    assert (one.evidence["archive"] is not None) == archived_before
    assert one.evidence["rows"]["runs"] == 1
    assert one.evidence["after"]["log"]["facts"] == 1
    assert one.evidence["after"]["rows"]["runs"] == 0


async def test_whoever_dies_deleting_is_followed_by_one_who_ends_the_same(place):
    survived = False
    for count in range(1, 200):
        run_id = f"r-{count}"
        await place.given(story(run_id), run_id)
        order = await place.order(run_id)
        facts = len(story(run_id).facts)
        try:
            await place.eraser(Life(count)).work(order)
            survived = True
        except Died:
            await place.eraser().work(order)
        await PostgresOrders(place.pool).end(order.number, "done", "")
        (one,) = await PostgresOrders(place.pool).planned(order.number)
        assert one.is_erased
        assert one.evidence["log"]["facts"] == facts
        assert await place.in_log(run_id) == {f"run.acme.{run_id}.run.archived": 1}
        assert await place.rows("console_runs", run_id) == 0
        if survived:
            break
    assert survived


async def test_an_open_run_is_not_deleted(place):
    history = History(run_id="r-1")
    history.begin()
    await place.given(history, "r-1")

    with pytest.raises(Refused, match="it is open; cancel it first"):
        await place.eraser().work(await place.order("r-1"))

    assert len(await place.in_log("r-1")) == 3


async def test_rows_stay_until_lists_have_heard_of_the_tombstone(place):
    await place.given(story("r-1"), "r-1")
    order = await place.order("r-1")
    eraser = place.eraser()
    eraser._log = place.log

    with pytest.raises(Unfinished):
        await eraser.work(order)

    assert await place.rows("console_runs", "r-1") == 1


async def test_a_person_is_forgotten_with_every_run_that_holds_a_copy(place):
    await place.given(story("r-1"), "r-1", customer="c-311")
    await place.given(story("r-2"), "r-2", continues="r-1")
    await place.given(story("r-3"), "r-3", customer="c-9")
    await place.archiver().archive("acme", "r-2")

    looked = await place.order(kind="forget", is_dry=True, customer="c-311")
    assert await place.eraser().work(looked) == "2 runs would be deleted"
    assert await place.rows("console_runs", "r-1") == 1
    await PostgresOrders(place.pool).end(looked.number, "done", "")
    order = await place.order(kind="forget", customer="c-311")
    await place.eraser().work(order)
    await PostgresOrders(place.pool).end(order.number, "done", "")

    gone = [one.run_id for one in await PostgresOrders(place.pool).planned(order.number)]
    assert gone == ["r-2", "r-1"]
    assert await place.rows("console_runs", "r-3") == 1
    assert not list(place.folder.rglob("*.gz"))
    known = await place.pool.fetchrow(
        "SELECT customer FROM observer_orders WHERE id = $1", order.number
    )
    assert known["customer"] is None


async def test_what_may_not_be_done_is_told_in_the_order(place):
    await place.order("r-none")
    settings = Settings(archive_after_days=36_500, archive_batch=1)
    assert settings.archive_dir is None

    await open_clerk(place.pool, place.log, place.endings, place.core.bus.clock, settings).look()

    order = await place.pool.fetchrow("SELECT * FROM observer_orders")
    assert order["state"] == "refused"
    assert order["answer"] == "there is no run r-none in tenant acme"


async def test_the_end_of_an_order_is_signed_by_who_carried_it_out(place):
    await place.given(story("r-1"), "r-1", customer="c-311")
    await place.order(kind="forget", is_dry=True, customer="c-311")

    await open_clerk(place.pool, place.log, place.endings, place.core.bus.clock, Settings()).look()

    kept = await place.js.get_last_msg(AUDIT, "audit.erasure.ended")
    message = Stored(kept.subject, kept.headers, kept.data, kept.seq, NOON)
    deed = ENDED.believe(message, place.core.keyring, (OBSERVER,))
    assert (deed.state, deed.is_dry, deed.runs, deed.principal) == ("done", True, 1, "anna")
    runs = await PostgresOrders(place.pool).planned(deed.number)
    signed = [(one.run_id, one.tombstone, one.evidence) for one in runs]
    assert deed.proof_sha256 == erasure_proof(signed)


async def test_an_end_that_nobody_could_be_told_of_is_none(place):
    """Whoever is stopped between the signature and the row ends the order again."""
    await place.order("r-none")
    deaf = SimpleNamespace(note=AsyncMock(side_effect=[LogUnavailable("audit", 1.0, "down"), None]))
    clerk = open_clerk(place.pool, place.log, deaf, place.core.bus.clock, Settings())

    with pytest.raises(LogUnavailable):
        await clerk.look()
    before = await place.pool.fetchval("SELECT state FROM observer_orders")
    await clerk.look()

    assert before == "running"
    assert await place.pool.fetchval("SELECT state FROM observer_orders") == "refused"
