"""The inside of a worker for programs: one module of WebAssembly, or one command, is run.

A module has no file, no socket, no variable and no argument; of WASI it has a clock, random numbers
and the three streams. Its memory and its instructions are counted. A command is a process of the
worker's group, with the worker's limits and folder.
"""

import functools
import hashlib
import json
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contracts.tool import ToolRefused

from .invocation import Executable

if TYPE_CHECKING:
    import wasmtime

CHUNK_BYTES = 65_536
TOLD_CHARACTERS = 400
ERRORS_LIMIT_BYTES = 65_536
RESERVED_BYTES = 16 << 20
GUARD_BYTES = 65_536
MODULES_KEPT = 16


class ProgramFailed(Exception):
    """It ended with an error, after whatever it had done."""


def run_wasm(
    executable: Executable,
    arguments: str,
    output_limit_bytes: int,
    is_json: bool,
    errors_do_nothing: bool,
) -> Any:
    """Run a module of WebAssembly."""
    import wasmtime  # noqa: PLC0415 - only where there is a module: it takes a moment

    engine, module = _compiled(executable.file, executable.sha256)
    store, linker = wasmtime.Store(engine), wasmtime.Linker(engine)
    store.set_limits(memory_size=executable.memory_bytes, instances=1, memories=1)
    store.set_fuel(executable.instructions)
    linker.define_wasi()
    with tempfile.TemporaryDirectory(dir=".") as folder:
        streams = [Path(folder, name) for name in ("in", "out", "errors")]
        streams[0].write_text(arguments, "utf-8")
        wasi = wasmtime.WasiConfig()
        # How large they grow is a limit of the worker.
        wasi.stdin_file, wasi.stdout_file, wasi.stderr_file = map(str, streams)
        store.set_wasi(wasi)
        why = _ran(store, linker, module)
        if why is not None:
            raise _failure(errors_do_nothing, why, _head(streams[2], ERRORS_LIMIT_BYTES))
        return _result(_head(streams[1], output_limit_bytes + 1), output_limit_bytes, is_json)


def run_command(
    executable: Executable,
    arguments: str,
    output_limit_bytes: int,
    is_json: bool,
    errors_do_nothing: bool,
) -> Any:
    """Run a command. Of more than it may write, the rest is read and dropped."""
    with tempfile.TemporaryFile(dir=".") as given, tempfile.TemporaryFile(dir=".") as errors:
        given.write(arguments.encode())
        given.seek(0)
        with subprocess.Popen(  # noqa: S603 - the operator wrote its words; no shell reads them
            executable.argv, stdin=given, stdout=subprocess.PIPE, stderr=errors
        ) as process:
            assert process.stdout is not None, "started with a pipe"
            out = process.stdout.read(output_limit_bytes + 1)
            while process.stdout.read(CHUNK_BYTES):
                pass
        if process.returncode:
            errors.seek(0)
            told = errors.read(ERRORS_LIMIT_BYTES)
            raise _failure(errors_do_nothing, f"it ended with {process.returncode}", told)
    return _result(out, output_limit_bytes, is_json)


def _head(path: Path, size_bytes: int) -> bytes:
    with path.open("rb") as file:
        return file.read(size_bytes)


def _ran(
    store: "wasmtime.Store", linker: "wasmtime.Linker", module: "wasmtime.Module"
) -> str | None:
    """Why it did not end well; None if it did."""
    import wasmtime  # noqa: PLC0415 - as above

    try:
        start = linker.instantiate(store, module).exports(store)["_start"]
        assert isinstance(start, wasmtime.Func), "it was looked at when it was compiled"
        start(store)
    except wasmtime.ExitTrap as end:
        return f"it ended with {end.code}" if end.code else None
    except (wasmtime.WasmtimeError, wasmtime.Trap) as error:
        if not store.get_fuel():
            return "it took more instructions than it may"
        return str(error).strip().splitlines()[-1][:TOLD_CHARACTERS]
    return None


@functools.lru_cache(maxsize=MODULES_KEPT)
def _compiled(file: str, sha256: str) -> "tuple[wasmtime.Engine, wasmtime.Module]":
    """The module, if it is what was declared.

    Raises:
        ToolRefused: it is not, or no module that can be run.
    """
    import wasmtime  # noqa: PLC0415 - as above

    content = Path(file).read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ToolRefused(f"{file} is not what it was when the executor started; start it again")
    config = wasmtime.Config()
    config.consume_fuel = True
    # Without, it reserves more addresses than a worker may have.
    config.memory_reservation = config.memory_reservation_for_growth = RESERVED_BYTES
    config.memory_guard_size = GUARD_BYTES
    engine = wasmtime.Engine(config)
    try:
        module = wasmtime.Module(engine, content)
    except wasmtime.WasmtimeError as error:
        raise ToolRefused(
            f"{file} is no module of WebAssembly: {error}"[:TOLD_CHARACTERS]
        ) from None
    if not any(one.name == "_start" for one in module.exports):
        raise ToolRefused(f"{file} has no _start: build it as a WASI command")
    return engine, module


def _failure(errors_do_nothing: bool, why: str, told: bytes) -> Exception:
    text = f"{why}: {told.decode(errors='replace').strip()[-TOLD_CHARACTERS:]}".rstrip(": ")
    return ToolRefused(text) if errors_do_nothing else ProgramFailed(text)


def _result(content: bytes, limit_bytes: int, is_json: bool) -> Any:
    text = content.decode(errors="replace")
    # Cut off it is no JSON any more; as text it is told as too long.
    if not is_json or len(content) > limit_bytes:
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        raise ProgramFailed(f"what it wrote is no JSON: {error}") from None
