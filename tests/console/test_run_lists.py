"""Lists over HTTP and in the terminal."""

from dataclasses import replace

import pytest

from services.console.rules.excerpt import excerpt
from services.observer.rules import project
from shared.lag import Lag
from tests.console.conftest import as_
from tests.console.test_cli import LINE, fake, interlock  # noqa: F401 - a fixture
from tests.histories import whole_run

BEHIND = {"lag_facts": 9, "lag_seconds": 7.3, "rebuild": None}


@pytest.fixture
async def listed(desk):
    for number in range(3):
        facts = [
            replace(
                fact,
                run_id=f"r-{number}",
                cause_id=fact.cause_id.replace("r-1", f"r-{number}"),
                sequence=fact.sequence + 100 * number,
            )
            for fact in whole_run().facts
        ]
        await desk.store.apply([one for fact in facts for one in project(fact)])


async def test_a_page_leads_to_the_next(api, listed):
    first = await api.get("/runs", params={"limit": 2, "agent": "support"})
    second = await api.get(first.links["next"]["url"].removeprefix("/api/v1"))

    assert [one["run_id"] for one in first.json()] == ["r-2", "r-1"]
    assert [one["run_id"] for one in second.json()] == ["r-0"]
    assert "next" not in second.links


async def test_a_cursor_of_another_order_is_refused(api, listed):
    first = await api.get("/runs", params={"limit": 2})
    cursor = first.links["next"]["url"].partition("cursor=")[2]

    answer = await api.get("/runs", params={"cursor": cursor, "sort": "oldest"})

    assert answer.status_code == 422
    assert answer.json()["where"] == "cursor"


@pytest.mark.parametrize(
    "query",
    [
        {"cursor": "x"},
        {"metadata": "ticket"},
        {"agnet": "support"},
        {"since": "2026-01-01T00:00:00"},
        {"sort": "best"},
        {"search": ""},
        {"search": "a\x00b"},
        {"steps_at_least": str(1 << 40)},
        {"cost_at_most_micro_usd": str(1 << 70)},
    ],
)
async def test_what_cannot_be_asked_is_refused_and_named(api, query):
    answer = await api.get("/runs", params=query)

    assert answer.status_code == 422, answer.text
    assert answer.json()["remedy"]


async def test_runs_are_counted_by_status(api, listed):
    answer = (await api.get("/run-counts", params={"agent": "support"})).json()

    assert answer == {"statuses": {"completed": 3}, "counted": 3, "whole": True}


async def test_a_person_of_one_tenant_counts_no_other(api, listed):
    answer = await api.get("/run-counts", headers=as_("tom-token"))

    assert answer.json()["counted"] == 0


async def test_a_search_shows_where_it_was_found(api, listed):
    (line, *_) = (await api.get("/runs", params={"search": "parcel"})).json()

    (begin, end) = line["excerpt"]["places"][0]
    assert line["excerpt"]["text"][begin:end] == "parcel"


async def test_lists_tell_how_late_they_are(api, desk):
    desk.lag.lag = Lag(9, 7.3)

    assert (await api.get("/projections")).json() == BEHIND


async def test_one_rebuild_goes_on_at_a_time(api):
    first = await api.post("/projections/rebuild")
    second = await api.post("/projections/rebuild")

    assert (first.status_code, first.json()["number"]) == (202, 1)
    assert second.json()["number"] == 1


@pytest.mark.parametrize("token", ["vera-token", "tom-token"])
async def test_only_an_operator_of_the_platform_may_rebuild(api, token):
    assert (await api.post("/projections/rebuild", headers=as_(token))).status_code == 403


@pytest.mark.parametrize(
    ("text", "search", "found"),
    [
        ("Where is my parcel?", "PARCEL", ["parcel"]),
        ("Where is my parcel?", '"my parcel" or elephant', ["my", "parcel"]),
        ("Where is my parcel?", "parcels -where", []),
        ("a b c", 'x" -', []),
        ("x" * 500 + " here", "here", ["here"]),
    ],
)
def test_an_excerpt_marks_what_was_searched_for(text, search, found):
    piece = excerpt(text, search)

    marked = [] if piece is None else [piece.text[begin:end] for begin, end in piece.places]
    assert marked == found


def test_every_option_of_a_list_reaches_the_api(fake):  # noqa: F811 - the fixture
    fake.answer("GET", "/runs", [LINE])

    done = interlock(
        *("runs", "list", "--search", "parcel", "--tool", "find_order", "--min-cost-usd", "0.5"),
        *("--meta", "a=b", "--meta", "c=d", "--since", "2h", "--sort", "dearest", "--waiting"),
    )

    asked = fake.asked[0].url.params
    assert done.exit_code == 0, done.output
    assert asked["search"] == "parcel"
    assert asked["cost_at_least_micro_usd"] == "500000"
    assert asked.get_list("metadata") == ["a=b", "c=d"]
    assert asked["since"].endswith("+00:00")
    assert (asked["sort"], asked["waits_for_review"], asked["tool"]) == (
        "dearest",
        "true",
        "find_order",
    )
    assert set(asked) == {
        *("search", "tool", "cost_at_least_micro_usd", "metadata", "since", "sort", "limit"),
        "waits_for_review",
    }


def test_a_moment_that_is_none_is_wrong_usage(fake):  # noqa: F811 - the fixture
    assert interlock("runs", "list", "--since", "yesterday").exit_code == 2


def test_a_list_says_that_it_is_late(fake):  # noqa: F811 - the fixture
    fake.answer("GET", "/runs", [LINE])
    fake.answer("GET", "/projections", BEHIND)

    done = interlock("runs", "list")

    assert "lists are 7 s behind" in done.stderr


def test_what_was_found_is_shown(fake):  # noqa: F811 - the fixture
    found = {"text": "my\nparcel", "places": [[3, 9]]}
    fake.answer("GET", "/runs", [{**LINE, "excerpt": found}])

    assert "my parcel" in interlock("runs", "list", "--search", "parcel").stdout


def test_counts_are_shown(fake):  # noqa: F811 - the fixture
    answer = {"statuses": {"failed": 2}, "counted": 2, "whole": False}
    fake.answer("GET", "/run-counts", answer)

    done = interlock("runs", "list", "--counts")

    assert "failed" in done.stdout
    assert "2 or more" in done.stdout


def test_a_rebuild_is_followed_to_its_end(fake):  # noqa: F811 - the fixture
    counted = {"position": 9, "until": 9, "rebuilt": 4, "differed": 1, "removed": 0}
    asked = {"number": 3, "asked_by": "anna", "asked_at": "2026-01-01T00:00:00Z"}
    rebuild = {**asked, **counted, "state": "done", "reason": ""}
    fake.answer("POST", "/projections/rebuild", rebuild)
    fake.answer("GET", "/projections", {**BEHIND, "rebuild": rebuild})

    done = interlock("projections", "rebuild", "--yes")

    assert "4 runs, 1 of them had other rows before" in done.stdout
    assert interlock("projections", "rebuild").exit_code == 1  # nobody said yes
