"""From a folded run and from rows to what the API answers."""

from collections.abc import Iterator

from contracts.envelope import Fact
from contracts.evaluation import RunLabelled
from contracts.guardrail import ResultCleared
from contracts.history import Call, Run, Step, result_text
from contracts.history.approval import moment_of
from contracts.history.taken import approvals_of, refusals_of, seconds_of, unsettled_of
from contracts.model import ModelFailed, ModelResponded
from contracts.run import RunCancelled, RunCompleted, RunFailed
from services.console.api.label_shapes import LabelView
from services.console.api.review_views import review_line
from services.console.api.shapes import (
    CallView,
    ExcerptView,
    RunLine,
    RunView,
    StepView,
)
from services.console.rules.excerpt import excerpt
from shared.readmodel import RunRow
from shared.runterms import text_of

INPUT_SHOWN_CHARACTERS = 200


def run_line(row: RunRow, search: str | None = None) -> RunLine:
    return RunLine(
        tenant=row.tenant,
        run_id=row.run_id,
        agent=row.agent,
        agent_version=row.agent_version,
        customer=row.customer,
        feature=row.feature,
        user=row.user,
        input=row.input[:INPUT_SHOWN_CHARACTERS],
        kinds=tuple(sorted(row.kinds)),
        parent=row.parent,
        root=row.root,
        tools=tuple(sorted(row.tools)),
        models=tuple(sorted(row.models)),
        metadata=dict(row.metadata),
        status=row.status,
        steps=row.steps,
        cost_micro_usd=row.cost_micro_usd,
        submitted_at=row.submitted_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        duration_ms=row.duration_ms,
        rule=row.rule,
        why=row.why,
        answer=row.answer,
        score=row.score,
        passed=row.passed,
        archived_at=row.archived_at,
        last_sequence=row.last_sequence,
        excerpt=_excerpt(row, search),
    )


def _excerpt(row: RunRow, search: str | None) -> ExcerptView | None:
    found = None if search is None else excerpt(text_of(row), search)
    return None if found is None else ExcerptView(text=found.text, places=found.places)


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
        seconds=seconds_of(run),
        approvals=approvals_of(run),
        refusals=refusals_of(run),
        unsettled=unsettled_of(run),
        steps=tuple(_step(run, step) for step in run.steps),
        reviews=tuple(review_line(run, review) for review in run.reviews),
        answer=run.end.body.answer if run.end and isinstance(run.end.body, RunCompleted) else None,
        why=_why(run),
        evaluation=run.evaluated.body.model_dump(mode="json") if run.evaluated else None,
        labels=tuple(map(label_view, run.labels)),
        parent=task.parent_run_id if task else None,
        children=tuple(_children(run)),
        last_sequence=run.last_sequence,
    )


def label_view(fact: Fact[RunLabelled]) -> LabelView:
    said = fact.body
    return LabelView(
        metric=said.metric,
        passed=said.passed,
        reason=said.reason,
        principal=said.principal,
        at=moment_of(fact),
    )


def _children(run: Run) -> Iterator[str]:
    """The runs that answer calls of this one, in the order of the calls."""
    for each in (each for step in run.steps for call in step.calls for each in call.tries):
        if each.claim is not None and each.claim.body.child_run_id is not None:
            yield each.claim.body.child_run_id


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
        case Fact(body=ResultCleared() as cleared):
            result: str | None = result_text(call, cleared)
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
