"""Does the key of every user open NATS, and may it say what is its own and nothing else?

Asked of the running server, by two publishes a user: one of its own kinds of fact, and one that
only another may say. Nothing can come of either, also where the permissions do not hold: the
messages expect to be stored by a stream that does not exist (`Nats-Expected-Stream`), so the log
refuses them; their tenant and run are nobody's; and their body is no fact. The server notes each
refusal in its log, as it should.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import nats.errors
from nats.js.api import Header

from contracts.subjects import FACTS, FactKind
from infra.generate.permissions import INFRA

from .errors import NotLetIn, Unanswered, Unexaminable
from .finding import Finding, fail, ok, skipped
from .installation import Installation
from .remedies import tell_nats
from .session import Session, session

ANSWER_SECONDS = 3.0
NO_TENANT = "doctor"
NO_RUN = "run.{tenant}.nobody"
ELSEWHERE = NO_RUN.format(tenant=NO_TENANT)
NO_STREAM = {Header.EXPECTED_STREAM.value: "NOT-A-STREAM"}
AT_ONCE = 4  # connections; each has to prove a key


async def look_at_permissions(installation: Installation) -> Sequence[Finding]:
    installation.required_nats()
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(user: str) -> Finding:
        async with gate:
            return await examine(user, installation)

    return await asyncio.gather(*map(one, installation.users))


async def examine(user: str, installation: Installation) -> Finding:
    """Connect as the user, and try what it may and what it may not."""
    try:
        async with session(installation, user) as connected:
            return await _try(user, connected, tell_nats(installation))
    except NotLetIn as error:
        detail = f"NATS does not let it in: {error.reason}"
        return fail(user, detail, tell_nats(installation))
    except Unexaminable as reason:
        return skipped(user, str(reason))
    except Unanswered as error:
        return fail(user, str(error), "interlock doctor --only nats,streams")


async def _try(user: str, connected: Session, remedy: str) -> Finding:
    if user == INFRA:
        return ok(user, "is let in; it may do everything")
    service, _, tenant = user.partition("-")
    own, foreign = own_of(service), foreign_to(service)
    place = NO_RUN.format(tenant=tenant or NO_TENANT)
    if own is not None and await refused(connected, own, place):
        return fail(user, f"may not say {own.type}, which is its own", remedy)
    if not await refused(connected, foreign, place):
        return fail(user, f"may say {foreign.type}, which only {foreign.owner} may", remedy)
    if tenant and own is not None and not await refused(connected, own):
        return fail(user, f"may say {own.type} in other tenants than {tenant}", remedy)
    may = f"may say {own.type}, may" if own is not None else "may"
    return ok(user, f"is let in; {may} not say {foreign.type}")


async def refused(connected: Session, kind: FactKind, place: str = ELSEWHERE) -> bool:
    """Whether the server refuses a fact of this kind from the user, or hands it to the log.

    Raises:
        Unanswered: neither the server nor the log says anything.
    """
    subject = f"{place}.{kind.type}{'.doctor' if kind.keyed else ''}"
    asked = asyncio.create_task(_passes(connected, subject))
    denied = asyncio.create_task(connected.refusal_of(subject))
    tasks = (asked, denied)
    await asyncio.wait(tasks, timeout=ANSWER_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    said, passed = denied.done(), asked.done()
    for task in tasks:
        task.cancel()
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    if not said and (not passed or ends[0] is not None):
        raise Unanswered(f"neither a refusal nor an answer to {kind.type} ({ends[0]!r})")
    return said


async def _passes(connected: Session, subject: str) -> None:
    """Return once the message is past the permissions: its stream refuses it, or there is none."""
    with suppress(nats.errors.NoRespondersError):
        await connected.client.request(
            subject, b"{}", timeout=2 * ANSWER_SECONDS, headers=dict(NO_STREAM)
        )


def own_of(user: str) -> FactKind | None:
    """A kind of fact that the user owns; None of one who only hears."""
    return next((kind for kind in FACTS if kind.owner == user), None)


def foreign_to(user: str) -> FactKind:
    """A signed kind of fact that only somebody else may say."""
    return next(kind for kind in FACTS if kind.starred and user not in (kind.owner, *kind.also))
