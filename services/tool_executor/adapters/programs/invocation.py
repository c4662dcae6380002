"""One program as it is called: what goes to the worker, and what comes back of it."""

import json
from dataclasses import dataclass

from contracts.shape import Body
from services.tool_executor.adapters.frames import REASON_LIMIT
from services.tool_executor.adapters.shaped import ShapedInvocation
from services.tool_executor.rules import Ending, Raised, Returned

INSIDE = "services.tool_executor.adapters.programs.inside"
WASM, COMMAND = "wasm:", "command:"  # their modules in manifests
RUN_WASM, RUN_COMMAND = "run_wasm", "run_command"


class Executable(Body):
    """What is run: a WebAssembly module as it was when it was declared, or a command."""

    file: str = ""
    sha256: str = ""
    memory_bytes: int = 0
    instructions: int = 0
    argv: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramInvocation(ShapedInvocation):
    """Which program."""

    executable: Executable

    @property
    def function(self) -> str:
        """What a worker runs it by, in the module `INSIDE`."""
        return RUN_COMMAND if self.executable.argv else RUN_WASM

    def wrapped(self, arguments_json: str, output_limit_bytes: int) -> str:
        """The arguments of that function."""
        return json.dumps(
            {
                "executable": self.executable.model_dump(mode="json"),
                "arguments": arguments_json,
                "output_limit_bytes": output_limit_bytes,
                "is_json": self.result is not None,
                "errors_do_nothing": self.errors_do_nothing,
            }
        )

    def held(self, ending: Ending) -> Ending:
        """How the call ended, where the result is what its schema says."""
        if self.result is None or not isinstance(ending, Returned):
            return ending
        wrong = self.result.mistakes(json.loads(ending.output_json))
        if wrong is None:
            return ending
        return Raised(f"its result is not what its schema says: {wrong}"[:REASON_LIMIT])
