"""How the demo is told: a line for each fact as it comes, and a table at the end."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from contracts.envelope import Fact
from contracts.shape import MICRO, Body
from contracts.subjects import kind_of
from services.console.rules.words.sentences import sentence

from .scenes import Scene, SceneResult

# Facts that everybody understands; the others are in `interlock runs show`.
TOLD = {
    "task.cleared",
    "model.responded",
    "model.attempt_requested",
    "model.unfunded",
    "tool.cleared",
    "tool.blocked",
    "tool.escalated",
    "tool.succeeded",
    "review.requested",
    "review.decided",
    "answer.cleared",
    "answer.blocked",
    "run.completed",
    "run.failed",
    "run.evaluated",
}
# Owner -> how it is called here, and its colour.
VOICES = {
    "producer": ("producer", "white"),
    "guardrail_checker": ("guardrail", "magenta"),
    "orchestrator": ("orchestrator", "blue"),
    "cost_ledger": ("ledger", "yellow"),
    "model_router": ("router", "cyan"),
    "tool_executor": ("executor", "green"),
    "evaluator": ("evaluator", "bright_black"),
    "observer": ("observer", "bright_black"),
    "console": ("console", "bright_white"),
}
OWNER_WIDTH = 13
TYPE_WIDTH = 24


class Teller:
    """Writes the story on a console."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def prepare(self, words: str) -> None:
        self._console.print(f"[dim]· {words}[/]")

    def open(self, scene: Scene) -> None:
        self._console.print()
        self._console.rule(f"[bold]{scene.title}[/]", align="left", style="dim")
        self._console.print(f"[dim]{scene.words}[/]\n")

    def tell(self, fact: Fact[Body]) -> None:
        """One line: who, what, and a sentence."""
        if fact.type not in TOLD:
            return
        owner, colour = VOICES[kind_of(fact.type).owner]
        line = Text("  ")
        line.append(f"{owner:<{OWNER_WIDTH}}", style=colour)
        line.append(f"{fact.type:<{TYPE_WIDTH}}", style="bold")
        line.append(sentence(fact))
        line.truncate(self._console.width, overflow="ellipsis")
        self._console.print(line)

    def judge(self, result: SceneResult) -> None:
        mark = "[green]as told[/]" if result.ok else "[red]not as told[/]"
        self._console.print(f"\n  {mark}: {result.why}")

    def close(self, results: list[SceneResult], *, ok: bool, seconds: float) -> None:
        """The table, and where to go from here."""
        table = Table(title="\nWhat happened", title_justify="left")
        table.add_column("run", no_wrap=True)
        for heading in ("outcome", "steps", "cost", "why"):
            table.add_column(heading, justify="right" if heading in ("steps", "cost") else "left")
        for one in results:
            colour = "green" if one.ok else "red"
            cost = f"${one.cost_micro_usd / MICRO:.4f}"
            table.add_row(one.run_id, f"[{colour}]{one.status}[/]", str(one.steps), cost, one.why)
        self._console.print(table)
        if ok:
            self._console.print(f"All six came out as told, in {seconds:.0f} s. Read one:")
        else:
            self._console.print("[red]Not every scene came out as told.[/] Read why:")
        self._console.print(f"  .venv/bin/interlock runs show {results[0].run_id} --tenant demo\n")
