"""The JSON Schema of each fact's body, for those who do not write Python."""

from contracts.envelope import SCHEMA_VERSION
from contracts.subjects import FactKind

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(kind: FactKind) -> dict[str, object]:
    """What a reader accepts as the body of this kind."""
    return {
        "$schema": DIALECT,
        "$id": f"urn:interlock:{kind.type}:{SCHEMA_VERSION}",
        **kind.body.model_json_schema(),
    }
