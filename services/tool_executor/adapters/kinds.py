"""What a worker process is for: which secrets it holds, and how far it is walled off."""

from dataclasses import dataclass, replace
from typing import Self

from contracts.tool import ToolManifest
from services.tool_executor.rules import Host

from .credentials.given import NOTHING, Given

Secrets = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WorkerKind:
    """Tools of one kind take turns in one worker.

    A tool never runs in a process that has seen the secrets of another scope. In a jail it shares
    nothing at all: one worker is for tools of one module, and ends with its first call.
    """

    secrets: Secrets = ()
    jailed: str = ""
    """The module of the tools, if they run in a jail."""
    hosts: tuple[Host, ...] = ()
    """What can be reached from that jail."""
    given: Given = NOTHING
    """The values of its secrets."""

    @classmethod
    def of(cls, manifest: ToolManifest, secrets: Secrets, hosts: tuple[Host, ...]) -> Self:
        if manifest.sandbox != "jail":
            return cls(secrets)
        return cls(secrets, manifest.module, hosts)

    def replaces(self, other: "WorkerKind") -> bool:
        """Whether the other one holds values that are no more what they were."""
        if self == other or self.given.tenant != other.given.tenant:
            return False
        return replace(self, given=NOTHING) == replace(other, given=NOTHING)

    @property
    def once(self) -> bool:
        return bool(self.jailed)
