"""`prompt_injection`: finds instructions to the model in text that should hold none.

A label and an alarm, never the boundary. An attacker who knows these patterns writes around them;
what an agent may do is decided by tool policy, from labels, whatever this check says. It is here
because it is cheap: it takes common attacks out of the prompt, and tells people that one was tried.

A user may write about instructions, so there it is a note. A document or a tool's result has no
business giving any: there the passage is taken out.
"""

import re

from services.guardrail_checker.checks.base import Content, Finding, Severity
from services.guardrail_checker.checks.folding import TAG_FIRST, TAG_LAST, fold
from shared.redaction.span import Span

NAME = "prompt_injection"
# An instruction rarely stands in its sentence alone: the rest of its paragraph goes with it.
PASSAGE_LIMIT_CHARS = 1_000

_OLD = (
    r"(?:previous|prior|above|earlier|preceding|foregoing|existing|initial|original|system|other)"
)
_ORDERS = r"(?:instructions?|prompts?|rules|guidelines|directions|directives|constraints|orders)"
_MODEL = (
    r"(?:ai|a\.i\.|llm|language model|ai (?:model|agent|assistant)|chatbot|gpt(?:-\w+)?|claude)"
)

# Every gap between words is bounded, so that no text makes a pattern slow.
# Matched without regard to case.
_PATTERNS: tuple[tuple[str, str], ...] = (
    (
        "override",
        (
            rf"\b(?:ignore|disregard|forget|override|bypass|discard)\b[^.!?]{{0,40}}?\b"
            rf"(?:(?:{_OLD}|all|your|these|those|any)\s+(?:\w+\s+){{0,3}}?{_ORDERS}|"
            rf"{_ORDERS}\s+(?:above|before|so far|you (?:were|have been|got)))\b"
        ),
    ),
    ("override", r"\bforget\s+(?:everything|all)\s+(?:above|before|you (?:know|were|have))"),
    ("override", r"\bignorier\w*\b[^.!?]{0,40}\b(?:anweisung|instruktion|vorgabe|regel)\w*"),
    ("override", r"\bignor(?:e|ez|er|a|ar)\b[^.!?]{0,40}\b(?:consignes|instruc(?:tions|ciones))"),
    (
        "new_orders",
        (
            rf"\b(?:new|updated|real|actual|revised)\s+(?:system\s+)?{_ORDERS}\s*"
            r"(?::|follow|are|is to|from\s+(?:the\s+)?(?:system|developer|admin))"
        ),
    ),
    ("new_orders", r"\b(?:system|admin(?:istrator)?|developer|security)\s+override\b"),
    (
        "new_orders",
        r"(?:^|\n)[ \t#>*]{0,12}(?:system|assistant|developer)(?:\s(?:prompt|message))?\s?:",
    ),
    ("turn_marker", r"<\|(?:im_start|im_end|system|assistant|endoftext|start_header_id)\|>"),
    ("turn_marker", r"\[/?(?:INST|SYS(?:TEM)?)\]|<</?SYS>>|</?(?:system|assistant)(?:_prompt)?>"),
    ("turn_marker", r"</?(?:function_calls?|tool_calls?|tool_use|invoke)\b[^>]{0,80}>"),
    (
        "persona",
        (
            r"\byou\s+are\s+now\s+(?:in\s+)?(?:\w+\s+){0,3}?(?:dan|jailbroken|unrestricted|"
            r"unfiltered|developer mode|god mode|free (?:of|from))\b"
        ),
    ),
    ("persona", r"\b(?:do anything now|jailbreak mode|developer mode (?:on|enabled))\b"),
    (
        "persona",
        (
            r"\b(?:act|pretend|respond|behave)\b[^.!?]{0,40}\b(?:without|no|free of|ignoring)\s+"
            r"(?:any\s+)?(?:rules|restrictions|filters|limits|limitations|guidelines|ethics|safety)\b"
        ),
    ),
    (
        "prompt_theft",
        (
            r"\b(?:reveal|show|print|repeat|output|display|tell|give|send|recite)\b[^.!?]{0,30}?\b"
            r"(?:your|the)\s+(?:\w+\s+){0,2}?(?:system|hidden|initial|secret|original)\s+"
            rf"(?:prompt|message|{_ORDERS})"
        ),
    ),
    (
        "addressed_to_model",
        (
            rf"\b(?:message|note|notice|instructions?|attention|dear|important|hey|hello)\b"
            rf"[^.!?\n]{{0,60}}?\b(?:to|for|you|dear|all)\b,?\s+(?:the\s+|any\s+|all\s+)?{_MODEL}s?\b"
        ),
    ),
    ("addressed_to_model", rf"\b(?:if|as)\s+you\s+are\s+(?:an?\s+)?{_MODEL}\b"),
    (
        "addressed_to_model",
        (
            r"\b(?:ai|llm|language model)s?\s+(?:agents?|assistants?|models?)?\s*"
            r"(?:reading|processing|summari[sz]ing|handling)\s+this\b"
        ),
    ),
    (
        "addressed_to_model",
        (
            r"\bbefore\s+you\s+(?:can\s+)?(?:solve|answer|complete|continue|respond|"
            r"finish|proceed)[^.!?]{0,80}\b"
            r"(?:you must|you need to|do the following|please do|first)\b"
        ),
    ),
    (
        "secrecy",
        (
            r"\b(?:do not|don't|never|without)\s+(?:ever\s+)?(?:tell|telling|inform|informing|"
            r"mention|mentioning|notify|notifying|alert|alerting)\b[^.!?]{0,40}?\b(?:the|your)\s+"
            r"(?:user|human|operator|developer)s?\b"
        ),
    ),
    (
        "exfiltration",
        (
            r"\b(?:send|forward|e-?mail|post|upload|transmit|exfiltrate|leak|append)\b[^.!?]{0,40}?\b"
            r"(?:api[ _-]?keys?|passwords?|credentials?|access tokens?|private keys?|secrets|"
            r"chat history|conversation (?:history|so far)|"
            r"(?:system|environment) (?:prompt|variables))\b[^.!?]{0,60}?\b(?:to|into|as)\b"
        ),
    ),
)
_COMPILED = tuple((rule, re.compile(pattern, re.IGNORECASE)) for rule, pattern in _PATTERNS)
# No pattern of a rule matches without one of these, and to look for them is far cheaper. What is
# not listed is quick as it is.
WORDS_OF: dict[str, tuple[str, ...]] = {
    "override": ("ignor", "disregard", "forget", "override", "bypass", "discard"),
    "new_orders": (
        *("instruction", "prompt", "rules", "guidelines", "directi", "constraints", "orders"),
        *("override", "system", "assistant", "developer"),
    ),
    "persona": (
        *("dan", "jailbr", "unrestricted", "unfiltered", "mode"),
        *("free", "anything now", "rules", "restrictions", "filters", "limit", "guidelines"),
        *("ethics", "safety"),
    ),
    "prompt_theft": ("system", "hidden", "initial", "secret", "original"),
    "addressed_to_model": (
        *("a.i.", "llm", "language model", "chatbot", "gpt", "claude", "before"),
    ),
    "secrecy": ("user", "human", "operator", "developer"),
    "exfiltration": (
        *("key", "password", "credential", "token", "secret", "history", "conversation"),
        *("prompt", "variables"),
    ),
}
_SAYS_AI = re.compile(r"ais?\b")

# Letters that no screen shows. Flags of regions spell their name with them, after a black flag.
_HIDDEN = re.compile(rf"(?<!\U0001f3f4)[{chr(TAG_FIRST)}-{chr(TAG_LAST)}]{{4,}}")
_BEFORE = re.compile(r"\n|(?<=[.!?])\s+|\"\s*:\s*\"|\[\s*\"|>\s*")
_AFTER = re.compile(r"\n\s*\n|(?:\\n){2}|\"\s*[,}\]]")


class PromptInjection:
    """Notes hostile instructions in the user's text; takes them out of tools' and strangers'."""

    name = NAME

    async def check(self, content: Content) -> tuple[Finding, ...]:
        severity: Severity = "redact" if content.label in {"tool", "external"} else "note"
        return tuple(
            Finding(NAME, severity, rule, f"{rule} in {content.label} content", span)
            for rule, span in find_instructions(content.text)
        )


def find_instructions(text: str) -> tuple[tuple[str, Span], ...]:
    """The passages that read as orders to a model: rule and span, none inside another."""
    folded = fold(text)
    found = [("hidden_text", Span(*match.span())) for match in _HIDDEN.finditer(text)]
    lowered = folded.text.lower()
    possible = rules_of(lowered)
    for rule, pattern in _COMPILED:
        if rule not in possible:
            continue
        for match in pattern.finditer(folded.text):
            start, end = _passage(folded.text, *match.span())
            found.append((rule, folded.span(start, end)))
    return _outermost(found)


def rules_of(lowered: str) -> set[str]:
    """The rules of which a pattern may match a text in lower case."""
    possible = {rule for rule, words in WORDS_OF.items() if any(one in lowered for one in words)}
    if _SAYS_AI.search(lowered) is not None:
        possible.add("addressed_to_model")
    return possible | {rule for rule, _ in _COMPILED if rule not in WORDS_OF}


def _passage(text: str, start: int, end: int) -> tuple[int, int]:
    """The match, from the start of its sentence to the end of its paragraph or JSON string."""
    window = text[max(0, start - PASSAGE_LIMIT_CHARS) : start]
    begins = start - len(window)
    for boundary in _BEFORE.finditer(window):
        begins = max(0, start - len(window)) + boundary.end()
    closing = _AFTER.search(text, end, end + PASSAGE_LIMIT_CHARS)
    return begins, closing.start() if closing else min(len(text), end + PASSAGE_LIMIT_CHARS)


def _outermost(found: list[tuple[str, Span]]) -> tuple[tuple[str, Span], ...]:
    kept: list[tuple[str, Span]] = []
    for rule, span in sorted(found, key=lambda one: (one[1].start, -one[1].end)):
        if not kept or span.end > kept[-1][1].end:
            kept.append((rule, span))
    return tuple(kept)
