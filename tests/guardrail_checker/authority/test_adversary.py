"""An attacker without a model: any calls in any order, with his own values and everybody's.

What ran without a person is judged by a rule of its own, which knows the attacker's things by heart
and nothing of the policy. Each hole planted below is found by the same search, and so is the lack
of any one of the default policies.
"""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from infra.policies.bench import curve_policy
from services.guardrail_checker.rules import ToolPolicy, policies_of
from services.guardrail_checker.rules.authority import origins, reads, standing
from services.guardrail_checker.rules.authority.words import Words
from services.guardrail_checker.rules.authority.writings import Writings
from tests.guardrail_checker.authority.attacks import attacks, outcome, plans


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(attack=attacks, plan=plans)
def test_nothing_serious_happens_without_a_person(attack, plan):
    assert outcome(attack, plan, ToolPolicy()) is None


def always(value: object) -> Callable[..., object]:
    return lambda *_, **__: value


HOLES = {
    "any read vouches": (reads, "_is_led", always(True)),
    "what stands in any text is the user's": (Words, "say", lambda self, value: True),
    "links in texts are not looked at": (standing, "active", always(())),
    "links in reads are not looked at": (standing, "links", always(())),
    "sinks are not traced": (standing, "_sinks", always(())),
    "a payee may be paid again": (standing, "_is_repeated", always(False)),
    "what was written is read as the tenant's": (Writings, "may_have_made", always(False)),
    "what was renamed is named": (Writings, "may_have_named", always(False)),
    "what a read was asked for it found": (reads.Result, "was_asked", always(False)),
    "whatever a call gives back it made": (origins.Sources, "_is_new", always(True)),
}


def is_found(policy: ToolPolicy) -> bool:
    """Whether the search comes upon something serious; the smallest such attack is not needed."""
    wanted = settings(
        max_examples=5_000, deadline=None, derandomize=True, phases=(Phase.generate,), database=None
    )
    try:
        find(
            st.tuples(attacks, plans),
            lambda tried: outcome(*tried, policy) is not None,
            settings=wanted,
        )
    except NoSuchExample:
        return False
    return True


@pytest.mark.parametrize("hole", HOLES)
def test_a_planted_hole_is_found(hole, monkeypatch):
    monkeypatch.setattr(*HOLES[hole])

    assert is_found(ToolPolicy()), f"the attacker did not find it: {hole}"


FORBIDS = [
    name for name, policy in policies_of("").policies.items() if policy["effect"] == "forbid"
]


@pytest.mark.parametrize("policy", FORBIDS)
def test_without_any_one_of_the_default_policies_something_serious_happens(policy):
    never = f'@id("{policy}") forbid (principal, action, resource) when {{ false }};'

    assert is_found(ToolPolicy(cedar=never)), f"{policy} says only what others say: take it away"


@pytest.mark.parametrize("policy", ["none", "own_tools", "taint"])
def test_weaker_policies_are_broken(policy):
    assert is_found(curve_policy(policy))
