"""A call was cleared: check it again, claim it, run it once, and say what became of it."""

import time
from datetime import datetime, timedelta
from typing import Annotated, cast
from uuid import uuid4

import structlog
from faststream import Context

from contracts.envelope import Fact
from contracts.guardrail import ToolCleared
from contracts.history import Run, Try
from contracts.money import ToolFunded, ToolUnfunded
from contracts.progress import Progress, ToolProgress
from contracts.shape import later
from contracts.subjects import LIVE_PROGRESS
from contracts.tool import ToolClaimed, ToolFailed, ToolSucceeded
from shared.bus import Bus, Heard
from shared.errors import Again, LogRefused
from shared.service import Handlers

from .adapters.registry import DeclaredTool
from .adapters.runner import Place
from .adapters.telling import Telling
from .desk import Desk
from .errors import TRY_AGAIN, ArgumentsInvalid, CredentialMissing, ServerUnusable, ToolChanged
from .metrics import count_dispatch
from .reconciling import known, reconciled
from .rules import (
    CALLED_OFF,
    Act,
    Clearance,
    Nothing,
    NotStarted,
    Oversized,
    Replay,
    Report,
    Stubbed,
    Submit,
    Wait,
    answers_same_call,
    decide_clearance,
    not_started,
    outcome_of,
    recorded,
    taken,
)
from .rules.ending import ToolOutcome
from .vault import arguments_for

log = structlog.get_logger()
hears = Handlers()

UNPUBLISHED_HEAD = 500


@hears(ToolCleared)
async def run_call(
    heard: Heard[ToolCleared],
    bus: Annotated[Bus, Context()],
    desk: Annotated[Desk, Context()],
) -> None:
    await _carry_out(await bus.run(heard), heard, bus, desk)


@hears(ToolFunded, ToolUnfunded)
async def run_priced(
    heard: Heard[ToolFunded] | Heard[ToolUnfunded],
    bus: Annotated[Bus, Context()],
    desk: Annotated[Desk, Context()],
) -> None:
    """The price of a call is held, or cannot be: its clearance is looked at once more."""
    run = await bus.run(heard)
    each = run.places.get(heard.fact.cause_id)
    cleared = each.verdict if isinstance(each, Try) else None
    if cleared is not None and isinstance(cleared.body, ToolCleared):
        fact = cast("Fact[ToolCleared]", cleared)
        await _carry_out(run, Heard(fact, heard.delivery, heard.last), bus, desk)


async def _carry_out(run: Run, heard: Heard[ToolCleared], bus: Bus, desk: Desk) -> None:
    await _look_up(heard, desk)
    decision = await _outwait(_decide(run, heard, bus, desk), heard, bus, desk)
    match decision:
        case Nothing(reason):
            log.info("executor.nothing_to_do", call=heard.fact.body.call, reason=reason)
        case Wait(reason, until):
            raise Again(reason, (until - bus.clock.now()).total_seconds())
        case Replay(asked, run_id):
            parent = await bus.read(heard.fact.tenant, run_id, as_of=heard.fact.sequence)
            await _say(heard, bus, recorded(run, parent, asked))
        case Stubbed(body):
            await _say(heard, bus, body)
        case Report():
            await _report(await known(decision, run, bus, desk), heard, bus, desk)
        case Submit():
            # What is claimed for a run is submitted: a stop refuses that run, and tells this one.
            if decision.claimed or not await _is_stopped(run, decision, heard, bus, desk):
                await _submit(decision, heard, bus, desk)
        case Act():
            await _act(decision, run, heard, bus, desk)


async def _look_up(heard: Heard[ToolCleared], desk: Desk) -> None:
    """The registry has the tool, also where its server was not there when the executor started."""
    try:
        await desk.servers.look_up(heard.fact.body.tool)
    except ServerUnusable as error:
        if not heard.last:
            raise Again(str(error), desk.busy_pause_seconds) from None


def _decide(run: Run, heard: Heard[ToolCleared], bus: Bus, desk: Desk) -> Clearance:
    return decide_clearance(
        run,
        heard.fact,
        bus.clock.now(),
        desk.registry.manifests,
        margin_seconds=desk.margin_seconds,
        last=heard.last,
    )


async def _outwait(
    decision: Clearance, heard: Heard[ToolCleared], bus: Bus, desk: Desk
) -> Clearance:
    """There is no later delivery than the last: it waits in place, bounded by the claim."""
    if not (isinstance(decision, Wait) and heard.last):
        return decision
    left: timedelta = decision.until - bus.clock.now()
    await desk.sleep(left.total_seconds())
    return _decide(await bus.run(heard), heard, bus, desk)


async def _report(report: Report, heard: Heard[ToolCleared], bus: Bus, desk: Desk) -> None:
    body = report.body
    if report.call_off:
        nonce = CALLED_OFF + uuid4().hex
        revoked = ToolClaimed(call=body.call, attempt=body.attempt, nonce=nonce, state="revoked")
        if not await bus.claim(heard.fact, revoked):
            await _lost(heard, bus, desk)
            return
    await _say(heard, bus, body)


async def _is_stopped(
    run: Run, work: Act | Submit, heard: Heard[ToolCleared], bus: Bus, desk: Desk
) -> bool:
    """Whether an order keeps the call from being started, which then is told."""
    reason = desk.why_not(run, work)
    if reason is None:
        return False
    call = run.call(work.request.call)
    assert call is not None, "it was decided upon"
    await _report(not_started(call, "refused", reason), heard, bus, desk)
    return True


async def _lost(heard: Heard[ToolCleared], bus: Bus, desk: Desk) -> None:
    """Somebody else has claimed the call: see what becomes of it, now or on a later delivery."""
    if not heard.last:
        raise Again("another executor claimed the call")
    run = await bus.run(heard)
    decision = await _outwait(_decide(run, heard, bus, desk), heard, bus, desk)
    if isinstance(decision, Report) and not decision.call_off:
        await _say(heard, bus, decision.body)


async def _submit(submit: Submit, heard: Heard[ToolCleared], bus: Bus, desk: Desk) -> None:
    """Claim the call for the run that is to answer it, and submit that. Its end is the outcome."""
    asked, fact = submit.request, heard.fact
    if not submit.claimed:
        claim = ToolClaimed(
            call=asked.call,
            attempt=asked.attempt,
            nonce=uuid4().hex,
            state="claimed",
            start_before=_start_before(submit.start_before, bus, desk),
            child_run_id=submit.child_run_id,
        )
        if not await bus.claim(fact, claim):
            raise Again("another executor claimed the call")
    if await bus.submit(fact.tenant, submit.child_run_id, submit.task):
        log.info("executor.submitted", call=asked.call, child=submit.child_run_id)
        return
    other = (await bus.read(fact.tenant, submit.child_run_id)).submitted
    if other is None or not answers_same_call(other.body, submit.task):
        await _say(heard, bus, taken(submit))


async def _act(act: Act, run: Run, heard: Heard[ToolCleared], bus: Bus, desk: Desk) -> None:
    tool = desk.registry.tools[act.manifest.name]
    asked = act.request
    try:
        arguments = await arguments_for(asked, act.manifest, run, bus)
        tool.invocation.parse(arguments)
    except ArgumentsInvalid as error:
        failed = ToolFailed(
            call=asked.call, attempt=asked.attempt, kind="invalid_arguments", reason=str(error)
        )
        await _report(Report(failed, call_off=True), heard, bus, desk)
        return
    try:
        async with desk.runner.place(tool, run.tenant) as place:
            # After the wait for a place, right before the claim.
            if await _is_stopped(run, act, heard, bus, desk):
                return
            outcome = await _run_claimed(act, arguments, tool, place, run, heard, bus, desk)
    except (ToolChanged, CredentialMissing) as error:
        call = run.call(asked.call)
        assert call is not None, "it was decided upon"
        await _report(not_started(call, "refused", str(error)), heard, bus, desk)
        return
    except TRY_AGAIN as error:
        raise Again(str(error), desk.busy_pause_seconds) from None
    outcome = await reconciled(outcome, asked, run, bus, desk)
    await _say_outcome(outcome, act, heard, bus)


async def _run_claimed(
    act: Act,
    arguments: str,
    tool: DeclaredTool,
    place: Place,
    run: Run,
    heard: Heard[ToolCleared],
    bus: Bus,
    desk: Desk,
) -> ToolOutcome:
    """Claim, look at the clock once more, run."""
    start_before = _start_before(act.start_before, bus, desk)
    claim = ToolClaimed(
        call=act.request.call,
        attempt=act.request.attempt,
        nonce=uuid4().hex,
        state="claimed",
        start_before=start_before,
        time_limit_seconds=act.manifest.timeout_seconds,
    )
    if not await bus.claim(heard.fact, claim):
        raise Again("another executor claimed the call")
    count_dispatch(run, act.request.call, bus.clock.now())
    if bus.clock.now() >= start_before:
        return outcome_of(NotStarted(), act.request, act.manifest, 0)
    started = time.monotonic()
    telling = _telling(act, heard, bus)
    try:
        context = act.context.telling(telling)
        ending = await place.run(tool, arguments, context)
    finally:
        telling.close()
    duration_ms = round((time.monotonic() - started) * 1000)
    return outcome_of(ending, act.request, act.manifest, duration_ms)


def _telling(act: Act, heard: Heard[ToolCleared], bus: Bus) -> Telling:
    """How far the tool has come goes out live, beside the log."""
    subject = LIVE_PROGRESS.format(tenant=heard.fact.tenant, run_id=heard.fact.run_id)

    async def tell(progress: Progress) -> None:
        told = ToolProgress(
            **progress.model_dump(),
            tool=act.manifest.name,
            call=act.request.call,
            attempt=act.request.attempt,
            at=bus.clock.now(),
        )
        await bus.live(subject, told.model_dump_json(exclude_none=True).encode())

    return Telling(tell)


def _start_before(expires_at: datetime, bus: Bus, desk: Desk) -> datetime:
    """Whoever refuses an expired clearance relies on it that nothing starts after its expiry."""
    return min(later(bus.clock.now(), desk.start_within_seconds), expires_at)


async def _say_outcome(outcome: ToolOutcome, act: Act, heard: Heard[ToolCleared], bus: Bus) -> None:
    """An output that the log will not take is told as one that was too long."""
    try:
        await _say(heard, bus, outcome)
    except LogRefused:
        output = getattr(outcome, "output_json", "")
        labels = getattr(outcome, "labels", ())
        cut = Oversized(len(output.encode()), output[:UNPUBLISHED_HEAD], labels)
        await _say(heard, bus, outcome_of(cut, act.request, act.manifest, 0))


async def _say(heard: Heard[ToolCleared], bus: Bus, body: ToolOutcome) -> None:
    fact = await bus.say(heard.fact, body)
    # What went well is a fact already, and there is much of it.
    if not isinstance(body, ToolSucceeded):
        log.info("executor.said", said=fact.type, call=body.call, attempt=body.attempt)
