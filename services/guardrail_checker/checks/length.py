"""`max_length`: a text over the limit is refused, not cut: half a text can say the opposite."""

from dataclasses import dataclass

from services.guardrail_checker.checks.base import Content, Finding

NAME = "max_length"
DEFAULT_LIMIT_CHARS = 32_000


@dataclass(frozen=True, slots=True)
class MaxLength:
    """Refuses a text of more than `limit_chars` characters."""

    limit_chars: int = DEFAULT_LIMIT_CHARS

    @property
    def name(self) -> str:
        return NAME

    async def check(self, content: Content) -> tuple[Finding, ...]:
        if len(content.text) <= self.limit_chars:
            return ()
        reason = f"{len(content.text)} characters; at most {self.limit_chars} are allowed"
        return (Finding(NAME, "block", "too_long", reason),)
