"""The price of a tool's call: what is held before it starts, and what its outcome shows of it.

The price is that of a start. Whoever starts a call owes it, whatever came of that: only what was
never started costs nothing, and what the tool itself says that it did not do.
"""

from datetime import datetime
from typing import Literal

from contracts.envelope import Fact
from contracts.guardrail import ToolCleared
from contracts.history import Run, Try, pinned
from contracts.history.pricing import price_micro_usd
from contracts.money import PriceLine, ToolUnfunded
from contracts.shape import later
from contracts.tool import DEFAULT_TIMEOUT_SECONDS, ToolFailed, ToolUnknown

from .offer import Refused, Terms
from .request import Request
from .settlement import Billed, Evidence, NotBilled, NotKnown

PROVIDER = "tool"  # beside those of models, in reports
NOT_DONE = frozenset({"invalid_arguments", "refused", "unavailable"})


def open_call(run: Run, cleared: Fact[ToolCleared]) -> Request | ToolUnfunded | None:
    """The request for the price of a call, or why it gets no money; None where nothing is owed."""
    each = run.places.get(cleared.id)
    if not isinstance(each, Try) or each.verdict is None or each.verdict.id != cleared.id:
        return None
    asked = each.request.body
    if each.funding is not None or not price_micro_usd(run, asked.tool):
        return None
    over = run.end is not None or run.cancel is not None
    if over or each.claim is not None or each.outcome is not None:
        return unfunded_call(cleared.body, "run_not_open", "nobody waits for the call any more")
    assert run.started is not None, "a call belongs to a started run"
    task = run.submitted.body if run.submitted else None
    return Request(
        id=each.request.id,
        tenant=run.tenant,
        run_id=run.run_id,
        step=asked.step,
        attempt=asked.attempt,
        alias=route_of(asked.tool),
        route=None,
        prompt_bytes=0,
        max_output_tokens=0,
        agent=run.started.body.agent,
        run_cap_micro_usd=run.started.body.limits.budget_micro_usd,
        customer=task.customer if task else None,
        feature=task.feature if task else None,
        parents=run.started.body.parents,
    )


def terms_of_call(run: Run, cleared: ToolCleared) -> Terms:
    """The terms of its hold: the price that was pinned when the run started."""
    manifest = pinned(run, cleared.tool)
    assert manifest is not None, "a call that has a price is of a pinned tool"
    return Terms(
        alias=route_of(cleared.tool),
        tariffs={},
        max_prompt_bytes=0,
        max_output_tokens=0,
        amount_micro_usd=price_micro_usd(run, cleared.tool),
        price_book=f"manifest@{manifest.sha256[:12]}",
        call=cleared.call,
    )


def route_of(tool: str) -> str:
    """How a tool is named in reports and settlements, where models are provider/model."""
    return f"{PROVIDER}/{tool}"


def unfunded_call(
    cleared: ToolCleared, rule: Literal["run_not_open", "ledger_unavailable"], reason: str
) -> ToolUnfunded:
    """The refusal of a price that no budget was asked for."""
    return ToolUnfunded(call=cleared.call, attempt=cleared.attempt, rule=rule, reason=reason)


def refused_call(cleared: ToolCleared, needed_micro_usd: int, by: Refused) -> ToolUnfunded:
    """The verdict of a hold that a budget did not allow."""
    if by.frozen == "run_ended":
        return unfunded_call(cleared, "run_not_open", "the run has ended")
    remaining = 0 if by.frozen else max(0, by.remaining_micro_usd)
    reason = f"{by.budget} has {remaining} micro-dollars left; {cleared.tool} costs"
    reason += f" {needed_micro_usd} a call"
    if by.frozen:
        reason = f"{by.budget} is frozen ({by.frozen}) until a person has looked into it"
    return ToolUnfunded(
        call=cleared.call,
        attempt=cleared.attempt,
        rule="budget_exhausted",
        budget=by.budget,
        needed_micro_usd=needed_micro_usd,
        remaining_micro_usd=remaining,
        reason=reason,
    )


def evidence_of_call(each: Try, price: int) -> Evidence | None:
    """What the log shows of the cost of one attempt; None where it shows nothing yet."""
    if each.claim is not None and each.claim.body.state == "revoked":
        return NotBilled("it was called off before it was started")
    if each.outcome is None:
        return None
    if each.claim is None:
        return NotBilled("it was not started")
    match each.outcome.body:
        case ToolFailed(kind=kind, reason=reason) if kind in NOT_DONE:
            return NotBilled(f"{kind}: {reason}")
        case ToolUnknown(reason=reason):
            return NotKnown(f"nobody knows whether it took effect, so its price counts: {reason}")
        case _:
            return Billed((PriceLine(bucket="call", quantity=1, amount_micro_usd=price),))


def silent_at(each: Try, margin_seconds: float) -> datetime:
    """When no outcome of a claimed call is waited for any more."""
    assert each.claim is not None, "it was claimed"
    claim = each.claim.body
    limit = claim.time_limit_seconds or DEFAULT_TIMEOUT_SECONDS
    return later(claim.start_before or each.claim.time, limit + margin_seconds)
