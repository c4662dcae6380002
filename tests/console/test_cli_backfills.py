"""`interlock schedules backfill`: request by request, each waiting for what has to end before."""

import json

import httpx
import pytest
from typer.testing import CliRunner

from services.console.cli import app, backfills
from services.console.cli.errors import FAILED, USAGE

HOUR = "2026-03-06T{:02}:00:00Z"
WINDOW = ["--from", "2026-03-06T00:00", "--to", "2026-03-06T05:00"]


class Hourly:
    """A schedule of five past hours; a run of it ends after so many looks."""

    def __init__(self, there=(), waits=False, looks=2):
        self.known = set(there)
        self.waits = waits
        self.looks = looks
        self.left: dict[int, int] = {}
        self.asked = []

    def __call__(self, request):
        path = request.url.path.removeprefix("/api/v1")
        if request.method == "GET":
            return httpx.Response(200, json={"status": self._status(int(path[-2:]))})
        body = json.loads(request.content)
        self.asked.append(body)
        return httpx.Response(200, json=self._fill(body))

    def _status(self, hour):
        self.left[hour] = self.left.get(hour, self.looks) - 1
        return "running" if self.left[hour] > 0 else "completed"

    def _fill(self, body):
        done = {"started": [], "there": [], "next_from": None, "waits_for": None}
        for hour in range(int(body["from"][11:13]), 5):
            if len(done["started"]) == body["limit"]:
                done["next_from"] = HOUR.format(hour)
                break
            kind = "there" if hour in self.known else "started"
            done[kind].append(f"hourly-{hour:02}")
            if not body["dry_run"]:
                self.known.add(hour)
                if self.waits and self.left.get(hour, 1) > 0 and hour < 4:
                    done |= {"next_from": HOUR.format(hour), "waits_for": f"hourly-{hour:02}"}
                    break
        return {"schedule": "hourly", "tenant": "acme", "times": 5, **done}


@pytest.fixture
def serve(monkeypatch):
    make = httpx.Client
    monkeypatch.setattr(backfills, "POLL_SECONDS", 0)

    def serving(schedule):
        def client(**options):
            return make(transport=httpx.MockTransport(schedule), **options)

        monkeypatch.setattr(httpx, "Client", client)
        monkeypatch.setenv("INTERLOCK_URL", "http://console")
        monkeypatch.setenv("INTERLOCK_TOKEN", "t")
        return schedule

    return serving


def backfill(*arguments):
    whole = ["schedules", "backfill", "hourly", *WINDOW, *arguments]
    return CliRunner().invoke(app, whole, env={"COLUMNS": "200"})


def test_what_was_missed_is_started_and_what_was_not_is_left(serve):
    serve(Hourly(there=(1, 2)))

    done = backfill()

    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "5 times: 3 started, 2 were there",
        *("  hourly-00", "  hourly-03", "  hourly-04"),
    ]


def test_a_dry_run_starts_nothing(serve):
    schedule = serve(Hourly())

    done = backfill("--dry-run")

    assert "5 would be started" in done.stdout
    assert schedule.known == set()


def test_each_waits_for_the_end_of_the_one_before_and_is_told_once(serve):
    schedule = serve(Hourly(waits=True))

    done = backfill("--json")

    told = json.loads(done.stdout)
    assert told["started"] == [f"hourly-0{hour}" for hour in range(5)]
    assert (told["there"], told["left"], told["waits_for"]) == ([], 0, None)
    assert [body["from"] for body in schedule.asked[1:]] == [HOUR.format(n) for n in range(4)]


def test_a_run_that_does_not_end_in_time_is_named_and_the_command_fails(serve):
    serve(Hourly(waits=True, looks=10**6))

    done = backfill("--timeout", "0")

    assert done.exit_code == FAILED
    assert "4 are left: hourly-00 has not ended" in done.stdout


def test_no_more_are_started_than_was_said(serve):
    schedule = serve(Hourly())

    done = backfill("--limit", "2")

    assert schedule.known == {0, 1}
    assert "3 are left: say it again to go on" in done.stdout


def test_a_time_that_is_none_is_refused(serve):
    schedule = serve(Hourly())

    done = CliRunner().invoke(app, ["schedules", "backfill", "hourly", "--from", "soon"])

    assert done.exit_code == USAGE
    assert schedule.asked == []
