"""Canaries: for each tenant a word that nobody has a reason to say, derived from a key.

An agent's instructions plant it where they say `{{tenant_canary}}`. No fact has the word itself:
prompts are kept with the placeholder, and the router puts the word in its place as it calls. It is
as long as the placeholder, so that what a prompt may cost stays what was held for it.

The second half of a canary proves the first: whoever has the key knows one of any tenant, and need
not know the tenants.
"""

import base64
import codecs
import hashlib
import hmac
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from contracts.model import Prompt
from shared.errors import ConfigError

PLACEHOLDER = "{{tenant_canary}}"
HEAD_CHARS = 8
KEY_BYTES = 32
TENANTS_KEPT = 1024
_STANDING_ALONE = re.compile(rf"(?<![A-Za-z0-9])[A-Z2-7]{{{len(PLACEHOLDER)}}}(?![A-Za-z0-9])")
_BETWEEN = re.compile(r"[\W_]+")


class Canaries:
    """The canaries of all tenants under one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._signs = lru_cache(maxsize=TENANTS_KEPT)(self._make_signs)

    def of(self, tenant: str) -> str:
        """The canary of a tenant: 17 capitals and digits, always the same under one key."""
        head = self._word(f"tenant {tenant}")[:HEAD_CHARS]
        return head + self._proof(head)

    def plant(self, prompt: Prompt, tenant: str) -> Prompt:
        """The prompt as it is sent: the canary in place of each placeholder of its instructions."""
        if PLACEHOLDER not in prompt.instructions:
            return prompt
        planted = prompt.instructions.replace(PLACEHOLDER, self.of(tenant))
        return prompt.model_copy(update={"instructions": planted})

    def holds_own(self, text: str, tenant: str) -> bool:
        """Whether a text holds the tenant's canary: spaced, backwards, in base64, hex or ROT13."""
        plain, spelled = self._signs(tenant)
        squeezed = _BETWEEN.sub("", text).upper()
        return any(one in squeezed for one in plain) or any(one in text for one in spelled)

    def holds_another(self, text: str, tenant: str) -> bool:
        """Whether a text holds the canary of another tenant, as a word."""
        own = self.of(tenant)
        return any(word != own for word in self._found(text.upper()))

    def _found(self, text: str) -> Iterator[str]:
        for match in _STANDING_ALONE.finditer(text):
            head, proof = match[0][:HEAD_CHARS], match[0][HEAD_CHARS:]
            if hmac.compare_digest(proof, self._proof(head)):
                yield match[0]

    def _make_signs(self, tenant: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        word = self.of(tenant)
        plain = (word, word[::-1], codecs.encode(word, "rot13"), word.encode().hex().upper())
        small = word.lower()
        spelled = (one for each in (word, small) for one in _in_base64(each))
        return (*plain, small.encode().hex().upper()), tuple(spelled)

    def _proof(self, head: str) -> str:
        return self._word(f"proof {head}")[: len(PLACEHOLDER) - HEAD_CHARS]

    def _word(self, of: str) -> str:
        digest = hmac.new(self._key, of.encode(), hashlib.sha256).digest()
        return base64.b32encode(digest).decode()


def load_canaries(path: Path | None) -> Canaries | None:
    """The canaries under the key of a file, of 64 hex digits; None where no file is named.

    Raises:
        ConfigError: the file cannot be read, or holds no such key.
    """
    if path is None:
        return None
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: no canary key: {type(error).__name__}") from None
    if len(key) != KEY_BYTES:
        raise ConfigError(f"{path}: a canary key has {KEY_BYTES * 2} hex digits")
    return Canaries(key)


def _in_base64(word: str) -> Iterator[str]:
    """What of a word every base64 of a text with it has, wherever in the text it begins."""
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + word.encode()).decode().rstrip("=")
        # The first and the last character may hold bits of what stands beside the word.
        yield whole[(before * 8 + 5) // 6 : (before + len(word)) * 8 // 6]
