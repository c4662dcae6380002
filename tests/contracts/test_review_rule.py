"""What an author may write of reviews, and what is said of the rest."""

import pytest

from contracts.agent import ESCALATIONS_LIMIT, QUORUM_LIMIT, Agent, ReviewRule
from shared.config import load_yaml
from shared.errors import ConfigError

AGENT = """
name: support
instructions: Help.
tools: [issue_refund]
review:
  issue_refund: {when: "amount > 50", roles: [support-lead], expires: 2h, %s}
"""


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("quorum: 0", "quorum: Input should be greater than or equal to 1"),
        (f"quorum: {QUORUM_LIMIT + 1}", f"less than or equal to {QUORUM_LIMIT}"),
        ("quorum: many", "quorum: Input should be a valid integer"),
        ("default: approve", "default: Input should be 'reject' or 'cancel'"),
        ("escalate: [{after: 2h, roles: [boss]}]", "expires after 7200 s"),
        ("escalate: [{after: 3h, roles: [boss]}]", "after 10800 s is never taken"),
        ("escalate: [{after: 0, roles: [boss]}]", "escalate.0"),
        ("escalate: [{after: 1h, roles: []}]", "escalate.0.roles"),
        (
            "escalate: [{after: 1h, roles: [boss]}, {after: 1h, roles: [owner]}]",
            "each step comes later than the one before",
        ),
        (
            "escalate: [{after: 90m, roles: [boss]}, {after: 1h, roles: [owner]}]",
            "not after [5400, 3600] seconds",
        ),
        (
            f"escalate: [{', '.join(['{after: 1m, roles: [boss]}'] * (ESCALATIONS_LIMIT + 1))}]",
            f"at most {ESCALATIONS_LIMIT} items",
        ),
        ("qorum: 2", "qorum: Extra inputs are not permitted"),
    ],
)
def test_a_rule_that_cannot_be_meant_names_file_place_and_mistake(tmp_path, rule, told):
    path = tmp_path / "support.yaml"
    path.write_text(AGENT % rule)

    with pytest.raises(ConfigError) as refused:
        load_yaml(path, Agent)

    assert str(refused.value).startswith(f"{path}: review.issue_refund")
    assert told in str(refused.value)


def test_a_review_that_nobody_may_answer_is_a_mistake(tmp_path):
    with pytest.raises(ValueError, match="roles"):
        ReviewRule.model_validate({"roles": []})


def test_a_ladder_is_written_in_the_durations_of_people():
    ladder = [{"after": "15m", "roles": ["team-lead"]}, {"after": "1h", "roles": ["director"]}]

    rule = ReviewRule.model_validate({"quorum": 2, "default": "cancel", "escalate": ladder})

    assert [step.after_seconds for step in rule.escalate] == [900, 3600]
