"""`interlock doctor`: findings about this machine, each with its remedy."""

import json
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from infra.platform.doctor import Finding, examine
from infra.platform.home import Home

COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


async def report(*, as_json: bool) -> int:
    """Print every finding.

    The exit code is 1 if a finding keeps the platform from starting, or from being what it is
    claimed to be.
    """
    findings = await examine(Home.from_environment())
    failed = any(finding.status == "fail" for finding in findings)
    if as_json:
        print(json.dumps({"ok": not failed, "findings": [asdict(one) for one in findings]}))
    else:
        Console().print(table(findings))
    return int(failed)


def table(findings: tuple[Finding, ...]) -> Table:
    """The findings for a person."""
    shown = Table(title="interlock doctor", title_justify="left")
    for heading in ("check", "", "found", "what to do"):
        shown.add_column(heading, overflow="fold")
    for one in findings:
        colour = COLOURS[one.status]
        shown.add_row(one.name, f"[{colour}]{one.status}[/]", one.detail, one.remedy or "")
    return shown
