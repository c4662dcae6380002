"""How a run starts, and by which ceilings."""

from datetime import datetime

from contracts.agent import Agent, AgentLimits
from contracts.guardrail import TaskCleared
from contracts.history import Run
from contracts.run import (
    DEFAULT_CONTEXT_TOKENS,
    RunCancelled,
    RunFailed,
    RunLimits,
    RunQueued,
    RunStarted,
)
from contracts.shape import later
from contracts.subjects import ORCHESTRATOR
from contracts.task import TaskSubmitted

from .admission import Queued, Refused
from .children import budgets_above, refusal, tools_of
from .lineage import ancestor_of, forked, unreadable
from .moves import Book, Kin, Move, Say
from .trials import bounds, touches_nothing, tried, unfit


def start(run: Run, now: datetime, book: Book, kin: Kin) -> tuple[Move, ...]:
    """`run.started`, which pins everything the run depends on; or why it cannot start."""
    assert run.submitted is not None, "a cleared task was submitted"
    assert run.verdict is not None, "a run starts from its clearance"
    task = run.submitted.body
    verdict = run.verdict.body
    agent = book.agent_of(
        task.agent, verdict.assigned if isinstance(verdict, TaskCleared) else None
    )
    if agent is None:
        unknown = f"no agent is named {task.agent!r}; known: {', '.join(sorted(book.agents))}"
        return (Say(run.root, RunFailed(rule="unknown_agent", reason=unknown)),)
    if (reason := unreadable(run, kin.grown_from)) is not None:
        return (Say(run.root, RunFailed(rule="lineage_unreadable", reason=reason)),)
    # What a fork starts with was pinned by the run that it grows from.
    reason = _unready(tried(task, agent), book) if task.fork is None else None
    reason = unfit(task, book) or reason or refusal(run, kin.parent)
    if reason is not None:
        return (Say(run.root, RunFailed(rule="task_blocked", reason=reason)),)
    if kin.parent is not None and kin.parent.end is not None:
        orphaned = RunCancelled(principal=ORCHESTRATOR, reason="the run that called it is over")
        return (Say(run.root, orphaned),)
    match kin.admission:
        case Queued(rule, why):
            queued = RunQueued(rule=rule, reason=why)
            return () if run.queued is not None else (Say(run.verdict.id, queued),)
        case Refused(why):
            return (Say(run.root, RunFailed(rule="not_admitted", reason=why)),)
    return (Say(run.verdict.id, _started(run, now, agent, book, kin)),)


def _started(run: Run, now: datetime, agent: Agent, book: Book, kin: Kin) -> RunStarted:
    assert run.submitted is not None, "a run starts from its task"
    task, grown = run.submitted.body, kin.grown_from
    platforms = agent
    if task.fork is None:
        agent = tried(task, agent)
        tools = (*(book.manifests[name] for name in agent.tools), *tools_of(agent))
    else:
        agent, tools = forked(task.fork, grown)
    limits = bounds(task, platforms, agent)
    return RunStarted(
        agent=agent,
        agent_version=agent.version,
        tools=tools,
        limits=tighter(limits, task),
        deadline=_deadline(run, now, limits),
        context_tokens=_context_tokens(agent, book, None if task.fork is None else grown),
        ancestor=ancestor_of(task, grown),
        parents=budgets_above(kin.parent),
        shadow=touches_nothing(task),
        configuration=book.configuration,
    )


def _context_tokens(agent: Agent, book: Book, forked_from: Run | None) -> int:
    """What its model takes. A fork with the same model is to leave out what the other run did."""
    if forked_from is not None and forked_from.started is not None:
        started = forked_from.started.body
        if started.agent.model == agent.model:
            return started.context_tokens
    return book.context_tokens.get(agent.model, DEFAULT_CONTEXT_TOKENS)


def _unready(agent: Agent, book: Book) -> str | None:
    """Why the agent cannot be run as it is written."""
    missing = [name for name in agent.tools if name not in book.manifests]
    if missing:
        return f"agent {agent.name} lists tools that are not declared: {', '.join(missing)}"
    unknown = sorted({one.agent for one in agent.agents.values()} - set(book.agents))
    if unknown:
        return f"agent {agent.name} calls agents that there are not: {', '.join(unknown)}"
    twice = sorted(set(agent.tools) & set(agent.agents))
    if twice:
        return f"agent {agent.name} has a tool and an agent of the same name: {', '.join(twice)}"
    return None


def _deadline(run: Run, now: datetime, limits: AgentLimits) -> datetime:
    """The tightest of the agent's, the task's, and that of the call which the run answers.

    It bounds work. So it runs from the submission, or from the end of the wait in the queue.
    """
    assert run.submitted is not None, "a run starts from its task"
    task = run.submitted.body
    seconds = min(limits.deadline_seconds, task.limits.deadline or 2**31)
    begun = run.submitted.stored_at or run.submitted.time
    own = later(begun if run.queued is None else now, seconds)
    return own if task.parent is None else min(own, task.parent.deadline)


def tighter(limits: AgentLimits, task: TaskSubmitted) -> RunLimits:
    """The ceilings in force. A task can only tighten those of its agent."""
    budget = limits.budget_micro_usd
    asked = task.limits.budget_micro_usd
    return RunLimits(
        steps=min(limits.steps, task.limits.steps or limits.steps),
        budget_micro_usd=budget if asked is None else min(budget, asked),
        output_tokens=limits.output_tokens,
    )
