"""Policies of a folder are read whole, or not at all, and the mistake is told with its file."""

import pytest

from services.guardrail_checker.policies.loading import VERSIONS_LIMIT, load_others, load_policy
from services.guardrail_checker.rules import ToolPolicy
from services.guardrail_checker.rules.authority import CedarPolicies, PolicyError
from shared.errors import ConfigError

NEVER = '@id("never") forbid (principal, action, resource in Effect::"money");'


def folder(tmp_path, yaml="name: shop", **cedar):
    policies = tmp_path / "policies"
    policies.mkdir()
    (policies / "tools.yaml").write_text(yaml, "utf-8")
    for name, text in cedar.items():
        (policies / f"{name}.cedar").write_text(text, "utf-8")
    return tmp_path


def test_files_beside_the_policy_are_in_force_and_in_its_version(tmp_path):
    alone = ToolPolicy(name="shop")

    found = load_policy(folder(tmp_path, own=NEVER))

    assert "never" in CedarPolicies(found.cedar).policies
    assert found.version != alone.version
    assert found.version.startswith("shop@")


def test_policies_that_are_kept_beside_the_one_in_force_are_named_by_their_content(tmp_path):
    config = folder(tmp_path)
    strict = config / "policies" / "versions" / "whatever"
    strict.mkdir(parents=True)
    (strict / "tools.yaml").write_text("name: strict", "utf-8")
    (strict / "own.cedar").write_text(NEVER, "utf-8")

    [(version, policy)] = load_others(config).items()

    assert (policy.name, policy.version) == ("strict", version)
    assert "never" in CedarPolicies(policy.cedar).policies
    assert load_policy(config) == ToolPolicy(name="shop")


def test_a_mistake_in_a_kept_policy_is_told_with_its_place(tmp_path):
    config = folder(tmp_path)
    kept = config / "policies" / "versions" / "old"
    kept.mkdir(parents=True)
    (kept / "tools.yaml").write_text("nmae: old", "utf-8")

    with pytest.raises(ConfigError, match=r"versions/old/tools\.yaml.*nmae"):
        load_others(config)


def test_more_policies_than_anybody_needs_are_refused(tmp_path):
    config = folder(tmp_path)
    for number in range(VERSIONS_LIMIT + 1):
        kept = config / "policies" / "versions" / f"v-{number}"
        kept.mkdir(parents=True)
        (kept / "tools.yaml").write_text("name: old", "utf-8")

    with pytest.raises(ConfigError, match="take old ones away"):
        load_others(config)


def test_without_files_the_defaults_are_in_force(tmp_path):
    assert load_policy(folder(tmp_path)) == ToolPolicy(name="shop")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("forbid (principal", "Cedar does not read it"),
        ("forbid (principal, action, resource);", 'policy 1 has no @id("...")'),
        (f"{NEVER}\n{NEVER}", "two policies with @id('never')"),
        (
            '@id("x") forbid (principal, action, resource) when { context.mood == "bad" };',
            "policy x:",
        ),
        (
            '@id("x") forbid (principal, action, resource) when { context.calls == "two" };',
            "policy x:",
        ),
    ],
)
def test_a_mistake_is_told_with_its_file(tmp_path, text, told):
    with pytest.raises(ConfigError) as refused:
        load_policy(folder(tmp_path, own=text))

    assert "own.cedar" in str(refused.value)
    assert told in str(refused.value)


def test_two_files_may_not_share_an_id(tmp_path):
    with pytest.raises(ConfigError, match="two policies"):
        load_policy(folder(tmp_path, a=NEVER, b=NEVER))


def test_the_defaults_fit_their_schema_and_each_says_why():
    policies = CedarPolicies().policies

    assert all(one["annotations"]["why"] for one in policies.values())


def test_without_the_defaults_nothing_is_permitted():
    with pytest.raises(PolicyError):
        CedarPolicies("permit (principal", default="")

    assert CedarPolicies("", default="").policies == {}
