"""A tool that needs the number that no model is shown."""

from contracts.tool import tool


@tool(
    effect="write",
    idempotent=True,
    sinks={"account": "id"},
    reveals=("account",),
    output_trust="internal",
)
def open_mandate(account: str) -> dict[str, str]:
    """Open a mandate for a bank account."""
    return {"mandate": f"M-{sum(map(ord, account))}", "account": account}
