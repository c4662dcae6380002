"""`interlock runs show --step|--why`, `runs export --format` and `runs watch`, typed by people."""

import json

import httpx
import pytest
from fastapi.testclient import TestClient

from services.console.api.shapes import FactView
from services.console.cli import watching
from services.console.cli.errors import FAILED, NOT_FOUND, USAGE
from services.console.cli.watching import INTERRUPTED, standing
from services.console.rules.record import RunRecord, StepRecord, Why
from tests.console.stories import asked_run
from tests.console.test_cli import FACTS, fake, interlock, stream  # noqa: F401 - a fixture
from tests.histories import whole_run


@pytest.fixture
def real(app, monkeypatch):
    """Commands against the real API, in memory."""

    def client(base_url, headers, timeout):
        return TestClient(app, base_url=base_url, headers=headers)

    monkeypatch.setattr(httpx, "Client", client)
    monkeypatch.setenv("INTERLOCK_URL", "http://console")
    monkeypatch.setenv("INTERLOCK_TOKEN", "anna-token")


@pytest.fixture
def soon(monkeypatch):
    """A lost connection is made again at once, and given up soon."""
    monkeypatch.setattr(watching, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(watching, "RECONNECT_SECONDS", 0.05)


def test_a_step_is_shown_on_one_screen(real, take):
    take(whole_run())

    done = interlock("runs", "show", "r-1", "--step", "2")

    assert done.exit_code == 0
    for told in ("acme/r-1  step 2  over", "tool:find_order", "says: It was shipped.", "settled"):
        assert told in done.stdout
    assert len(done.stdout.splitlines()) <= 40


def test_a_step_as_json_is_its_record(real, take):
    take(whole_run())

    done = interlock("runs", "show", "r-1", "--step", "2", "-o", "json")

    assert StepRecord.model_validate_json(done.stdout).identity.step == 2


def test_why_goes_back_from_the_end_with_the_number_of_each_fact(real, take):
    take(whole_run())

    done = interlock("runs", "show", "r-1", "--why")
    as_json = interlock("runs", "show", "r-1", "--why", "--json")

    found = Why.model_validate_json(as_json.stdout)
    assert (done.exit_code, as_json.exit_code) == (0, 0)
    assert f"{found.chain[0].sequence}  ·  run.completed" in done.stdout
    assert "interlock runs show r-1 --step 2" in done.stdout


def test_a_step_that_there_is_not_says_how_many_there_are(real, take):
    take(whole_run())

    done = interlock("runs", "show", "r-1", "--step", "5")

    assert done.exit_code == NOT_FOUND
    assert "the run has 2 steps" in done.stderr


@pytest.mark.parametrize("screen", [("--step", "1"), ("--why",)])
def test_a_run_that_nobody_knows_exits_so(real, screen):
    done = interlock("runs", "show", "r-9", *screen)

    assert done.exit_code == NOT_FOUND
    assert "there is no run r-9" in done.stderr


def test_a_step_that_is_open_says_who_is_to_speak(real, take):
    take(asked_run()[0])

    done = interlock("runs", "show", "r-1", "--step", "1")

    assert done.exit_code == 0
    assert "It waits for support-lead, to answer about call 1-1, issue_refund." in done.stdout


@pytest.mark.parametrize(
    "screens",
    [("--step", "1", "--why"), ("--prompt", "1", "--step", "1"), ("--step", "0")],
)
def test_two_screens_at_once_are_a_mistake_of_usage(real, screens):
    assert interlock("runs", "show", "r-1", *screens).exit_code == USAGE


def test_a_run_is_exported_as_a_timeline(real, take, tmp_path):
    take(whole_run())
    path = tmp_path / "run.md"

    done = interlock("runs", "export", "r-1", "--format", "timeline", "-o", str(path))

    text = path.read_text("utf-8")
    assert done.exit_code == 0
    assert text.startswith("# Run acme/r-1\n")
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## Before the first step",
        "## Step 1",
        "## Step 2",
    ]


def test_a_run_is_exported_as_json(real, take):
    take(whole_run())

    done = interlock("runs", "export", "r-1", "--format", "json")

    assert [one.identity.step for one in RunRecord.model_validate_json(done.stdout).steps] == [1, 2]


def test_a_form_that_there_is_not_is_a_mistake_of_usage(fake):  # noqa: F811
    done = interlock("runs", "export", "r-1", "--format", "pdf")

    assert (done.exit_code, fake.asked) == (USAGE, [])
    assert "choose file, timeline or json" in done.stderr


class Broken:
    """Events over several connections: each brings some, and closes."""

    def __init__(self, *parts):
        self.parts = list(parts)
        self.asked = []

    def __call__(self, request):
        self.asked.append(request.headers.get("last-event-id"))
        part = self.parts.pop(0) if self.parts else []
        if isinstance(part, BaseException):
            raise part
        if isinstance(part, int):
            problem = {"what": "it starts", "where": "the log", "remedy": "wait"}
            return httpx.Response(part, json=problem)
        return httpx.Response(200, text=stream(part))


@pytest.fixture
def broken(monkeypatch):
    """Answers requests with what a test gives it."""
    make = httpx.Client

    def answering(*parts):
        api = Broken(*parts)
        monkeypatch.setattr(
            httpx, "Client", lambda **options: make(transport=httpx.MockTransport(api), **options)
        )
        monkeypatch.setenv("INTERLOCK_URL", "http://console")
        monkeypatch.setenv("INTERLOCK_TOKEN", "t")
        return api

    return answering


def told(done):
    return [json.loads(line)["sequence"] for line in done.stdout.splitlines()]


@pytest.mark.parametrize("lost", [[], httpx.ConnectError("gone"), 503])
def test_a_lost_connection_goes_on_after_the_last_fact(broken, soon, lost):
    api = broken(FACTS[:5], lost, FACTS[5:])

    done = interlock("runs", "watch", "r-1", "--json")

    assert done.exit_code == 0
    assert told(done) == [one["sequence"] for one in FACTS]
    assert api.asked == [None, "5", "5"]


def test_a_connection_that_never_was_is_told_at_once(broken, soon):
    api = broken(httpx.ConnectError("nobody"))

    done = interlock("runs", "watch", "r-1")

    assert done.exit_code == FAILED
    assert "start it with: interlock dev" in done.stderr
    assert len(api.asked) == 1


def test_a_platform_that_stays_away_is_given_up(broken, soon):
    broken(FACTS[:5], *[httpx.ConnectError("gone")] * 1000)

    done = interlock("runs", "watch", "r-1", "--json")

    assert done.exit_code == FAILED
    assert len(told(done)) == 5


def test_a_stream_that_closes_and_brings_no_end_is_given_up(broken, soon):
    broken(FACTS[:5])

    done = interlock("runs", "watch", "r-1", "--json")

    assert done.exit_code == FAILED
    assert "brings no end" in done.stderr


def test_what_is_refused_is_not_asked_for_again(broken, soon):
    api = broken(FACTS[:5], 404)

    done = interlock("runs", "watch", "r-1", "--json")

    assert done.exit_code == NOT_FOUND
    assert len(api.asked) == 2


def test_ctrl_c_leaves_the_run_alone_and_says_so(broken, soon):
    api = broken(FACTS[:5], KeyboardInterrupt())

    done = interlock("runs", "watch", "r-1", "--json")

    assert done.exit_code == INTERRUPTED
    assert "the run is left alone" in done.stderr
    assert len(api.asked) == 2


def test_a_watch_shows_where_steps_begin_and_whom_it_waits_for(fake):  # noqa: F811
    facts = [FactView.of(one).model_dump(mode="json") for one in asked_run()[0].facts]
    end = {**FACTS[-1], "sequence": 99}
    fake.answer("GET", "/runs/r-1/events", stream([*facts, end]))

    done = interlock("runs", "watch", "r-1")

    assert "step 1 ─" in done.stdout
    assert "interlock reviews approve r-1.1-1-1" in done.stdout


def test_how_a_run_stands_is_one_line():
    history, _ = asked_run()

    assert standing(history.run) == (
        "waiting  step 1  $0.000120  waits for support-lead, to answer about call 1-1, issue_refund"
    )
    assert standing(whole_run().run) == "completed  step 2  $0.000240"
