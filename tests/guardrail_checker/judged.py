"""A run whose content waits for models, and what those that are asked say."""

import json

from contracts.agent import Agent, Guardrails
from contracts.run import AnswerProposed, RunCompleted
from contracts.subjects import ENDS
from contracts.task import TaskPutToCheck
from services.guardrail_checker.checks.judged import JudgedBy
from services.guardrail_checker.checks.shelf import Shelf
from services.guardrail_checker.desk import Desk
from services.guardrail_checker.handlers import (
    gate_answer,
    gate_input,
    gate_result,
    gate_task,
    take_answer,
)
from services.guardrail_checker.rules import ToolPolicy
from shared.bus import Heard
from shared.clock import FixedClock
from shared.testing import MemoryBus
from tests.bodies import (
    NOON,
    agent,
    input_submitted,
    run_started,
    task,
    task_cleared,
    tool_succeeded,
)
from tests.histories import History

TEXT = "You get 500 dollars, said the cook."
BOTH = Guardrails(input=("careful",), output=("careful",))
SUPPORT = agent().model_copy(update={"guardrails": BOTH, "tools": ()})
ASKED = tuple(Agent(name=f"check-{x}", instructions="Check.", guardrails=BOTH) for x in ("a", "b"))
AT = ("input", "result", "answer")
CHECK = JudgedBy(kind="judged", question="Does it promise money?", by=("check-a", "check-b"), at=AT)


def desk(**changes) -> Desk:
    agents = {one.name: one for one in (SUPPORT, *ASKED)}
    check = CHECK.model_copy(update=changes)
    return Desk(agents, ToolPolicy(), Shelf(), 1.0, judged={"careful": check})


def started(agent_: Agent = SUPPORT) -> History:
    history = History()
    cleared = history.say(task_cleared(), history.say(task()))
    body = run_started()
    history.say(body.model_copy(update={"agent": agent_}), cleared)
    return history


def bus_of(history: History) -> MemoryBus:
    bus = MemoryBus(clock=FixedClock(NOON))
    bus.given(*history.facts)
    return bus


def with_task() -> tuple[MemoryBus, object]:
    history = History()
    history.say(task(TEXT))
    return bus_of(history), gate_task


def with_input() -> tuple[MemoryBus, object]:
    history = started()
    history.say(input_submitted(text=TEXT), history.root)
    return bus_of(history), gate_input


def with_result() -> tuple[MemoryBus, object]:
    history = started()
    said = history.step(calls=[("find_order", "{}")])
    claimed = history.clear(history.call(said))
    history.say(tool_succeeded("1-1", output_json=json.dumps(TEXT)), claimed)
    return bus_of(history), gate_result


def with_answer(text: str = TEXT, agent_: Agent = SUPPORT) -> tuple[MemoryBus, object]:
    history = started(agent_)
    history.say(AnswerProposed(step=1, text=text), history.step(text=text))
    return bus_of(history), gate_answer


def asked(bus: MemoryBus) -> dict[str, object]:
    """The submissions of those that were asked, by agent."""
    return {one.body.agent: one for one in bus.facts if isinstance(one.body, TaskPutToCheck)}


def verdict(submitted, **changes) -> str:
    """A verdict in form: clean, if nothing is changed."""
    number = submitted.body.input.split("<<<CONTENT ")[1].split("\n")[0]
    said = {"number": number, "verdict": "clean", "reason": "So.", "quote": ""}
    return json.dumps(said | changes)


async def end(bus: MemoryBus, submitted, body, with_desk: Desk, **heard) -> None:
    """The run in which somebody is asked ends, and the gate hears of it."""
    if isinstance(body, str):
        body = RunCompleted(answer=body, steps=1)
    await bus.say(submitted, body)
    await hear_end(bus, submitted.run_id, with_desk, **heard)


async def hear_end(bus: MemoryBus, run_id: str, with_desk: Desk, **heard) -> None:
    fact = next(one for one in bus.facts if one.run_id == run_id and one.type in ENDS)
    await take_answer(Heard(fact, **heard), bus, with_desk)
