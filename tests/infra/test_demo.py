"""The airline's case, as the demo plays it: what its model promises, and the shop's own policy."""

import yaml

from infra.demo.__main__ import SCENARIOS
from infra.demo.scenes import INVENTED, SCENES
from infra.demo.shop.policies import search
from services.guardrail_checker.checks.base import Content
from services.guardrail_checker.checks.grounding import GroundedInSources


def turns_of(name):
    written = yaml.safe_load_all((SCENARIOS / "support.yaml").read_text())
    return next(one["turns"] for one in written if one["name"] == name)


async def test_the_invented_discount_of_the_demo_has_no_source_in_the_policy_that_was_read():
    reads, answers = turns_of("airline")
    passages = search(reads["call"][1]["arguments"]["question"])
    grounds = tuple(Content(one.model_dump_json(), "external", "t") for one in passages)
    answer = answers["say"].replace("{{match.order}}", "1046")

    found = await GroundedInSources().check(
        Content(answer, "system", "answer", (*grounds, Content('"1046"', "tool", "t")))
    )

    assert passages, "the policy says something about discounts"
    assert sorted({one.rule for one in found}) == INVENTED


def test_every_scene_has_a_scenario_of_its_name():
    written = yaml.safe_load_all((SCENARIOS / "support.yaml").read_text())

    assert {one.name for one in SCENES} <= {one["name"] for one in written}
