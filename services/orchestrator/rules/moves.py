"""What a decision is made of: facts to say, claims to revoke, and the book it was made by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from contracts.agent import Agent, Assigned
from contracts.control import ControlOrdered
from contracts.envelope import Fact
from contracts.history import Run
from contracts.model import ModelClaimed
from contracts.run import Configuration
from contracts.shape import Body
from contracts.tool import ToolClaimed, ToolManifest

from .admission import ADMITTED, Answer


class InForce(Protocol):
    """Orders about an agent, a tenant, the platform."""

    def covering(self, tenant: str, agent: str) -> tuple[ControlOrdered, ...]:
        """The last order for each scope that these runs are in, also those that let them run."""
        ...


class _NoOrders:
    def covering(self, tenant: str, agent: str) -> tuple[ControlOrdered, ...]:  # noqa: ARG002
        return ()


class Released(Protocol):
    """Definitions of agents that were released."""

    def definition(self, agent: str, version: str) -> Agent:
        """That of a release.

        Raises:
            Again: it is not known here yet.
        """
        ...


class _NoReleases:
    def definition(self, agent: str, version: str) -> Agent:
        raise LookupError(f"this book has no release {agent}@{version}")


NO_ORDERS = _NoOrders()
NO_RELEASES = _NoReleases()


@dataclass(frozen=True, slots=True)
class Book:
    """What new runs are started by, and all are held to. A started run carries its own agent."""

    agents: dict[str, Agent]
    manifests: dict[str, ToolManifest]
    orders: InForce = NO_ORDERS
    context_tokens: Mapping[str, int] = field(default_factory=dict)
    trials_act: bool = False
    releases: Released = NO_RELEASES
    configuration: Configuration | None = None

    def agent_of(self, name: str, assigned: Assigned | None) -> Agent | None:
        """The agent of a release, or as it is configured; None where there is no such agent.

        Raises:
            Again: the release is not known here yet.
        """
        if assigned is None or assigned.version is None:
            return self.agents.get(name)
        return self.releases.definition(name, assigned.version)


@dataclass(frozen=True, slots=True)
class Kin:
    """Other runs that a run depends on when it starts, as far as the log has them.

    `parent` made the call that it answers; `grown_from` is the run that it continues, or forks;
    `admission` says whether all the others leave it a place.
    """

    parent: Run | None = None
    grown_from: Run | None = None
    admission: Answer = ADMITTED


NO_KIN = Kin()


@dataclass(frozen=True, slots=True)
class Say:
    """Append `body`, which follows from `cause_id`."""

    cause_id: str
    body: Body


@dataclass(frozen=True, slots=True)
class Revoke:
    """Create the claim on what `cause` permits, so that nobody starts it any more."""

    cause: Fact[Body]
    body: ModelClaimed | ToolClaimed


Move = Say | Revoke
