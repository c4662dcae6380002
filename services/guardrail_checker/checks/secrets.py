"""`secrets`: credentials, by the shapes that their issuers gave them, and by entropy.

A private key blocks the text: where one turns up, something is wrong that a marker does not mend.
Everything else is taken out.
"""

from services.guardrail_checker.checks.base import Content, Finding
from services.guardrail_checker.checks.folding import fold
from shared.redaction.secrets import find_secrets

NAME = "secrets"


class Secrets:
    """Takes out credentials; refuses a text with a private key in it."""

    name = NAME

    async def check(self, content: Content) -> tuple[Finding, ...]:
        folded = fold(content.text)
        return tuple(
            Finding(
                NAME,
                "block" if rule == "private_key" else "redact",
                rule,
                f"the shape of a {rule.replace('_', ' ')}",
                folded.span(start, end),
            )
            for rule, (start, end) in find_secrets(folded.text)
        )
