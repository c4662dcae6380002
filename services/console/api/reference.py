"""The reference page: the OpenAPI document as plain HTML, with nothing loaded from elsewhere."""

from collections.abc import Mapping
from html import escape
from typing import Any

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color-scheme: light dark }
section { border-top: 1px solid #8886; padding: .5rem 0 }
code { font: .95em ui-monospace, monospace }
.method { font-weight: 700; display: inline-block; min-width: 4rem }
table { border-collapse: collapse } td { padding: .1rem 1.5rem .1rem 0; vertical-align: top }
"""


def reference_page(document: Mapping[str, Any]) -> str:
    """Every operation, with its parameters, its body and its answers."""
    sections = "".join(
        _operation(method, path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    )
    info = document["info"]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(info["title"])} API'
        f"</title><style>{STYLE}</style><h1>{escape(info['title'])} API</h1>"
        f"<p>{escape(info['description'])} Send <code>Authorization: Bearer &lt;token&gt;</code>. "
        f'The document for machines: <a href="/api/openapi.json">openapi.json</a>.</p>{sections}'
        "</html>"
    )


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    rows = "".join(_row(one) for one in operation.get("parameters", ()))
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if body:
        rows += f"<tr><td>body<td><code>{escape(_type(body['schema']))}</code><td>"
    answers = ", ".join(sorted(operation["responses"]))
    return (
        f'<section><h2><span class="method">{method.upper()}</span> <code>{escape(path)}</code>'
        f"</h2><p>{escape(operation.get('description', ''))}</p><table>{rows}</table>"
        f"<p>Answers: {answers}; errors say what, where, and what to do.</p></section>"
    )


def _row(parameter: Mapping[str, Any]) -> str:
    needed = "" if parameter.get("required") else ", optional"
    return (
        f"<tr><td><code>{escape(parameter['name'])}</code>"
        f"<td>{parameter['in']}{needed}, <code>{escape(_type(parameter['schema']))}</code>"
        f"<td>{escape(parameter.get('description', ''))}"
    )


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", maxsplit=1)[-1]
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"] if one.get("type") != "null")
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    return str(schema.get("type", "any"))
