"""What a worker is given: values of variables. They are in no text that is made of it."""

from dataclasses import dataclass, field

REDACTED = "[redacted]"
SHORTEST_SECRET = 6


@dataclass(frozen=True, slots=True)
class Given:
    """Values by variable, sorted. Equal ones are of one tenant, or of all."""

    values: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    tenant: str = ""
    """Whose they are, where a tenant may have its own."""

    def redacted(self, text: str) -> str:
        """The text without the values that it may quote."""
        for _, value in self.values:
            if len(value) >= SHORTEST_SECRET:
                text = text.replace(value, REDACTED)
        return text


NOTHING = Given()
