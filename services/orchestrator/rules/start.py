"""How a run starts, and how each of its steps is asked for."""

from contracts.agent import Agent
from contracts.history import Run, canonical, prompt
from contracts.model import ModelRequested
from contracts.run import RunFailed, RunLimits, RunStarted
from contracts.shape import later, sha256_hex
from contracts.task import TaskSubmitted

from .moves import Book, Move, Say
from .timing import waited


def start(run: Run, book: Book) -> tuple[Move, ...]:
    """`run.started`, which pins everything the run depends on; or why it cannot start."""
    assert run.submitted is not None, "a cleared task was submitted"
    assert run.verdict is not None, "a run starts from its clearance"
    task = run.submitted.body
    agent = book.agents.get(task.agent)
    if agent is None:
        reason = f"no agent is named {task.agent!r}; known: {', '.join(sorted(book.agents))}"
        return (Say(run.root, RunFailed(rule="unknown_agent", reason=reason)),)
    missing = [name for name in agent.tools if name not in book.manifests]
    if missing:
        reason = f"agent {agent.name} lists tools that are not declared: {', '.join(missing)}"
        return (Say(run.root, RunFailed(rule="task_blocked", reason=reason)),)
    seconds = min(agent.limits.deadline_seconds, task.limits.deadline or 2**31)
    begun = run.submitted.stored_at or run.submitted.time
    started = RunStarted(
        agent=agent,
        agent_version=agent.version,
        tools=tuple(book.manifests[name] for name in agent.tools),
        limits=tighter(agent, task),
        deadline=later(begun, seconds),
    )
    return (Say(run.verdict.id, started),)


def tighter(agent: Agent, task: TaskSubmitted) -> RunLimits:
    """The ceilings in force. A task can only tighten those of its agent."""
    budget = agent.limits.budget_micro_usd
    asked = task.limits.budget_micro_usd
    return RunLimits(
        steps=min(agent.limits.steps, task.limits.steps or agent.limits.steps),
        budget_micro_usd=budget if asked is None else min(budget, asked),
        output_tokens=agent.limits.output_tokens,
    )


def next_step(run: Run) -> Say:
    """`model.requested` for the step after the last one."""
    assert run.started is not None, "only a started run has steps"
    started = run.started
    content = canonical(prompt(run))
    before = run.step.outcome if run.step is not None else None
    return Say(
        started.id if before is None else before.id,
        ModelRequested(
            step=len(run.steps) + 1,
            alias=started.body.agent.model,
            position=run.last_sequence,
            prompt_sha256=sha256_hex(content),
            prompt_bytes=len(content),
            max_output_tokens=started.body.limits.output_tokens,
            deadline=started.body.deadline + waited(run),
        ),
    )
