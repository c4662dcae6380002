"""Ends of runs: what is still held is released only if nobody can dispatch it any more."""

import secrets

import structlog

from contracts.envelope import Fact
from contracts.history import Attempt, Run, Try
from contracts.model import ModelClaimed
from contracts.run import RunCancelled, RunCompleted, RunFailed
from contracts.shape import Body
from services.cost_ledger.handlers.calls import close_call
from services.cost_ledger.handlers.desk import Desk, InBus, InDesk, hears
from services.cost_ledger.handlers.settling import settle_hold, settle_outcome
from services.cost_ledger.rules.ending import InFlight, Revoked, Told, Unclaimed, standing
from services.cost_ledger.rules.settlement import NotBilled, NotKnown
from services.cost_ledger.store import Hold
from shared.bus import Bus, Heard
from shared.errors import Again

log = structlog.get_logger()


@hears(RunCompleted, RunFailed, RunCancelled)
async def close(
    heard: Heard[RunCompleted] | Heard[RunFailed] | Heard[RunCancelled], bus: InBus, desk: InDesk
) -> None:
    """Take no more holds for the run, and resolve every one that is open."""
    end = heard.fact
    run = await bus.run(heard)
    if run.end is None or run.end.id != end.id:
        return
    await desk.store.close_run(end.tenant, end.run_id)
    holds = await desk.store.unsettled(end.tenant, end.run_id, end.id)
    waits = [await _close_hold(heard, run, hold, bus, desk) for hold in holds]
    if wait := max(waits, default=0.0):
        raise Again("calls of the run are in flight", after_seconds=wait)


async def _close_hold(heard: Heard[Body], run: Run, hold: Hold, bus: Bus, desk: Desk) -> float:
    """Resolve one hold; the seconds to wait for where it cannot be resolved yet."""
    end, attempt = heard.fact, run.places.get(hold.id)
    if isinstance(attempt, Try) and hold.resolved_by != end.id:
        return await close_call(heard, attempt, hold, bus, desk)
    if hold.resolved_by == end.id or not isinstance(attempt, Attempt):
        # A request that the run never took: no verdict on it was believed, so nobody may act on it.
        await settle_hold(end, hold, NotBilled("the run never took this attempt"), bus, desk)
        return 0.0
    match _standing(run, attempt, desk):
        case Told(outcome):
            await settle_outcome(outcome, run, bus, desk)
        case Revoked():
            await settle_hold(end, hold, NotBilled("revoked before it was claimed"), bus, desk)
        case Unclaimed():
            if not await bus.claim(_cause(attempt), _revocation(attempt)):
                return await _lost_claim(heard, hold, bus, desk)
            await settle_hold(end, hold, NotBilled("revoked before it was claimed"), bus, desk)
        case InFlight(silent_at):
            left = (silent_at - bus.clock.now()).total_seconds()
            if left > 0 and not heard.last:
                return left
            log.warning("cost_ledger.liability", hold=hold.id, run_id=hold.run_id)
            await settle_hold(end, hold, NotKnown("claimed, and no outcome came"), bus, desk)
    return 0.0


async def _lost_claim(heard: Heard[Body], hold: Hold, bus: Bus, desk: Desk) -> float:
    """Somebody claimed it in between, so the log is read again: this time it has a claim."""
    run = await bus.read(hold.tenant, hold.run_id)
    attempt = run.places.get(hold.id)
    if isinstance(attempt, Attempt) and attempt.claim is not None:
        return await _close_hold(heard, run, hold, bus, desk)
    raise Again(f"hold {hold.id} is claimed, and the claim cannot be read yet")


def _standing(run: Run, attempt: Attempt, desk: Desk) -> Told | Unclaimed | Revoked | InFlight:
    return standing(
        run,
        attempt,
        default_limit_seconds=desk.settings.default_time_limit_seconds,
        margin_seconds=desk.settings.silence_margin_seconds,
    )


def _cause(attempt: Attempt) -> Fact[Body]:
    """The fold places a claim by the verdict; a hold whose verdict was never said has none."""
    return attempt.verdict or attempt.request


def _revocation(attempt: Attempt) -> ModelClaimed:
    return ModelClaimed(
        step=attempt.request.body.step,
        attempt=attempt.number,
        nonce=secrets.token_hex(16),
        state="revoked",
    )
