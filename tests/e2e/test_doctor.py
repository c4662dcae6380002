"""`interlock doctor` beside a whole platform: all is well, until a service is stopped."""

import json

import pytest

from contracts.subjects import EVALUATOR
from infra.doctor.examination import GROUPS, chosen, examine
from infra.doctor.installation import Installation
from tests.e2e.commands import interlock

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_healthy_platform_has_no_failure(platform):
    answer = json.loads(await interlock(platform.options.home.path, "doctor", "-o", "json"))

    findings = answer["findings"]
    assert [one for one in findings if one["state"] == "fail"] == []
    assert answer["ok"] is True
    assert {one["group"] for one in findings} == set(GROUPS)
    skipped = {one["group"] for one in findings if one["state"] == "skipped"}
    assert skipped == {"telemetry"}


async def test_a_service_that_was_stopped_is_named_by_whoever_misses_it(platform):
    await platform.supervisor.stop(EVALUATOR)
    try:
        installation = Installation.found(platform.options.home, {})
        groups = await examine(installation, chosen(["services", "consumers"]))
    finally:
        await platform.start_service(EVALUATOR)

    found = {
        group.name: [one.name for one in group.findings if one.state == "fail"] for group in groups
    }
    assert found == {"consumers": [f"RUNS/{EVALUATOR} hearing"], "services": [EVALUATOR]}
