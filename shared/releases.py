"""The releases in force, as whoever clears or starts a run must know them."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from nats.aio.client import Client

from contracts.agent import Agent, Assigned
from contracts.envelope import Verifier
from contracts.release import AgentReleased, is_drawn
from contracts.subjects import RELEASE_SUBJECTS, RELEASES
from contracts.task import TaskSubmitted
from shared.errors import Again
from shared.following import Follower, Topic, following
from shared.release_book import ReleaseBook
from shared.release_log import ReleaseHeads
from shared.settings import ServiceSettings

TOPIC = Topic("releases", RELEASES, RELEASE_SUBJECTS)
UNKNOWN_SECONDS = 0.5  # until somebody who knows a release later than another is asked again

OnRelease = Callable[[AgentReleased], None]


class Releases(Protocol):
    """Which definition a run is of."""

    def assign(self, tenant: str, run_id: str, task: TaskSubmitted) -> Assigned | None:
        """The release that a task is to be run by; None for the agent as it is configured.

        Raises:
            Again: the releases could not be read for too long to be relied upon.
        """
        ...

    def definition(self, agent: str, version: str) -> Agent:
        """The agent of a release.

        Raises:
            Again: it is not known here yet.
        """
        ...


@dataclass(frozen=True, slots=True)
class FixedReleases:
    """Releases that do not change: of a platform without any, and in tests."""

    heads: ReleaseBook | None = None

    def assign(self, tenant: str, run_id: str, task: TaskSubmitted) -> Assigned | None:
        return None if self.heads is None else assigned(self.heads, tenant, run_id, task)

    def definition(self, agent: str, version: str) -> Agent:
        return definition_of(self.heads, agent, version)


AS_CONFIGURED = FixedReleases()


@dataclass(frozen=True, slots=True)
class FollowedReleases:
    """Those of the stream, which is followed."""

    heads: ReleaseBook
    follower: Follower

    def assign(self, tenant: str, run_id: str, task: TaskSubmitted) -> Assigned | None:
        self.follower.check()
        return assigned(self.heads, tenant, run_id, task)

    def definition(self, agent: str, version: str) -> Agent:
        return definition_of(self.heads, agent, version)


def assigned(heads: ReleaseBook, tenant: str, run_id: str, task: TaskSubmitted) -> Assigned | None:
    """Which release a task is to be run by.

    A fork is of the run that it grows from, and a judge of those that were calibrated. A trial is
    of production, for a canary is tried by real work alone.
    """
    if task.fork is not None or task.judging is not None or task.checking is not None:
        return None
    canary = heads.head(task.agent, "canary")
    if canary is None or task.label is not None or task.trial is not None:
        found = heads.version(task.agent, task.label or "production")
        label = task.label or "production"
        return None if found is None else Assigned(label=label, version=found)
    share = (canary.share_percent or 0) / 100
    if is_drawn(canary, tenant, run_id, task.customer):
        return Assigned(label="canary", version=heads.version(task.agent, "canary"), chance=share)
    version = heads.version(task.agent, "production")
    return Assigned(label="production", version=version, chance=1 - share)


def definition_of(heads: ReleaseBook | None, agent: str, version: str) -> Agent:
    """The agent of a release.

    Raises:
        Again: it is not known here yet.
    """
    found = None if heads is None else heads.definitions.get((agent, version))
    if found is None:
        raise Again(f"the release {agent}@{version} is not known here yet", UNKNOWN_SECONDS)
    return found


@asynccontextmanager
async def following_releases(
    client: Client,
    service: str,
    verifier: Verifier,
    settings: ServiceSettings,
    on_change: OnRelease | None = None,
) -> AsyncIterator[FollowedReleases]:
    """Releases that are followed meanwhile.

    Raises:
        LogUnavailable: the stream did not answer, so that nobody could tell what is in force.
    """
    heads = ReleaseHeads(verifier=verifier)
    async with following(client, service, TOPIC, heads, settings, on_change) as follower:
        yield FollowedReleases(heads, follower)
