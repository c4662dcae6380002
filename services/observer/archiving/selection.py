"""Which runs go with an order to delete: those that were named, and those that hold a copy of them.

A run that continues another, or forks it, has that one in its prompts and in its file; a run that
another called was told what that one knew. So they go too, the youngest first: whoever is stopped
leaves none whose history cannot be read.
"""

import asyncio
from collections.abc import AsyncIterator

from contracts.export import Exported
from services.observer.archiving.archiver import verified
from services.observer.errors import Refused
from services.observer.store.kinship import PostgresKinship
from services.observer.store.orders import Order


async def selected(order: Order, kinship: PostgresKinship, most: int) -> list[str]:
    """The runs of an order, in the order in which they are to go.

    Raises:
        Refused: they are more than may go together.
    """
    found = await _named(order, kinship, most)
    generation = list(found)
    while generation and len(found) <= most:
        below = await kinship.below(order.tenant, generation, most + 1)
        below += [run_id async for run_id in _imported_below(order.tenant, generation, kinship)]
        generation = [one for one in dict.fromkeys(below) if one not in found]
        found += generation
    if len(found) > most:
        raise Refused(
            f"these are more than {most} runs: raise INTERLOCK_OBSERVER_ERASED_RUNS_LIMIT"
        )
    return found[::-1]


async def _named(order: Order, kinship: PostgresKinship, most: int) -> list[str]:
    if order.run_id is not None:
        return [order.run_id]
    listed = await kinship.of_person(order.tenant, order.customer, order.user, most + 1)
    imported = [run_id async for run_id in _imported_of(order, kinship)]
    return list(dict.fromkeys([*listed, *imported]))


async def _imported_of(order: Order, kinship: PostgresKinship) -> AsyncIterator[str]:
    async for exported in _imports(order.tenant, kinship):
        submitted = exported.run().submitted
        if submitted is None:
            continue
        task = submitted.body
        is_customer = order.customer is None or task.customer == order.customer
        if is_customer and (order.user is None or task.user == order.user):
            yield exported.header.run_id


async def _imported_below(
    tenant: str, run_ids: list[str], kinship: PostgresKinship
) -> AsyncIterator[str]:
    async for exported in _imports(tenant, kinship):
        submitted = exported.run().submitted
        parent = submitted.body.parent_run_id if submitted is not None else None
        held = {fact.run_id for fact in exported.facts} - {exported.header.run_id}
        if held & set(run_ids) or parent in run_ids:
            yield exported.header.run_id


async def _imports(tenant: str, kinship: PostgresKinship) -> AsyncIterator[Exported]:
    """Every file that was imported into a tenant, one at a time.

    Raises:
        Refused: one cannot be read, so nobody can tell whose it is.
    """
    run_id = ""
    while (found := await kinship.imported_after(tenant, run_id)) is not None:
        run_id = found.run_id
        try:
            yield await asyncio.to_thread(verified, found.content)
        except ValueError as error:
            raise Refused(
                f"the imported file of run {run_id} is spoilt ({error}): nobody can tell whose it "
                "is; delete that run first"
            ) from None
