"""Runs that the console shows."""

from datetime import timedelta

from contracts.guardrail import ToolEscalated
from contracts.review import Approver, ReviewDecided, ReviewRequested
from tests.bodies import NOON, VERDICT, manifest
from tests.histories import History

REFUND = ("issue_refund", '{"order_id":"1042","amount":80}')

APPROVED_BY = (Approver(answer_id="a-1", principal="anna@example.org", role="support-lead"),)


def asked_run(expires_in=timedelta(hours=2), **changes):
    """A run that waits for a person; gives it and the question."""
    history = History()
    history.begin(manifest("issue_refund"), text="I want my money back.")
    wanted = history.call(history.step(calls=[REFUND]))
    verdict = {**VERDICT, "rule": "needs_person", "reason": "amount > 50"}
    escalated = history.say(
        ToolEscalated(
            **verdict, call="1-1", attempt=1, roles=("support-lead",), expires_seconds=7200
        ),
        wanted,
    )
    question = history.say(
        ReviewRequested(
            review_id="1-1-1",
            about="call",
            call="1-1",
            attempt=1,
            tool="issue_refund",
            arguments_json=REFUND[1],
            arguments_sha256=wanted.body.arguments_sha256,
            roles=("support-lead",),
            reason="amount > 50",
            expires_at=NOON + expires_in,
        ).model_copy(update=changes),
        escalated,
    )
    return history, question


def decided_run(outcome="approved"):
    """The same, after a decision."""
    history, question = asked_run()
    history.say(
        ReviewDecided(
            review_id="1-1-1",
            outcome=outcome,
            approvers=APPROVED_BY if outcome in ("approved", "rejected") else (),
            arguments_sha256=question.body.arguments_sha256,
            reason="a lost parcel",
        ),
        question,
    )
    return history
