"""How one definition of an agent differs from another, as people read it."""

from dataclasses import dataclass
from difflib import unified_diff

from rich.text import Text

from contracts.agent import Agent
from services.console.cli.agent_files import as_yaml
from services.console.rules.widening import widened

STYLES = {"+": "green", "-": "red", "@": "cyan"}


@dataclass(frozen=True, slots=True)
class Difference:
    """The lines of a unified diff, and by what the agent is less bound."""

    before: str
    after: str
    lines: tuple[str, ...]
    widened: tuple[str, ...]

    @classmethod
    def of(cls, before: Agent, after: Agent, names: tuple[str, str]) -> "Difference":
        """Of two definitions, and what each is called."""
        old, new = (as_yaml(one.model_dump(mode="json")).splitlines() for one in (before, after))
        titles = f"{names[0]}, version {before.version}", f"{names[1]}, version {after.version}"
        lines = tuple(unified_diff(old, new, *titles, lineterm=""))
        return cls(before.version, after.version, lines, widened(before, after))

    def __rich__(self) -> Text:
        if not self.lines:
            return Text("They are the same.")
        told = Text("\n").join(Text(line, style=STYLES.get(line[0], "")) for line in self.lines)
        if self.widened:
            told.append("\n\nWith it the agent is less bound:", style="bold")
            told.append("".join(f"\n  - {one}" for one in self.widened))
        return told
