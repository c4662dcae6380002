"""Releases as people see them."""

from datetime import datetime
from typing import Any

from contracts.agent import Agent
from contracts.release import AgentReleased, GateProof, GateRecord, ReleaseAsked
from services.console.api.shapes import Shape
from services.console.rules.releasing import history_of, open_request
from shared.release_book import ReleaseBook

HISTORY_LINES = 20


class GateLine(Shape):
    """What the gate said, and in `proof` what that was found again by: trials, rules, juries.

    `checks` are sentences of the sender, which nothing was held against.
    """

    experiment: str
    suite: str
    verdict: str
    cases: int
    checks: tuple[str, ...]
    proof: GateProof | None


class ReleaseLine(Shape):
    """What a label stands for, or stood for. No version: it was taken away."""

    label: str
    version: str | None
    share_percent: int | None
    sticky: str
    asked_by: str
    approved_by: str | None
    reason: str
    at: datetime
    gate: GateLine | None
    is_rollback: bool


class RequestLine(Shape):
    """Production is to be moved, and waits for a second person."""

    nonce: str
    version: str
    asked_by: str
    reason: str
    at: datetime
    gate: GateLine
    definition: dict[str, Any]


class ReleasesView(Shape):
    """Every label of an agent."""

    agent: str
    configured_version: str
    labels: tuple[ReleaseLine, ...]
    waiting: RequestLine | None
    history: tuple[ReleaseLine, ...]


def releases_view(agent: Agent, heads: ReleaseBook) -> ReleasesView:
    """What the log says of the labels of an agent."""
    labels = (heads.head(agent.name, label) for label in ("production", "canary", "staging"))
    asked = open_request(heads, agent.name)
    history = history_of(heads, agent.name)[:HISTORY_LINES]
    return ReleasesView(
        agent=agent.name,
        configured_version=agent.version,
        labels=tuple(_line(one) for one in labels if one is not None),
        waiting=None if asked is None else _request(asked),
        history=tuple(_line(one) for one in history),
    )


def _line(told: AgentReleased) -> ReleaseLine:
    return ReleaseLine(
        label=told.label,
        version=None if told.definition is None else told.definition.version,
        share_percent=told.share_percent,
        sticky=told.sticky,
        asked_by=told.asked_by,
        approved_by=told.approved_by,
        reason=told.reason,
        at=told.at,
        gate=None if told.gate is None else _gate(told.gate),
        is_rollback=told.returns_to is not None,
    )


def _request(asked: ReleaseAsked) -> RequestLine:
    return RequestLine(
        nonce=asked.nonce,
        version=asked.definition.version,
        asked_by=asked.asked_by,
        reason=asked.reason,
        at=asked.at,
        gate=_gate(asked.gate),
        definition=asked.definition.model_dump(mode="json"),
    )


def _gate(gate: GateRecord) -> GateLine:
    return GateLine(
        experiment=gate.experiment,
        suite=gate.suite,
        verdict=gate.verdict,
        cases=gate.cases,
        checks=gate.checks,
        proof=gate.proof,
    )
