"""Who hears what: every durable consumer, shared by the replicas of its service."""

from dataclasses import dataclass, replace

from .subjects import (
    ENDS,
    EVALUATOR,
    EXECUTOR,
    GUARDRAIL,
    LEDGER,
    OBSERVER,
    ORCHESTRATOR,
    REDRIVEN,
    ROUTER,
    STRAY_SUBMISSION,
    SUBMISSIONS,
    filter_of,
)

DELIVERIES = 20


@dataclass(frozen=True, slots=True)
class Hearing:
    """One durable pull consumer: which service hears which facts, shared by its replicas.

    `deliveries` is how often a message may be tried; None means for ever. Where no run waits for
    what is done (`is_awaited`), a silent replica is given longer, and heartbeats are fewer.
    """

    durable: str
    service: str
    types: tuple[str, ...]
    deliveries: int | None
    stray_submissions: bool = False
    is_awaited: bool = True

    @property
    def filters(self) -> tuple[str, ...]:
        """Subject filters of the consumer. Every service hears what is redriven to it."""
        plain = (*map(filter_of, self.types), f"run.*.*.{REDRIVEN}.{self.service}")
        return (*plain, STRAY_SUBMISSION) if self.stray_submissions else plain

    def named(self, durable: str) -> "Hearing":
        """The same under another name."""
        return replace(self, durable=durable)


HEARINGS: tuple[Hearing, ...] = (
    Hearing(
        GUARDRAIL,
        GUARDRAIL,
        (
            *SUBMISSIONS,
            "tool.requested",
            "tool.succeeded",
            "tool.failed",
            "input.submitted",
            "answer.proposed",
            *ENDS,
        ),
        DELIVERIES,
        stray_submissions=True,
    ),
    Hearing(
        ORCHESTRATOR,
        ORCHESTRATOR,
        (
            *SUBMISSIONS,
            "task.cleared",
            "task.blocked",
            "model.attempt_requested",
            "model.responded",
            "model.failed",
            "model.unfunded",
            "tool.blocked",
            "tool.escalated",
            "tool.unknown",
            "result.cleared",
            "result.blocked",
            "review.requested",
            "review.answered",
            "review.decided",
            "answer.cleared",
            "answer.blocked",
            "input.submitted",
            "input.cleared",
            "input.blocked",
            "run.cancel_requested",
            "run.pause_requested",
            "run.resume_requested",
            "run.paused",
            "run.resumed",
            "run.parent_ended",
            "run.parent_paused",
            "run.parent_resumed",
            "run.child_stood_still",
            "run.child_went_on",
            *ENDS,
        ),
        None,
    ),
    Hearing(
        LEDGER,
        LEDGER,
        (
            "model.requested",
            "model.attempt_requested",
            "model.attempt_due",
            "model.responded",
            "model.failed",
            "tool.cleared",
            "tool.succeeded",
            "tool.failed",
            "tool.unknown",
            *ENDS,
        ),
        DELIVERIES,
    ),
    Hearing(ROUTER, ROUTER, ("model.funded",), DELIVERIES),
    Hearing(EXECUTOR, EXECUTOR, ("tool.cleared", "tool.funded", "tool.unfunded"), DELIVERIES),
    Hearing(EVALUATOR, EVALUATOR, ENDS, DELIVERIES),
    # What lists of runs and reviews are made of. The spans of what lies between are told with
    # these, and everything else is read from the log when asked.
    Hearing(
        OBSERVER,
        OBSERVER,
        (
            *SUBMISSIONS,
            "run.queued",
            "run.started",
            "run.paused",
            "run.resumed",
            "model.requested",
            "money.settled",
            "tool.requested",
            "review.requested",
            "review.decided",
            *ENDS,
            "run.evaluated",
            "run.labelled",
            "run.archived",
        ),
        None,
        is_awaited=False,
    ),
)
