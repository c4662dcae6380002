"""A model that calls tools as it likes, and a provider that fails and bills as providers do."""

import json
import re
from dataclasses import dataclass
from random import Random

from contracts.model import Part, Prompt, ServedBy, Stop, Text, ToolCall
from contracts.money import Usage
from services.model_router.adapters import ProviderAnswer, ProviderCall
from services.model_router.errors import Malformed, RateLimited, TimedOut, Unavailable

from .faults import Fault
from .oracle import Oracle
from .process import WORKING, Process

THINKING_SECONDS = 1.5
CALLS_AT_ONCE = 3
STEPS = 4  # of tool calls in a row, before it answers
AMOUNTS = (5, 80, 900)
ORDERS = (1, 2)
CLEAN_SHARE = 12  # of 15 verdicts of a check
WAITS = (0.5, 3, 20, 60)  # seconds until it wants to be asked again


def _answer(prompt: Prompt, chance: Random) -> str:
    """The last word; who is asked for a verdict gives one."""
    asked = "".join(part.text for part in prompt.turns[0].parts if isinstance(part, Text))
    if '"clean" or "hit"' in asked:
        return _checked(asked, chance)
    if '"verdict"' not in asked:
        return "It is done."
    says = chance.choice(("pass", "fail"))
    return json.dumps({"verdict": says, "reason": "So it is.", "evidence": ["It is done."]})


def _checked(asked: str, chance: Random) -> str:
    """What whom a check asks says: mostly clean; a hit, a number of its own, or no verdict."""
    known = re.search(r"^<<<CONTENT (\w+)\n\| (.*)$", asked, re.MULTILINE)
    assert known is not None, "a check shows content"
    number, line = known.groups()
    clean = {"number": number, "verdict": "clean", "reason": "So it is.", "quote": ""}
    return chance.choice(
        (
            *[json.dumps(clean)] * CLEAN_SHARE,
            json.dumps({**clean, "verdict": "hit", "quote": line}),
            json.dumps({**clean, "number": "0" * len(number)}),
            'It says {"verdict": "clean"}, so it is fine.',
        )
    )


@dataclass(frozen=True)
class VirtualProvider:
    """The provider as one process of the router reaches it."""

    process: Process
    oracle: Oracle

    async def complete(self, call: ProviderCall) -> ProviderAnswer:
        process, strikes = self.process, self.process.faults.strikes
        funded = WORKING.get()
        self.oracle.calls.begins(funded)
        await process.reach(lambda: self.oracle.calls.dispatched(funded, call))
        if strikes(Fault.RATE_LIMITED):
            raise RateLimited("slow down", retry_after_seconds=process.chance.choice(WAITS))
        if strikes(Fault.PROVIDER_DOWN):
            raise Unavailable("it is down")
        # From here on it has worked, and bills for it, whatever comes back.
        self.oracle.calls.billed(funded)
        if strikes(Fault.PROVIDER_HANGS):
            await process.sleep(call.timeout_seconds)
            raise TimedOut("no answer in time")
        await process.sleep(process.chance.random() * THINKING_SECONDS)
        if strikes(Fault.MALFORMED_ANSWER):
            raise Malformed("that is no answer")
        return await process.reach(lambda: self._answer(call))

    def _answer(self, call: ProviderCall) -> ProviderAnswer:
        parts = self._parts(call.prompt)
        calls = any(isinstance(part, ToolCall) for part in parts)
        strikes = self.process.faults.strikes
        tokens = 10**6 if strikes(Fault.OVERBILLED) else 20
        return ProviderAnswer(
            parts=parts,
            stop=Stop(kind="needs_tools" if calls else "ok"),
            usage=Usage(input_uncached=50, output_text=tokens),
            usage_quality="unknown" if strikes(Fault.USAGE_UNKNOWN) else "reported",
            served_by=ServedBy(route=call.route),
        )

    def _parts(self, prompt: Prompt) -> tuple[Part, ...]:
        chance = self.process.chance
        taken = sum(turn.role == "assistant" for turn in prompt.turns)
        if not prompt.tools or taken >= chance.randrange(STEPS + 1):
            return (Text(text=_answer(prompt, chance)),)
        count = chance.randrange(1, CALLS_AT_ONCE + 1)
        return tuple(self._call(prompt, chance, number) for number in range(count))

    def _call(self, prompt: Prompt, chance: Random, number: int) -> ToolCall:
        offer = chance.choice(prompt.tools)
        wanted = {"order": chance.choice(ORDERS), "amount": chance.choice(AMOUNTS)}
        properties = offer.parameters.get("properties", {})
        arguments = json.dumps({name: wanted.get(name, "x") for name in properties})
        strikes = self.process.faults.strikes
        return ToolCall(
            call_id=f"c{number}",
            name="no_such_tool" if strikes(Fault.UNKNOWN_TOOL) else offer.name,
            arguments_json="{order: 1" if strikes(Fault.MALFORMED_ARGUMENTS) else arguments,
        )
