"""A turn of a scenario made into an answer: templates filled, tokens counted, limits kept."""

import json
from dataclasses import replace

from pydantic import JsonValue

from infra.simulator.conversation import Conversation
from infra.simulator.playback import Captures, Cue, draw
from infra.simulator.reply import Reply, ReplyCall, Stop, derived_key
from infra.simulator.scenario import Scenario, ScriptedCall, Turn, UsageOverride
from infra.simulator.templates import Scope, as_value, filled, filled_text
from infra.simulator.tokens import TokenUsage, cut_to_tokens, estimate, tokens_of_bytes

ECHO_CHARACTERS = 200


def compose(
    scenario: Scenario, cue: Cue, captures: Captures, conversation: Conversation, seed: int
) -> Reply:
    """The answer a turn gives in this conversation."""
    key = derived_key(seed, scenario.name, conversation.now.step, conversation.opening)
    scope = scope_of(conversation, captures, cue.captures)
    turn = cue.turn
    reply = Reply(
        key=key,
        model=conversation.model,
        usage=TokenUsage(),
        stop=_stop(turn),
        text=filled_text(_drawn_text(turn, key, seed), scope),
        reasoning=filled_text(turn.reasoning or "", scope),
        refusal=filled_text(turn.refuse or "", scope),
        calls=tuple(_call(call, key, n, scope) for n, call in enumerate(turn.call)),
    )
    return finished(reply, conversation, seed, turn.usage)


def echo(conversation: Conversation, seed: int, ended: str | None = None) -> Reply:
    """The polite answer when no scenario matches, or when the one that does has ended."""
    heard = conversation.now.latest_user[:ECHO_CHARACTERS]
    why = f"The scenario {ended!r} has ended." if ended else "No scenario matches this request."
    key = derived_key(seed, "echo", conversation.now.step, conversation.opening)
    text = f"Thank you, I received: {heard!r}. {why}"
    reply = Reply(key=key, model=conversation.model, usage=TokenUsage(), text=text)
    return finished(reply, conversation, seed)


def finished(
    reply: Reply,
    conversation: Conversation,
    seed: int,
    override: UsageOverride | None = None,
) -> Reply:
    """The answer within the request's output limit, sealed, and with its tokens counted."""
    if reply.reasoning:
        reply = replace(reply, seal=seal(seed, reply.reasoning))
    limit = conversation.max_output_tokens
    thought = estimate(reply.reasoning)
    reply = _within(reply, limit)
    usage = TokenUsage(
        input_uncached=tokens_of_bytes(conversation.input_bytes),
        output=_spoken_tokens(reply),
        reasoning=thought if limit is None else min(thought, limit),
    )
    said = override.model_dump(exclude_none=True) if override else {}
    return replace(reply, usage=replace(usage, **said))


def seal(seed: int, reasoning: str) -> str:
    """What a provider adds to a reasoning block to know it again when it is sent back."""
    return f"seal-{derived_key(seed, 'seal', reasoning)}"


def scope_of(conversation: Conversation, captures: Captures, seen: Captures) -> Scope:
    """Everything a template can name."""
    results: dict[str, JsonValue] = {
        tool: as_value(text) for tool, text in conversation.results.items()
    }
    return {
        "match": dict(captures),
        "when": dict(seen),
        "result": results,
        "user": conversation.opening,
        "latest_user": conversation.now.latest_user,
        "model": conversation.model,
        "step": conversation.now.step,
    }


def _drawn_text(turn: Turn, key: str, seed: int) -> str:
    if not isinstance(turn.say, list):
        return turn.say or ""
    return turn.say[int(draw(seed, "say", key) * len(turn.say))]


def _call(call: ScriptedCall, key: str, number: int, scope: Scope) -> ReplyCall:
    if call.arguments_text is not None:
        arguments = filled_text(call.arguments_text, scope)
    else:
        arguments = json.dumps(filled(call.arguments, scope), ensure_ascii=False)
    return ReplyCall(derived_key(key, number), call.tool, arguments)


def _stop(turn: Turn) -> Stop:
    if turn.stop is not None:
        return turn.stop
    if turn.refuse is not None:
        return "refusal"
    return "tools" if turn.call else "end"


def _within(reply: Reply, limit: int | None) -> Reply:
    """A provider never generates past the limit it was given: what is over is cut off."""
    thought = estimate(reply.reasoning)
    if limit is None or thought + _spoken_tokens(reply) <= limit:
        return reply
    # A half-written call is not made, and a half-thought block could never be sealed.
    if thought > limit:
        reply = replace(reply, reasoning="", seal="")
    left = max(limit - thought, 0)
    text, refusal = cut_to_tokens(reply.text, left), cut_to_tokens(reply.refusal, left)
    return replace(reply, stop="length", text=text, refusal=refusal, calls=())


def _spoken_tokens(reply: Reply) -> int:
    called = sum(estimate(call.tool) + estimate(call.arguments) for call in reply.calls)
    return estimate(reply.text) + estimate(reply.refusal) + called
