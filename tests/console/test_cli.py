import json
import os

import httpx
import pytest
import yaml
from typer.testing import CliRunner

from contracts.agent import Agent
from contracts.history import prompt
from services.console.api.review_views import review_view
from services.console.api.shapes import FactView
from services.console.api.views import run_view
from services.console.cli import app
from services.console.cli.errors import FAILED
from services.console.cli.render import facts_from
from tests.bodies import VERDICT
from tests.console.stories import asked_run
from tests.histories import whole_run

RUN = whole_run()
FACTS = [FactView.of(fact).model_dump(mode="json") for fact in RUN.facts]
LINE = {
    "run_id": "r-1",
    "status": "completed",
    "agent": "support",
    "customer": None,
    "steps": 2,
    "cost_micro_usd": 240,
    "submitted_at": "2026-03-02T12:00:01Z",
    "why": "",
}


class FakeApi:
    """Answers like the console, from a table of paths; keeps what it was asked."""

    def __init__(self):
        self.answers = {}
        self.asked = []

    def __call__(self, request):
        self.asked.append(request)
        status, body = self.answers.get((request.method, request.url.path), (404, None))
        if isinstance(body, str):
            return httpx.Response(status, text=body)
        if status >= 400:
            body = {"what": "it is so", "where": "there", "remedy": "do this"}
        return httpx.Response(status, json=body)

    def answer(self, method, path, body=None, status=200):
        self.answers[method, f"/api/v1{path}"] = (status, body)


@pytest.fixture
def fake(monkeypatch):
    api = FakeApi()
    make = httpx.Client

    def client(**options):
        return make(transport=httpx.MockTransport(api), **options)

    monkeypatch.setattr(httpx, "Client", client)
    monkeypatch.setenv("INTERLOCK_URL", "http://console")
    monkeypatch.setenv("INTERLOCK_TOKEN", "t")
    return api


def interlock(*arguments):
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})


def stream(facts):
    return "".join(f"id: {one['sequence']}\ndata: {json.dumps(one)}\n\n" for one in facts)


def test_submit_sends_what_was_said_and_tells_the_run(fake):
    fake.answer(
        "POST", "/tasks", {"tenant": "acme", "run_id": "r-1", "status": "submitted"}, status=201
    )

    done = interlock(
        *("submit", "support", "Where is it?", "--customer", "c-1", "--budget-usd", "0.2"),
        *("--plan", "find_order=1, send_email=2"),
    )

    assert done.exit_code == 0
    assert done.stdout.split() == ["r-1", "submitted"]
    assert json.loads(fake.asked[0].content) == {
        "agent": "support",
        "input": "Where is it?",
        "customer": "c-1",
        "limits": {"budget_usd": "0.2"},
        "plan": {"find_order": 1, "send_email": 2},
    }
    assert fake.asked[0].headers["authorization"] == "Bearer t"


@pytest.mark.parametrize(("status", "exit_code"), [("completed", 0), ("failed", 1)])
def test_submit_waits_for_the_end_and_exits_with_it(fake, status, exit_code):
    fake.answer("POST", "/tasks", {"tenant": "acme", "run_id": "r-1", "status": "submitted"})
    fake.answer("GET", "/runs/r-1/events", stream(FACTS))
    view = run_view(RUN.run).model_dump(mode="json")
    fake.answer("GET", "/runs/r-1", {**view, "status": status, "why": "because"})

    done = interlock("submit", "support", "Where is it?", "--wait")

    assert done.exit_code == exit_code
    assert ("It was shipped." if exit_code == 0 else "because") in done.stdout


@pytest.mark.parametrize(
    ("status", "exit_code"),
    [(401, 5), (403, 5), (404, 3), (409, 4), (410, 4), (412, 4), (413, 2), (422, 2), (503, 1)],
)
def test_every_refusal_has_its_exit_code_and_says_what_to_do(fake, status, exit_code):
    fake.answer("GET", "/runs/r-1/facts", status=status)

    done = interlock("runs", "show", "r-1")

    assert done.exit_code == exit_code
    assert "it is so (there)" in done.stderr
    assert "do this" in done.stderr


def test_wrong_usage_exits_with_2(fake):
    assert interlock("runs", "show").exit_code == 2
    assert interlock("runs", "list", "-o", "yaml").exit_code == 2


def test_without_a_platform_there_is_a_clear_sentence(tmp_path, monkeypatch):
    monkeypatch.delenv("INTERLOCK_URL", raising=False)
    monkeypatch.setenv("INTERLOCK_HOME", str(tmp_path))

    done = interlock("runs", "list")

    assert done.exit_code == 1
    assert "start it with: interlock dev" in done.stderr


def test_the_platform_of_this_machine_is_found_by_its_home(tmp_path, fake, monkeypatch):
    monkeypatch.delenv("INTERLOCK_URL")
    monkeypatch.delenv("INTERLOCK_TOKEN")
    monkeypatch.setenv("INTERLOCK_HOME", str(tmp_path))
    for room in ("run", "keys"):
        (tmp_path / room).mkdir()
    (tmp_path / "run" / "endpoints.json").write_text(
        json.dumps({"console_url": "http://here:8300", "pid": os.getpid()})
    )
    (tmp_path / "keys" / "tokens.json").write_text('{"dev-token": {"principal": "dev"}}')
    fake.answer("GET", "/runs", [])

    assert interlock("runs", "list").exit_code == 0

    assert fake.asked[0].url.host == "here"
    assert fake.asked[0].headers["authorization"] == "Bearer dev-token"


@pytest.mark.parametrize("form", [["-o", "json"], ["--json"]])
def test_every_command_prints_json_for_scripts(fake, form):
    fake.answer("GET", "/runs", [LINE])
    fake.answer("GET", "/runs/r-1/facts", FACTS)
    fake.answer("GET", "/reviews", [])
    fake.answer("GET", "/agents", [])
    fake.answer("GET", "/dead-letters", [])
    fake.answer("GET", "/cost", {"by": ["agent"], "lines": [], "total_micro_usd": 0})
    commands = ["runs list", "runs show r-1", "reviews list", "agents list", "dlq list"]

    for command in [*commands, "cost report --by agent", "version"]:
        done = interlock(*command.split(), *form)
        assert done.exit_code == 0, command
        json.loads(done.stdout)


def test_runs_are_listed_as_a_table(fake):
    fake.answer("GET", "/runs", [LINE])

    done = interlock("runs", "list", "--status", "completed")

    assert "r-1  completed  support" in done.stdout
    assert "$0.000240" in done.stdout
    assert fake.asked[0].url.params["status"] == "completed"


def test_show_tells_the_timeline(fake):
    fake.answer("GET", "/runs/r-1/facts", FACTS)

    done = interlock("runs", "show", "r-1")

    assert "support is asked: Where is my parcel?" in done.stdout
    assert "settled: $0.000120 of $0.005000 held" in done.stdout


def seen_at_step_2(*, matches):
    return {
        "step": 2,
        "position": 3,
        "sha256": "ab",
        "matches": matches,
        "prompt": prompt(RUN.run, 2).model_dump(mode="json"),
    }


def test_show_prompt_tells_what_the_model_saw(fake):
    fake.answer("GET", "/runs/r-1/prompt/2", seen_at_step_2(matches=True))

    done = interlock("runs", "show", "r-1", "--prompt", "2")

    assert done.exit_code == 0
    for told in ("✓ as recorded", "Help customers.", "→ find_order", "← shipped"):
        assert told in done.stdout


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_prompt_that_is_not_the_recorded_one_is_shown_and_fails(fake, form):
    fake.answer("GET", "/runs/r-1/prompt/2", seen_at_step_2(matches=False))

    done = interlock("runs", "show", "r-1", "--prompt", "2", *form)

    assert done.exit_code == FAILED
    assert "Help customers." in done.stdout
    assert "not what the model saw at step 2" in done.stderr


def test_watch_prints_a_line_a_fact_and_the_answer(fake):
    fake.answer("GET", "/runs/r-1/events", stream(FACTS))

    done = interlock("runs", "watch", "r-1")

    assert sum(line.lstrip().startswith("+") for line in done.stdout.splitlines()) == len(FACTS)
    assert done.stdout.rstrip().endswith("It was shipped.")


def test_a_review_is_shown_with_its_arguments(fake):
    history, _ = asked_run()
    run = history.run
    line = review_view(run, run.reviews[0]).model_dump(mode="json")
    fake.answer("GET", "/reviews/r-1.1-1-1", line)

    done = interlock("reviews", "show", "r-1.1-1-1")

    assert '"amount": 80' in done.stdout
    assert VERDICT["policy_version"] not in done.stdout


def test_what_a_run_says_is_never_markup(fake):
    hostile = {**LINE, "agent": "[red]x[/red]", "why": "[bold]y"}
    fake.answer("GET", "/runs", [hostile])

    done = interlock("runs", "list")

    assert "[red]x[/red]" in done.stdout
    assert "[bold]y" in done.stdout


def test_a_fact_of_a_newer_release_is_passed_over():
    newer = {**FACTS[0], "type": "task.dreamt"}

    assert len(facts_from([newer, *FACTS])) == len(FACTS)


@pytest.fixture
def support(fake, tmp_path):
    """An agent of the platform, and the file that its author is at work on."""
    agent = Agent(name="support", instructions="Help.\nBe brief.", tools=("find_order",))
    definition = agent.model_dump(mode="json")
    fake.answer("GET", "/agents/support", {"definition": definition})
    file = tmp_path / "agents" / "support.yaml"
    file.parent.mkdir()
    file.write_text(yaml.safe_dump(definition))
    return file


def test_an_agent_that_nobody_changed_is_the_same(support, monkeypatch):
    monkeypatch.setenv("INTERLOCK_CONFIG_DIR", str(support.parents[1]))

    assert interlock("agents", "diff", "support").output.strip() == "They are the same."


def test_a_changed_agent_is_shown_with_what_it_may_do_more(support):
    changed = {**yaml.safe_load(support.read_text()), "tools": ["find_order", "issue_refund"]}
    support.write_text(yaml.safe_dump({**changed, "instructions": "Help.\nBe kind."}))

    shown = interlock("agents", "diff", "support", str(support)).output
    told = json.loads(interlock("agents", "diff", "support", str(support), "--json").output)

    assert "-  Be brief." in shown
    assert "+  Be kind." in shown
    assert "it may call issue_refund" in shown
    assert told["widened"] == ["it may call issue_refund"]
    assert told["before"] != told["after"]


def test_a_file_that_is_no_agent_says_what_to_correct(support):
    support.write_text("name: support\n")

    found = interlock("agents", "diff", "support", str(support))

    assert found.exit_code == 2
    assert "instructions: Field required" in found.output
