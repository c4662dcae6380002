"""Follow a run as it goes: a line a fact, and below them how it stands.

What was printed is never printed twice: a lost connection goes on after the last fact.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.status import Status

from contracts.envelope import Fact
from contracts.history import Run, fold
from contracts.model import ModelRequested
from contracts.progress import ToolProgress
from contracts.review import ReviewRequested
from contracts.shape import Body
from contracts.subjects import OVER
from services.console.cli.client import SILENCE_SECONDS, connect
from services.console.cli.errors import Unreachable
from services.console.cli.render import Lines, Timeline, facts_from, footer, step_rule, waiting
from services.console.rules.record.awaited import awaited
from services.console.rules.words.amounts import counted, short, usd

# A platform that is started again is back within this; a run goes on without being watched.
RECONNECT_SECONDS = 120.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 5.0
SPINNER_WIDTH = 4
INTERRUPTED = 130  # what shells say of Ctrl-C


class Watch:
    """One run, followed from its first fact to its end."""

    def __init__(self, run_id: str, tenant: str | None, *, as_json: bool) -> None:
        self._run_id, self._tenant, self._as_json = run_id, tenant, as_json
        self._console = Console(markup=False, highlight=False)
        self._lines = Timeline()
        self._run: Run | None = None
        self._after = 0
        self._ended = False

    def follow(self) -> None:
        """Print what comes, until the end of the run.

        Raises:
            CommandFailed: there is no such run, or nobody answered for too long.
            typer.Exit: a person had enough; the run goes on.
        """
        try:
            with self._standing() as status:
                for view in self._views(status):
                    self._tell(view)
                    if status is not None and self._run is not None:
                        room = self._console.width - SPINNER_WIDTH
                        status.update(short(standing(self._run), room))
            if self._run is not None and not self._as_json:
                self._console.print(footer(self._run))
        except KeyboardInterrupt:
            again = f"interlock runs watch {self._run_id}"
            typer.echo(f"No longer watching; the run is left alone. Again: {again}", err=True)
            raise typer.Exit(INTERRUPTED) from None

    @contextmanager
    def _standing(self) -> Iterator[Status | None]:
        """A last line that changes, where somebody sees it change."""
        if self._as_json or not self._console.is_terminal:
            yield None
            return
        with self._console.status("connecting", spinner="dots") as status:
            yield status

    def _views(self, status: Status | None) -> Iterator[Any]:
        """Facts, over as many connections as it takes."""
        quiet_since = time.monotonic()
        pause = FIRST_PAUSE_SECONDS
        while not self._ended:
            try:
                for view in self._connection(status):
                    quiet_since, pause = time.monotonic(), FIRST_PAUSE_SECONDS
                    yield view
            except Unreachable:
                # Before the first fact it is not lost: it was never there.
                if not self._after or _is_too_long(quiet_since):
                    raise
            if self._ended:
                return
            if _is_too_long(quiet_since):
                raise Unreachable(
                    f"The stream of {self._run_id} closes, and brings no end.",
                    f"look at it: interlock runs show {self._run_id}",
                )
            if status is not None:
                status.update(f"the console is away; asking again after fact {self._after}")
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def _connection(self, status: Status | None) -> Iterator[Any]:
        """What one connection brings. The platform may come back at another address."""

        def told(progress: Any) -> None:
            if status is not None:
                line = f"{progress['tool']}  {ToolProgress.model_validate(progress).words}"
                status.update(short(line, self._console.width - SPINNER_WIDTH))

        path = f"/runs/{self._run_id}/events"
        wanted = None if status is None else told
        yield from connect().events(path, self._tenant, SILENCE_SECONDS, self._after, wanted)

    def _tell(self, view: Any) -> None:
        self._after = int(view["sequence"])
        self._ended = self._ended or view["type"] in OVER
        facts = facts_from([view])
        if facts:
            self._run = fold(facts, self._run)
        if self._as_json:
            print(json.dumps(view), flush=True)
            return
        if self._run is None:
            return
        for fact in facts:
            self._print(fact, self._run)

    def _print(self, fact: Fact[Body], run: Run) -> None:
        if isinstance(fact.body, ModelRequested):
            self._console.print(step_rule(fact.body.step))
        self._console.print(Lines([self._lines.cells(fact)]))
        if isinstance(fact.body, ReviewRequested):
            self._console.print(waiting(run))


def _is_too_long(quiet_since: float) -> bool:
    return time.monotonic() - quiet_since > RECONNECT_SECONDS


def standing(run: Run) -> str:
    """How a run stands, on one line: its state, step, cost, and who is to speak."""
    steps = f"step {len(run.steps)}" if run.steps else counted(0, "step")
    waits_for = awaited(run, run.step) if run.step is not None else ""
    parts = [run.status, steps, usd(run.cost_micro_usd)]
    return "  ".join([*parts, *([f"waits for {waits_for}"] if waits_for else [])])
