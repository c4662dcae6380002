"""Recorded runs with other instructions: nothing outside is touched, and what got worse is seen."""

import json

import pytest
import pytest_asyncio

from tests.e2e.commands import interlock, typed

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

TENANT = "fleet"
RUNS = 100


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def imagined(platform, tmp_path_factory):
    """100 runs that wrote to somebody, and what they would have done by rash instructions."""
    folder, home = tmp_path_factory.mktemp("fleet"), platform.places.home.path
    tasks = folder / "fleet.jsonl"
    tasks.write_text(
        "".join(
            json.dumps({"input": f"Notify number {at} at tom@example.org, please."}) + "\n"
            for at in range(RUNS)
        )
    )
    prompt = folder / "rash.txt"
    prompt.write_text("Answer rashly.")
    sent = ["submit-batch", str(tasks), "--agent=support", f"--tenant={TENANT}", "--wait"]
    await interlock(home, *sent, "--concurrency=16")
    return home, prompt


async def effects(stage):
    return await stage.effects("")


async def test_a_planted_regression_is_found_and_nothing_is_touched(imagined, stage):
    home, prompt = imagined
    before = await effects(stage)
    asked = ("counterfactual", "support", f"--prompt={prompt}", f"--runs={RUNS}", "--yes")

    code, said = await typed(home, *asked, f"--tenant={TENANT}", "--name=rash", "--at-once=16")

    assert code == 0, said
    assert await effects(stage) == before
    report = json.loads((await typed(home, "show", "rash", "--json"))[1])
    forks = [one for one in report["results"] if not one["recorded"]]
    assert len(forks) == RUNS
    assert all(one["touched_nothing"] for one in forks)
    found = {one["metric"]: one for one in report["differences"]}
    assert found["no_false_promises"]["estimate"]["high"] < 0
    assert found["no_false_promises"]["adjusted_p"] < 0.001
    assert found["cost"]["estimate"]["cases"] == RUNS


async def test_the_gate_fails_it_and_the_screen_says_that_nothing_was_touched(imagined):
    home, _ = imagined

    code, said = await typed(home, "gate", "rash")
    shown = " ".join((await interlock(home, "eval", "show", "rash")).split())

    assert code == 1, said
    assert f"the facts of all {RUNS} trials prove it" in shown


async def test_a_policy_is_tried_without_any_model_call(imagined, stage, tmp_path):
    home, _ = imagined
    policy = tmp_path / "tools.yaml"
    policy.write_text("name: terse\nargument_limits: {send_email: {subject: {max_length: 8}}}\n")
    before = await effects(stage)
    asked = ("counterfactual", "support", f"--policy={policy}", f"--runs={RUNS}")

    code, said = await typed(home, *asked, f"--tenant={TENANT}", "--name=terse", "--json")

    assert code == 0, said
    assert json.loads(said)["cost_micro_usd"] == 0
    assert await effects(stage) == before
    report = json.loads((await typed(home, "show", "terse", "--json"))[1])
    (blocked,) = [one for one in report["differences"] if one["metric"] == "blocked"]
    # "Number 7" fits, and "Number 17" is too long by one.
    assert blocked["worse"] == RUNS - 10
    others = [one for one in report["results"] if one["arm"].startswith("terse") and one["why"]]
    assert len(others) == RUNS - 10
    assert "was cleared, now blocked: subject is longer than 8 characters" in others[0]["why"]


async def test_both_sides_are_held_to_what_a_suite_shares(imagined, tmp_path):
    home, prompt = imagined
    suite = tmp_path / "short.yaml"
    cases = "[{id: c-1, input: Hello}]"
    scorers = "[{kind: steps_at_most, steps: 1}]"
    suite.write_text(f"name: short\nagent: support\nscorers: {scorers}\ncases: {cases}\n")
    asked = ("counterfactual", "support", f"--prompt={prompt}", f"--suite={suite}", "--runs=3")

    code, said = await typed(home, *asked, f"--tenant={TENANT}", "--name=short", "--yes")

    assert code == 0, said
    report = json.loads((await typed(home, "show", "short", "--json"))[1])
    held = {
        (one["recorded"], score["name"], score["passed"] == (one["steps"] <= 1))
        for one in report["results"]
        for score in one["scores"]
        if score["kind"] == "steps_at_most"
    }
    assert held == {(True, "steps_at_most", True), (False, "steps_at_most", True)}
    (found,) = [one for one in report["differences"] if one["metric"] == "steps_at_most"]
    assert found["estimate"]["cases"] == 3


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["support"], 2, "nothing is changed"),
        (["support", "--model=strong", "--policy=README.md"], 2, "a policy is tried alone"),
        (["support", "--policy=README.md"], 2, "README.md"),
        (["support", "--model=strong", "--tenant=nobody"], 3, "no recorded runs of support"),
        (["unknown", "--model=strong"], 3, "there is no agent unknown"),
    ],
)
async def test_what_cannot_be_imagined_says_why(imagined, arguments, code, words):
    home, _ = imagined

    found, said = await typed(home, "counterfactual", *arguments, "--yes")

    assert found == code, said
    assert words in " ".join(said.split())
