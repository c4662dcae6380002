"""What is asked of the platform: agents, their tools and reviews, tasks and budgets."""

from decimal import Decimal
from random import Random
from typing import Literal

from contracts.agent import (
    Agent,
    AgentLimits,
    ContextPolicy,
    Delegate,
    Escalation,
    Guardrails,
    ReviewRule,
)
from contracts.model import Route
from contracts.schedule import Schedule
from contracts.scoring import Judged
from contracts.task import Fork, TaskLimits, TaskSubmitted
from services.cost_ledger.rules.budgets import Budgets
from services.cost_ledger.rules.tariff import Tariff, TieredRate
from services.evaluator.judges.config import Judge, Jury
from services.evaluator.sampling.drawing import Watch
from services.guardrail_checker.checks.judged import JudgedBy
from services.guardrail_checker.rules import ToolPolicy
from shared.catalogue import Alias, Models
from tests.policies import ANY_CALL

SCHEDULED = 0.15  # of worlds
TENANTS = ("acme", "bond")
ROLES = ("lead", "clerk")
CHECK = "mood"  # the content check of the simulation, which is sometimes down
CAREFUL = "careful"  # and that which asks models
ROUTES = (
    Route(provider="fake", api="fake", model="one"),
    Route(provider="other", api="fake", model="two"),
)
WEIGHTS = (2, 1)
CALL_SECONDS = 4
# A day is too long to be waited for here. Some people answer later than this.
OVERDUE_SECONDS = 40
SMALL_CONTEXT_TOKENS = 1000  # the least that there is: two or three pages fill it


def _alias(**more: int) -> Alias:
    return Alias(
        routes=[
            {**route.model_dump(), "weight": weight}
            for route, weight in zip(ROUTES, WEIGHTS, strict=True)
        ],
        time_limit_seconds=CALL_SECONDS,
        **more,
    )


ALIASES = {"default": _alias(), "small": _alias(context_tokens=SMALL_CONTEXT_TOKENS)}
CONTEXT_TOKENS = {name: alias.context_tokens for name, alias in ALIASES.items()}
MODELS = Models(
    aliases=ALIASES,
    providers={"other": {"base_url_env": "OTHER_URL", "api_key_env": "OTHER_KEY"}},
)
_RATE = TieredRate(base=Decimal(1))
TARIFF = Tariff(
    input_uncached=_RATE,
    cache_read=_RATE,
    cache_write_5m=_RATE,
    cache_write_1h=_RATE,
    output_text=_RATE,
    output_reasoning=_RATE,
    match="exact",
)
TARIFFS = {f"{route.provider}/{route.model}": TARIFF for route in ROUTES}
NOTHING_LEAVES_TAINTED = """
@id("nothing_leaves_tainted")
@why("the run has read what a stranger wrote")
forbid (principal, action == Action::"call", resource in Effect::"egress")
when { !context.approved && context.untrusted };
"""
POLICY = ToolPolicy(
    default_policies=False,
    cedar=ANY_CALL + NOTHING_LEAVES_TAINTED,
    argument_limits={"refund": {"amount": {"max": 500}}},
    review_effects=("credential", "destructive"),
    review_roles=("lead",),
    review_expires=30,
    clearance_seconds=20,
)


JUDGES = ("judge-a", "judge-b", "judge-c")
CHECKERS = ("check-a", "check-b")
JUDGED = {
    CAREFUL: JudgedBy(
        kind="judged",
        question="Is it careless?",
        by=CHECKERS,
        at=("input", "result", "answer"),
        deadline=20,
        budget_usd="0.01",
    )
}


SMALL = ("window", "clear_results", "summarize", "full")


def _small(policy: str) -> dict[str, object]:
    """A model that is soon full, and what is done about it."""
    return {"model": "small", "context": ContextPolicy(policy=policy, keep_steps=1)}


def _agent(name: str, *tools: str, **more: object) -> Agent:
    return Agent(
        name=name,
        instructions="Do what you are asked.",
        tools=tools,
        limits=AgentLimits(
            steps=5, deadline_seconds=300, step_seconds=60, output_tokens=200, budget_usd="0.10"
        ),
        evaluators=("resolved",),
        **{"guardrails": Guardrails(input=(CHECK,), output=(CHECK,))} | more,
    )


GUARDED = Guardrails(input=(CHECK, CAREFUL), output=(CHECK, CAREFUL))


AGENTS = {
    agent.name: agent
    for agent in (
        _agent("reader", "look_up", "read_page", guardrails=GUARDED),
        _agent("writer", "look_up", "read_page", "refund", "send_letter"),
        _agent(
            "asker",
            "refund",
            "send_letter",
            "delete_order",
            review={
                "refund": ReviewRule(
                    when="amount > 50",
                    roles=ROLES,
                    expires_seconds=20,
                    escalate=(
                        Escalation(after_seconds=6, roles=("chief",)),
                        Escalation(after_seconds=12, roles=("owner",)),
                    ),
                ),
                "send_letter": ReviewRule(roles=("clerk",), expires_seconds=20, quorum=2),
            },
        ),
        _agent("talker"),
        _agent(
            "boss",
            "look_up",
            agents={
                "ask_reader": Delegate(agent="reader", description="Ask the reader."),
                "hand_over": Delegate(agent="writer", description="Let go.", mode="handoff"),
            },
        ),
        *(
            _agent(f"forgetful-{policy}", "look_up", "read_page", **_small(policy))
            for policy in SMALL
        ),
        *map(_agent, JUDGES),
        *map(_agent, CHECKERS),
    )
}
PANEL = Jury(
    "panel", tuple(Judge(name, name, "v-1", AGENTS[name].version) for name in JUDGES), quorum=2
)
WATCHED = {
    "talker": Watch(
        rate=0.5,
        costly_usd=Decimal("0.001"),
        scorers=(Judged(by="panel", name="kind", question="Was it kind?"),),
    )
}


def budgets(chance: Random) -> Budgets:
    """Mostly ample; sometimes one that the runs of a tenant use up together."""
    return Budgets(window="total", default_tenant_usd=chance.choice(("100", "0.02", "0.006")))


def task(chance: Random) -> TaskSubmitted:
    """One task of any agent, now and then of none, with or without ceilings of its own."""
    agent = (
        "nobody"
        if chance.random() < 0.02
        else chance.choice(sorted({*AGENTS} - {*JUDGES, *CHECKERS}))
    )
    limits = TaskLimits(
        budget_usd=chance.choice((None, None, None, "0.004", "0.008")),
        deadline=chance.choice((None, None, None, 5, 30)),
        steps=chance.choice((None, None, 2)),
    )
    return TaskSubmitted(
        agent=agent,
        input=f"Job {chance.randrange(100)}",
        limits=limits,
        priority=chance.choice((1, 5, 9)),
        concurrency_key=chance.choice((None, None, None, "till")),
    )


def named(wanted: TaskSubmitted, name: str) -> TaskSubmitted:
    """The same with an input that no other task has, but for forks of its run."""
    return wanted.model_copy(update={"input": f"{wanted.input} ({name})"})


def next_turn(before: str, chance: Random) -> TaskSubmitted:
    """The next turn of a conversation."""
    return task(chance).model_copy(update={"continues": before, "input": "And then?"})


def schedules(chance: Random) -> dict[str, Schedule]:
    """In some worlds one of each kind, with ticks at different seconds."""
    if chance.random() >= SCHEDULED:
        return {}
    names: tuple[tuple[str, Literal["skip", "allow"]], ...] = (("early", "skip"), ("late", "allow"))
    found = (
        Schedule(
            name=name,
            cron=f"{chance.randrange(10, 50)} * * * * *",
            tenant=chance.choice(TENANTS),
            task=named(task(chance), name),
            overlap=overlap,
        )
        for name, overlap in names
    )
    return {one.name: one for one in found}


def fork_of(before: str, theirs: TaskSubmitted, step: int, chance: Random) -> TaskSubmitted:
    """The same task from a step of another run on, perhaps with other words or another model.

    It is a person's, whoever submitted that one.
    """
    fork = Fork(
        run_id=before,
        step=step,
        model=chance.choice((None, None, *ALIASES)),
        instructions=chance.choice((None, "Do it in another way.")),
    )
    asked = {name: getattr(theirs, name) for name in TaskSubmitted.model_fields}
    return TaskSubmitted.model_validate({**asked, "fork": fork, "continues": None})
