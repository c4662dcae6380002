"""A tool in each sandbox that does nothing: what a sandbox costs is all that is measured."""

from contracts.tool import tool


@tool(effect="read", idempotent=True, sandbox="in_process", output_trust="internal")
async def echo_in_process(text: str) -> str:
    """Give a text back."""
    return text


@tool(effect="read", idempotent=True, output_trust="internal")
def echo_in_worker(text: str) -> str:
    """Give a text back."""
    return text


@tool(effect="read", idempotent=True, sandbox="jail", output_trust="internal")
def echo_in_jail(text: str) -> str:
    """Give a text back."""
    return text
