"""What was vaulted is given to the tool that declares it needs it, and stands nowhere else."""

import json
from dataclasses import replace

import pytest

from contracts.guardrail import Vaulted
from contracts.history.vault import token_of
from contracts.tool import ToolFailed
from tests.bodies import task, task_cleared
from tests.families import child_task
from tests.histories import History
from tests.tool_executor.calling import declared
from tests.tool_executor.test_handlers import Bench

IBAN = "DE89 3704 0044 0532 0130 00"
SAID = f"Pay {IBAN}, please."
TOKEN = token_of("iban", "acme/r-1", 1)
OPEN = declared("greet", reveals=("name",))
SHUT = declared("greet")


def cleared(token=TOKEN):
    place = Vaulted(token=token, kind="iban", start=4, end=4 + len(IBAN))
    return task_cleared(f"Pay {token}, please.").model_copy(update={"vaulted": (place,)})


def bench_of(tool, token=TOKEN, submitted=None, verdict=None):
    """A cleared call whose argument is a token, in a run whose user said the number."""
    bench = Bench(tool, json.dumps({"name": token}))
    facts = bench.cleared.history.facts
    bodies = [submitted or task(SAID), verdict or cleared()]
    for index, body in enumerate(bodies):
        facts[index] = replace(facts[index], body=body)
    bench.bus.facts[: len(bodies)] = facts[: len(bodies)]
    return bench


async def test_the_tool_is_given_what_the_token_stands_for():
    bench = bench_of(OPEN)

    await bench.hear()

    [(_, arguments, _)] = bench.runner.ran
    assert json.loads(arguments) == {"name": IBAN}
    later = bench.bus.facts[2:]
    assert bench.said() == ["tool.claimed", "tool.succeeded"]
    assert not [one for one in later if IBAN in one.body.model_dump_json()]


async def test_a_tool_that_does_not_say_so_is_given_the_token():
    bench = bench_of(SHUT)

    await bench.hear()

    [(_, arguments, _)] = bench.runner.ran
    assert json.loads(arguments) == {"name": TOKEN}


@pytest.mark.parametrize("token", [token_of("iban", "acme/r-9", 1), "[card_number:0123456789ab]"])
async def test_a_token_that_stands_for_nothing_here_starts_nothing(token):
    bench = bench_of(OPEN, token)

    await bench.hear()

    assert bench.runner.ran == []
    (failed,) = bench.bus.bodies(ToolFailed)
    assert (failed.kind, token in failed.reason) == ("invalid_arguments", True)


async def test_what_a_caller_was_told_is_put_in_below_it():
    caller = History(run_id="r-0")
    token = token_of("iban", "acme/r-0", 1)
    caller.say(cleared(token), caller.say(task(SAID)))
    told = f"Pay {token}, please."
    bench = bench_of(OPEN, token, child_task(input=told), task_cleared(told))
    bench.bus.given(*caller.facts)

    await bench.hear()

    [(_, arguments, _)] = bench.runner.ran
    assert json.loads(arguments) == {"name": IBAN}
