"""The tools of a run are those that were pinned when it started, whatever they are by now."""

from ..tool import ToolManifest
from .state import Run


def pinned(run: Run, tool: str) -> ToolManifest | None:
    """The manifest of a tool; None where the agent does not have it, or the run has not started."""
    tools = run.started.body.tools if run.started is not None else ()
    return next((one for one in tools if one.name == tool), None)
