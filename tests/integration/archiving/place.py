"""A platform from whose log runs are taken, by somebody who may die at any step."""

from dataclasses import dataclass, replace

from contracts.envelope import encode
from contracts.subjects import CONTENT, RUNS, kind_of, run_prefix
from services.observer.archiving import Archiver, Eraser
from services.observer.rules import project
from services.observer.store import PostgresProjection
from services.observer.store.archives import PostgresArchives
from services.observer.store.kinship import PostgresKinship
from services.observer.store.orders import PostgresOrders
from shared.archive_files import ArchiveFiles
from shared.signing import load_signer
from tests.bodies import manifest, result_cleared
from tests.histories import History

LARGE = '"' + "x" * 400_000 + '"'
TABLES = "console_runs, console_archives, observer_archives, observer_orders, observer_order_runs"


class Died(Exception):
    """As a process that was killed."""


class Mortal:
    """Passes calls on, until the one at which it dies: before it, or right after it."""

    def __init__(self, what, life):
        self._what, self._life = what, life

    def __getattr__(self, name):
        method = getattr(self._what, name)

        async def call(*args):
            self._life.tick()
            found = True if name == "is_heard" else await method(*args)
            self._life.tick()
            return found

        def call_plainly(*args):
            self._life.tick()
            found = method(*args)
            self._life.tick()
            return found

        plain = name == "header" or isinstance(self._what, ArchiveFiles)
        return call_plainly if plain else call


@dataclass
class Life:
    left: int = 10**6

    def tick(self):
        self.left -= 1
        if self.left == 0:
            raise Died


@dataclass
class Place:
    """A platform with its database, as the observer and as the console of people, and a folder."""

    platform: object
    core: object
    js: object
    pool: object
    people: object
    log: object
    files: ArchiveFiles
    folder: object
    endings: object

    async def given(self, history, run_id, **changes):
        """A run as its owners said it, in the log and in lists."""
        first, *others = history.facts
        facts = [replace(first, body=first.body.model_copy(update=changes)), *others]
        for fact in facts:
            path = self.platform.home.keys / f"{kind_of(fact.type).owner}.seed"
            made = encode(fact, load_signer(path) if path.exists() else None)
            made = await self.core.bus.publisher._contents.lighten(made)
            await self.js.publish(made.subject, made.body, headers=made.headers)
        found = await self.core.bus.runs.facts("acme", run_id)
        assert len(found) == len(facts)
        rows = PostgresProjection(self.pool)
        await rows.apply([change for fact in found for change in project(fact)])

    def parts(self, life=None):
        life = life or Life()
        rows = PostgresArchives(self.pool)
        return (Mortal(self.log, life), Mortal(self.files, life), Mortal(rows, life), life)

    def archiver(self, life=None):
        log, files, rows, _ = self.parts(life)
        return Archiver(log, files, rows, self.core.bus.clock, 10**8)

    def eraser(self, life=None):
        log, files, rows, life = self.parts(life)
        kinship = Mortal(PostgresKinship(self.pool), life)
        return Eraser(log, files, rows, kinship, Mortal(PostgresOrders(self.pool), life), 100)

    async def order(self, run_id=None, kind="delete", *, is_dry=False, **person):
        await self.people.execute(
            "INSERT INTO observer_orders (kind, is_dry, tenant, run_id, customer, user_name, "
            "reason, asked_by) VALUES ($1, $2, 'acme', $3, $4, $5, 'asked', 'anna')",
            *(kind, is_dry, run_id, person.get("customer"), person.get("user")),
        )
        return await PostgresOrders(self.pool).take()

    async def in_log(self, run_id):
        info = await self.js.stream_info(RUNS, subjects_filter=run_prefix("acme", run_id))
        return dict(info.state.subjects or {})

    async def in_content(self):
        return (await self.js.stream_info(CONTENT)).state.messages

    async def rows(self, table, run_id):
        query = f"SELECT count(*) FROM {table} WHERE run_id = $1"
        return await self.pool.fetchval(query, run_id)


def story(run_id, *, large=False):
    """A finished run of this id; with `large`, one of its results lies beside the log."""
    history = History(run_id=run_id)
    history.begin(manifest())
    first = history.step(calls=[("find_order", '{"order_id":"1042"}')])
    output = LARGE if large else '"shipped"'
    outcome = history.run_tool(history.clear(history.call(first)), output)
    second = history.step(history.say(result_cleared("1-1", "shipped"), outcome), text="Shipped.")
    history.complete(second)
    return history
