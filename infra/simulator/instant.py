"""The built-in model `instant`: for benchmarks, it costs next to nothing and needs no scenario.

It calls a tool for `steps=N` steps (N is read from the first user text) and then answers. The
tool is the first declared one whose name starts with `bench`, or else the first declared.
"""

import re
from functools import lru_cache

from infra.simulator.conversation import Conversation
from infra.simulator.reply import Reply, ReplyCall, derived_key
from infra.simulator.tokens import TokenUsage, estimate, tokens_of_bytes

INSTANT_MODEL = "instant"
MAX_STEPS = 10_000
STEPS = re.compile(r"\bsteps=(\d{1,5})\b")
FINAL_TEXT = "Done."


def instant_reply(conversation: Conversation, seed: int) -> Reply:
    """The next tool call, or the final answer after the last one."""
    step = conversation.now.step
    key = derived_key(seed, INSTANT_MODEL, step, conversation.opening)
    tool = bench_tool(conversation.tools)
    calling = tool is not None and step < asked_steps(conversation.opening)
    spoken = tool_call_text(step) if calling else FINAL_TEXT
    usage = TokenUsage(tokens_of_bytes(conversation.input_bytes), output=estimate(spoken))
    if tool is None or not calling:
        return Reply(key, conversation.model, usage, text=FINAL_TEXT)
    call = ReplyCall(key, tool, spoken)
    return Reply(key, conversation.model, usage, stop="tools", calls=(call,))


@lru_cache(maxsize=1024)
def asked_steps(opening: str) -> int:
    found = STEPS.search(opening)
    return min(int(found[1]), MAX_STEPS) if found else 1


@lru_cache(maxsize=1024)
def bench_tool(tools: tuple[str, ...]) -> str | None:
    return next((name for name in tools if name.startswith("bench")), tools[0] if tools else None)


@lru_cache(maxsize=MAX_STEPS)
def tool_call_text(step: int) -> str:
    return f'{{"step": {step}}}'
