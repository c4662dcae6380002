"""What people change by HTTP is on the log, with who, when and what; a new route is noticed."""

import pytest

from contracts.audit import ErasureAsked, LetterDiscarded
from services.console.store.erasures import person_sha256
from shared.errors import LogRefused
from tests.console.acme import MARK, OTHERS_KEY, OURS_KEY, PLATFORM_KEY, SOMEBODY, ours  # noqa: F401 - a fixture
from tests.console.conftest import as_
from tests.console.routes import calls

pytestmark = pytest.mark.usefixtures("ours")

CHANGING = [one for one in calls() if one.changes]
# Said by tests that have what they need: a scored run, a gate's record, a file.
ELSEWHERE = {
    "POST /runs/{run_id}/labels": "test_labels: run.labelled",
    "POST /archives": "test_lineage: run.imported",
    "POST /agents/{name}/releases": "test_releases_api: on RELEASES",
    "POST /agents/{name}/releases/approve": "test_releases_api: on RELEASES",
    "POST /agents/{name}/releases/refuse": "test_releases_api: on RELEASES",
    "POST /agents/{name}/releases/rollback": "test_releases_api: on RELEASES",
    "DELETE /agents/{name}/releases/{label}": "test_releases_api: on RELEASES",
    "POST /dead-letters/redrive": "test_many_dead_letters: run.redriven",
    "POST /dead-letters/{number}/redrive": "test_dead_letters: run.redriven",
    "POST /runs/resume": "test_many_runs: run.resume_requested",
    "POST /runs/{run_id}/resume": "test_api_control: run.resume_requested",
    "POST /runs/{run_id}/fork": "test_lineage: task.submitted",
}


def told(bus, desk):
    """All that a console says, in no order."""
    facts = [fact.body for fact in bus.facts]
    return [*facts, *desk.orders.given, *desk.releases.given, *desk.keys.given, *desk.audit.noted]


def who(body) -> str | None:
    known = body.model_dump()
    names = ("created_by", "asked_by", "requester", "principal")
    return next((known[name] for name in names if known.get(name)), None)


@pytest.mark.parametrize(
    "call", [one for one in CHANGING if one.name not in ELSEWHERE], ids=lambda one: one.name
)
async def test_whoever_changes_something_stands_on_the_log(api, bus, desk, call):
    desk.dead_letters.stored[0] = desk.dead_letters.stored[0].model_copy(update={"number": 1})
    before = len(told(bus, desk))

    answer = await api.request(call.method, call.at, headers=as_(PLATFORM_KEY), **call.asked)

    assert answer.is_success, answer.text
    new = told(bus, desk)
    assert len(new) > before, f"{call.name} changes something, and nothing tells who did"
    assert SOMEBODY in {who(one) for one in new}


def test_no_route_is_excused_that_there_is_not():
    assert set(ELSEWHERE) <= {one.name for one in CHANGING}


class Full:
    """A trail that takes nothing more."""

    async def note(self, deed):
        raise LogRefused(deed.subject, 10077, "maximum bytes exceeded")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/runs/r-1/delete", {"reason": "asked to"}),
        ("/people/forget", {"tenant": MARK, "customer": "c-1", "reason": "asked to"}),
        ("/projections/rebuild", None),
        ("/dead-letters/7/discard", {"reason": "noise"}),
    ],
)
async def test_what_could_not_be_noted_is_not_done(api, desk, path, body):
    desk.audit = Full()
    orders = len(desk.erasures.asked)

    answer = await api.post(path, json=body, headers=as_(PLATFORM_KEY))

    assert answer.status_code == 503
    assert len(desk.erasures.asked) == orders
    assert await desk.projections.newest_rebuild() is None
    assert desk.dead_letters.stored[0].state == "open"


async def test_an_erasure_is_noted_with_who_when_and_why_and_no_name(api, desk):
    body = {"tenant": MARK, "customer": "c-311", "reason": "request 117"}
    await api.post("/people/forget", json=body, headers=as_(PLATFORM_KEY))

    (noted,) = desk.audit.noted
    assert isinstance(noted, ErasureAsked)
    assert (noted.kind, noted.tenant, noted.principal) == ("forget", MARK, SOMEBODY)
    assert (noted.at, noted.reason, noted.by_key) == (desk.bus.clock.now(), "request 117", "k-all")
    assert noted.person_sha256 == person_sha256(MARK, "c-311", None)
    assert "c-311" not in noted.model_dump_json()


async def test_each_discarded_letter_is_noted(api, desk):
    desk.dead_letters.stored.append(desk.dead_letters.stored[0].model_copy(update={"number": 9}))
    body = {"reason": "noise", "rate": 1000}
    await api.post("/dead-letters/discard", json=body, headers=as_(PLATFORM_KEY))

    assert [one.number for one in desk.audit.noted] == [7, 9]
    assert all(isinstance(one, LetterDiscarded) for one in desk.audit.noted)
    assert len({one.nonce for one in desk.audit.noted}) == 2


async def test_a_look_at_many_letters_is_no_deed(api, desk):
    body = {"reason": "noise", "dry_run": True}
    await api.post("/dead-letters/discard", json=body, headers=as_(PLATFORM_KEY))

    assert desk.audit.noted == []


async def test_input_in_the_name_of_another_tells_who_gave_it(api, bus):
    await api.post("/runs/r-1/input", json={"text": "And?", "user": "u-7"}, headers=as_(OURS_KEY))

    given = bus.facts[-1].body
    assert (given.user, given.principal) == ("u-7", SOMEBODY)


async def test_the_trail_is_read_by_admins_the_newest_first(api, desk, bus):
    bus.clock.advance(60)
    await api.post("/runs/r-1/delete", json={"reason": "asked to"}, headers=as_(OURS_KEY))

    found = (await api.get("/audit", headers=as_(PLATFORM_KEY))).json()

    assert [one["deed"] for one in found] == ["erasure.asked", *["key.created"] * 4]
    assert found[0]["about"] == {
        "kind": "delete",
        "tenant": MARK,
        "run_id": "r-1",
        "is_dry": False,
    }
    assert (found[0]["principal"], found[0]["by_key"]) == (SOMEBODY, "k-ours")
    assert all("sha256" not in str(one["about"]) for one in found)
    assert (await api.get("/audit", headers=as_("anna-token"))).status_code == 403


async def test_an_admin_of_a_tenant_reads_its_part_of_the_trail(api):
    await api.post("/projections/rebuild", headers=as_(PLATFORM_KEY))
    await api.post("/runs/r-1/delete", json={"reason": "asked to"}, headers=as_(OURS_KEY))

    ours_, theirs = [
        (await api.get("/audit", headers=as_(one))).json() for one in (OURS_KEY, OTHERS_KEY)
    ]

    assert {tuple(one["tenants"]) for one in ours_} == {(MARK,)}
    assert {tuple(one["tenants"]) for one in theirs} == {("other",)}
    assert "erasure.asked" in {one["deed"] for one in ours_}
