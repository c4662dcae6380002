"""What a decision is made of: facts to say, claims to revoke, and the book it was made by."""

from dataclasses import dataclass

from contracts.agent import Agent
from contracts.envelope import Fact
from contracts.guardrail import ToolCleared
from contracts.model import ModelClaimed
from contracts.money import ModelFunded
from contracts.shape import Body
from contracts.tool import ToolClaimed, ToolManifest


@dataclass(frozen=True, slots=True)
class Book:
    """What new runs are started by. A run that has started carries its own copy."""

    agents: dict[str, Agent]
    manifests: dict[str, ToolManifest]


@dataclass(frozen=True, slots=True)
class Say:
    """Append `body`, which follows from `cause_id`."""

    cause_id: str
    body: Body


@dataclass(frozen=True, slots=True)
class Revoke:
    """Create the claim on what `cause` permits, so that nobody starts it any more."""

    cause: Fact[ModelFunded] | Fact[ToolCleared]
    body: ModelClaimed | ToolClaimed


Move = Say | Revoke
