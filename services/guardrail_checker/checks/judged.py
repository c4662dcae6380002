"""`judged`: a check that asks models, each in a run of its own; see `policies/checks.yaml`.

checks:
no_promises:
    kind: judged
    question: "Does it promise a payment that nobody has approved?"
    by: [check-a, check-b]
    at: [answer]
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, field_validator

from contracts.agent import Agent
from contracts.shape import Seconds, Token, Usd, Written
from shared.errors import ConfigError

ASKED_LIMIT = 3
QUESTION_LIMIT_CHARACTERS = 4000
At = Literal["input", "result", "answer"]
PLACES: Mapping[At, str] = {"input": "input", "result": "input", "answer": "output"}


class JudgedBy(Written):
    """A question of which yes is a hit, who is asked, where, and what a hit does.

    Whoever gives no verdict that can be used has hit: too late, not paid, refused, or not in form.
    """

    kind: Literal["judged"]
    question: Annotated[str, Field(min_length=1, max_length=QUESTION_LIMIT_CHARACTERS)]
    by: Annotated[tuple[Token, ...], Field(min_length=1, max_length=ASKED_LIMIT)]
    at: Annotated[tuple[At, ...], Field(min_length=1)]
    action: Literal["note", "block"] = "block"
    deadline: Seconds = 30
    budget_usd: Usd = Field("0.05", validate_default=True, description="Of each that is asked")

    @field_validator("by")
    @classmethod
    def _are_different(cls, by: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(by)) < len(by):
            raise ValueError("each agent is asked once; name different ones")
        return by


def fit_agents(checks: Mapping[str, JudgedBy], agents: Mapping[str, Agent]) -> None:
    """Whether those that are asked can be, and are asked only where their check applies.

    Raises:
        ConfigError: naming the check or the agent, and what to do.
    """
    for name, check in checks.items():
        for asked in check.by:
            agent = agents.get(asked)
            if agent is None:
                raise ConfigError(f"checks.yaml: {name}: by: no agent is named {asked!r}")
            if agent.tools or agent.agents:
                raise ConfigError(
                    f"checks.yaml: {name}: by: {asked} may call tools; name one that not"
                )
    for agent in agents.values():
        _fit(agent, checks)


def refuse_on_calls(names: set[str], checks: Mapping[str, JudgedBy]) -> None:
    """Arguments of calls are judged by no model.

    Raises:
        ConfigError: such a check is named for them.
    """
    if wrong := sorted(names & checks.keys()):
        raise ConfigError(
            f"{', '.join(wrong)}: a judged check is not for calls; leave it out there"
        )


def _fit(agent: Agent, checks: Mapping[str, JudgedBy]) -> None:
    refuse_on_calls(set(agent.guardrails.calls), checks)
    named = {"input": agent.guardrails.input, "output": agent.guardrails.output}
    for side, names in named.items():
        for name in names:
            check = checks.get(name)
            if check is not None and all(PLACES[at] != side for at in check.at):
                raise ConfigError(
                    f"agents/{agent.name}.yaml: guardrails: {side}: {name} is not for that; "
                    f"its `at` in checks.yaml is {', '.join(check.at)}"
                )
