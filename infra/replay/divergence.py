"""One place at which today's code does not say what was said."""

from dataclasses import dataclass

from contracts.history import Run
from contracts.shape import Body
from contracts.subjects import kind_of_body

SHOWN_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Divergence:
    """What was said at a place of a history, and what today's code says there."""

    tenant: str
    run_id: str
    step: int
    sequence: int
    rule: str
    recorded: str
    decided: str

    @classmethod
    def at(cls, run: Run, sequence: int, body: Body, recorded: str, decided: str) -> "Divergence":
        """Of a run as it was there; `body` is what is told otherwise, or too much."""
        rule = str(getattr(body, "rule", kind_of_body(type(body)).type))
        step = len(run.steps)
        return cls(run.tenant, run.run_id, step, sequence, rule, recorded, decided)

    def __str__(self) -> str:
        place = f"run {self.tenant}/{self.run_id}, step {self.step}, sequence {self.sequence}"
        return f"{place}, rule {self.rule}: recorded {self.recorded}; decided {self.decided}"


def told(body: Body, other: Body | None = None) -> str:
    """A fact in a few words: where there is another one, only the fields in which it differs."""
    fields = body.model_dump(mode="json", exclude_none=True)
    if other is not None:
        theirs = other.model_dump(mode="json")
        fields = {name: value for name, value in fields.items() if theirs.get(name) != value}
    name = type(body).__name__
    return f"{name} {fields}"[:SHOWN_CHARACTERS] if fields else name
