"""What in a free text reaches somebody by itself: links, addresses, numbers, handles, wallets."""

import re
import unicodedata
from collections.abc import Callable, Iterator

from contracts.history.vault import TOKEN, Vault

from .records import every_scalar

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")
_LINK = re.compile(
    r"(?:\b(?:[a-z][a-z0-9+.-]{1,20}://|www\.)[^\s<>\"')\]]+"
    r"|\b(?:javascript|data|mailto|tel|sms):[^\s<>\"')\]]+"
    r"|(?<![\w@.])(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,18}/[^\s<>\"')\]]*)",
    re.IGNORECASE,
)
# From the start of a word on, or a long one would be read from each of its letters.
_ADDRESS = re.compile(
    r"(?<![^\s@,;:<>()\[\]\"'])[^\s@,;:<>()\[\]\"']+@[^\s@,;:<>()\[\]\"']+\.[^\s@,;:<>()\[\]\"'.]+"
)
_ACCOUNT = re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?\b")
_CARD = re.compile(r"\b\d{4}([ -]?)\d{4}\1\d{4}\1\d{1,7}\b")
# Of a bank without IBANs: a sort code before it, or so many digits that it is no date or amount.
_LOCAL_ACCOUNT = re.compile(
    r"\b\d{2}-\d{2}-\d{2}[ ,/-]{1,3}\d{6,10}\b|(?<![\w.,:/-])\d{9,18}(?![\w:/-]|[.,]\d)"
)
_PHONE = re.compile(
    r"(?<![\w+])(?:\+|00)\d(?:[ ()./-]{0,2}\d){6,14}(?!\w)"  # with the code of a country
    r"|(?<![\w(])\(\d{2,5}\)[ ./-]?\d{3,4}[ ./-]?\d{3,6}(?!\w)"
    r"|(?<![\w./-])\d{3}[ .-]\d{3}[ .-]\d{4}(?![\w./-])"
)
_WALLET = re.compile(
    r"\b(?:0x[0-9a-fA-F]{40}|(?:bc1|tb1|ltc1)[a-z0-9]{25,71}|[13LMT][1-9A-HJ-NP-Za-km-z]{25,34})\b"
)
_HANDLE = re.compile(r"(?<![\w@./])@[A-Za-z0-9_](?:[A-Za-z0-9_.]{0,30}[A-Za-z0-9_])(?![\w@])")
_AS_WRITTEN = (_LOCAL_ACCOUNT, _PHONE, _WALLET, _HANDLE)


def links(value: object) -> Iterator[str]:
    """The links in an argument, however deep it lies."""
    for text in _texts(value):
        yield from (found[0].rstrip(".,;:!?") for found in _LINK.finditer(text))


def active(value: object) -> Iterator[str]:
    """All of it that an argument holds; numbers of IBANs and cards without their spaces."""
    yield from links(value)
    for text in _texts(value):
        yield from (found[0].rstrip(".,;:!?") for found in _ADDRESS.finditer(text))
        numbers = (*_ACCOUNT.finditer(text), *_CARD.finditer(text))
        yield from (re.sub(r"[ -]", "", found[0]) for found in numbers)
        yield from (found[0] for form in _AS_WRITTEN for found in form.finditer(text))


def put_in(value: object, vault: Vault, find: Callable[[object], Iterator[str]]) -> Iterator[str]:
    """What `find` finds only where passages stand in the place of their tokens, never in clear.

    A token, if all of it is that token's passage. Else the text with its tokens: what was put
    together around a passage is nothing that anybody said.
    """
    for text in map(str, every_scalar(value)):
        known = [token for token in TOKEN.findall(text) if token in vault]
        if not known:
            continue
        whole = TOKEN.sub(lambda one: vault[one[0]].value if one[0] in vault else one[0], text)
        own = {found: token for token in known for found in find(vault[token].value)}
        seen = set(find(text))
        yield from (own.get(found, text) for found in find(whole) if found not in seen)


def _texts(value: object) -> Iterator[str]:
    """Every text in a value as a person reads it: no character that only a program sees."""
    for one in every_scalar(value):
        yield _INVISIBLE.sub("", unicodedata.normalize("NFKC", str(one)))
