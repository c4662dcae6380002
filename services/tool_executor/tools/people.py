"""Ask a person something, in the middle of a run."""

from contracts.tool import ToolRefused, tool


@tool(effect="read", idempotent=True, timeout_seconds=10)
def ask_person(question: str) -> str:  # noqa: ARG001 - people read it in the review of the call
    """Ask a person a question, where neither the conversation nor another tool has the answer.

    The run waits for their answer, which may take hours.
    """
    # Whoever answers the review by `respond` has given the result; the call never comes to here.
    raise ToolRefused(
        "nobody answered in words: put ask_person under `review` of the agent, and answer such a "
        "question by `interlock reviews respond`"
    )
