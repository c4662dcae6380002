"""What leaves by a call that is more than a read: which checks it passes, and what they forbid.

A check that finds something denies the call or puts it to a person, as `policies/tools.yaml` says,
tool by tool; what an agent's own YAML adds denies. What somebody is called or paid by is no leak:
personal numbers are not looked for in arguments that policy traces, nor secrets where one is due.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from contracts.guardrail import CheckFinding
from contracts.shape import Token, Written
from contracts.tool import ToolManifest

from .authority.records import every_scalar

Reaction = Literal["deny", "ask", "pass"]
DEFAULT: dict[str, Reaction] = {
    "secrets": "deny",
    "canaries": "deny",
    "pii": "ask",
    "self_loading": "ask",
}
PERSONAL = "pii"
SECRETS = "secrets"


class Outgoing(Written):
    """What is looked for in the arguments of calls with an effect, and what becomes of the call."""

    checks: dict[Token, Reaction] = Field(default_factory=lambda: dict(DEFAULT))
    tools: dict[Token, dict[Token, Reaction]] = Field(
        default_factory=dict, description="What is otherwise for one tool"
    )

    def of(self, tool: str, of_agent: Sequence[str] = ()) -> dict[str, Reaction]:
        """The checks of a call, each with what it does; an agent's own only add to them."""
        written = {**self.checks, **self.tools.get(tool, {})}
        own: dict[str, Reaction] = dict.fromkeys(of_agent, "deny")
        return {name: how for name, how in {**written, **own}.items() if how != "pass"}

    def names(self) -> set[str]:
        """Every check that some call may pass."""
        return {*self.checks, *(name for one in self.tools.values() for name in one)}


@dataclass(frozen=True, slots=True)
class Leaving:
    """What the checks of a call found, and the finding that denies it or asks about it."""

    findings: tuple[CheckFinding, ...] = ()
    denied: CheckFinding | None = None
    asked: CheckFinding | None = None


NOTHING = Leaving()


def leaves(manifest: ToolManifest) -> bool:
    """Whether a call of it carries anything out: a read does not, nor a question to an agent."""
    return manifest.effect != "read" and manifest.agent is None


def texts_of(
    manifest: ToolManifest, arguments: Mapping[str, object], checks: Sequence[str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each argument as a text, keys included, with the checks that it passes."""
    for name, value in arguments.items():
        sink = manifest.sinks.get(name)
        skipped = {PERSONAL} if sink is not None else set()
        skipped |= {SECRETS} if sink == "credential" else set()
        text = "\n".join(map(str, every_scalar(value)))
        if text:
            yield text, tuple(one for one in checks if one not in skipped)


def judge_leaving(findings: Sequence[CheckFinding], reactions: Mapping[str, Reaction]) -> Leaving:
    """A note is only told; what no reaction is known of denies."""
    grave = [one for one in findings if one.severity != "note"]
    denied = (one for one in grave if reactions.get(one.check, "deny") == "deny")
    asked = (one for one in grave if reactions.get(one.check) == "ask")
    return Leaving(tuple(findings), next(denied, None), next(asked, None))
