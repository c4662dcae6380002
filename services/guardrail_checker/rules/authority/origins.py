"""Where a value comes from, as the strongest origin that vouches for it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

from contracts.tool import FieldKind, Sink
from services.guardrail_checker.rules.numbers import finite
from services.guardrail_checker.rules.trust import is_allowed

from .reads import Result
from .records import Record, Scalar, every_scalar
from .words import Words, stands_in

Origin = Literal[
    "user",
    "tenant",
    "created",
    "clean",
    "named",
    "bounded",
    "vouched",
    "read",
    "outside",
    "model",
]
STRONGEST_FIRST: tuple[Origin, ...] = get_args(Origin)


@dataclass(frozen=True)
class Sources:
    """All that a value of a call may come from."""

    words: Words
    destinations: tuple[str, ...]
    results: tuple[Result, ...]
    is_planned: bool

    def of(self, value: Scalar, sink: Sink) -> Origin:
        """The origin of one value of a sink."""
        match sink:
            case "credential":
                return "user" if self.words.spell(value) else self._elsewhere(value)
            case "amount":
                return self._of_amount(value)
            case "destination" if is_allowed(value, self.destinations):
                return "user" if self.words.say(value) else "tenant"
            case _:
                return "user" if self.words.say(value) else self._of_field(value, sink)

    def of_payload(self, text: str) -> Origin:
        """The origin of a link, an address or an account number in free text."""
        if self.words.say(text):
            return "user"
        if "@" in text and is_allowed(text, self.destinations):
            return "tenant"
        own = (each for each in self.results if each.is_vouched and not each.is_external)
        known = (each for each in own if not each.before.texts and not each.was_asked(text))
        if any(text in each.text for each in known):
            return "clean"
        return self._elsewhere(text)

    def bound(self, payees: Iterable[Scalar]) -> Decimal:
        """The largest sum that the user, a planned read or a record of one of the payees states."""
        known = tuple(payees)
        found = [
            abs(number)
            for result in self.results
            for record in result.records
            if (self.is_planned and result.is_vouched) or any(_has(record, one) for one in known)
            for amount in record.values("amount")
            if result.is_sure(amount)
            if (number := finite(amount)) is not None
        ]
        return max((*self.words.sums(), *found), default=Decimal(0))

    def _of_amount(self, value: Scalar) -> Origin:
        number = finite(value)
        if number is None:
            return "model"
        if number in self.words.numbers():
            return "user"
        return self._of_field(value, "amount")

    def _of_field(self, value: Scalar, kind: FieldKind) -> Origin:
        found = (
            self._standing(result, record, value)
            for result in self.results
            for record in result.records
            if any(_is_same(value, own) for own in record.values(kind))
        )
        best = min(found, key=STRONGEST_FIRST.index, default=None)
        return best if best is not None else self._elsewhere(value)

    def _standing(self, result: Result, record: Record, value: Scalar) -> Origin:
        """How far a field of this record vouches."""
        if result.manifest.effect != "read":
            # What it was told, or what was there before, it did not make.
            return "created" if self._is_new(value, result) else "read"
        if not (result.is_vouched and result.is_sure(value)):
            return "read"
        if not result.is_external:
            return "clean"
        is_named = any(
            self.words.name(name) and not result.before.may_have_named(name)
            for name in record.values("name")
        )
        return "named" if is_named else "vouched"

    def _is_new(self, value: Scalar, result: Result) -> bool:
        told = every_scalar(list(result.arguments.values()))
        reads = (one for one in self.results if one.manifest.effect == "read")
        seen = (own for one in reads for record in one.records for _, own in record.fields)
        return not any(_is_same(value, each) for each in (*told, *seen))

    def _elsewhere(self, value: Scalar) -> Origin:
        """Nothing vouches for it: it stands in an outsider's text, or nowhere."""
        texts = (each.text for each in self.results if each.is_external)
        return "outside" if stands_in(value, texts) else "model"


def _is_same(value: Scalar, own: Scalar) -> bool:
    left, right = finite(value), finite(own)
    if left is not None and right is not None:
        return left == right
    return str(value).strip().casefold() == str(own).strip().casefold()


def _has(record: Record, payee: Scalar) -> bool:
    """Whether a record is of this payee: an account, or a name that its own names begin with."""
    if any(_is_same(payee, own) for own in (*record.values("destination"), *record.values("id"))):
        return True
    text = re.compile(rf"(?<!\w){re.escape(str(payee))}(?!\w)", re.IGNORECASE)
    return any(text.search(str(name)) for name in record.values("name"))
