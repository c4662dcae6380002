"""Whoever submits a task is written down, so that they cannot approve what it does."""

from contracts.task import TaskSubmitted

TASK = {"agent": "support", "input": "Refund me.", "run_id": "r-1"}


async def test_a_task_names_the_person_who_submitted_it(api, bus):
    answer = await api.post("/tasks", json={**TASK, "user": "carl@example.org"})

    (task,) = bus.bodies(TaskSubmitted)
    assert answer.status_code == 201
    assert (task.requester, task.user) == ("anna@example.org", "carl@example.org")


async def test_nobody_submits_in_the_name_of_another(api, bus):
    answer = await api.post("/tasks", json={**TASK, "requester": "carl@example.org"})

    assert (answer.status_code, answer.json()["where"]) == (422, "requester")
    assert bus.bodies(TaskSubmitted) == []


async def test_one_may_name_oneself(api):
    answer = await api.post("/tasks", json={**TASK, "requester": "anna@example.org"})

    assert answer.status_code == 201
