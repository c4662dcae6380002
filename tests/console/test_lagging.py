"""What the console says where its copy of the log lags behind what it was asked to store."""

from contracts.history import Run

TASK = {"agent": "support", "input": "Where is my parcel?", "run_id": "r-9"}


async def test_a_copy_of_the_log_that_lags_does_not_make_a_task_another_one(api, bus, monkeypatch):
    """Whoever asks again after no answer is not told that the name is taken by somebody else."""
    await api.post("/tasks", json=TASK)

    async def lag(tenant, run_id):
        return Run(tenant, run_id)

    monkeypatch.setattr(bus, "read", lag)
    answer = await api.post("/tasks", json=TASK)

    assert answer.status_code == 503
    assert "lags" in answer.json()["what"]
