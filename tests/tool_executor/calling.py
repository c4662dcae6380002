"""Parts for tests of the executor: a run up to a clearance, and a registry of one tool."""

from contracts.envelope import Fact
from contracts.tool import ToolContext, manifest_of
from services.tool_executor.adapters.invocation import invocation_of
from services.tool_executor.adapters.registry import DeclaredTool, Registry
from tests.bodies import NOON, tool_cleared, tool_requested
from tests.histories import History
from tests.tool_executor import sample_tools

__all__ = ["CONTEXT", "NOON", "Cleared", "declared", "registry_of"]

CONTEXT = ToolContext(
    tenant="acme", run_id="r-1", call="1-1", attempt=1, idempotency_key="acme/r-1/1-1"
)


def declared(name: str, secrets: tuple[str, ...] = (), **changes: object) -> DeclaredTool:
    """One of the sample tools, perhaps with another manifest."""
    function = getattr(sample_tools, name)
    manifest = manifest_of(function).model_copy(update=changes)
    return DeclaredTool(manifest, invocation_of(function), secrets)


def registry_of(*tools: DeclaredTool) -> Registry:
    return Registry({tool.manifest.name: tool for tool in tools}, (sample_tools.__name__,))


class Cleared:
    """A run in which one call of a tool was cleared; `changes` go into the clearance."""

    def __init__(
        self,
        declared_tool: DeclaredTool,
        arguments: str = '{"x": 21}',
        request: dict[str, object] | None = None,
        **changes: object,
    ) -> None:
        tool = declared_tool
        self.history = History()
        self.history.begin(tool.manifest)
        responded = self.history.step(calls=[(tool.manifest.name, arguments)])
        asked = tool_requested(1, 1, responded.body.tool_calls[0])
        pinned = {"manifest_sha256": tool.manifest.sha256, **(request or {})}
        self.asked = self.history.say(asked.model_copy(update=pinned), responded)
        clearance = tool_cleared(self.asked.body).model_copy(update=changes)
        self.fact: Fact = self.history.say(clearance, self.asked)

    @property
    def run(self):
        return self.history.run
