"""A jury of judges on a whole platform: asked, believed by its quotes, paid for and not fooled."""

import json

import pytest
import pytest_asyncio
import yaml

from tests.e2e.commands import interlock, typed

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

TENANT = "judged"
HELPFUL = {"kind": "judged", "by": "panel", "name": "helpful", "question": "Was the user helped?"}
BETTER = {**HELPFUL, "name": "better", "reference": "It is on its way, with us since Monday."}
CASES = {
    "plain": ("Parcel 1: plainly", (HELPFUL, BETTER)),
    "vague": ("Parcel 2: vaguely", (HELPFUL, BETTER)),
    "sly": ("Parcel 3: slyly", (HELPFUL,)),
    "split": ("Parcel 4: oddly", (HELPFUL,)),
}
ASKED = 3 * (1 + 2 + 1 + 2 + 1 + 1)  # judges x questions, twice where answers are compared


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def judged(platform, tmp_path_factory):
    """Where the platform lives, and the results of a judged suite by case."""
    home = platform.places.home.path
    file = tmp_path_factory.mktemp("judged") / "parcels.yaml"
    cases = [
        {"id": name, "input": text, "scorers": scorers} for name, (text, scorers) in CASES.items()
    ]
    file.write_text(yaml.safe_dump({"name": "parcels", "agent": "support", "cases": cases}))
    code, said = await typed(
        home, "run", str(file), "--name=parcels", "--tenant", TENANT, "--yes", "--json"
    )
    assert code == 0, said
    report = json.loads(await interlock(home, "eval", "show", "parcels", "--json"))
    return home, {one["case"]: one for one in report["results"]}


def score(results, case, metric):
    return next(one for one in results[case]["scores"] if one["name"] == metric)


@pytest.mark.parametrize(
    ("case", "metric", "says", "passed"),
    [
        ("plain", "helpful", ["pass"] * 3, True),
        ("plain", "better", ["pass"] * 6, True),
        ("vague", "helpful", ["fail"] * 3, False),
        ("vague", "better", ["fail"] * 6, False),
        ("sly", "helpful", ["fail"] * 3, False),
    ],
)
async def test_a_jury_says_what_it_was_shown(judged, case, metric, says, passed):
    _, results = judged

    found = score(results, case, metric)

    assert (found["passed"], found["undecided"]) == (passed, False), found
    assert [one["says"] for one in found["verdicts"]] == says, found["reason"]
    assert found["by"].startswith("panel@")


async def test_a_split_jury_is_undecided_and_each_says_why(judged):
    _, results = judged

    found = score(results, "split", "helpful")

    assert (found["undecided"], results["split"]["passed"]) == (True, None)
    assert [one["says"] for one in found["verdicts"]] == ["pass", "fail", "nothing"]
    assert found["verdicts"][0]["evidence"] == ["is somewhere."]
    assert "as many pass it as fail it" in found["reason"]


async def test_its_judges_are_paid_by_evaluation_and_counted(judged):
    home, results = judged

    runs = json.loads(
        await interlock(
            home, "runs", "list", "--tenant", TENANT, "--kind=child", "--limit=200", "--json"
        )
    )

    assert len(runs) == ASKED
    assert {(one["feature"], one["customer"]) for one in runs} == {("evaluation", None)}
    of_plain = {one["run_id"] for one in runs if one["parent"] == results["plain"]["run_id"]}
    assert len(of_plain) == 9
    cost = sum(one["cost_micro_usd"] for one in runs if one["run_id"] in of_plain)
    assert results["plain"]["judging_micro_usd"] == cost > 0
