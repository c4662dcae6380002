"""The provider without a model takes the steps that it was asked for, whatever it is shown."""

from contracts.model import Prompt, Route, Text, ToolCall, ToolOffer, Turn
from services.model_router.adapters.fake import ANSWER, answer_to
from services.model_router.adapters.provider import ProviderCall

ROUTE = Route(provider="fake", api="fake", model="instant")
PAGE = ToolOffer(name="page", description="", parameters={})
TASK = Turn(role="user", parts=(Text(text="steps=9"),))


def called(number: int) -> Turn:
    return Turn(
        role="assistant",
        parts=(ToolCall(call_id=f"call_{number}", name="page", arguments_json="{}"),),
    )


def answer(*turns: Turn, tools=(PAGE,)):
    prompt = Prompt(instructions="Read.", turns=(TASK, *turns), tools=tools)
    [part] = answer_to(ProviderCall(prompt, ROUTE, 64, 1.0)).parts
    return part


def test_it_calls_as_often_as_it_was_asked_to_and_then_answers():
    assert answer().call_id == "call_1"
    assert answer(*map(called, range(1, 9))).call_id == "call_9"
    assert answer(*map(called, range(1, 10))) == Text(text=ANSWER)


def test_it_goes_on_where_it_was_when_its_first_calls_are_left_out():
    assert answer(called(7)).call_id == "call_8"
    assert answer(called(8), called(9)) == Text(text=ANSWER)


def test_it_answers_where_it_is_offered_no_tools():
    assert answer(called(3), tools=()) == Text(text=ANSWER)
