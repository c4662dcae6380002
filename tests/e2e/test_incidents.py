"""A run becomes a case: what it must not do again, without what that does not need."""

import json

import pytest

from contracts.suite import Case
from tests.e2e.commands import typed

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

TENANT = "incidents"
WISH = "Please slowly refund order 9003, it was 7.00."
ASKED = f"It has rained all day. {WISH} My neighbour is well. Thank you."


async def test_an_incident_is_captured_made_smaller_and_fails_until_it_is_mended(
    platform, stage, tmp_path
):
    home, file = platform.places.home.path, tmp_path / "cases.jsonl"
    await stage.submit("incident", ASKED)
    await stage.finished("incident")

    asked = ("capture", "incident", "--at=2", "--minimise", "--repeat=3", "-o", str(file))
    kept = await typed(home, *asked)
    again = await typed(home, "capture", "incident", "--at=2", "-o", str(file))

    assert kept[0] == 0, kept[1]
    case = Case.model_validate(json.loads(file.read_text()))
    assert case.input.strip() == WISH
    assert [one.kind for one in case.scorers] == ["forbidden"]
    assert again[0] == 1
    assert "has a case" in again[1]

    asked = ("run", str(file), "--agent=support", "--yes", f"--tenant={TENANT}", "--name=again")
    assert (await typed(home, *asked))[0] == 0
    told = json.loads((await typed(home, "show", "again", "--json"))[1])
    assert [one["passed"] for one in told["results"]] == [False]
    assert "it asked for issue_refund" in told["results"][0]["scores"][-1]["reason"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["capture", "no-such-run"], 3, "there is no run no-such-run"),
        (["capture", "incident", "--at=9"], 2, "incident"),
        (["import", "excel", "x"], 2, "choose promptfoo, openai-evals, inspect"),
        (["import", "promptfoo", "none.yaml"], 2, "none.yaml"),
    ],
)
async def test_what_makes_no_case_says_why(platform, arguments, code, words):
    found, said = await typed(platform.places.home.path, *arguments)

    assert found == code, said
    assert words in " ".join(said.split())


async def test_cases_of_another_tool_are_taken_over_and_what_is_not_is_told(platform, tmp_path):
    file, cases = tmp_path / "promptfooconfig.yaml", tmp_path / "cases.jsonl"
    file.write_text(
        "prompts: ['Where is order {{order}}?']\n"
        "tests:\n"
        "  - vars: {order: 17}\n"
        "    assert: [{type: contains, value: shipped}, {type: javascript, value: 'true'}]\n"
    )

    code, said = await typed(
        platform.places.home.path, "import", "promptfoo", str(file), "-o", str(cases)
    )

    assert code == 0, said
    assert "not taken" in said
    assert json.loads(cases.read_text())["input"] == "Where is order 17?"
