"""The one question in the messages of a chat: a case has a single input."""

from pydantic import JsonValue

from .imported import NotTaken


def only_question(given: JsonValue) -> tuple[str, list[str]]:
    """The words of the user, and what was left out.

    Raises:
        NotTaken: there are none, several messages of the user, or more than text.
    """
    if isinstance(given, str):
        return given, []
    if not isinstance(given, list):
        raise NotTaken("input: neither text nor messages")
    messages = [one for one in given if isinstance(one, dict)]
    roles = [one.get("role") for one in messages]
    if roles.count("user") != 1 or {"assistant", "tool"} & {str(role) for role in roles}:
        raise NotTaken("input: a case has one message of the user, and this is a conversation")
    content = next(one.get("content") for one in messages if one.get("role") == "user")
    if not isinstance(content, str):
        raise NotTaken("input: the message of the user is more than text")
    others = [role for role in roles if role != "user"]
    return content, ["input: a system message is left out: the agent has its own"] if others else []
