"""A number that a user says comes to the tool that needs it, and to no model."""

import pytest

from contracts.history import Run, prompt
from contracts.history.vault import TOKEN
from infra.demo.scenes import completed
from tests.e2e.bank import open_mandate
from tests.e2e.commands import interlock

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]
IBAN = "DE89 3704 0044 0532 0130 00"


def prompts(run: Run) -> str:
    """All that a model was shown."""
    return "".join(
        prompt(run, step.number).model_dump_json() for step in run.steps if step.outcome is not None
    )


async def test_a_model_hands_on_a_token_and_the_tool_is_given_the_number(stage, platform):
    await stage.submit("mandate-1", f"A mandate for {IBAN}, please.", agent="mandator")

    run = await stage.finished("mandate-1")

    assert completed(run), run.end.body
    call = run.steps[0].calls[0]
    assert TOKEN.search(call.last.request.body.arguments_json)
    assert call.last.outcome.body.output_json.startswith(f'{{"mandate":"{mandate()}"')
    assert TOKEN.search(prompts(run))
    assert IBAN not in prompts(run)
    assert run.end.body.answer == "The mandate for [iban ending 3000] is open."
    shown = " ".join(
        (await interlock(platform.places.home.path, "runs", "show", run.run_id)).split()
    )
    assert "iban" in shown


def mandate() -> str:
    """What the tool makes of the number itself."""
    return open_mandate(IBAN)["mandate"]
