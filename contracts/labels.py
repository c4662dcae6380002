"""Who may see what a run has read: readers as a label beside its integrity, and how they join.

`readers:@own.example,lea@partner.example` names them, `readers:` names nobody outside. Without such
a label anybody may see it. What is made of several things may be seen by whoever may see each.
"""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

READERS = "readers:"
READERS_LIMIT = 50
LABELS_LIMIT = 50
LABELS_LIMIT_CHARACTERS = 8_192

Reader = Annotated[str, StringConstraints(pattern=r"^[^\s,]{1,254}$", to_lower=True)]
"""An address, or `@` and a domain."""


class Labelled(BaseModel):
    """What a tool returns where it knows more of a value than its manifest does.

    Labels only take away: `external` is an outsider's text, `readers:` and addresses those who may
    see it. A value that one run stored is given back with the labels of that run's `ToolContext`.
    """

    model_config = ConfigDict(frozen=True)

    value: Any
    labels: Annotated[tuple[str, ...], Field(max_length=LABELS_LIMIT)] = ()

    @field_validator("labels")
    @classmethod
    def _fit(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        if sum(map(len, labels)) > LABELS_LIMIT_CHARACTERS:
            raise ValueError(f"labels may have {LABELS_LIMIT_CHARACTERS} characters in all")
        return labels


def unlabelled(value: object) -> tuple[object, tuple[str, ...]]:
    """What a tool returned, and the labels that it gave it; also by the wheel's own class."""
    if type(value).__name__ == Labelled.__name__ and isinstance(value, BaseModel):
        found = Labelled.model_validate({"value": None, "labels": getattr(value, "labels", ())})
        return getattr(value, "value", None), found.labels
    return value, ()


def readers_label(readers: Iterable[str]) -> str:
    """The label of what these may see, and nobody else."""
    return READERS + ",".join(sorted({one.lower() for one in readers}))


def readers_of(labels: Iterable[str]) -> frozenset[str] | None:
    """Who may see what bears all of these labels; None: anybody."""
    each = [_named(label) for label in labels if label.startswith(READERS)]
    if not each:
        return None
    common = each[0]
    for other in each[1:]:
        common = _both(common, other)
    return common


def joined(labels: Iterable[str]) -> tuple[str, ...]:
    """The labels of what is made of several things, sorted, with one label of readers."""
    found = set(labels)
    readers = readers_of(found)
    if readers is None:
        return tuple(sorted(found))
    plain = {label for label in found if not label.startswith(READERS)}
    return tuple(sorted((*plain, readers_label(readers))))


def only_readers(labels: Iterable[str]) -> tuple[str, ...]:
    """Those of the labels that say who may see it, joined."""
    return joined(label for label in labels if label.startswith(READERS))


def _named(label: str) -> frozenset[str]:
    return frozenset(one.lower() for one in label.removeprefix(READERS).split(",") if one)


def _both(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    """Whoever is among both: by name, or as one of a domain that the other names."""
    return frozenset(
        each
        for these, those in ((one, other), (other, one))
        for each in these
        if _is_among(each, those)
    )


def _is_among(reader: str, others: frozenset[str]) -> bool:
    _, at, domain = reader.rpartition("@")
    return reader in others or (not reader.startswith("@") and f"{at}{domain}" in others)
