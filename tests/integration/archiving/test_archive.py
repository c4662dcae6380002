"""Runs leave a real log for files, however often whoever does it dies."""

import pytest

from contracts.envelope import encode
from contracts.subjects import CONSOLE
from services.observer.archiving import KeptFiles
from services.observer.archiving.archiver import verified
from services.observer.archiving.clerk import open_clerk
from services.observer.errors import Refused
from services.observer.settings import Settings
from services.observer.store.archives import PostgresArchives
from tests.bodies import settled, task, tool_succeeded
from tests.integration.archiving.place import LARGE, Died, Life, story


async def test_a_run_lies_in_a_file_and_the_log_keeps_its_tombstone(place):
    await place.given(story("r-1", large=True), "r-1")
    facts = await place.core.bus.runs.facts("acme", "r-1")

    row = await place.archiver().archive("acme", "r-1")

    assert await place.in_log("r-1") == {"run.acme.r-1.run.archived": 1}
    assert await place.in_content() == 0
    exported = verified(place.files.read(row.place, row.file_sha256))
    assert [fact.id for fact in exported.own] == [fact.id for fact in facts]
    assert exported.digest == row.digest
    kept = await KeptFiles(PostgresArchives(place.pool), place.files).facts("acme", "r-1")
    assert list(kept) == list(exported.own)


async def test_its_id_stays_taken(place):
    await place.given(story("r-1"), "r-1")
    await place.archiver().archive("acme", "r-1")
    console = await place.platform.connect(CONSOLE)

    assert not await console.bus.submit("acme", "r-1", task("Something else"))
    assert (await console.bus.read("acme", "r-1")).status == "archived"


async def test_a_late_fact_stays_in_the_log(place):
    history = story("r-1")
    await place.given(history, "r-1")
    await place.archiver().archive("acme", "r-1")
    late = history.say(settled(9, 9), history.root)
    made = encode(late)
    await place.js.publish(made.subject, made.body, headers=made.headers)

    await place.archiver().archive("acme", "r-1")

    assert len(await place.in_log("r-1")) == 2
    assert (await place.core.bus.read("acme", "r-1")).archived


async def test_whoever_dies_archiving_is_followed_by_one_who_ends_the_same(place):
    """Killed before and after every single step, each time with a run of its own."""
    survived = False
    for count in range(1, 100):
        run_id = f"r-{count}"
        await place.given(story(run_id), run_id)
        try:
            await place.archiver(Life(count)).archive("acme", run_id)
            survived = True
        except Died:
            row = await place.archiver().archive("acme", run_id)
            exported = verified(place.files.read(row.place, row.file_sha256))
            assert len(exported.own) == row.facts == len(story(run_id).facts)
        assert await place.in_log(run_id) == {f"run.acme.{run_id}.run.archived": 1}
        assert await place.rows("observer_archives", run_id) == 1
        if survived:
            break
    assert survived


async def test_facts_do_not_go_while_their_file_is_spoilt(place):
    await place.given(story("r-1"), "r-1")
    archiver = place.archiver()
    real = place.log.purge

    async def spoil(*args):
        raise Died

    place.log.purge = spoil
    with pytest.raises(Died):
        await archiver.archive("acme", "r-1")
    place.log.purge = real
    (file,) = place.folder.rglob("*.gz")
    file.write_bytes(b"other")

    with pytest.raises(Refused, match="its facts stay in the log"):
        await place.archiver().archive("acme", "r-1")

    assert len(await place.in_log("r-1")) > 2


async def test_content_of_another_run_stays(place):
    await place.given(story("r-1", large=True), "r-1")
    await place.given(story("r-2", large=True), "r-2")

    await place.archiver().archive("acme", "r-1")

    outcome = [
        fact.body
        for fact in await place.core.bus.runs.facts("acme", "r-2")
        if fact.type == "tool.succeeded"
    ]
    assert outcome == [tool_succeeded("1-1", 1, LARGE)]


async def test_a_run_that_another_one_continues_stays(place):
    await place.given(story("r-1"), "r-1")
    await place.given(story("r-2"), "r-2", continues="r-1")

    with pytest.raises(Refused, match="runs that read it: r-2"):
        await place.archiver().archive("acme", "r-1")


async def test_old_runs_go_by_themselves(place):
    await place.given(story("r-1"), "r-1")
    settings = Settings(archive_dir=place.folder, archive_after_days=0)

    await open_clerk(place.pool, place.log, place.endings, place.core.bus.clock, settings).look()

    assert list(await place.in_log("r-1")) == ["run.acme.r-1.run.archived"]


async def test_a_folder_that_cannot_be_written_is_named_and_the_run_stays(place):
    await place.given(story("r-1"), "r-1")
    place.folder.parent.mkdir(exist_ok=True)
    place.folder.write_text("not a folder")

    with pytest.raises(Refused, match=r"cannot be written .*INTERLOCK_OBSERVER_ARCHIVE_DIR"):
        await place.archiver().archive("acme", "r-1")

    assert len(await place.in_log("r-1")) > 2


async def test_a_run_that_nobody_can_read_does_not_keep_the_others(place, monkeypatch):
    for run_id in ("r-1", "r-2"):
        await place.given(story(run_id), run_id)
    real = place.log.lying

    async def lying(tenant, run_id):
        if run_id == "r-1":
            raise ValueError("unreadable")
        return await real(tenant, run_id)

    monkeypatch.setattr(place.log, "lying", lying)
    settings = Settings(archive_dir=place.folder, archive_after_days=0)

    await open_clerk(place.pool, place.log, place.endings, place.core.bus.clock, settings).look()

    assert list(await place.in_log("r-2")) == ["run.acme.r-2.run.archived"]
    assert len(await place.in_log("r-1")) > 2


async def test_an_order_that_fails_in_an_unknown_way_is_counted_as_tried(place, monkeypatch):
    order = await place.order("r-1")

    async def lying(tenant, run_id):
        raise ValueError("unreadable")

    monkeypatch.setattr(place.log, "lying", lying)

    await open_clerk(place.pool, place.log, place.endings, place.core.bus.clock, Settings()).look()

    row = await place.pool.fetchrow("SELECT * FROM observer_orders WHERE id = $1", order.number)
    assert (row["tries"], row["answer"]) == (1, "ValueError('unreadable')")
