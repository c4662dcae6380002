"""The pipe to a server, whichever it is: how much of it is read, and why it broke."""

from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

MESSAGES_LIMIT = 10_000
BYTES_FACTOR = 8


class Flooded(Exception):
    """It sends more than anybody asked for."""


class Wire:
    """What may be read from a server until the next call begins, and what went wrong with it."""

    def __init__(self, message_limit_bytes: int) -> None:
        self.message_limit_bytes = message_limit_bytes
        self.trouble: str | None = None
        self._messages = 0
        self._bytes = 0

    def begin(self) -> None:
        """A call, or a listing, begins: what was read before does not count for it."""
        self._messages = self._bytes = 0

    def took(self, size_bytes: int) -> None:
        """So much was read.

        Raises:
            Flooded: it is more than one call may bring.
        """
        self._messages += 1
        self._bytes += size_bytes
        if self._messages > MESSAGES_LIMIT or self._bytes > BYTES_FACTOR * self.message_limit_bytes:
            raise Flooded(
                f"it sent {self._messages} messages of {self._bytes} bytes for one request"
            )

    def broke(self, reason: str) -> None:
        """The first reason is the one."""
        self.trouble = self.trouble or reason


def parsed(line: bytes) -> SessionMessage | None:
    """One line as a message; None where it is something else, such as what a library prints."""
    try:
        return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValueError:
        return None
