"""/runs: one run beside another: forks, what they touched, differences; and runs as files."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field

from contracts.audit import RunImported
from contracts.envelope import Stored
from contracts.export import MEDIA_TYPE, Exported, Header, Tampered, read, signers, write
from contracts.history import Run
from contracts.history.lineage import grown_from
from contracts.shape import Token, Usd, Written
from contracts.subjects import SUBMISSIONS, parse_subject
from contracts.task import Fork, Name, TaskLimits
from contracts.trial import EVALUATION, Trial
from services.console.api.access import Operator, Viewer
from services.console.api.desk import Desk, DeskHere, InTenant
from services.console.api.lineage_shapes import ComparisonView, Imported, ProofView
from services.console.api.runs import RunId
from services.console.api.shapes import Accepted
from services.console.api.tasks import NewTask, accept
from services.console.archives import Archived, archived
from services.console.errors import Conflict, Invalid, NotFound, TooLarge
from services.console.rules.comparison import compare
from services.console.rules.proof import prove

router = APIRouter(tags=["runs"])
ARCHIVES = "/archives"


class NewFork(Written):
    """What a fork tries out, and from which step on."""

    step: Annotated[int, Field(ge=1)] = 1
    model: Token | None = None
    instructions: Annotated[str | None, Field(min_length=1, max_length=65_536)] = None
    policy: Name | None = None
    run_id: Annotated[Token | None, Field(description="Made where absent")] = None
    budget_usd: Annotated[Usd | None, Field(description="A tighter ceiling than the run's")] = None
    trial: Annotated[Trial | None, Field(description="Of an experiment that pays for it")] = None


@router.post("/runs/{run_id}/fork", status_code=201)
async def fork(
    run_id: RunId,
    new: NewFork,
    person: Operator,
    desk: DeskHere,
    response: Response,
    asked: InTenant = None,
) -> Accepted:
    """Start a shadow of a run: its recorded results are replayed, and it touches nothing."""
    tenant = await desk.tenant_of(person, run_id, asked)
    await desk.run(tenant, run_id)
    run = await desk.bus.read(tenant, run_id)
    _check_forkable(run, new.step)
    assert run.submitted is not None, "it was just looked at"
    task = run.submitted.body
    changes = new.model_dump(exclude={"run_id", "budget_usd", "trial"}, exclude_none=True)
    accepted = await accept(
        NewTask(
            tenant=tenant,
            run_id=new.run_id,
            agent=task.agent,
            input=task.input,
            limits=_tighter(task.limits, new.budget_usd),
            fork=Fork(run_id=run_id, **changes),
            trial=new.trial,
            feature=EVALUATION if new.trial is not None else None,
        ),
        person,
        desk,
    )
    response.status_code = 201 if accepted.created else 200
    return accepted


def _tighter(limits: TaskLimits, budget_usd: Decimal | None) -> TaskLimits:
    given = [one for one in (limits.budget_usd, budget_usd) if one is not None]
    return limits.model_copy(update={"budget_usd": min(given)}) if given else limits


@router.get("/runs/{run_id}/proof")
async def proof(run_id: RunId, person: Viewer, desk: DeskHere, asked: InTenant = None) -> ProofView:
    """What a run touched outside, by every fact of it; and where it differs from its parent."""
    tenant = await desk.tenant_of(person, run_id, asked)
    run = await desk.run(tenant, run_id)
    grown = grown_from(run)
    parent = None if grown is None else await _maybe(desk, tenant, grown.run_id)
    record = [] if parent is None else await desk.history.facts(tenant, parent.run_id)
    found = prove(run, await desk.history.facts(tenant, run_id), record)
    return ProofView.of(found, None if parent is None else compare(parent, run))


@router.get("/runs/{run_id}/diff/{other}")
async def diff(
    run_id: RunId,
    other: Annotated[Token, Path(description="The run to compare it with")],
    person: Viewer,
    desk: DeskHere,
    asked: InTenant = None,
) -> ComparisonView:
    """Where two runs differ, step by step; a fork is compared from the step it grew from."""
    tenant = await desk.tenant_of(person, run_id, asked)
    return ComparisonView.of(compare(await desk.run(tenant, run_id), await desk.run(tenant, other)))


@router.get("/runs/{run_id}/export", response_class=Response)
async def export(run_id: RunId, person: Viewer, desk: DeskHere, asked: InTenant = None) -> Response:
    """The run as one verifiable file, with those that it grew from as far as it knows them."""
    tenant = await desk.tenant_of(person, run_id, asked)
    messages = await _in_log(desk, tenant, run_id)
    content = (
        await _written(desk, tenant, run_id, messages)
        if messages
        else await _kept(desk, tenant, run_id)
    )
    name = f'attachment; filename="{run_id}.jsonl"'
    return Response(content, media_type=MEDIA_TYPE, headers={"content-disposition": name})


@router.post(ARCHIVES, status_code=201)
async def import_(
    request: Request, person: Operator, desk: DeskHere, response: Response
) -> Imported:
    """Keep a run that was exported elsewhere, or here before it was purged. 200 if it is known."""
    content = await request.body()
    try:
        exported = read(content, desk.keyring)
    except Tampered as error:
        raise Invalid(
            error.reason,
            f"line {error.line}, {error.what}",
            "export it again; a file of another platform needs its keys in our keyring",
        ) from None
    header = exported.header
    desk.allowed_tenant(person, header.tenant)
    known = await _known(desk, exported)
    if known is None:
        deed = RunImported(
            tenant=header.tenant,
            run_id=header.run_id,
            digest=exported.digest,
            **desk.doer(person),
        )
        await desk.audit.note(deed)
        kept = Archived(exported.digest, content)
        await desk.archives.put(
            header.tenant, header.run_id, kept, len(exported.facts), person.principal
        )
    response.status_code = 200 if known else 201
    return Imported(
        tenant=header.tenant,
        run_id=header.run_id,
        digest=exported.digest,
        facts=len(exported.facts),
        status=exported.run().status,
        stored=known is None,
        reason=known or "kept as an archive",
    )


def _check_forkable(run: Run, step: int) -> None:
    if run.submitted is None:
        raise Conflict("it is not in the log any more", run.run_id, "fork a run that is")
    if step > len(run.steps):
        raise Invalid(f"the run has {len(run.steps)} steps", "step", "name one of them")
    if run.steps[step - 1].is_summary:
        raise Invalid("the context policy asked for that step", "step", "name another one")


async def _in_log(desk: Desk, tenant: str, run_id: str) -> list[Stored]:
    """What the log has of a run; nothing where that is only its tombstone."""
    found = await desk.history.messages(tenant, run_id)
    if found and found[0].subject.endswith(".run.archived"):
        return []
    return found if any(parse_subject(one.subject).type in SUBMISSIONS for one in found) else []


async def _maybe(desk: Desk, tenant: str, run_id: str) -> Run | None:
    try:
        return await desk.run(tenant, run_id)
    except NotFound:
        return None


async def _written(desk: Desk, tenant: str, run_id: str, own: Sequence[Stored]) -> bytes:
    """The file, made of what lies in the log."""
    messages = [*await _inherited(desk, tenant, run_id), *own]
    header = Header(
        tenant=tenant,
        run_id=run_id,
        exported_at=desk.bus.clock.now(),
        keys=desk.keyring.public_hex(signers(messages)),
    )
    lines, size = [], 0
    for line in write(header, messages):
        lines.append(line)
        size += len(line)
        if size > desk.settings.archive_limit_bytes:
            raise TooLarge(
                f"as a file it is over {desk.settings.archive_limit_bytes} bytes",
                "INTERLOCK_CONSOLE_ARCHIVE_LIMIT_BYTES",
                "raise that limit",
            )
    return b"".join(lines)


async def _inherited(desk: Desk, tenant: str, run_id: str) -> list[Stored]:
    """What the run knows of those that it grew from, the oldest first."""
    found: list[Stored] = []
    run: Run | None = await desk.bus.read(tenant, run_id)
    while run is not None and (grown := grown_from(run)) is not None:
        found = [*await desk.history.messages(tenant, grown.run_id, grown.position), *found]
        run = run.ancestor
    return found


async def _kept(desk: Desk, tenant: str, run_id: str) -> bytes:
    """The file as it was imported."""
    if await archived(desk.archives, tenant, run_id) is None:
        raise NotFound(
            f"there is no run {run_id}", f"tenant {tenant}", "list them: interlock runs list"
        )
    kept = await desk.archives.get(tenant, run_id)
    assert kept is not None, "it was there a moment ago"
    return kept.content


async def _known(desk: Desk, exported: Exported) -> str | None:
    """Where the same history lies already; None where nothing is known of the run.

    Raises:
        Conflict: another history has its id.
    """
    tenant, run_id = exported.header.tenant, exported.header.run_id
    in_log = await _in_log(desk, tenant, run_id)
    if in_log:
        own = [one for one in exported.messages if one.subject.split(".")[2] == run_id]
        where: Literal["log", "archive"] = "log"
        same = all(_is_same(*pair) for pair in zip(own, in_log, strict=False))
        same = same and len(own) <= len(in_log)
    else:
        kept = await desk.archives.get(tenant, run_id)
        if kept is None:
            return None
        where, same = "archive", kept.digest == exported.digest
    if not same:
        raise Conflict(f"the {where} has another history of the run", run_id, "look at both")
    return f"the {where} has it already"


def _is_same(one: Stored, two: Stored) -> bool:
    ours = (one.sequence, one.subject, one.body, one.headers.get("ce-id"))
    return ours == (two.sequence, two.subject, two.body, two.headers.get("ce-id"))
