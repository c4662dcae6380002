"""Calls of tools that have a price: it is held before the start, and settled by the outcome."""

import secrets

import structlog

from contracts.envelope import Fact
from contracts.guardrail import ToolCleared
from contracts.history import Run, Try
from contracts.history.pricing import price_micro_usd
from contracts.money import ToolFunded, ToolUnfunded
from contracts.shape import Body
from contracts.tool import ToolClaimed, ToolFailed, ToolSucceeded, ToolUnknown
from services.cost_ledger.handlers.desk import Desk, InBus, InDesk, hears
from services.cost_ledger.handlers.settling import settle_hold
from services.cost_ledger.rules.budgets import caps_of
from services.cost_ledger.rules.calls import (
    evidence_of_call,
    open_call,
    refused_call,
    route_of,
    silent_at,
    terms_of_call,
    unfunded_call,
)
from services.cost_ledger.rules.offer import Refused
from services.cost_ledger.rules.settlement import NotBilled, NotKnown
from services.cost_ledger.store import Hold
from shared.bus import Bus, Heard
from shared.errors import Again

log = structlog.get_logger()


@hears(ToolCleared)
async def fund_call(heard: Heard[ToolCleared], bus: InBus, desk: InDesk) -> None:
    """The price of a call that may start. A tool without one needs no money."""
    run, cleared = await bus.run(heard), heard.fact
    request = open_call(run, cleared)
    if request is None:
        return
    if heard.last:
        reason = "the ledger could not answer, however often it was asked"
        await bus.say(cleared, unfunded_call(cleared.body, "ledger_unavailable", reason))
        return
    if isinstance(request, ToolUnfunded):
        # It was answered while it was open, and the answer was not heard: it stays the answer.
        earlier = await _hold_of(run, cleared, desk)
        await bus.say(cleared, request if earlier is None else _answer(cleared.body, earlier))
        return
    caps = caps_of(request, desk.budgets, bus.clock.now())
    hold = await desk.store.take(request, terms_of_call(run, cleared.body), caps)
    await bus.say(cleared, _answer(cleared.body, hold))


@hears(ToolSucceeded, ToolFailed, ToolUnknown)
async def settle_call(
    heard: Heard[ToolSucceeded] | Heard[ToolFailed] | Heard[ToolUnknown], bus: InBus, desk: InDesk
) -> None:
    """A call ended, or nobody knows how it did: then its price counts until somebody does."""
    run = await bus.run(heard)
    each = run.places.get(heard.fact.cause_id)
    if isinstance(each, Try) and price_micro_usd(run, each.request.body.tool):
        hold = await desk.store.find(each.request.id)
        if hold is not None:
            await _settle(heard.fact, each, hold, bus, desk)


async def close_call(heard: Heard[Body], each: Try, hold: Hold, bus: Bus, desk: Desk) -> float:
    """Resolve the hold of a call when its run has ended; the seconds to wait where it cannot be."""
    end = heard.fact
    if each.outcome is not None and evidence_of_call(each, hold.amount_micro_usd) is not None:
        await _settle(each.outcome, each, hold, bus, desk)
        return 0.0
    if each.claim is None:
        cause: Fact[Body] = each.verdict or each.request
        if not await bus.claim(cause, _revocation(each)):
            return await _lost_claim(heard, hold, bus, desk)
    elif each.claim.body.state == "claimed":
        at = silent_at(each, desk.settings.silence_margin_seconds)
        left = (at - bus.clock.now()).total_seconds()
        if left > 0 and not heard.last:
            return left
        log.warning("cost_ledger.liability", hold=hold.id, run_id=hold.run_id)
        silence = NotKnown("claimed, and no outcome came")
        await settle_hold(end, hold, silence, bus, desk, route_of(each.request.body.tool))
        return 0.0
    await settle_hold(end, hold, NotBilled("revoked before it was claimed"), bus, desk)
    return 0.0


async def _lost_claim(heard: Heard[Body], hold: Hold, bus: Bus, desk: Desk) -> float:
    """Somebody claimed it in between, so the log is read again: this time it has a claim."""
    run = await bus.read(hold.tenant, hold.run_id)
    each = run.places.get(hold.id)
    if isinstance(each, Try) and each.claim is not None:
        return await close_call(heard, each, hold, bus, desk)
    raise Again(f"hold {hold.id} is claimed, and the claim cannot be read yet")


async def _settle(fact: Fact[Body], each: Try, hold: Hold, bus: Bus, desk: Desk) -> None:
    evidence = evidence_of_call(each, hold.amount_micro_usd)
    if evidence is not None:
        await settle_hold(fact, hold, evidence, bus, desk, route_of(each.request.body.tool))


async def _hold_of(run: Run, cleared: Fact[ToolCleared], desk: Desk) -> Hold | None:
    each = run.places.get(cleared.id)
    return await desk.store.find(each.request.id) if isinstance(each, Try) else None


def _answer(cleared: ToolCleared, hold: Hold) -> ToolFunded | ToolUnfunded:
    """By what is stored, and not by what would be offered now."""
    if isinstance(hold.answer, Refused):
        return refused_call(cleared, hold.amount_micro_usd, hold.answer)
    return ToolFunded(
        call=cleared.call,
        attempt=cleared.attempt,
        hold_id=hold.id,
        amount_micro_usd=hold.amount_micro_usd,
        budgets=hold.answer,
    )


def _revocation(each: Try) -> ToolClaimed:
    asked = each.request.body
    nonce = secrets.token_hex(16)
    return ToolClaimed(call=asked.call, attempt=asked.attempt, nonce=nonce, state="revoked")
