"""What executor and worker say to each other: frames of four bytes of length, then the content.

A worker says `{}` once it is ready. To a `Call` it answers with a `Reply`, and where that is
`returned` a second frame follows, which is the output itself. Before the reply there may be any
number of `Told`, as the tool comes along.
"""

import struct
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from contracts.progress import Progress
from contracts.tool import ToolContext

LENGTH = struct.Struct(">I")
# Arguments come from a model's response, which is bounded long before this.
CALL_LIMIT_BYTES = 4 << 20
REPLY_LIMIT_BYTES = 16 << 10
REASON_LIMIT = 500
HEAD_LIMIT = 500


class Call(BaseModel):
    """One call for a worker, with the limits that it also keeps itself."""

    model_config = ConfigDict(frozen=True)

    module: str
    function: str
    arguments_json: str
    context: ToolContext
    time_limit_seconds: float
    silent_seconds: float | None = None
    output_limit_bytes: int


class Reply(BaseModel):
    """How the call ended. `text` is the reason it failed, or how an oversized output begins.

    `labels` are what the tool says of what it returned.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["returned", "refused", "raised", "oversized"]
    size_bytes: int = 0
    text: str = ""
    labels: tuple[str, ...] = ()


class Told(BaseModel):
    """How far the tool has come."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["progress"] = "progress"
    progress: Progress


SAID: TypeAdapter[Reply | Told] = TypeAdapter(Annotated[Reply | Told, Field(discriminator="kind")])


def framed(content: bytes) -> bytes:
    """The content behind its length."""
    return LENGTH.pack(len(content)) + content
