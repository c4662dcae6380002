"""Parts of a record, each on a line of its own, with a mark for how it went. No colors, no JSON.

The screen and the timeline are both made of them.
"""

import json
from collections.abc import Iterator
from typing import assert_never

from services.console.rules.record import StepRecord
from services.console.rules.record.amounts import duration
from services.console.rules.record.calls import CallRecord, TryRecord
from services.console.rules.record.content import Content
from services.console.rules.record.decided import Answered, Awaited, NoAnswer
from services.console.rules.record.identity import Identity
from services.console.rules.record.money import Denied, HoldRecord, Open
from services.console.rules.record.reviews import DecisionRecord, ReviewRecord
from services.console.rules.record.route import AttemptRecord
from services.console.rules.record.times import KINDS, TimeRecord
from services.console.rules.words.amounts import digest, short, size, usd

CONTENT_CHARACTERS = 120
VALUE_CHARACTERS = 60
Line = tuple[str, str]  # a mark, and what is said

GOOD, BAD, OPEN, QUIET = "✓", "✗", "?", "·"


def identity_lines(one: Identity) -> Iterator[str]:
    """Whose step it is, and where its run came from."""
    whose = [
        f"{one.agent}@{one.agent_version}",
        *([f"customer {one.customer}"] if one.customer else []),
        *([f"feature {one.feature}"] if one.feature else []),
        *([f"trace {digest(one.trace_id)}"] if one.trace_id else []),
    ]
    yield ", ".join(whose)
    if one.called_by is not None:
        yield f"answers call {one.called_by.call} of run {one.called_by.run_id}"
    if one.grown_from is not None:
        step = f", step {one.grown_from.step}" if one.grown_from.step else ""
        verb = "continues" if one.grown_from.kind == "continues" else "a shadow of"
        yield f"{verb} run {one.grown_from.run_id}{step}"


def decided_lines(record: StepRecord) -> Iterator[str]:
    """The answer of the model, and what it used."""
    match record.decided:
        case Answered() as said:
            if said.text is not None:
                yield f"says: {content(said.text)}"
            if said.refusal is not None:
                yield f"refuses: {content(said.refusal)}"
            for call in said.calls:
                yield f"wants {call.call} {call.tool}({arguments(call.arguments)})"
            yield f"{_usage(said)}; stopped: {said.stop}"
        case NoAnswer() as none:
            yield f"no answer: {none.kind}, {none.reason}"
        case Awaited():
            yield "nothing yet" if record.state == "open" else "nothing"
        case _:
            assert_never(record.decided)


def _usage(said: Answered) -> str:
    used = said.usage
    cached = f" ({used.cache_read:,} from the cache)" if used.cache_read else ""
    thought = f" ({used.output_reasoning:,} of reasoning)" if used.output_reasoning else ""
    sure = "" if said.usage_quality == "reported" else f", {said.usage_quality}"
    return f"{used.input_total:,} tokens in{cached}, {used.output_total:,} out{thought}{sure}"


def attempt_line(one: AttemptRecord) -> Line:
    """One attempt at the model."""
    where = one.route or ", ".join(one.candidates) or "no route"
    took = f" in {duration(one.duration_ms)}" if one.duration_ms else ""
    status = f" {one.http_status}" if one.http_status else ""
    reason = f": {one.reason}" if one.reason else ""
    said = f"{one.attempt} {one.role}  {where}  "
    match one.outcome:
        case "answered":
            return GOOD, f"{said}answered{took}"
        case "failed":
            return BAD, f"{said}{one.failure}{status}{reason}"
        case "awaited":
            return OPEN, f"{said}is awaited"
        case "not_funded":
            return BAD, f"{said}got no money{reason}"
        case "called_off":
            return QUIET, f"{said}was called off before it began"
        case "never_answered":
            return QUIET, f"{said}was never answered"
        case _:
            assert_never(one.outcome)


def call_lines(call: CallRecord) -> Iterator[Line]:
    """Every attempt at a call, and what the model is told of it."""
    effect = call.effect or "unknown tool"
    again = ", idempotent" if call.is_idempotent else ""
    head = f"{call.call} {call.tool} ({effect}{again})"
    if not call.tries:
        yield OPEN, f"{head}  not asked for"
    for number, one in enumerate(call.tries, start=1):
        attempt = f" attempt {one.attempt}" if one.attempt > 1 else ""
        followed = number < len(call.tries)
        yield _try(one, f"{head}{attempt}  ", followed=followed)


def _try(one: TryRecord, head: str, *, followed: bool) -> Line:
    took = f" in {duration(one.duration_ms)}" if one.duration_ms else ""
    came = f", {size(one.output.bytes)}" if one.output is not None else ""
    cut = ", truncated" if one.is_truncated else ""
    child = f" by run {one.child_run_id}" if one.child_run_id else ""
    match one.outcome:
        case "succeeded" if one.replayed_from:
            return GOOD, f"{head}replayed from the record{came}"
        case "succeeded":
            return GOOD, f"{head}succeeded{child}{took}{came}{cut}"
        case "failed":
            why = f": {content(one.output)}" if one.output is not None else ""
            return BAD, f"{head}{one.failure}{took}{why}"
        case "unknown":
            return OPEN, f"{head}nobody can tell whether it took effect"
        case "none":
            return _not_run(one, head, followed=followed)
        case _:
            assert_never(one.outcome)


def _not_run(one: TryRecord, head: str, *, followed: bool) -> Line:
    if followed:
        return QUIET, f"{head}did not run; another attempt followed"
    if one.verdict == "blocked":
        return BAD, f"{head}was refused, and did not run"
    said = {"claimed": "runs", "revoked": "was called off", "none": "has not run"}
    return (OPEN if one.claim == "claimed" else QUIET), f"{head}{said[one.claim]}"


def review_lines(one: ReviewRecord) -> Iterator[Line]:
    """The question, each answer, the decision."""
    people = f"{one.quorum} of " if one.quorum > 1 else ""
    about = "may it run" if one.about == "call" else "did it take effect"
    roles = ", ".join(one.roles)
    shown = f"{one.reason}; shown: {arguments(one.saw)}"
    yield OPEN, f"{one.review_id} asks {people}{roles}, {about}? {shown}"
    for answer in one.answers:
        role = f" as {answer.role}" if answer.role else ""
        reason = f": {answer.reason}" if answer.reason else ""
        no = f"; does not count ({answer.refused})" if answer.refused else ""
        edited = f" to {arguments(answer.edited)}" if answer.edited is not None else ""
        yield (
            BAD if answer.refused else QUIET,
            f"{answer.principal}{role} says {answer.decision}{edited}{reason}{no}",
        )
    yield _decision(one)


def _decision(one: ReviewRecord) -> Line:
    decision = one.decision
    if not isinstance(decision, DecisionRecord):
        if decision.outcome == "open":
            if one.about == "outcome":
                return OPEN, "open until somebody says whether it happened"
            return OPEN, f"open until {one.expires_at:%H:%M:%S} UTC; then: {one.default}"
        return QUIET, "the run ended before anybody decided"
    good = decision.outcome in ("approved", "edited", "responded")
    people = " and ".join(f"{each.principal} as {each.role}" for each in decision.by)
    by = f" by {people}" if people else ""
    after = f"{by} after {duration(decision.waited_ms)}"
    reason = f": {decision.reason}" if decision.reason else ""
    return GOOD if good else BAD, f"{decision.outcome}{after}{reason}"


def hold_line(one: HoldRecord | Denied) -> Line:
    """One hold, and what became of it."""
    if isinstance(one, Denied):
        return BAD, f"{one.attempt} refused by {one.rule}: {one.reason}"
    left = min((share.remaining_micro_usd for share in one.budgets), default=None)
    rest = "" if left is None else f"; {usd(left)} left in the tightest of {len(one.budgets)}"
    head = f"{one.attempt} held {usd(one.held_micro_usd)}"
    if isinstance(one.settlement, Open):
        return OPEN, f"{head}; not settled yet{rest}"
    ended = one.settlement
    mark = GOOD if ended.state in ("settled", "released") else BAD
    why = f": {ended.reason}" if ended.reason else ""
    price = f"prices {ended.price_book}, {ended.price_match}"
    return mark, f"{head}, {ended.state} {usd(ended.cost_micro_usd)}{why} ({price}){rest}"


def time_line(time: TimeRecord) -> str:
    """Where the time went, the longest first."""
    spent = sorted(((getattr(time, f"{kind}_ms"), kind) for kind in KINDS), reverse=True)
    parts = [f"{kind} {duration(ms)}" for ms, kind in spent if ms]
    rest = [f"other {duration(time.other_ms)}"] if time.other_ms else []
    state = "" if time.ended_at is not None else " up to its last fact"
    return f"{duration(time.total_ms)}{state} = " + (", ".join((*parts, *rest)) or "no wait")


def arguments(found: Content) -> str:
    """The arguments of a call as people write them; as they are where they are no JSON object."""
    try:
        parsed = json.loads(found.text or "")
    except ValueError:
        return content(found)
    if not isinstance(parsed, dict):
        return content(found)
    return ", ".join(f"{name}={_value(value)}" for name, value in parsed.items())


def _value(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return short(text, VALUE_CHARACTERS)


def content(found: Content, characters: int = CONTENT_CHARACTERS) -> str:
    """What was said, on one line; its size and digest where its words are left out."""
    if found.text is None:
        return f"[{size(found.bytes)}, {digest(found.sha256)}]"
    return short(found.text, characters)
