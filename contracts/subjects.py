"""The one table: every fact with its owner, every stream, every subject.

NATS permissions, stream configuration and the AsyncAPI document are generated from here.
"""

import re
from dataclasses import dataclass

from . import control, evaluation, guardrail, model, money, review, run, task, tool
from .shape import NAME_PATTERN, Body

RUNS = "RUNS"
TIMERS = "TIMERS"
DEAD = "DEAD"
CRASHES = "CRASHES"
CONTROL = "CONTROL"
RELEASES = "RELEASES"
KEYS = "KEYS"
AUDIT = "AUDIT"
CONTENT = "CONTENT"
ADMISSION = "ADMISSION"
STREAMS = (RUNS, CONTENT, CONTROL, RELEASES, KEYS, AUDIT, TIMERS, DEAD, CRASHES)

PRODUCER = "producer"
ORCHESTRATOR = "orchestrator"
ROUTER = "model_router"
EXECUTOR = "tool_executor"
GUARDRAIL = "guardrail_checker"
LEDGER = "cost_ledger"
EVALUATOR = "evaluator"
OBSERVER = "observer"
CONSOLE = "console"
SERVICES = (ORCHESTRATOR, ROUTER, EXECUTOR, GUARDRAIL, LEDGER, EVALUATOR, OBSERVER, CONSOLE)

BodyClass = type[Body]
_TOKEN = re.compile(NAME_PATTERN)


@dataclass(frozen=True, slots=True)
class FactKind:
    """One kind of fact.

    `slot` is its part of derived ids: alternatives to one cause share it. Two owners never do, or
    one could take the id of the other's fact. `starred` facts carry their owner's signature.
    `also` may publish it too (a claim can be revoked by others). One that `begins` a run has its
    id from the run's own; what its kind may lie under, its body tells.
    """

    type: str
    body: "BodyClass"
    owner: str
    slot: str
    starred: bool = False
    also: tuple[str, ...] = ()
    keyed: bool = False
    begins: bool = False


SUBMITTED = FactKind(
    "task.submitted", task.TaskSubmitted, PRODUCER, "root", also=(CONSOLE,), begins=True
)

FACTS: tuple[FactKind, ...] = (
    SUBMITTED,
    FactKind("task.delegated", task.TaskDelegated, EXECUTOR, "root_of_call", begins=True),
    FactKind(
        "task.put_to_judge",
        task.TaskPutToJudge,
        EVALUATOR,
        "root_of_question",
        starred=True,
        begins=True,
    ),
    FactKind(
        "task.put_to_check",
        task.TaskPutToCheck,
        GUARDRAIL,
        "root_of_check",
        starred=True,
        begins=True,
    ),
    FactKind(
        "task.scheduled",
        task.TaskScheduled,
        ORCHESTRATOR,
        "root_of_schedule",
        starred=True,
        begins=True,
    ),
    FactKind("task.cleared", guardrail.TaskCleared, GUARDRAIL, "verdict", starred=True),
    FactKind("task.blocked", guardrail.TaskBlocked, GUARDRAIL, "verdict"),
    FactKind("task.conflicted", task.TaskConflicted, ORCHESTRATOR, "conflict"),
    FactKind("run.started", run.RunStarted, ORCHESTRATOR, "started", starred=True),
    FactKind("run.queued", run.RunQueued, ORCHESTRATOR, "queued"),
    FactKind("context.compacted", run.ContextCompacted, ORCHESTRATOR, "compaction"),
    FactKind("model.requested", model.ModelRequested, ORCHESTRATOR, "step"),
    FactKind("model.attempt_requested", model.ModelAttemptRequested, ROUTER, "again"),
    FactKind("model.attempt_due", model.ModelAttemptDue, ORCHESTRATOR, "due"),
    FactKind("model.funded", money.ModelFunded, LEDGER, "funding", starred=True),
    FactKind("model.unfunded", money.ModelUnfunded, LEDGER, "funding"),
    FactKind(
        "model.claimed",
        model.ModelClaimed,
        ROUTER,
        "claim",
        also=(ORCHESTRATOR, LEDGER),
        keyed=True,
    ),
    FactKind("model.responded", model.ModelResponded, ROUTER, "response"),
    FactKind("model.failed", model.ModelFailed, ROUTER, "failed"),
    FactKind("tool.funded", money.ToolFunded, LEDGER, "funding", starred=True),
    FactKind("tool.unfunded", money.ToolUnfunded, LEDGER, "funding"),
    FactKind("money.settled", money.MoneySettled, LEDGER, "settled"),
    FactKind("tool.requested", tool.ToolRequested, ORCHESTRATOR, "call"),
    FactKind("tool.cleared", guardrail.ToolCleared, GUARDRAIL, "verdict", starred=True),
    FactKind("tool.blocked", guardrail.ToolBlocked, GUARDRAIL, "verdict"),
    FactKind("tool.escalated", guardrail.ToolEscalated, GUARDRAIL, "verdict", starred=True),
    FactKind(
        "tool.claimed",
        tool.ToolClaimed,
        EXECUTOR,
        "start",
        also=(ORCHESTRATOR, LEDGER),
        keyed=True,
    ),
    FactKind("tool.succeeded", tool.ToolSucceeded, EXECUTOR, "outcome", also=(ORCHESTRATOR,)),
    FactKind("tool.failed", tool.ToolFailed, EXECUTOR, "outcome", also=(ORCHESTRATOR,)),
    FactKind("tool.calls_refused", tool.ToolCallsRefused, ORCHESTRATOR, "calls_refused"),
    FactKind("tool.unknown", tool.ToolUnknown, EXECUTOR, "unknown", also=(ORCHESTRATOR,)),
    FactKind("result.cleared", guardrail.ResultCleared, GUARDRAIL, "verdict", starred=True),
    FactKind("result.blocked", guardrail.ResultBlocked, GUARDRAIL, "verdict"),
    FactKind("review.requested", review.ReviewRequested, ORCHESTRATOR, "review", starred=True),
    FactKind("review.answered", review.ReviewAnswered, CONSOLE, "reply", starred=True),
    FactKind("review.escalated", review.ReviewEscalated, ORCHESTRATOR, "escalation", starred=True),
    FactKind("review.decided", review.ReviewDecided, ORCHESTRATOR, "decision", starred=True),
    FactKind("review.answer_refused", review.ReviewAnswerRefused, ORCHESTRATOR, "refusal"),
    FactKind("input.submitted", control.InputSubmitted, PRODUCER, "input", also=(CONSOLE,)),
    FactKind("input.cleared", guardrail.InputCleared, GUARDRAIL, "verdict", starred=True),
    FactKind("input.blocked", guardrail.InputBlocked, GUARDRAIL, "verdict"),
    FactKind("input.taken", control.InputTaken, ORCHESTRATOR, "taking"),
    FactKind("input.refused", control.InputRefused, ORCHESTRATOR, "taking"),
    FactKind("answer.proposed", run.AnswerProposed, ORCHESTRATOR, "answer"),
    FactKind("answer.cleared", guardrail.AnswerCleared, GUARDRAIL, "verdict", starred=True),
    FactKind("answer.blocked", guardrail.AnswerBlocked, GUARDRAIL, "verdict"),
    FactKind("run.cancel_requested", control.RunCancelRequested, CONSOLE, "cancel", starred=True),
    FactKind("run.pause_requested", control.RunPauseRequested, CONSOLE, "pause", starred=True),
    FactKind("run.resume_requested", control.RunResumeRequested, CONSOLE, "resume", starred=True),
    FactKind("run.paused", control.RunPaused, ORCHESTRATOR, "paused", starred=True),
    FactKind("run.resumed", control.RunResumed, ORCHESTRATOR, "resumed", starred=True),
    FactKind("run.parent_ended", control.RunParentEnded, ORCHESTRATOR, "parent_end", starred=True),
    FactKind("run.completed", run.RunCompleted, ORCHESTRATOR, "end", starred=True),
    FactKind("run.failed", run.RunFailed, ORCHESTRATOR, "end"),
    FactKind("run.cancelled", run.RunCancelled, ORCHESTRATOR, "end"),
    FactKind(
        "run.parent_paused", control.RunParentPaused, ORCHESTRATOR, "parent_pause", starred=True
    ),
    FactKind(
        "run.parent_resumed", control.RunParentResumed, ORCHESTRATOR, "parent_resume", starred=True
    ),
    FactKind(
        "run.child_stood_still", control.RunChildStoodStill, ORCHESTRATOR, "wait", starred=True
    ),
    FactKind("run.child_went_on", control.RunChildWentOn, ORCHESTRATOR, "wait_end", starred=True),
    FactKind("run.evaluated", evaluation.RunEvaluated, EVALUATOR, "evaluated"),
    FactKind("run.labelled", evaluation.RunLabelled, CONSOLE, "label", starred=True),
    FactKind("run.redriven", run.RunRedriven, CONSOLE, "redrive", starred=True, keyed=True),
    FactKind("run.archived", run.RunArchived, OBSERVER, "archived"),
)

ENDS = ("run.completed", "run.failed", "run.cancelled")
OVER = (*ENDS, "run.archived")  # whoever follows a run has seen it all
REDRIVEN = "run.redriven"
SUBMISSIONS = tuple(kind.type for kind in FACTS if kind.begins)
_KIND_OF_TYPE = {kind.type: kind for kind in FACTS}
_KIND_OF_BODY = {kind.body: kind for kind in FACTS}

# A tenant or run id with a dot in it makes one more token. It is heard, so that its sender is told.
STRAY_SUBMISSION = "run.*.*.*.task.submitted"
STRAY_BLOCKED = "run.*.*.*.task.blocked"

TIMER_SET = "timer.set.{tenant}.{run_id}.{name}"
TIMER_FIRED = "timer.fired.{tenant}.{run_id}"
TIMER_CRON = "timer.cron.{name}"
TIMER_DUE = "timer.due.{name}"
TIMER_DURABLE = "orchestrator-timers"
CONTENT_SUBJECT = "content.{tenant}.{run_id}.{sha256}.{number}"
ADMISSION_VALUE = "admission.{name}"
CONTROL_SUBJECTS = "control.>"
RELEASE_SUBJECTS = "release.>"
RELEASE = "release.{agent}.{label}"
CANARY_TALLY = "canary.{name}"
KEY_SUBJECTS = "key.>"
KEY_CREATED = "key.{key_id}.created"
KEY_REVOKED = "key.{key_id}.revoked"
AUDIT_SUBJECTS = "audit.>"
AUDIT_DEED = "audit.{deed}"
DEAD_SUBJECT = "dead.{service}.{rule}"
DEAD_NOTE = "dead.notes.{number}"
CRASH_SUBJECT = "crash.{service}.{durable}.{sequence}"
LIVE_TOKENS = "live.{tenant}.{run_id}.tokens"
LIVE_PROGRESS = "live.{tenant}.{run_id}.progress"


@dataclass(frozen=True, slots=True)
class Subject:
    """`run.<tenant>.<run_id>.<noun>.<verb>[.<key>]`."""

    tenant: str
    run_id: str
    type: str
    key: str = ""

    @property
    def text(self) -> str:
        place = f"run.{self.tenant}.{self.run_id}.{self.type}"
        return f"{place}.{self.key}" if self.key else place


def parse_subject(text: str) -> Subject:
    """The parts of a subject.

    Raises:
        ValueError: it is not of that form, or a tenant or run id is not 1 to 64 of A-Za-z0-9_-.
    """
    tokens = text.split(".")
    if len(tokens) not in (5, 6) or tokens[0] != "run":
        raise ValueError(
            "a subject is run.<tenant>.<run_id>.<noun>.<verb>; tenants and run ids have no dots"
        )
    if len(tokens) == 6 and ".".join(tokens[4:]) in _KIND_OF_TYPE:
        raise ValueError("its tenant or run id has a dot; each is 1 to 64 of A-Z a-z 0-9 _ -")
    for what, token in (("tenant", tokens[1]), ("run id", tokens[2])):
        check_token(what, token)
    return Subject(tokens[1], tokens[2], f"{tokens[3]}.{tokens[4]}", ".".join(tokens[5:]))


def parsed(text: str) -> Subject | None:
    """The parts of a subject; None of one that anybody may have sent, and that names no run."""
    try:
        return parse_subject(text)
    except ValueError:
        return None


def check_token(what: str, token: str) -> str:
    """The token itself, if it may stand in a subject.

    Raises:
        ValueError: naming what it is and what it may be.
    """
    if not _TOKEN.match(token):
        raise ValueError(f"the {what} {token!r} must be 1 to 64 of A-Z a-z 0-9 _ -")
    return token


def run_prefix(tenant: str, run_id: str) -> str:
    """Every fact of one run; also the exact filter of optimistic appends."""
    return f"run.{tenant}.{run_id}.>"


def filter_of(type_: str) -> str:
    """The wildcard filter that hears a kind of fact from every run."""
    kind = kind_of(type_)
    return f"run.*.*.{type_}.*" if kind.keyed else f"run.*.*.{type_}"


def stream_subjects() -> tuple[str, ...]:
    """What `RUNS` stores. A mistyped subject has no stream, and its publisher is told at once."""
    return (*(filter_of(kind.type) for kind in FACTS), STRAY_SUBMISSION, STRAY_BLOCKED)


def kind_of(type_: str) -> FactKind:
    """The row of a fact type.

    Raises:
        ValueError: there is no such type.
    """
    try:
        return _KIND_OF_TYPE[type_]
    except KeyError:
        raise ValueError(f"{type_!r} is not a kind of fact") from None


def kind_of_body(body: type) -> FactKind:
    """The row of a body class."""
    return _KIND_OF_BODY[body]
