"""What `interlock runs export` writes: a verifiable file, a timeline, or the record as JSON."""

import json

import typer

from services.console.cli.client import Client

FORMS = ("file", "timeline", "json")


def known_form(form: str) -> str:
    """Checked before anything is asked of anybody."""
    if form not in FORMS:
        raise typer.BadParameter(f"{form!r}: choose {', '.join(FORMS[:-1])} or {FORMS[-1]}")
    return form


def in_form(client: Client, run_id: str, tenant: str | None, form: str) -> bytes:
    """A run in one of the forms."""
    if form == "file":
        return client.download(f"/runs/{run_id}/export", tenant=tenant)
    record = client.get(f"/runs/{run_id}/record", tenant=tenant)
    if form == "json":
        return f"{json.dumps(record, indent=2)}\n".encode()
    facts = client.get(f"/runs/{run_id}/facts", tenant=tenant)
    from services.console.cli.render import facts_from  # noqa: PLC0415 - slow
    from services.console.cli.run_markdown import run_markdown  # noqa: PLC0415 - as above
    from services.console.rules.record import RunRecord  # noqa: PLC0415 - as above

    return run_markdown(RunRecord.model_validate(record), facts_from(facts)).encode()
