"""A file of tasks becomes runs: once, each line on its own, and a bad line says where it is."""

import json

import httpx
import pytest
from typer.testing import CliRunner

from contracts.task import TaskSubmitted
from services.console.api.batches import BATCH_LIMIT
from services.console.cli import app
from services.console.rules.batches import run_ids
from tests.console.conftest import as_

TASKS = [{"agent": "support", "input": text} for text in ("one", "two", "three")]


def batch(*tasks, name="orders"):
    return {"name": name, "tasks": list(tasks or TASKS)}


async def test_every_task_of_a_batch_becomes_a_run(api, bus):
    answer = await api.post("/tasks/batch", json=batch())

    lines = answer.json()
    assert [line["line"] for line in lines] == [1, 2, 3]
    assert all(line["created"] and line["error"] is None for line in lines)
    assert [body.input for body in bus.bodies(TaskSubmitted)] == ["one", "two", "three"]


async def test_a_batch_that_is_sent_again_changes_nothing(api, bus):
    first = (await api.post("/tasks/batch", json=batch())).json()

    again = (await api.post("/tasks/batch", json=batch())).json()

    assert [line["run_id"] for line in again] == [line["run_id"] for line in first]
    assert not any(line["created"] for line in again)
    assert len(bus.facts) == 3


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ({"agent": "nobody", "input": "x"}, "no agent 'nobody'"),
        ({"agent": "support"}, "input"),
        ({"agent": "support", "input": "x", "colour": "red"}, "colour"),
        ({"agent": "support", "input": "x", "run_id": "a.b"}, "run_id"),
        ({"agent": "support", "input": "x", "tenant": 7}, "tenant"),
    ],
)
async def test_a_bad_line_is_named_and_the_others_are_submitted(api, bus, task, said):
    answer = await api.post("/tasks/batch", json=batch(TASKS[0], task, TASKS[1]))

    lines = answer.json()
    assert [line["error"] is None for line in lines] == [True, False, True]
    assert said in lines[1]["error"]["what"]
    assert len(bus.facts) == 2


async def test_a_line_under_a_name_that_another_task_has_is_a_conflict(api):
    await api.post("/tasks", json={**TASKS[0], "run_id": "taken"})

    answer = await api.post("/tasks/batch", json=batch({**TASKS[1], "run_id": "taken"}))

    assert "another task" in answer.json()[0]["error"]["what"]


async def test_a_batch_is_bounded(api):
    tasks = [{"agent": "support", "input": "x"}] * (BATCH_LIMIT + 1)

    assert (await api.post("/tasks/batch", json=batch(*tasks))).status_code in (413, 422)


async def test_a_batch_is_submitted_by_operators_only(api):
    answer = await api.post("/tasks/batch", json=batch(), headers=as_("vera-token"))

    assert answer.status_code == 403


def test_equal_lines_are_different_runs_and_their_order_means_nothing():
    one, two = {"input": "a"}, {"input": "b"}

    forth = list(run_ids("n", [one, one, two]))
    back = list(run_ids("n", [two, one, one]))

    assert len(set(forth)) == 3
    assert set(forth) == set(back)
    assert set(forth).isdisjoint(run_ids("m", [one, one, two]))


class FakeConsole:
    """Takes batches; every run has completed when it is looked at twice."""

    def __init__(self):
        self.batches = []
        self.looks = {}

    def __call__(self, request):
        if request.method == "POST":
            asked = json.loads(request.content)
            self.batches.append(asked)
            lines = [self._line(at, task) for at, task in enumerate(asked["tasks"], start=1)]
            return httpx.Response(200, json=lines)
        run_id = request.url.path.rpartition("/")[2]
        self.looks[run_id] = self.looks.get(run_id, 0) + 1
        status = "running" if self.looks[run_id] == 1 else "completed"
        return httpx.Response(200, json={"status": status, "answer": "ok", "why": ""})

    def _line(self, number, task):
        bad = task.get("agent") != "support"
        error = {"what": "there is no such agent", "where": "agent", "remedy": "name one"}
        return {
            "line": number,
            "run_id": task["run_id"],
            "tenant": "demo",
            "status": None if bad else "submitted",
            "created": not bad,
            "error": error if bad else None,
        }


@pytest.fixture
def console(monkeypatch):
    found, make = FakeConsole(), httpx.Client
    monkeypatch.setattr(
        httpx, "Client", lambda **options: make(transport=httpx.MockTransport(found), **options)
    )
    monkeypatch.setenv("INTERLOCK_URL", "http://console.test")
    monkeypatch.setattr("services.console.cli.batch.POLL_SECONDS", 0.0)
    return found


def invoke(*arguments):
    return CliRunner().invoke(app, ["submit-batch", *map(str, arguments)])


def written(tmp_path, *lines):
    file = tmp_path / "orders.jsonl"
    file.write_text("\n".join(lines) + "\n")
    return file


def test_a_file_is_sent_in_pieces_under_its_own_name(console, tmp_path):
    file = written(tmp_path, *(json.dumps(f"order {n}") for n in range(120)))

    done = invoke(file, "--agent", "support")

    assert done.exit_code == 0, done.output
    assert "120 lines: 120 submitted; 120 new" in done.output
    assert sorted(len(one["tasks"]) for one in console.batches) == [20, 50, 50]
    assert {one["name"] for one in console.batches} == {"orders"}


def test_a_line_that_cannot_be_sent_is_named_by_its_line(console, tmp_path):
    file = written(tmp_path, '"fine"', "", "{not json", '{"agent": "nobody", "input": "x"}', "7")

    done = invoke(file, "--agent", "support")

    assert done.exit_code == 1
    assert "line 3: it is not JSON" in done.output
    assert "line 4: there is no such agent" in done.output
    assert "line 5: it is neither" in done.output
    assert "1 submitted" in done.output


def test_waiting_tells_how_each_run_ended(console, tmp_path):
    file = written(tmp_path, '"a"', '"b"')

    done = invoke(file, "--agent", "support", "--wait", "--json")

    assert done.exit_code == 0, done.output
    assert [one["status"] for one in json.loads(done.stdout)] == ["completed", "completed"]


def test_the_same_file_twice_has_the_same_run_ids(console, tmp_path):
    file = written(tmp_path, '"a"', '"a"', '{"input": "b", "run_id": "mine"}')

    invoke(file, "--agent", "support")
    invoke(file, "--agent", "support")

    first, again = ([task["run_id"] for task in one["tasks"]] for one in console.batches)
    assert first == again
    assert len(set(first)) == 3
    assert first[2] == "mine"


def test_a_file_that_is_not_there_is_a_mistake_in_use(tmp_path):
    done = invoke(tmp_path / "none.jsonl")

    assert done.exit_code == 2
