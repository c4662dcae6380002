"""`canaries`: a tenant's canary on its way out, or another tenant's anywhere, blocks.

There is no reason to say one: who does has been told to repeat a prompt, or to carry a document
out. What comes in may hold the tenant's own, for there it was planted.
"""

from dataclasses import dataclass

from services.guardrail_checker.checks.base import Content, Finding
from services.guardrail_checker.checks.folding import fold
from shared.canaries import Canaries

NAME = "canaries"
OWN, ANOTHERS = "canary", "canary_of_another_tenant"


@dataclass(frozen=True, slots=True)
class FindCanaries:
    """Refuses what holds a canary. Without a key nothing was planted, and nothing is found."""

    canaries: Canaries | None = None

    @property
    def name(self) -> str:
        return NAME

    async def check(self, content: Content) -> tuple[Finding, ...]:
        if self.canaries is None:
            return ()
        text = fold(content.text).text
        if content.label == "system" and self.canaries.holds_own(text, content.tenant):
            return (Finding(NAME, "block", OWN, "it holds the canary of its tenant"),)
        if self.canaries.holds_another(text, content.tenant):
            return (Finding(NAME, "block", ANOTHERS, "it holds the canary of another tenant"),)
        return ()
