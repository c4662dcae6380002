"""The names that an agent's YAML calls checks by, and what each of them makes.

A team adds its own beside them:

    checks = build_checks(agent.guardrails.output, extra={"no_competitors": make_it})
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from services.guardrail_checker.checks import guardrails_ai, length
from services.guardrail_checker.checks.base import Checker
from services.guardrail_checker.checks.canaries import FindCanaries
from services.guardrail_checker.checks.grounding import GroundedInSources
from services.guardrail_checker.checks.hidden_text import HiddenText
from services.guardrail_checker.checks.links import NoLinks
from services.guardrail_checker.checks.pii import VAULT, Pii
from services.guardrail_checker.checks.prompt_injection import PromptInjection
from services.guardrail_checker.checks.secrets import Secrets
from services.guardrail_checker.checks.self_loading import SelfLoading
from shared.canaries import Canaries
from shared.errors import ConfigError

Factory = Callable[[], Checker]


@dataclass(frozen=True, slots=True)
class CheckLimits:
    """What the service's settings say about checks."""

    max_length_chars: int = length.DEFAULT_LIMIT_CHARS
    guardrails_seconds: float = guardrails_ai.DEFAULT_SECONDS
    canaries: Canaries | None = None


def catalogue(limits: CheckLimits) -> dict[str, Factory]:
    """Every built-in check by name. Nothing is made or imported until a factory is called."""
    return {
        "prompt_injection": PromptInjection,
        "pii": Pii,
        "pii_vault": lambda: Pii(VAULT, vaults=True),
        "secrets": Secrets,
        "max_length": lambda: length.MaxLength(limits.max_length_chars),
        "grounded_in_sources": GroundedInSources,
        "no_links": NoLinks,
        "hidden_text": HiddenText,
        "self_loading": SelfLoading,
        "canaries": lambda: FindCanaries(limits.canaries),
        "guardrails_secrets": lambda: guardrails_ai.guardrails_secrets(limits.guardrails_seconds),
    }


def build_checks(
    names: Iterable[str],
    limits: CheckLimits | None = None,
    extra: Mapping[str, Factory] | None = None,
) -> dict[str, Checker]:
    """One checker for each name, made once however often it is named. Slow: call it at start.

    Raises:
        ConfigError: a name is unknown, or `extra` takes the name of a built-in check.
        CheckError: a check does not load.
    """
    built_in = catalogue(limits or CheckLimits())
    if taken := sorted(built_in.keys() & (extra or {}).keys()):
        raise ConfigError(f"checks {', '.join(taken)}: built in already; choose another name")
    known = {**built_in, **(extra or {})}
    wanted = dict.fromkeys(names)
    if unknown := [name for name in wanted if name not in known]:
        raise ConfigError(
            f"guardrails: no check is called {', '.join(map(repr, unknown))}; "
            f"known are {', '.join(sorted(known))}"
        )
    return {name: known[name]() for name in wanted}
