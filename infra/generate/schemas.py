"""The JSON Schema of each fact's body, and of files that people write."""

from contracts.envelope import SCHEMA_VERSION
from contracts.shape import Written
from contracts.subjects import FactKind
from contracts.suite import Case, Suite
from services.tool_executor.adapters.registry import ToolsFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"
# Files that people write, and that editors complete by these.
WRITTEN: dict[str, type[Written]] = {"suite": Suite, "case": Case, "tools": ToolsFile}


def schema(kind: FactKind) -> dict[str, object]:
    """What a reader accepts as the body of this kind."""
    return {
        "$schema": DIALECT,
        "$id": f"urn:interlock:{kind.type}:{SCHEMA_VERSION}",
        **kind.body.model_json_schema(),
    }


def written_schema(name: str) -> dict[str, object]:
    """What a file of this kind may hold."""
    return {
        "$schema": DIALECT,
        "$id": f"urn:interlock:{name}:{SCHEMA_VERSION}",
        **WRITTEN[name].model_json_schema(),
    }
