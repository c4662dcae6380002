"""Hear that an attempt is funded: fold, claim, call, and say what came of it."""

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

import structlog
from faststream import Context

from contracts.history import Run, measure, prompt
from contracts.model import (
    AttemptFailure,
    ModelAttemptRequested,
    ModelClaimed,
    ModelFailed,
    ModelResponded,
    Prompt,
)
from contracts.money import ModelFunded
from shared.bus import Bus, Heard
from shared.canaries import Canaries
from shared.errors import Again
from shared.orders import EVERYTHING_RUNS, InForce, why_stopped
from shared.service import Handlers

from .adapters import ProviderAnswer, ProviderCall, Providers
from .errors import ProviderError
from .metrics import count_dispatch, count_failed_call
from .rules import (
    Choice,
    Limits,
    Terms,
    Work,
    after_claim,
    after_failure,
    failed,
    given_up,
    late_failure,
    left_behind,
    open_work,
    terms,
    unbilled,
    wait_seconds,
)

log = structlog.get_logger()
hears = Handlers()

NONCE_BYTES = 12


@dataclass(frozen=True)
class Desk:
    """What calls are made with. `calling` holds the nonces of the calls of this process."""

    choices: Mapping[str, Choice]
    providers: Providers
    limits: Limits
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    orders: InForce = EVERYTHING_RUNS
    canaries: Canaries | None = None
    calling: set[str] = field(default_factory=set)

    def as_sent(self, asked: Prompt, tenant: str) -> Prompt:
        """A prompt with the tenant's canary where its author plants it."""
        return asked if self.canaries is None else self.canaries.plant(asked, tenant)

    def choice(self, work: Work) -> Choice | None:
        return self.choices.get(work.step.requested.body.alias)


@hears(ModelFunded)
async def call_model(
    heard: Heard[ModelFunded], bus: Annotated[Bus, Context()], desk: Annotated[Desk, Context()]
) -> None:
    """One funded attempt, made at most once."""
    run = await bus.run(heard)
    work = open_work(run, heard.fact, bus.clock.now())
    if work is None:
        left = left_behind(run, heard.fact)
        if left is not None:
            await bus.say(heard.fact, left)
        return
    if heard.last and work.claim is None:
        await _decline(heard, work, given_up(work), bus, desk)
    elif heard.last:
        await bus.say(heard.fact, failed(work, given_up(work)))
    elif work.claim is None:
        await _attempt(heard, run, work, bus, desk)
    else:
        await _take_over(heard, work, work.claim, bus, desk)


async def _take_over(
    heard: Heard[ModelFunded], work: Work, claim: ModelClaimed, bus: Bus, desk: Desk
) -> None:
    """Somebody claimed it and told no outcome; it is delivered again because they stopped.

    Raises:
        Again: it is a call of this process, and still under way.
    """
    if claim.nonce in desk.calling:
        raise Again("this process is making the call", desk.limits.takeover_seconds)
    failure = after_claim(claim)
    log.warning("model_router.attempt_lost", reason=failure.reason, billed=failure.billed)
    now = bus.clock.now()
    await bus.say(heard.fact, after_failure(work, failure, desk.choice(work), now, desk.limits))


async def _attempt(heard: Heard[ModelFunded], run: Run, work: Work, bus: Bus, desk: Desk) -> None:
    """Wait for its turn, agree on terms, claim, call, say.

    Raises:
        Again: another holds the claim; it is looked at again, in case they stop.
    """
    await desk.pause(wait_seconds(work, bus.clock.now(), desk.limits))
    measured = measure(run, work.step.number)
    agreed = terms(work, measured, desk.choice(work), bus.clock.now(), desk.limits)
    if isinstance(agreed, AttemptFailure):
        await _decline(heard, work, agreed, bus, desk)
        return
    # As late as can be: after an order to stop nothing is started.
    stopped = why_stopped(desk.orders, run)
    if stopped is not None:
        await _decline(heard, work, unbilled("denied", stopped), bus, desk)
        return
    nonce = secrets.token_hex(NONCE_BYTES)
    desk.calling.add(nonce)
    try:
        if not await bus.claim(heard.fact, _claim(work, agreed, nonce)):
            raise Again("the claim is taken, or revoked", desk.limits.takeover_seconds)
        count_dispatch(work, bus.clock.now())
        asked = desk.as_sent(prompt(run, work.step.number), run.tenant)
        outcome = await _call(work, agreed, asked, bus, desk)
        if isinstance(outcome, AttemptFailure):
            await _tell_failure(heard, work, outcome, bus, desk)
        else:
            await bus.say(heard.fact, outcome)
    finally:
        desk.calling.discard(nonce)


async def _decline(
    heard: Heard[ModelFunded], work: Work, failure: AttemptFailure, bus: Bus, desk: Desk
) -> None:
    """Tell that an attempt is not made, once nobody can make it any more.

    The ledger gives the hold back on that word. Another replica may have agreed on terms with it,
    and be slow to claim.

    Raises:
        Again: another holds the claim; it is looked at again, in case they stop.
    """
    if await bus.claim(heard.fact, _revocation(work)):
        await bus.say(heard.fact, failed(work, failure))
    elif heard.last:
        await bus.say(heard.fact, failed(work, given_up(work, contested=True)))
    else:
        raise Again("the claim is taken, or revoked", desk.limits.takeover_seconds)


async def _call(
    work: Work, agreed: Terms, asked: Prompt, bus: Bus, desk: Desk
) -> ModelResponded | AttemptFailure:
    route = agreed.drawn.route
    if bus.clock.now() >= agreed.start_before:
        return unbilled("unavailable", "the claim took too long; the call was not made", route)
    provider = desk.providers[route.provider, route.api]
    seed = work.step.requested.body.seed
    call = ProviderCall(asked, route, agreed.max_output_tokens, agreed.time_limit_seconds, seed)
    started = time.perf_counter()
    try:
        answer = await provider.complete(call)
    except ProviderError as error:
        failure = error.failure(route)
        count_failed_call(route, failure.kind, time.perf_counter() - started)
        return failure
    duration_ms = int((time.perf_counter() - started) * 1000)
    return _fitting(_responded(work, answer, duration_ms), desk.limits.answer_limit_bytes)


async def _tell_failure(
    heard: Heard[ModelFunded], work: Work, failure: AttemptFailure, bus: Bus, desk: Desk
) -> None:
    """Whoever took this attempt for lost may have gone on meanwhile, so the run is read again."""
    log.warning(
        "model_router.attempt_failed",
        kind=failure.kind,
        reason=failure.reason,
        billed=failure.billed,
        attempt=work.attempt.number,
    )
    run = await bus.read(heard.fact.tenant, heard.fact.run_id)
    now = bus.clock.now()
    now_open = open_work(run, heard.fact, now)
    said: ModelAttemptRequested | ModelFailed | None
    if now_open is None:
        said = late_failure(run, work, failure)
    else:
        said = after_failure(now_open, failure, desk.choice(work), now, desk.limits)
    if said is not None:
        await bus.say(heard.fact, said)


def _claim(work: Work, agreed: Terms, nonce: str) -> ModelClaimed:
    return ModelClaimed(
        step=work.step.number,
        attempt=work.attempt.number,
        nonce=nonce,
        state="claimed",
        start_before=agreed.start_before,
        time_limit_seconds=agreed.time_limit_seconds,
        route=agreed.drawn.route,
        chance=agreed.drawn.chance,
    )


def _revocation(work: Work) -> ModelClaimed:
    return ModelClaimed(
        step=work.step.number,
        attempt=work.attempt.number,
        nonce=secrets.token_hex(NONCE_BYTES),
        state="revoked",
    )


def _responded(work: Work, answer: ProviderAnswer, duration_ms: int) -> ModelResponded:
    return ModelResponded(
        step=work.step.number,
        attempt=work.attempt.number,
        parts=answer.parts,
        stop=answer.stop,
        usage=answer.usage,
        usage_quality=answer.usage_quality,
        usage_raw=answer.usage_raw,
        served_by=answer.served_by,
        dropped=answer.dropped,
        duration_ms=duration_ms,
    )


def _fitting(responded: ModelResponded, limit_bytes: int) -> ModelResponded | AttemptFailure:
    """The log takes no more than so much; an answer beyond it was made, and is billed."""
    size = len(responded.model_dump_json(exclude_none=True).encode())
    if size <= limit_bytes:
        return responded
    return AttemptFailure(
        kind="malformed",
        route=responded.served_by.route,
        reason=f"the answer has {size} bytes, the log takes {limit_bytes}; "
        f"its usage was {json.dumps(responded.usage.model_dump())}",
        billed="unknown",
    )
