"""POST /runs/{id}/labels: whether a person passes a run, by one metric that it was scored by.

Judges are held against these labels. So nobody labels what a run did for themselves, and the
answer does not tell what the judges said.
"""

import secrets
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from contracts.control import REASON_LIMIT
from contracts.envelope import Fact
from contracts.evaluation import RunEvaluated, RunLabelled
from contracts.history import Run
from contracts.history.approval import moment_of
from contracts.history.speaking import requesters
from contracts.ids import is_same_person
from contracts.shape import Written
from services.console.api.access import Operator
from services.console.api.desk import Desk, DeskHere, InTenant
from services.console.api.label_shapes import LabelView
from services.console.api.people import Person
from services.console.api.runs import RunId
from services.console.api.views import label_view
from services.console.errors import Conflict, Forbidden, Invalid
from shared.errors import Stale
from shared.tracing.context import working_on

router = APIRouter(prefix="/runs", tags=["runs"])
METRIC_LIMIT = 1000
NONCE_BYTES = 16
TRIES = 3  # as often others may say something of the run while we look at it


class NewLabel(Written):
    """Whether the run passes this metric."""

    metric: Annotated[str, Field(min_length=1, max_length=METRIC_LIMIT)]
    passed: bool
    reason: Annotated[str, Field(max_length=REASON_LIMIT)] = ""


@router.post("/{run_id}/labels", status_code=201)
async def label(
    run_id: RunId, new: NewLabel, person: Operator, desk: DeskHere, asked: InTenant = None
) -> LabelView:
    """Say whether a run that is over passes a metric. Saying it again changes it."""
    tenant = await desk.tenant_of(person, run_id, asked)
    body = RunLabelled(
        metric=new.metric,
        passed=new.passed,
        reason=new.reason,
        principal=person.principal,
        nonce=secrets.token_hex(NONCE_BYTES),
    )
    for _ in range(TRIES):
        run = await _logged(desk, tenant, run_id)
        scored = _scored(run)
        _check(run, scored.body, new.metric, person)
        try:
            return label_view(await _say(desk, run, scored, body))
        except Stale:
            continue
    raise Conflict("others say something of the run right now", run_id, "try again in a moment")


async def _say(
    desk: Desk, run: Run, scored: Fact[RunEvaluated], body: RunLabelled
) -> Fact[RunLabelled]:
    """Only while nothing else was said: a run that is archived meanwhile takes no label."""
    # It resumes nothing, however late it comes: it belongs to the trace of the scores.
    with working_on(scored, moment_of(scored), crashed=False):
        return await desk.bus.append(run, scored.id, body)


async def _logged(desk: Desk, tenant: str, run_id: str) -> Run:
    """The run, if the log still takes something of it."""
    run = await desk.bus.read(tenant, run_id)
    if run.submitted is None or run.archived:
        await desk.run(tenant, run_id)
        raise Conflict("its facts lie in a file, not in the log", run_id, "label runs before that")
    return run


def _scored(run: Run) -> Fact[RunEvaluated]:
    if run.end is None:
        raise Conflict(f"the run is {run.status}", run.run_id, "label it when it is over")
    if run.evaluated is None:
        raise Conflict("it was scored by nothing so far", run.run_id, "wait for its scores")
    return run.evaluated


def _check(run: Run, scored: RunEvaluated, metric: str, person: Person) -> None:
    """Whether this person may label the run by this metric.

    Raises:
        Invalid: it was not scored by that.
        Forbidden: it worked for them. A trial works for nobody, whoever started it.
    """
    known = sorted({one.name for one in scored.assertions})
    if metric not in known:
        told = f"it was scored by: {', '.join(known)}" if known else "it was scored by nothing"
        raise Invalid(f"no scorer of the run is called {metric!r}", "metric", told)
    task = run.submitted.body if run.submitted is not None else None
    if task is None or task.trial is not None:
        return
    if any(is_same_person(person.principal, one) for one in requesters(run)):
        raise Forbidden(
            f"{person.principal} asked for this run", "principal", "let somebody else label it"
        )
