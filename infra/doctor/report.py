"""`interlock doctor`: what was found, for people and for scripts.

For people a group in which all is well is one line, and whatever warns or fails is told in full.
For scripts every finding, always with the same five names.
"""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.text import Text

from infra.platform.errors import PlatformError
from infra.platform.home import Home

from .errors import UnknownGroup
from .examination import Group, chosen, examine
from .finding import Finding, State
from .installation import Installation

FAILED, USAGE = 1, 2
WORST: tuple[State, ...] = ("fail", "warn", "ok", "skipped")
STYLES: dict[State, str] = {"ok": "green", "warn": "yellow", "fail": "red", "skipped": "dim"}
STATE_WIDTH = len("skipped")
SHOWN_NAMES = 3


async def report(only: Sequence[str], *, everything: bool, as_json: bool) -> int:
    """Examine and print. The exit code: 1 if anything fails, 2 if a group does not exist."""
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        checks = chosen(only)
        installation = Installation.found(Home.from_environment(), os.environ)
    except (UnknownGroup, PlatformError) as error:
        errors.print(Text(f"interlock doctor: {error}"))
        return USAGE if isinstance(error, UnknownGroup) else FAILED
    left = [check.name for check in checks]
    # On a terminal only: elsewhere it prints nothing.
    with errors.status("looking ...") as status:

        def on_done(name: str) -> None:
            left.remove(name)
            status.update(f"looking at {', '.join(left)} ...")

        groups = await examine(installation, checks, on_done)
    if as_json:
        print(json.dumps(as_answer(installation, groups), indent=2))
    else:
        console = Console(highlight=False, file=sys.stdout)
        console.print(text_of(installation, groups, everything=everything), soft_wrap=True)
    return FAILED if fails(groups) else 0


def fails(groups: Sequence[Group]) -> bool:
    return any(one.state == "fail" for group in groups for one in group.findings)


def as_answer(installation: Installation, groups: Sequence[Group]) -> dict[str, object]:
    """For scripts: these names stay."""
    return {
        "ok": not fails(groups),
        "examined": installation.title,
        "findings": [
            {"group": group.name, **asdict(one)} for group in groups for one in group.findings
        ],
    }


def text_of(installation: Installation, groups: Sequence[Group], *, everything: bool) -> Text:
    """For people: a line a group, and below it what they have to know."""
    lines = [Text(f"interlock doctor: {installation.title}", "bold")]
    for group in groups:
        lines.append(_line(group, named=not everything))
        told = [one for one in group.findings if everything or one.state in ("warn", "fail")]
        lines += (line for one in told for line in _in_full(one))
    return Text("\n").join([*lines, _ending(groups)])


def state_of(group: Group) -> State:
    """The worst of its findings; what was skipped does not make a group worse."""
    return min((one.state for one in group.findings), key=WORST.index)


def _line(group: Group, *, named: bool) -> Text:
    state = state_of(group)
    style = "" if state in ("warn", "fail") else "dim"
    summary = (f": {_summary(group, state)}", style) if named else ""
    return Text.assemble((f"{state:<{STATE_WIDTH}}", STYLES[state]), f"  {group.name}", summary)


def _summary(group: Group, state: State) -> str:
    alike = [one for one in group.findings if one.state == state]
    if len(group.findings) == 1 and state in ("ok", "skipped"):
        return alike[0].detail
    names = ", ".join(one.name for one in alike[:SHOWN_NAMES])
    more = f" and {len(alike) - SHOWN_NAMES} more" if len(alike) > SHOWN_NAMES else ""
    return f"{names}{more}"


def _in_full(one: Finding) -> list[Text]:
    indent = " " * (STATE_WIDTH + 2)
    head = Text.assemble(indent, (one.state, STYLES[one.state]), f"  {one.name}: {one.detail}")
    return [head, Text(f"{indent}      -> {one.remedy}", "cyan")] if one.remedy else [head]


def _ending(groups: Sequence[Group]) -> Text:
    states = [one.state for group in groups for one in group.findings]
    counted = ", ".join(f"{states.count(state)} {state}" for state in WORST if state in states)
    return Text(counted, "bold")
