"""What policies a configuration folder puts in force."""

from pathlib import Path
from typing import Any

from services.guardrail_checker.policies.loading import load_others, load_policy
from services.guardrail_checker.rules.authority import policies_of


def checked(config: Path) -> dict[str, Any]:
    """Each policy in force by its id: its effect, where it comes from, and its sentence.

    Raises:
        ConfigError: a file is missing or has a mistake.
    """
    policy = load_policy(config)
    inforce = policies_of(policy.cedar, with_default=policy.default_policies)
    default = policies_of("").policies if policy.default_policies else {}
    told = [
        {
            "id": name,
            "effect": one["effect"],
            "source": _source(name, one, default),
            "why": one["annotations"].get("why", ""),
        }
        for name, one in inforce.policies.items()
    ]
    return {"folder": str(config), "version": policy.version, "policies": told}


def kept(config: Path) -> list[dict[str, Any]]:
    """The versions that a fork may name, the one in force first.

    Raises:
        ConfigError: a file is missing or has a mistake, or there are too many.
    """
    in_force, others = load_policy(config), load_others(config)
    policies = [in_force, *(one for one in others.values() if one.version != in_force.version)]
    return [
        {"version": one.version, "name": one.name, "in_force": one is in_force} for one in policies
    ]


def _source(name: str, one: dict[str, Any], default: dict[str, dict[str, Any]]) -> str:
    if name not in default:
        return "yours"
    return "default" if default[name] == one else "yours, for a default one"
