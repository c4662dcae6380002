"""/erasures: runs archived, runs deleted, people forgotten; and the proof of each."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field

from contracts.audit import ErasureAsked, ErasureEnded, erasure_proof
from contracts.control import REASON_LIMIT
from contracts.shape import Token, Written
from contracts.task import Name
from services.console.api.access import Operator, Viewer
from services.console.api.desk import Desk, DeskHere, InTenant
from services.console.api.people import Person
from services.console.api.runs import RunId
from services.console.api.shapes import Shape
from services.console.errors import Invalid, NotFound
from services.console.store.erasures import Asked, ErasedRun, Erasure, person_sha256

router = APIRouter(tags=["erasures"])
Reason = Annotated[str, Field(min_length=1, max_length=REASON_LIMIT)]


class NewDeletion(Written):
    """Why a run is deleted. A dry one only looks."""

    reason: Reason
    dry_run: bool = False


class NewForgetting(Written):
    """Whom to forget, in one tenant, and why. With both, only runs of both."""

    tenant: Token
    customer: Name | None = None
    user: Name | None = None
    reason: Reason
    dry_run: bool = False


class ErasedRunView(Shape):
    """One run: what there was of it and what is left, in counts, places and digests."""

    run_id: str
    evidence: dict[str, Any]
    tombstone: int | None
    erased_at: datetime | None

    @classmethod
    def of(cls, run: ErasedRun) -> "ErasedRunView":
        return cls(
            run_id=run.run_id,
            evidence=dict(run.evidence),
            tombstone=run.tombstone,
            erased_at=run.erased_at,
        )


class ErasureView(Shape):
    """One order and what became of it: asked, running, done, refused or failed.

    `proof` is whether the observer signed these very runs when it ended: confirmed, differs, or
    absent, which an end before this was signed, or too long ago to be looked at, is too.
    """

    number: int
    kind: str
    dry_run: bool
    tenant: str
    run_id: str | None
    person_sha256: str | None
    reason: str
    asked_by: str
    asked_at: datetime
    state: str
    ended_at: datetime | None
    answer: str
    remains: list[str]
    runs: list[ErasedRunView]
    proof: Literal["confirmed", "differs", "absent"] | None = None

    @classmethod
    def of(cls, one: Erasure) -> "ErasureView":
        same = set(cls.model_fields) - {"dry_run", "remains", "runs", "proof"}
        return cls(
            **{name: getattr(one, name) for name in same},
            dry_run=one.is_dry,
            remains=list(one.remains),
            runs=[ErasedRunView.of(run) for run in one.runs],
        )


@router.post("/runs/{run_id}/archive", status_code=202)
async def archive(
    run_id: RunId, person: Operator, desk: DeskHere, asked: InTenant = None
) -> ErasureView:
    """Have a finished run put into a file, and its facts taken out of the log."""
    tenant = await desk.tenant_of(person, run_id, asked)
    return await _ask(desk, person, Asked("archive", tenant, "", person.principal, run_id))


@router.post("/runs/{run_id}/delete", status_code=202)
async def delete(
    run_id: RunId, new: NewDeletion, person: Operator, desk: DeskHere, asked: InTenant = None
) -> ErasureView:
    """Have a run deleted for good, with those that hold a copy of it."""
    tenant = await desk.tenant_of(person, run_id, asked)
    order = Asked("delete", tenant, new.reason, person.principal, run_id, is_dry=new.dry_run)
    return await _ask(desk, person, order)


@router.post("/people/forget", status_code=202)
async def forget(new: NewForgetting, person: Operator, desk: DeskHere) -> ErasureView:
    """Have every run of a person deleted for good, with those that hold a copy of them."""
    desk.allowed_tenant(person, new.tenant)
    if new.customer is None and new.user is None:
        raise Invalid("nobody is named", "customer, user", "name one of them, or both")
    order = Asked(
        "forget",
        new.tenant,
        new.reason,
        person.principal,
        customer=new.customer,
        user=new.user,
        is_dry=new.dry_run,
    )
    return await _ask(desk, person, order)


@router.get("/erasures")
async def erasures(
    person: Viewer,
    desk: DeskHere,
    asked: InTenant = None,
    customer: Annotated[Name | None, Query(description="Who was forgotten")] = None,
    user: Annotated[Name | None, Query(description="As above")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> list[ErasureView]:
    """What was deleted, the newest first. A person is found by the same words as then."""
    tenant = desk.allowed_tenant(person, asked)
    digest = None
    if customer is not None or user is not None:
        if tenant is None:
            raise Invalid("people are people of a tenant", "tenant", "name it")
        digest = person_sha256(tenant, customer, user)
    return [ErasureView.of(one) for one in await desk.erasures.list(tenant, digest, limit)]


@router.get("/erasures/{number}")
async def erasure(
    number: Annotated[int, Path(ge=1)], person: Viewer, desk: DeskHere
) -> ErasureView:
    """One order with the proof: who, when, why, what there was, what is left, what remains."""
    found = await desk.erasures.get(number)
    if found is None or not _may_see(person, found):
        raise NotFound(
            f"there is no erasure {number}", "erasures", "list them: interlock erasures list"
        )
    view = ErasureView.of(found)
    return view.model_copy(update={"proof": await _proof(found, desk)}) if found.ended_at else view


async def _proof(found: Erasure, desk: Desk) -> Literal["confirmed", "differs", "absent"]:
    """Rows can be changed by whoever has the database; what was signed cannot."""
    deeds = await desk.audit.newest(desk.settings.deeds_looked_at)
    signed = {
        one.proof_sha256
        for one in deeds
        if isinstance(one, ErasureEnded)
        and (one.number, one.tenant) == (found.number, found.tenant)
    }
    runs = ((one.run_id, one.tombstone, one.evidence or None) for one in found.runs)
    if not signed:
        return "absent"
    return "confirmed" if erasure_proof(runs) in signed else "differs"


async def _ask(desk: Desk, person: Person, asked: Asked) -> ErasureView:
    """Note it, and then order it: a deletion that nobody could be told of is not done."""
    deed = ErasureAsked(
        kind=asked.kind,
        tenant=asked.tenant,
        run_id=asked.run_id,
        person_sha256=asked.person_sha256,
        is_dry=asked.is_dry,
        **desk.doer(person, asked.reason),
    )
    await desk.audit.note(deed)
    return ErasureView.of(await desk.erasures.ask(asked))


def _may_see(person: Person, one: Erasure) -> bool:
    return person.reaches(one.tenant)
