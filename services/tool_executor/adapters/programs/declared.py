"""What `tools.yaml` says of a program that is a tool: a WebAssembly module, or a command.

It reads its arguments as one JSON object on standard input, and writes its result to standard
output: as JSON where a schema of the result is given, else as text.
"""

import hashlib
import shlex
import shutil
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator

from contracts.shape import Token, Written
from contracts.tool import ToolManifest
from services.tool_executor.adapters.schema import SchemaUnusable, Shape
from services.tool_executor.adapters.words import ToolWords

from .invocation import COMMAND, WASM, Executable, ProgramInvocation

PROGRAMS_LIMIT = 256
MODULE_LIMIT_BYTES = 64 << 20

Word = Annotated[str, StringConstraints(min_length=1, max_length=4096)]


class WasmLimits(Written):
    """What a WebAssembly module may use."""

    memory_bytes: int = Field(64 << 20, ge=65_536, le=512 << 20)
    instructions: int = Field(
        10_000_000_000, ge=1_000, description="Of WebAssembly, in one call; then it is stopped"
    )


class Program(ToolWords):
    """One program, and what it may do."""

    wasm: Word | None = Field(None, description="Its file, from the folder of tools.yaml")
    command: Annotated[tuple[Word, ...], Field(min_length=1, max_length=256)] | None = Field(
        None, description="Its words; no shell reads them"
    )
    description: Annotated[str, StringConstraints(min_length=1, max_length=4096)]
    parameters: dict[str, Any] = Field(description="JSON Schema of its arguments")
    result: dict[str, Any] | None = Field(None, description="JSON Schema of what it writes")
    limits: WasmLimits | None = Field(None, description="Of a WebAssembly module")

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.wasm is None) == (self.command is None):
            raise ValueError("say what it is: either wasm or command")
        if self.command is not None and self.limits is not None:
            raise ValueError("limits: they are for WebAssembly; a command has those of a worker")
        return self


Programs = Annotated[dict[Token, Program], Field(max_length=PROGRAMS_LIMIT)]


def declared_program(
    name: str, program: Program, limits: dict[str, Any], folder: Path
) -> tuple[ToolManifest, ProgramInvocation]:
    """The program as a tool. Of a module the pin covers its content, of a command its words.

    Raises:
        SchemaUnusable: a schema cannot be relied upon, or names no argument that is declared.
        OSError: the file of the module cannot be read, or the command is not there.
        ValueError: a limit does not go with another.
    """
    properties = program.parameters.get("properties", {})
    strange = sorted({*program.sinks, *program.payload} - set(properties))
    if strange:
        raise SchemaUnusable(f"{', '.join(strange)}: declared, and no argument of it")
    executable, origin, place = _found(program, folder)
    manifest = ToolManifest.model_validate(
        {
            **program.manifest_words(),
            **limits,
            "name": name,
            "description": program.description,
            "parameters": program.parameters,
            "sandbox": "wasm" if program.wasm is not None else "process",
            "module": origin,
            "function": place,
        }
    )
    return manifest, ProgramInvocation(
        name=name,
        arguments=Shape(program.parameters),
        known=frozenset(properties),
        result=None if program.result is None else Shape(program.result),
        errors_do_nothing=program.errors_do_nothing,
        executable=executable,
    )


def _found(program: Program, folder: Path) -> tuple[Executable, str, str]:
    """What is run, where it is from, and its place."""
    if program.wasm is not None:
        path = (folder / program.wasm).resolve()
        if path.stat().st_size > MODULE_LIMIT_BYTES:
            raise SchemaUnusable(f"{path} is larger than {MODULE_LIMIT_BYTES} bytes")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        limits = program.limits or WasmLimits()
        wasm = Executable(
            file=str(path),
            sha256=digest,
            memory_bytes=limits.memory_bytes,
            instructions=limits.instructions,
        )
        return wasm, f"{WASM}{digest}", program.wasm
    assert program.command is not None, "it is one of both"
    first, *others = program.command
    found = shutil.which(first)
    if found is None:
        raise FileNotFoundError(f"the command {first} is not on the PATH of the executor")
    return Executable(argv=(found, *others)), COMMAND, shlex.join(program.command)
