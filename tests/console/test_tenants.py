"""Tenants are kept apart on every route: nothing of acme's is there for a key of another tenant.

The requests are made from the application's own routes, so that a new one cannot be left out: it
finds no entry in `routes.py`, or shows what it should not.
"""

import pytest

from tests.console.acme import MARK, OTHERS_KEY, OURS_KEY, ours  # noqa: F401 - a fixture
from tests.console.conftest import as_
from tests.console.routes import calls

pytestmark = pytest.mark.usefixtures("ours")

CALLS = calls()
# What serves every tenant, and so has nothing of one in it.
OF_ALL = {
    "GET /agents": "an agent serves every tenant",
    "GET /agents/{name}": "an agent serves every tenant",
    "GET /agents/{name}/releases": "an agent serves every tenant",
    "GET /projections": "how late lists are, of all",
    "GET /tools": "a tool serves every tenant",
    "GET /tools/{name}": "a tool serves every tenant",
    "GET /me": "who asks",
    "POST /keys/own": "of who asks, and where they may: test_own_keys",
    "POST /agents/{name}/releases": "of no tenant, and refused: test_releases_api",
    "POST /archives": "the tenant stands in the file: test_lineage",
}
# What is of no one tenant, and refused to whoever is of one, whatever they name.
PLATFORM = ("/dead-letters", "/projections", "/agents/")
# Of what is theirs anybody may order that it goes, also where it is not there.
DELETES = ("POST /runs/{run_id}/archive", "POST /runs/{run_id}/delete")
# Its answer ends with the run, and ours is open.
ENDLESS = "GET /runs/{run_id}/events"
# No jury of ours is undecided: test_labels has one, and somebody of another tenant.
NONE = "GET /reviews/split"


async def asked(api, call, whose, **query):
    return await api.request(call.method, call.at, headers=as_(whose), params=query, **call.asked)


def names_something(call) -> bool:
    return "{" in call.path


def is_kept_from(call, query, answer) -> bool:
    """Whether an answer gave the other tenant nothing of ours."""
    if call.name in DELETES and not query:
        return answer.status_code == 202 and answer.json()["tenant"] == "other"
    if names_something(call) or call.path.startswith(PLATFORM):
        return answer.status_code in (403, 404)
    return answer.status_code == 403 or (answer.is_success and MARK not in answer.text)


async def test_a_key_of_another_tenant_finds_nothing_of_ours(api, bus, desk):
    before = len(bus.facts), len(desk.orders.given), len(desk.keys.given)

    shown = {}
    for call in (one for one in CALLS if one.name not in OF_ALL):
        for query in ({}, {"tenant": MARK}):
            answer = await asked(api, call, OTHERS_KEY, **query)
            if not is_kept_from(call, query, answer):
                shown[call.name] = answer.text

    assert not shown, "give each its tenant: see Desk.tenant_of, Desk.allowed_tenant"
    assert {one.tenant for one in bus.facts[before[0] :]} <= {"other"}
    assert {one.tenant for one in desk.erasures.asked[1:]} == {"other"}
    assert (len(desk.orders.given), len(desk.keys.given)) == before[1:]


async def test_a_key_of_ours_finds_what_the_other_did_not(api):
    """So that nothing is called kept apart which is not there at all."""
    missing = {}
    for call in CALLS:
        if call.name in (*OF_ALL, ENDLESS, NONE) or call.path.startswith(PLATFORM):
            continue
        answer = await asked(api, call, OURS_KEY)
        is_there = MARK in answer.text or call.changes or not answer.text.startswith("[")
        if answer.status_code in (401, 403, 404) or not is_there:
            missing[call.name] = answer.text

    assert not missing


def test_no_route_is_excused_that_there_is_not():
    assert {*OF_ALL, *DELETES, ENDLESS, NONE} <= {one.name for one in CALLS}
