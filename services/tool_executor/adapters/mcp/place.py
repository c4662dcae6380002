"""One call of a server's tool within the limits of its manifest, and how it ended."""

import asyncio
from dataclasses import dataclass

from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

from contracts.tool import ToolContext
from services.tool_executor.adapters.frames import REASON_LIMIT
from services.tool_executor.adapters.registry import DeclaredTool
from services.tool_executor.adapters.silence import Silence
from services.tool_executor.rules import (
    Ending,
    Expired,
    NotStarted,
    Raised,
    Refused,
    Vanished,
)

from .invocation import RemoteInvocation
from .results import ending_of
from .session import Session, SessionOver


@dataclass(frozen=True, slots=True)
class RemotePlace:
    """A session that is lent to one call."""

    session: Session

    async def run(self, tool: DeclaredTool, arguments_json: str, context: ToolContext) -> Ending:
        if not self.session.is_connected:
            return NotStarted()
        # Until a proper answer proves otherwise; being cancelled in between counts as well.
        self.session.usable = False
        ending = await self._run(tool, arguments_json, context)
        match ending:
            case Raised(reason):
                return Raised(self.session.given.redacted(reason))
            case Refused(reason):
                return Refused(self.session.given.redacted(reason))
            case _:
                return ending

    async def _run(self, tool: DeclaredTool, arguments_json: str, context: ToolContext) -> Ending:
        manifest, invocation = tool.manifest, tool.invocation
        assert isinstance(invocation, RemoteInvocation), "it was listed by a server"
        arguments = invocation.parse(arguments_json)
        silence = Silence(manifest.silent_seconds)
        report = silence.broken_by(context.reported)
        try:
            async with asyncio.timeout(manifest.timeout_seconds), silence.limited():
                result = await self.session.call(
                    invocation.remote, arguments, context.idempotency_key, report
                )
        except TimeoutError:
            return silence.ending or Expired(manifest.timeout_seconds)
        except SessionOver:
            return Vanished(self.session.trouble or "the connection ended")
        except MCPError as error:
            self.session.usable = True
            return Raised(f"the server says: {error}"[:REASON_LIMIT])
        except ValidationError:
            return Raised("its answer is none to a call of a tool")
        self.session.usable = True
        return ending_of(result, invocation, manifest.output_limit_bytes)
