"""What `tools.yaml` says of an MCP server, and of each of its tools that may be used.

A server tells of a tool its name, its description and the schema of its arguments. What the tool
may affect it cannot be believed about, so that is written here, in the words of `@tool`.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Self

from pydantic import AliasChoices, Field, StringConstraints, model_validator

from contracts.shape import Seconds, Token, Written
from services.tool_executor.adapters.words import ToolWords, VariableName

SERVERS_LIMIT = 64
DECLARED_LIMIT = 256

RemoteName = Annotated[str, StringConstraints(min_length=1, max_length=128)]
ServerName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s@]+$", max_length=2048)]


class RemoteTool(ToolWords):
    """One tool of a server."""

    name: Token | None = Field(None, description="Ours for it; else <server>_<tool>")


class Stdio(Written):
    """A server that is started as a process, and spoken to by its pipes."""

    command: Annotated[str, StringConstraints(min_length=1, max_length=4096)]
    args: Annotated[tuple[str, ...], Field(max_length=256)] = ()
    environment: Annotated[tuple[VariableName, ...], Field(max_length=64)] = Field(
        (), description="Names of the variables that it may see beside PATH; never values"
    )


class Http(Written):
    """A server that is spoken to by streamable HTTP."""

    url: Url
    headers: dict[HeaderName, VariableName] = Field(
        default_factory=dict, max_length=32, description="Header to the variable of its value"
    )


class Server(Written):
    """One MCP server, how far it is trusted to behave, and the tools of it that may be used."""

    stdio: Stdio | None = None
    http: Http | None = None
    start_seconds: Annotated[Seconds, Field(le=300)] = Field(
        30,
        validation_alias=AliasChoices("start_seconds", "start"),
        description="From its start to the list of its tools",
    )
    sessions: int = Field(2, ge=1, le=32, description="Calls of it at once")
    message_limit_bytes: int = Field(
        4 << 20, ge=4096, le=64 << 20, description="The longest message that is read from it"
    )
    tools_limit: int = Field(256, ge=1, le=4096, description="It is refused if it lists more")
    tools: dict[RemoteName, RemoteTool] = Field(
        min_length=1, max_length=DECLARED_LIMIT, description="By the server's own names"
    )

    @model_validator(mode="after")
    def _has_one_way_to_it(self) -> Self:
        if (self.stdio is None) == (self.http is None):
            raise ValueError("say how to reach it: either stdio or http")
        return self

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables whose values it is given."""
        if self.stdio is not None:
            return self.stdio.environment
        assert self.http is not None, "it has one way"
        return tuple(self.http.headers.values())


Servers = Annotated[dict[ServerName, Server], Field(max_length=SERVERS_LIMIT)]


def our_names(servers: Mapping[str, Server]) -> Iterator[tuple[str, str, str]]:
    """Ours, server and the server's own name of each declared tool."""
    for server, declared in servers.items():
        for remote, tool in declared.tools.items():
            yield tool.name or f"{server}_{remote}", server, remote
