"""From a folded run and from rows to what the API answers."""

from contracts.envelope import Fact
from contracts.guardrail import ResultCleared
from contracts.history import Call, Review, Run, Step
from contracts.model import ModelFailed, ModelResponded
from contracts.review import ReviewDecided, ReviewRequested
from contracts.run import RunCancelled, RunCompleted, RunFailed
from services.console.api.shapes import CallView, ReviewLine, RunLine, RunView, StepView
from services.console.rules import ReviewRow, RunRow


def run_line(row: RunRow) -> RunLine:
    return RunLine(
        tenant=row.tenant,
        run_id=row.run_id,
        agent=row.agent,
        customer=row.customer,
        feature=row.feature,
        status=row.status,
        steps=row.steps,
        cost_micro_usd=row.cost_micro_usd,
        submitted_at=row.submitted_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        why=row.why,
        answer=row.answer,
        last_sequence=row.last_sequence,
    )


def review_row_line(row: ReviewRow) -> ReviewLine:
    assert row.asked is not None, "a list shows only questions"
    line = _asked_line(row.tenant, row.run_id, row.asked)
    return line.model_copy(
        update={"asked_at": row.asked_at, "decided_at": row.decided_at, **_decision(row.decided)}
    )


def review_line(run: Run, review: Review) -> ReviewLine:
    decided = review.decided
    line = _asked_line(run.tenant, run.run_id, review.requested.body)
    return line.model_copy(
        update={
            "asked_at": review.requested.stored_at or review.requested.time,
            "decided_at": None if decided is None else decided.stored_at or decided.time,
            **_decision(None if decided is None else decided.body),
        }
    )


def run_view(run: Run) -> RunView:
    task = run.submitted.body if run.submitted is not None else None
    return RunView(
        tenant=run.tenant,
        run_id=run.run_id,
        agent=task.agent if task else "",
        agent_version=run.started.body.agent_version if run.started else None,
        status=run.status,
        input=task.input if task else "",
        customer=task.customer if task else None,
        feature=task.feature if task else None,
        cost_micro_usd=run.cost_micro_usd,
        steps=tuple(_step(run, step) for step in run.steps),
        reviews=tuple(review_line(run, review) for review in run.reviews),
        answer=run.end.body.answer if run.end and isinstance(run.end.body, RunCompleted) else None,
        why=_why(run),
        evaluation=run.evaluated.body.model_dump(mode="json") if run.evaluated else None,
        last_sequence=run.last_sequence,
    )


def _why(run: Run) -> str:
    match run.end:
        case Fact(body=RunFailed(rule=rule, reason=reason)):
            return f"{rule}: {reason}"
        case Fact(body=RunCancelled(principal=principal, reason=reason)):
            return f"by {principal}: {reason or 'no reason given'}"
        case _:
            return ""


def _step(run: Run, step: Step) -> StepView:
    text = ""
    outcome: str | None = None
    model: str | None = None
    match step.outcome:
        case Fact(body=ModelResponded() as responded):
            text, outcome = responded.text, responded.stop.kind
            route = responded.served_by.route
            model = f"{route.provider}/{route.model}"
        case Fact(body=ModelFailed(failure=failure)):
            outcome = failure.kind
    settled = (one.settled for one in step.attempts if one.settled is not None)
    return StepView(
        step=step.number,
        alias=step.requested.body.alias,
        attempts=len(step.attempts),
        outcome=outcome,
        model=model,
        text=text,
        cost_micro_usd=sum(one.body.cost_micro_usd for one in settled),
        calls=tuple(_call(run, call) for call in step.calls),
    )


def _call(run: Run, call: Call) -> CallView:
    last = call.last
    verdict = last.verdict if last else None
    outcome = last.outcome if last else None
    review = next((one.review for one in reversed(call.tries) if one.review), None)
    match call.result:
        case Fact(body=ResultCleared(text=text)):
            result: str | None = text
        case _:
            result = None
    return CallView(
        call=call.name,
        tool=call.part.name,
        arguments_json=call.part.arguments_json,
        attempts=len(call.tries),
        verdict=_verb(verdict),
        rule=verdict.body.rule if verdict else None,
        reason=verdict.body.reason if verdict else None,
        outcome=_verb(outcome),
        result=result,
        review=review_line(run, review) if review else None,
    )


def _verb(fact: object) -> str | None:
    return fact.type.split(".")[1] if isinstance(fact, Fact) else None


def _asked_line(tenant: str, run_id: str, asked: ReviewRequested) -> ReviewLine:
    return ReviewLine(
        id=f"{run_id}.{asked.review_id}",
        tenant=tenant,
        run_id=run_id,
        state="open",
        about=asked.about,
        tool=asked.tool,
        call=asked.call,
        arguments_json=asked.arguments_json,
        arguments_sha256=asked.arguments_sha256,
        roles=asked.roles,
        reason=asked.reason,
        asked_at=None,
        expires_at=asked.expires_at,
    )


def _decision(decided: ReviewDecided | None) -> dict[str, object]:
    if decided is None:
        return {}
    return {
        "state": decided.outcome,
        "decided_by": decided.principal,
        "decision": decided.reason,
    }
