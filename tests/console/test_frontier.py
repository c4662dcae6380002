"""Cost and quality together, over HTTP."""

from datetime import UTC, datetime, timedelta

import pytest

from services.console.api import evaluations
from tests.bodies import NOON
from tests.console.conftest import as_
from tests.console.evaluated import LARGE, MINI, evaluated, many

PATH = "/evaluations/frontier"
WINDOW = {
    "since": (NOON - timedelta(days=1)).isoformat(),
    "until": (NOON + timedelta(days=1)).isoformat(),
}


@pytest.fixture
async def known(desk):
    await desk.store.apply(
        [
            *many(60, 57, model=MINI),
            *many(60, 15, model=LARGE, cost=9000),
            *evaluated("gone", agent="gone", passed=False),
            *evaluated("other", tenant="other"),
        ]
    )


async def test_a_line_tells_share_and_price_with_their_intervals(api, known):
    answer = (await api.get(PATH, params={**WINDOW, "tenant": "acme", "agent": "support"})).json()

    mini, large = answer["lines"]
    assert answer["whole"] is True
    assert (mini["agent"], mini["alias"], mini["models"]) == ("support", "default", [MINI])
    assert (mini["runs"], mini["accepted"], mini["cost_micro_usd"]) == (60, 57, 63_000)
    assert mini["rate"]["low"] < mini["rate"]["value"] == 0.95 < mini["rate"]["high"]
    price = mini["cost_per_accepted_micro_usd"]
    assert price["low"] < price["value"] == 1105 < price["high"]
    assert mini["p50_seconds"] > 0
    assert (mini["on_frontier"], mini["dominated_by"]) == (True, None)
    assert (large["on_frontier"], large["dominated_by"]) == (False, [MINI])


async def test_what_was_never_accepted_has_no_price_and_an_unknown_agent_no_alias(api, known):
    (line,) = (await api.get(PATH, params={**WINDOW, "agent": "gone"})).json()["lines"]

    assert line["alias"] is None
    assert line["cost_per_accepted_micro_usd"] == {
        "value": None,
        "low": 0,
        "high": None,
        "why_unbounded": "below 50 runs",
    }
    assert line["on_frontier"] is False


async def test_a_person_of_one_tenant_sees_no_other(api, known):
    own = await api.get(PATH, params=WINDOW, headers=as_("tom-token"))
    other = await api.get(PATH, params={"tenant": "acme"}, headers=as_("tom-token"))

    assert [line["runs"] for line in own.json()["lines"]] == [1]
    assert other.status_code == 403


async def test_nobody_looks_without_a_token(api):
    assert (await api.get(PATH, headers={"authorization": ""})).status_code == 401


async def test_the_last_30_days_are_looked_at_unless_asked_otherwise(api, desk):
    now = datetime.now(UTC)
    await desk.store.apply(evaluated("new", begun=now - timedelta(days=29)))
    await desk.store.apply(evaluated("old", begun=now - timedelta(days=31)))

    answer = (await api.get(PATH)).json()

    assert [line["runs"] for line in answer["lines"]] == [1]
    window = datetime.fromisoformat(answer["until"]) - datetime.fromisoformat(answer["since"])
    assert window == timedelta(days=30)


async def test_more_groups_than_an_answer_holds_are_said_to_be_there(api, known, monkeypatch):
    monkeypatch.setattr(evaluations, "GROUPS_LIMIT", 1)

    answer = (await api.get(PATH, params=WINDOW)).json()

    assert (len(answer["lines"]), answer["whole"]) == (1, False)


@pytest.mark.parametrize(
    "query",
    [
        {"agnet": "support"},
        {"agent": "no such name"},
        {"since": "2026-01-01T00:00:00"},
        {"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
        {"since": "2024-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
        {"until": "0001-01-02T00:00:00Z"},
        {"until": "9999-12-31T23:59:59-12:00"},
    ],
)
async def test_what_cannot_be_asked_is_refused_and_named(api, query):
    answer = await api.get(PATH, params=query)

    assert answer.status_code == 422, answer.text
    assert answer.json()["remedy"]
