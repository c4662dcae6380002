"""Outcomes: each brings the hold of its attempt to its next state, and says so."""

from contracts.envelope import Fact
from contracts.history import Attempt, Run
from contracts.model import ModelAttemptRequested, ModelFailed, ModelResponded
from contracts.money import MoneySettled
from contracts.shape import Body
from services.cost_ledger.errors import HoldUnsettled
from services.cost_ledger.handlers.desk import Desk, InBus, InDesk, hears
from services.cost_ledger.metrics import count_spent
from services.cost_ledger.rules.offer import route_name
from services.cost_ledger.rules.settlement import (
    Evidence,
    Resolution,
    evidence_of_failure,
    evidence_of_response,
    resolve,
)
from services.cost_ledger.rules.tariff import PriceMatch
from services.cost_ledger.store import Hold
from shared.bus import Bus, Heard

Outcome = ModelResponded | ModelFailed | ModelAttemptRequested


@hears(ModelResponded, ModelFailed)
async def settle(
    heard: Heard[ModelResponded] | Heard[ModelFailed], bus: InBus, desk: InDesk
) -> None:
    """An attempt brought its answer, or the last attempt of a step failed."""
    await settle_outcome(heard.fact, await bus.run(heard), bus, desk)


async def settle_outcome(fact: Fact[Outcome], run: Run, bus: Bus, desk: Desk) -> None:
    """Settle the hold of the attempt that this outcome follows from, if there is one."""
    attempt = run.places.get(fact.cause_id)
    if not isinstance(attempt, Attempt):
        return
    hold = await desk.store.find(attempt.request.id)
    if hold is None:
        return
    route = _route(fact.body)
    await settle_hold(fact, hold, _evidence(fact.body, hold), bus, desk, route)


async def settle_hold(
    cause: Fact[Body],
    hold: Hold,
    evidence: Evidence,
    bus: Bus,
    desk: Desk,
    route: str | None = None,
) -> None:
    """Settle a hold by evidence. What this cause has settled before is said again."""
    for _ in range(desk.settings.resolve_tries):
        if hold.resolved_by == cause.id and hold.resolution is not None:
            await bus.say(cause, hold.resolution)
            return
        to = resolve(hold.state, hold.amount_micro_usd, evidence)
        if to is None:
            return
        settled = _settled(hold, to, route)
        if await desk.store.resolve(hold, to, settled, cause.id, route):
            await bus.say(cause, settled)
            count_spent(hold.agent, settled, route)
            return
        found = await desk.store.find(hold.id)
        assert found is not None, "holds are never deleted"
        hold = found
    raise HoldUnsettled(hold.id, desk.settings.resolve_tries)


def _evidence(outcome: Outcome, hold: Hold) -> Evidence:
    match outcome:
        case ModelResponded():
            return evidence_of_response(outcome, hold.terms.tariff(outcome.served_by.route))
        case ModelFailed():
            return evidence_of_failure(outcome.failure)
        case ModelAttemptRequested():
            return evidence_of_failure(outcome.previous)


def _route(outcome: Outcome) -> str | None:
    match outcome:
        case ModelResponded():
            return route_name(outcome.served_by.route)
        case ModelFailed(failure=failure) | ModelAttemptRequested(previous=failure):
            return None if failure.route is None else route_name(failure.route)


def _settled(hold: Hold, to: Resolution, route: str | None) -> MoneySettled:
    return MoneySettled(
        step=hold.step,
        attempt=hold.attempt,
        call=hold.terms.call,
        hold_id=hold.id,
        state=to.state,
        held_micro_usd=hold.amount_micro_usd,
        cost_micro_usd=to.cost_micro_usd,
        lines=to.lines,
        price_book=hold.terms.price_book,
        price_match=_match(hold, route),
        route=route,
        reason=to.reason,
    )


def _match(hold: Hold, route: str | None) -> PriceMatch:
    if hold.terms.call is not None:
        return "exact"  # as its author declared it
    tariff = hold.terms.tariffs.get(route) if route is not None else None
    return "none" if tariff is None else tariff.match
