"""Cedar decides: default deny, and a forbid wins over any permit."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import cedarpy

from contracts.shape import sha256_hex
from services.guardrail_checker.policies import DEFAULT, SCHEMA

from .standing import Standing

Answer = Literal["permit", "ask", "deny"]


class PolicyError(ValueError):
    """Cedar does not read a policy, or it asks for what no call has; the message says which."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the policies make of a call, and the ids of those that decided."""

    answer: Answer
    policies: tuple[str, ...]
    reason: str

    @property
    def rule(self) -> str:
        """The ids as one word of a verdict."""
        return ",".join(self.policies)


class CedarPolicies:
    """The default policies, and an operator's beside them: one with the same id takes its place.

    Raises:
        PolicyError: the text does not parse, a policy has no @id, or does not fit the schema.
    """

    def __init__(self, own: str = "", default: str = DEFAULT) -> None:
        self.policies = {**_named(default), **_named(own)}
        text = json.dumps({"templates": {}, "staticPolicies": self.policies, "templateLinks": []})
        self._set = cedarpy.PolicySet.from_json_str(text)
        self._schema = cedarpy.Schema.from_str(SCHEMA)
        _check(self.policies)

    @property
    def version(self) -> str:
        """The first 12 hex digits of the SHA-256 of all policies."""
        return sha256_hex(json.dumps(self.policies, sort_keys=True).encode())[:12]

    def rule(self, standing: Standing) -> Ruling:
        """Permit the call, put it to a person, or deny it. What Cedar cannot tell is denied."""
        call = self._ask("call", standing)
        if call.allowed:
            return Ruling("permit", self._ids(call), self._why(call))
        asked = self._ask("ask", standing)
        answer: Answer = "ask" if asked.allowed else "deny"
        decided = call if asked.allowed else asked
        return Ruling(answer, self._ids(decided), self._why(decided))

    def _ask(self, action: str, standing: Standing) -> cedarpy.AuthzResult:
        request = {
            "principal": {"type": "Agent", "id": standing.agent},
            "action": {"type": "Action", "id": action},
            "resource": {"type": "Tool", "id": standing.tool},
            "context": standing.context,
        }
        whole = _entities(standing.agent, standing.tools, standing.tool, standing.effect)
        return cedarpy.is_authorized(request, self._set, whole, self._schema)

    def _ids(self, result: cedarpy.AuthzResult) -> tuple[str, ...]:
        return tuple(sorted(result.diagnostics.reasons)) or ("default_deny",)

    def _why(self, result: cedarpy.AuthzResult) -> str:
        if result.diagnostics.errors:
            return f"the policy cannot be told: {result.diagnostics.errors[0]}"
        annotations = (
            self.policies[one]["annotations"] for one in sorted(result.diagnostics.reasons)
        )
        told = [one.get("why") or f"policy {one['id']}" for one in annotations]
        return "; ".join(told) or "no policy permits it"


@lru_cache(maxsize=64)
def policies_of(own: str, *, with_default: bool = True) -> CedarPolicies:
    """The policies of a text, parsed once; those that come with Interlock below them.

    Raises:
        PolicyError: as of `CedarPolicies`.
    """
    return CedarPolicies(own, DEFAULT if with_default else "")


@lru_cache(maxsize=4096)
def _entities(agent: str, tools: tuple[str, ...], tool: str, effect: str) -> cedarpy.Entities:
    """Who calls and what is called, parsed once for each agent and tool."""
    own = [{"__entity": {"type": "Tool", "id": name}} for name in tools]
    called = {
        "uid": {"type": "Tool", "id": tool},
        "attrs": {},
        "parents": [{"type": "Effect", "id": effect}],
    }
    caller = {"uid": {"type": "Agent", "id": agent}, "attrs": {"tools": own}, "parents": []}
    return cedarpy.Entities.from_json_str(json.dumps([called, caller]))


def _named(text: str) -> dict[str, dict[str, Any]]:
    """The policies of a text by their @id."""
    try:
        found = json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"]
    except ValueError as error:
        raise PolicyError(f"Cedar does not read it: {error}") from None
    named: dict[str, dict[str, Any]] = {}
    for place, policy in enumerate(found.values(), start=1):
        name = policy.get("annotations", {}).get("id")
        if not name:
            raise PolicyError(f'policy {place} has no @id("..."): verdicts name who decided by it')
        if name in named:
            raise PolicyError(f"there are two policies with @id({name!r}): call one otherwise")
        named[name] = policy
    return named


def _check(policies: Mapping[str, dict[str, Any]]) -> None:
    for name, policy in policies.items():
        alone = {"templates": {}, "staticPolicies": {name: policy}, "templateLinks": []}
        text = cedarpy.policies_from_json_str(json.dumps(alone))
        result = cedarpy.validate_policies(text, SCHEMA)
        if not result.validation_passed:
            told = "; ".join(one.error for one in result.errors)
            raise PolicyError(f"policy {name}: {told}")
