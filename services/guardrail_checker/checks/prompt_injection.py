"""`prompt_injection`: finds instructions to the model in text that should hold none.

A label and an alarm, never the boundary. An attacker who knows these patterns writes around them;
what an agent may do is decided by tool policy, from labels, whatever this check says. It is here
because it is cheap: it takes common attacks out of the prompt, and tells people that one was tried.

A user may write about instructions, so there it is a note. A document or a tool's result has no
business giving any: there the passage is taken out.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from services.guardrail_checker.checks.base import Content, Finding, Severity
from services.guardrail_checker.checks.folding import TAG_FIRST, TAG_LAST, fold, lower
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

# The words of a pattern stand before it: no text without one of each group matches, and to look
# for them is far cheaper. Every gap between words is bounded, so that no text makes one slow.
# Matched in lower case.
_AI = "ai"  # as a word of its own, which is looked for once
_MODELS = (_AI, "a.i.", "llm", "language model", "chatbot", "gpt", "claude")
_ORDERED = ("instruction", "prompt", "rules", "guidelines", "direct", "constraints", "orders")
_LIMITED = ("rules", "restrictions", "filters", "limit", "guidelines", "ethics", "safety")
_PATTERNS: tuple[tuple[str, tuple[tuple[str, ...], ...], str], ...] = (
    (
        "override",
        (("ignor", "disregard", "forget", "override", "bypass", "discard"),),
        (
            rf"\b(?:ignore|disregard|forget|override|bypass|discard)\b[^.!?]{{0,40}}?\b"
            rf"(?:(?:{_OLD}|all|your|these|those|any)\s+(?:\w+\s+){{0,3}}?{_ORDERS}|"
            rf"{_ORDERS}\s+(?:above|before|so far|you (?:were|have been|got)))\b"
        ),
    ),
    (
        "override",
        (("forget",),),
        r"\bforget\s+(?:everything|all)\s+(?:above|before|you (?:know|were|have))",
    ),
    (
        "override",
        (("ignorier",),),
        r"\bignorier\w*\b[^.!?]{0,40}\b(?:anweisung|instruktion|vorgabe|regel)\w*",
    ),
    (
        "override",
        (("ignor",), ("consignes", "instruc")),
        r"\bignor(?:e|ez|er|a|ar)\b[^.!?]{0,40}\b(?:consignes|instruc(?:tions|ciones))",
    ),
    (
        "new_orders",
        (("new", "updated", "real", "actual", "revised"), _ORDERED),
        (
            rf"\b(?:new|updated|real|actual|revised)\s+(?:system\s+)?{_ORDERS}\s*"
            r"(?::|follow|are|is to|from\s+(?:the\s+)?(?:system|developer|admin))"
        ),
    ),
    (
        "new_orders",
        (("override",),),
        r"\b(?:system|admin(?:istrator)?|developer|security)\s+override\b",
    ),
    (
        "new_orders",
        (("system", "assistant", "developer"),),
        r"(?:^|\n)[ \t#>*]{0,12}(?:system|assistant|developer)(?:\s(?:prompt|message))?\s?:",
    ),
    (
        "turn_marker",
        (("<",),),
        r"<\|(?:im_start|im_end|system|assistant|endoftext|start_header_id)\|>",
    ),
    (
        "turn_marker",
        (("[", "<"),),
        r"\[/?(?:inst|sys(?:tem)?)\]|<</?sys>>|</?(?:system|assistant)(?:_prompt)?>",
    ),
    ("turn_marker", (("<",),), r"</?(?:function_calls?|tool_calls?|tool_use|invoke)\b[^>]{0,80}>"),
    (
        "persona",
        (("now",), ("dan", "jailbr", "unrestricted", "unfiltered", "mode", "free")),
        (
            r"\byou\s+are\s+now\s+(?:in\s+)?(?:\w+\s+){0,3}?(?:dan|jailbroken|unrestricted|"
            r"unfiltered|developer mode|god mode|free (?:of|from))\b"
        ),
    ),
    (
        "persona",
        (("anything now", "jailbreak", "developer mode"),),
        r"\b(?:do anything now|jailbreak mode|developer mode (?:on|enabled))\b",
    ),
    (
        "persona",
        (("act", "pretend", "respond", "behave"), _LIMITED),
        (
            r"\b(?:act|pretend|respond|behave)\b[^.!?]{0,40}\b(?:without|no|free of|ignoring)\s+"
            r"(?:any\s+)?(?:rules|restrictions|filters|limits|limitations|guidelines|ethics|safety)\b"
        ),
    ),
    (
        "prompt_theft",
        (("system", "hidden", "initial", "secret", "original"), (*_ORDERED, "message")),
        (
            r"\b(?:reveal|show|print|repeat|output|display|tell|give|send|recite)\b[^.!?]{0,30}?\b"
            r"(?:your|the)\s+(?:\w+\s+){0,2}?(?:system|hidden|initial|secret|original)\s+"
            rf"(?:prompt|message|{_ORDERS})"
        ),
    ),
    (
        "addressed_to_model",
        (_MODELS,),
        (
            rf"\b(?:message|note|notice|instructions?|attention|dear|important|hey|hello)\b"
            rf"[^.!?\n]{{0,60}}?\b(?:to|for|you|dear|all)\b,?\s+(?:the\s+|any\s+|all\s+)?{_MODEL}s?\b"
        ),
    ),
    ("addressed_to_model", (_MODELS,), rf"\b(?:if|as)\s+you\s+are\s+(?:an?\s+)?{_MODEL}\b"),
    (
        "addressed_to_model",
        ((_AI, "llm", "language model"),),
        (
            r"\b(?:ai|llm|language model)s?\s+(?:agents?|assistants?|models?)?\s*"
            r"(?:reading|processing|summari[sz]ing|handling)\s+this\b"
        ),
    ),
    (
        "addressed_to_model",
        (("before",), ("you must", "you need", "following", "please", "first")),
        (
            r"\bbefore\s+you\s+(?:can\s+)?(?:solve|answer|complete|continue|respond|"
            r"finish|proceed)[^.!?]{0,80}\b"
            r"(?:you must|you need to|do the following|please do|first)\b"
        ),
    ),
    (
        "secrecy",
        (("not", "don't", "never", "without"), ("user", "human", "operator", "developer")),
        (
            r"\b(?:do not|don't|never|without)\s+(?:ever\s+)?(?:tell|telling|inform|informing|"
            r"mention|mentioning|notify|notifying|alert|alerting)\b[^.!?]{0,40}?\b(?:the|your)\s+"
            r"(?:user|human|operator|developer)s?\b"
        ),
    ),
    (
        "exfiltration",
        (
            ("send", "forward", "mail", "post", "upload", "transmit", "filtrate", "leak", "append"),
            (
                "key",
                "password",
                "credential",
                "token",
                "secret",
                "history",
                "conversation",
                "prompt",
                "variab",
            ),
        ),
        (
            r"\b(?:send|forward|e-?mail|post|upload|transmit|exfiltrate|leak|append)\b[^.!?]{0,40}?\b"
            r"(?:api[ _-]?keys?|passwords?|credentials?|access tokens?|private keys?|secrets|"
            r"chat history|conversation (?:history|so far)|"
            r"(?:system|environment) (?:prompt|variables))\b[^.!?]{0,60}?\b(?:to|into|as)\b"
        ),
    ),
)
_COMPILED = tuple((rule, needed, re.compile(one)) for rule, needed, one in _PATTERNS)
_SAYS_AI = re.compile(r"\bais?\b")

# Letters that no screen shows. Flags of regions spell their name with them, after a black flag.
_HIDDEN = re.compile(rf"(?<!\U0001f3f4)[{chr(TAG_FIRST)}-{chr(TAG_LAST)}]{{4,}}")
_BEFORE = re.compile(r"\n|\.\s+|!\s+|\?\s+|\"\s*:\s*\"|\[\s*\"|>\s*")
_AFTER = re.compile(r"\n\s*\n|\\n\\n|\"\s*[,}\]]")


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
    lowered = lower(folded.text)
    matches = [
        (rule, match.span())
        for rule, pattern in possible(lowered)
        for match in pattern.finditer(lowered)
    ]
    if matches:
        passages = _Passages.of(folded.text)
        found += [(rule, folded.span(*passages.around(*span))) for rule, span in matches]
    return _outermost(found)


def possible(lowered: str) -> Iterator[tuple[str, re.Pattern[str]]]:
    """The patterns that may match a text in lower case, each with its rule."""
    says_ai = _SAYS_AI.search(lowered) is not None
    for rule, needed, pattern in _COMPILED:
        if all(_has_one(lowered, words, says_ai) for words in needed):
            yield rule, pattern


def _has_one(lowered: str, words: tuple[str, ...], says_ai: bool) -> bool:
    return any(says_ai if word is _AI else word in lowered for word in words)


@dataclass(frozen=True, slots=True)
class _Passages:
    """Where in a text sentences begin, and paragraphs or JSON strings end: looked for once."""

    length: int
    breaks: tuple[int, ...]
    """Where what divides sentences begins, and in `begins` where it ends."""
    begins: tuple[int, ...]
    ends: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> "_Passages":
        divided = [match.span() for match in _BEFORE.finditer(text)]
        return cls(
            len(text),
            tuple(start for start, _ in divided),
            tuple(end for _, end in divided),
            tuple(match.start() for match in _AFTER.finditer(text)),
        )

    def around(self, start: int, end: int) -> tuple[int, int]:
        """A match, from the start of its sentence to the end of its paragraph or JSON string."""
        last = bisect_left(self.breaks, start) - 1
        began = min(self.begins[last], start) if last >= 0 else 0
        closing = bisect_left(self.ends, end)
        ended = self.ends[closing] if closing < len(self.ends) else self.length
        return max(began, start - PASSAGE_LIMIT_CHARS), min(ended, end + PASSAGE_LIMIT_CHARS)


def _outermost(found: list[tuple[str, Span]]) -> tuple[tuple[str, Span], ...]:
    kept: list[tuple[str, Span]] = []
    for rule, span in sorted(found, key=lambda one: (one[1].start, -one[1].end)):
        if not kept or span.end > kept[-1][1].end:
            kept.append((rule, span))
    return tuple(kept)
