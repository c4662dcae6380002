"""What it costs to run a tool in each sandbox, over calling its function: nothing but that.

Each call goes through the executor's own parts, from the arguments as JSON to the result as JSON.
No gate, no ledger and no log is asked. A warm jail was made ready after the call before; a cold one
is made while the call waits.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import wasmtime
import yaml

from contracts.progress import Progress
from contracts.tool import ToolSucceeded
from services.tool_executor.trial import Trial, trying

TEXT = "x" * 200
ARGUMENTS = json.dumps({"text": TEXT})
TAKES = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
READY_SECONDS = 1.0  # in which the next jail is made ready
WARMED = 3  # calls of each tool that are not counted
ECHO = """
(module
 (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
 (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
 (memory (export "memory") 1)
 (func (export "_start")
  (i32.store (i32.const 0) (i32.const 100)) (i32.store (i32.const 4) (i32.const 1000))
  (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
  (i32.store (i32.const 4) (i32.load (i32.const 8)))
  (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
"""
PROGRAM = {"description": "Give it back.", "parameters": TAKES, "effect": "read"}


@dataclass(frozen=True, slots=True)
class Rounds:
    """How many calls of a tool are counted; fewer where each needs a jail of its own."""

    many: int
    few: int


@dataclass(frozen=True, slots=True)
class Added:
    """Milliseconds a call."""

    calls: int
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class ToolsResult:
    """By sandbox. `bare_call_ms` is the function itself, which is in each of them."""

    bare_call_ms: float
    added: dict[str, Added]
    suite: str = "tools"

    def as_json(self) -> dict[str, object]:
        return asdict(self)


async def measure_tools(rounds: Rounds) -> ToolsResult:
    """Each sandbox in turn, one call at a time.

    Raises:
        ConfigError: this machine can make no jail.
        RuntimeError: a call did not give back what it was given.
    """
    warm = {
        "in process": ("echo_in_process", rounds.many, 0.0),
        "worker": ("echo_in_worker", rounds.many, 0.0),
        "jail, warm": ("echo_in_jail", rounds.few, READY_SECONDS),
        "WebAssembly": ("echo_wasm", rounds.many, 0.0),
        "command": ("echo_command", rounds.many, 0.0),
        "MCP, stdio": ("bench_echo", rounds.many, 0.0),
    }
    added = {}
    with tempfile.TemporaryDirectory(prefix="interlock-bench-") as name:
        folder = _declared(Path(name))
        for what, (tool, calls, pause) in warm.items():
            async with trying(folder) as trial:
                added[what] = await _measured(trial, tool, calls, pause)
        added["jail, cold"] = await _cold(folder, rounds.few)
    return ToolsResult(_bare(rounds.many), added)


def _declared(folder: Path) -> Path:
    """A configuration with one tool of each kind."""
    (folder / "echo.wasm").write_bytes(wasmtime.wat2wasm(ECHO))
    python = {"command": sys.executable, "args": ["-m", "infra.bench.echo_server"]}
    written = {
        "modules": ["infra.bench.sandboxed"],
        "programs": {
            "echo_wasm": {**PROGRAM, "wasm": "echo.wasm"},
            "echo_command": {**PROGRAM, "command": ["cat"]},
        },
        "servers": {"bench": {"stdio": python, "tools": {"echo": {"effect": "read"}}}},
    }
    (folder / "tools.yaml").write_text(yaml.safe_dump(written))
    return folder


async def _measured(trial: Trial, tool: str, calls: int, pause: float) -> Added:
    took = []
    for number in range(WARMED + calls):
        spent = await _call(trial, tool, number)
        if number >= WARMED:
            took.append(spent)
        await asyncio.sleep(pause)
    return _added(took)


async def _cold(folder: Path, calls: int) -> Added:
    """The first call of an executor that has no jail yet."""
    took = []
    for number in range(calls):
        async with trying(folder) as trial:
            took.append(await _call(trial, "echo_in_jail", number))
    return _added(took)


async def _call(trial: Trial, tool: str, number: int) -> float:
    """The milliseconds of one call."""
    begun = time.perf_counter()
    outcome = await trial.call(
        tool, ARGUMENTS, tenant="bench", key=f"bench-{number}", report=_unheard
    )
    spent = (time.perf_counter() - begun) * 1000
    if not isinstance(outcome, ToolSucceeded) or TEXT not in outcome.output_json:
        raise RuntimeError(f"{tool}: {outcome}")
    return spent


def _unheard(_: Progress) -> None:
    """None of these tells how far it is."""


def _bare(calls: int) -> float:
    """What is left without any sandbox: JSON in, and JSON out."""
    took = []
    for _ in range(calls):
        begun = time.perf_counter()
        json.dumps(json.loads(ARGUMENTS)["text"])
        took.append((time.perf_counter() - begun) * 1000)
    return round(statistics.median(took), 4)


def _added(took: list[float]) -> Added:
    ordered = sorted(took)
    at = min(len(ordered) - 1, round(0.99 * len(ordered)))
    return Added(len(took), round(statistics.median(ordered), 2), round(ordered[at], 2))
