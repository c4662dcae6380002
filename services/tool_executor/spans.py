"""What the span of a tool run tells: which tool, for which call, and never with what arguments."""

from contracts.tool import ToolFailed, ToolRequested, ToolSucceeded, ToolUnknown
from shared import genai
from shared.telemetry import Attributes

UNKNOWN = "unknown"


def name_of(asked: ToolRequested) -> str:
    """`execute_tool issue_refund`."""
    return f"{genai.EXECUTE_TOOL} {asked.tool}"


def running(asked: ToolRequested) -> Attributes:
    """What is known before the call is run."""
    return {
        genai.OPERATION_NAME: genai.EXECUTE_TOOL,
        genai.TOOL_NAME: asked.tool,
        genai.TOOL_CALL_ID: asked.call_id,
        "interlock.tool.attempt": asked.attempt,
    }


def outcome(told: ToolSucceeded | ToolFailed | ToolUnknown) -> Attributes:
    """What is known after it: why it failed, where it did."""
    match told:
        case ToolFailed(kind=kind):
            return {genai.ERROR_TYPE: kind}
        case ToolUnknown():
            return {genai.ERROR_TYPE: UNKNOWN}
        case ToolSucceeded():
            return {}
