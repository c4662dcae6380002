"""Requests for money: one hold for one attempt, or a refusal with its reason."""

from datetime import datetime

from contracts.envelope import Fact
from contracts.history import Attempt, Run
from contracts.model import ModelAttemptDue, ModelAttemptRequested, ModelRequested, Route
from contracts.money import ModelFunded, ModelUnfunded
from services.cost_ledger.handlers.desk import Desk, InBus, InDesk, hears
from services.cost_ledger.handlers.settling import settle_outcome
from services.cost_ledger.rules.budgets import caps_of
from services.cost_ledger.rules.offer import (
    Refused,
    Terms,
    funded,
    offer,
    refused,
    route_name,
)
from services.cost_ledger.rules.request import (
    ModelRequest,
    Request,
    has_verdict,
    is_deferred,
    open_request,
)
from services.cost_ledger.rules.tariff import Tariff
from services.cost_ledger.store import Hold
from shared.bus import Bus, Heard


@hears(ModelRequested)
async def fund_step(heard: Heard[ModelRequested], bus: InBus, desk: InDesk) -> None:
    """The first attempt at a step."""
    await _fund(heard.fact, await bus.run(heard), bus, desk, last=heard.last)


@hears(ModelAttemptRequested)
async def fund_attempt(heard: Heard[ModelAttemptRequested], bus: InBus, desk: InDesk) -> None:
    """Another attempt. What the one before it gives back may be what this one needs.

    One that is deferred is funded when it is due: no money is set aside for a wait.
    """
    run = await bus.run(heard)
    if not heard.last:
        await settle_outcome(heard.fact, run, bus, desk)
    if not is_deferred(run, heard.fact):
        await _fund(heard.fact, run, bus, desk, last=heard.last)


@hears(ModelAttemptDue)
async def fund_due(heard: Heard[ModelAttemptDue], bus: InBus, desk: InDesk) -> None:
    """A deferred attempt may be funded now. Its hold is for the request, as that of any other."""
    run = await bus.run(heard)
    attempt = run.places.get(heard.fact.cause_id)
    if isinstance(attempt, Attempt) and not is_deferred(run, attempt.request):
        await _fund(attempt.request, run, bus, desk, last=heard.last)


async def _fund(fact: Fact[ModelRequest], run: Run, bus: Bus, desk: Desk, *, last: bool) -> None:
    if has_verdict(run, fact):
        return
    if last:
        await bus.say(fact, _unavailable(fact.body))
        return
    await bus.say(fact, await _verdict(run, fact, bus.clock.now(), desk))


async def _verdict(
    run: Run, fact: Fact[ModelRequest], now: datetime, desk: Desk
) -> ModelFunded | ModelUnfunded:
    request = open_request(run, fact)
    if isinstance(request, ModelUnfunded):
        # It was answered while it was open, and the answer was not heard: it stays the answer.
        earlier = await desk.store.find(fact.id)
        return request if earlier is None else _answer(earlier)
    alias = desk.models.aliases.get(request.alias)
    routes = alias.routes if alias is not None else ()
    terms = offer(request, routes, _tariffs(request, routes, now, desk), desk.prices.version)
    if isinstance(terms, ModelUnfunded):
        return terms
    return _answer(await desk.store.take(request, terms, caps_of(request, desk.budgets, now)))


def _tariffs(
    request: Request, routes: tuple[Route, ...], now: datetime, desk: Desk
) -> dict[str, Tariff]:
    wanted = routes if request.route is None else (request.route,)
    priced = ((route_name(route), desk.prices.tariff(route, now)) for route in wanted)
    return {name: tariff for name, tariff in priced if tariff is not None}


def _answer(hold: Hold) -> ModelFunded | ModelUnfunded:
    """By what is stored, and not by what would be offered now."""
    terms: Terms = hold.terms
    if isinstance(hold.answer, Refused):
        return refused(hold.step, hold.attempt, terms, hold.answer)
    return funded(hold.id, hold.step, hold.attempt, terms, hold.answer)


def _unavailable(body: ModelRequest) -> ModelUnfunded:
    return ModelUnfunded(
        step=body.step,
        attempt=body.attempt,
        rule="ledger_unavailable",
        reason="the ledger could not answer, however often it was asked",
    )
