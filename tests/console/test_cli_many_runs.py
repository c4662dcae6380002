"""`interlock runs cancel|pause|resume` by filter: the count before the work, and small requests."""

import json
from datetime import datetime

import httpx
import pytest
from typer.testing import CliRunner

from services.console.cli import app
from services.console.cli.errors import FAILED, USAGE

VERBS = ("cancel", "pause", "resume")
REASON = ["--reason", "it loops"]


class Open:
    """Open runs by number, of which some had ended, and some cannot be read."""

    def __init__(self, count=0, ended=(), failing=()):
        self.open = list(range(1, count + 1))
        self.ended, self.failing = ended, failing
        self.asked = []

    def __call__(self, request):
        body = json.loads(request.content)
        self.asked.append((request.url.path.removeprefix("/api/v1/runs/"), body))
        chosen = [one for one in self.open if one > body.get("after", 0)][: body["limit"]]
        named = {one: {"tenant": "acme", "run_id": f"r-{one}"} for one in chosen}
        left = {*self.ended, *self.failing}
        return httpx.Response(
            200,
            json={
                "matched": len(self.open),
                "whole": True,
                "asked": [named[one] for one in chosen if one not in left],
                "ended": [named[one] for one in chosen if one in self.ended],
                "skipped": [],
                "failed": [named[one] | {"why": "away"} for one in chosen if one in self.failing],
                "after": chosen[-1] if chosen else body.get("after", 0),
            },
        )

    @property
    def sizes(self):
        return [body["limit"] for _, body in self.asked if not body["dry_run"]]


@pytest.fixture
def serve(monkeypatch):
    make = httpx.Client

    def serving(runs):
        def client(**options):
            return make(transport=httpx.MockTransport(runs), **options)

        monkeypatch.setattr(httpx, "Client", client)
        monkeypatch.setenv("INTERLOCK_URL", "http://console")
        monkeypatch.setenv("INTERLOCK_TOKEN", "t")
        return runs

    return serving


def runs(*arguments, **options):
    return CliRunner().invoke(app, ["runs", *arguments], env={"COLUMNS": "200"}, **options)


def test_all_that_fit_are_asked_in_small_requests(serve):
    known = serve(Open(count=50, ended=(3,)))

    done = runs("cancel", "--agent", "bench", "--older-than", "2h", *REASON, "--yes")

    assert done.exit_code == 0
    assert done.stdout == "50 fit: 49 asked to end, 1 had ended, 0 skipped, 0 failed\n"
    assert known.sizes == [20, 20, 10]
    verb, body = known.asked[-1]
    assert (verb, body["agent"], body["reason"]) == ("cancel", "bench", "it loops")
    assert datetime.fromisoformat(body["until"]).tzinfo is not None


def test_a_dry_run_asks_nobody_and_tells_how_many_it_would_be(serve):
    known = serve(Open(count=3))

    done = runs("cancel", "--feature", "helpdesk", *REASON, "--dry-run")

    assert done.stdout == "3 fit: 3 would be asked to end, 0 had ended, 0 skipped, 0 failed\n"
    assert known.sizes == []


def test_nothing_is_asked_before_somebody_is_sure(serve):
    known = serve(Open(count=3))

    done = runs("cancel", "--agent", "bench", *REASON)

    assert done.exit_code == USAGE
    assert "3 runs fit. Cancel 3 of them, 10 a second?" in done.stderr
    assert known.sizes == []


def test_no_more_are_asked_than_was_said_and_the_rest_is_told(serve):
    known = serve(Open(count=9))

    done = runs("pause", "--status", "running", "--limit", "4", "--yes")

    assert known.sizes == [4]
    assert "others fit as well" in done.stdout


def test_a_run_that_could_not_be_asked_is_named_and_the_command_fails(serve):
    serve(Open(count=2, failing=(2,)))

    done = runs("resume", "--customer", "c-1", "--yes")

    assert done.exit_code == FAILED
    assert "r-2  away" in done.stdout


def test_for_a_script_everything_is_told_as_json(serve):
    serve(Open(count=2, ended=(1,)))

    done = runs("cancel", "--meta", "ticket=T-9", *REASON, "--yes", "--json")

    told = json.loads(done.stdout)
    assert [one["run_id"] for one in told["asked"] + told["ended"]] == ["r-2", "r-1"]
    assert (told["matched"], told["after"]) == (2, 2)


@pytest.mark.parametrize("verb", VERBS)
def test_where_nothing_fits_nobody_is_asked_to_be_sure(serve, verb):
    serve(Open())

    done = runs(verb, "--user", "nobody", *REASON)

    assert (done.exit_code, done.stdout[:6]) == (0, "0 fit:")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["cancel"], "--older-than"),
        (["cancel", "--agent", "bench", "--yes"], "--reason"),
        (["cancel", "r-1", "--agent", "bench"], "name one run"),
        (["pause", "r-1", "--status", "running"], "name one run"),
        (["pause", "--all", "--status", "running"], "name one run"),
        (["pause", "--agent", "bench", "--dry-run"], "--older-than"),
        (["resume", "--tenant", "acme", "--limit", "3"], "--older-than"),
        (["cancel", "--older-than", "soon", *REASON], "2h"),
    ],
)
def test_what_is_not_clear_is_refused_before_anybody_is_asked(serve, arguments, told):
    known = serve(Open(count=3))

    done = runs(*arguments)

    assert done.exit_code == USAGE
    assert told in done.stderr
    assert known.asked == []
