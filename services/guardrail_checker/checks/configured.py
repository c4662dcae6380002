"""Checks that an operator writes: `policies/checks.yaml`, each with a name that agents use.

checks:
no_competitors: {kind: words, words: [Roastery West], action: block}
our_images:     {kind: self_loading, hosts: [shop.example]}
ticket:         {kind: json_schema, schema: {type: object, required: [priority]}}
no_promises:    {kind: judged, question: Does it promise money?, by: [check-a], at: [answer]}
"""

import asyncio
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from jsonschema import SchemaError  # type: ignore[import-untyped]  # it publishes no types
from jsonschema.validators import validator_for  # type: ignore[import-untyped]  # as above
from pydantic import Field, model_validator
from referencing.exceptions import Unresolvable

from contracts.shape import Token, Written
from services.guardrail_checker.checks.base import Checker, CheckerUnavailable, Content, Finding
from services.guardrail_checker.checks.catalogue import CheckLimits, Factory, catalogue
from services.guardrail_checker.checks.folding import fold
from services.guardrail_checker.checks.judged import JudgedBy
from services.guardrail_checker.checks.self_loading import SelfLoading
from shared.config import load_yaml
from shared.errors import ConfigError
from shared.json_schema import UnboundedSchema, schema_problem

FILE = "checks.yaml"
WORDS_LIMIT = 2_000
Phrase = Annotated[str, Field(min_length=2, max_length=200)]


class WordList(Written):
    """Words and phrases, on their boundaries, however they are capitalised or accented."""

    kind: Literal["words"]
    words: Annotated[tuple[Phrase, ...], Field(min_length=1, max_length=WORDS_LIMIT)]
    action: Literal["note", "vault", "redact", "block"] = "block"


class SchemaOf(Written):
    """The text is JSON and fits this schema."""

    kind: Literal["json_schema"]
    fits: Annotated[dict[str, Any], Field(alias="schema")]

    @model_validator(mode="after")
    def _is_schema(self) -> "SchemaOf":
        try:
            validator_for(self.fits).check_schema(self.fits)
        except SchemaError as error:
            raise ValueError(f"schema: {error.message}") from None
        return self


class OwnHosts(Written):
    """What loads by itself may, from these hosts."""

    kind: Literal["self_loading"]
    hosts: Annotated[tuple[str, ...], Field(min_length=1)]


class ChecksFile(Written):
    """`policies/checks.yaml`."""

    checks: dict[
        Token, Annotated[WordList | SchemaOf | OwnHosts | JudgedBy, Field(discriminator="kind")]
    ]


def load_checks(config_dir: Path) -> dict[str, Factory]:
    """The checks that a folder configures, by name; none where it has no such file.

    Raises:
        ConfigError: the file does not parse, or a name is that of a built-in check.
    """
    return {
        name: _factory(name, one)
        for name, one in _written(config_dir).items()
        if not isinstance(one, JudgedBy)
    }


def load_judged(config_dir: Path) -> dict[str, JudgedBy]:
    """Those of them that ask models.

    Raises:
        ConfigError: as above.
    """
    return {name: one for name, one in _written(config_dir).items() if isinstance(one, JudgedBy)}


def _written(config_dir: Path) -> dict[str, WordList | SchemaOf | OwnHosts | JudgedBy]:
    path = config_dir / "policies" / FILE
    if not path.exists():
        return {}
    written = load_yaml(path, ChecksFile).checks
    if taken := sorted(written.keys() & catalogue(CheckLimits()).keys()):
        raise ConfigError(f"{path}: {', '.join(taken)}: built in already; choose another name")
    return written


def _factory(name: str, written: WordList | SchemaOf | OwnHosts) -> Factory:
    def make() -> Checker:
        match written:
            case WordList():
                return Words(name, written)
            case SchemaOf():
                return FitsSchema(name, written.fits)
            case OwnHosts():
                return SelfLoading(written.hosts, name)

    return make


class Words:
    """Finds the words of a list."""

    def __init__(self, name: str, written: WordList) -> None:
        self.name = name
        self._action = written.action
        longest_first = sorted(map(_plain, written.words), key=len, reverse=True)
        either = "|".join(re.escape(word).replace(r"\ ", r"\s{1,3}") for word in longest_first)
        self._pattern = re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE)

    async def check(self, content: Content) -> tuple[Finding, ...]:
        folded = fold(content.text)
        return tuple(
            Finding(self.name, self._action, "listed_word", "a word of its list", folded.span(*one))
            for one in (match.span() for match in self._pattern.finditer(folded.text))
        )


@dataclass(frozen=True, slots=True)
class FitsSchema:
    """Refuses what is not JSON, or does not fit."""

    name: str
    schema: Mapping[str, Any]

    async def check(self, content: Content) -> tuple[Finding, ...]:
        try:
            value = json.loads(content.text)
        except (ValueError, RecursionError):
            return (Finding(self.name, "block", "not_json", "it is not one JSON value"),)
        try:
            problem = await asyncio.to_thread(schema_problem, dict(self.schema), value)
        except (Unresolvable, UnboundedSchema, TimeoutError) as error:
            raise CheckerUnavailable(self.name, f"its schema cannot be used: {error}") from None
        if problem is None:
            return ()
        # Where it does not fit, and not what stands there.
        place = problem.partition(":")[0]
        return (Finding(self.name, "block", "does_not_fit", f"{place} does not fit the schema"),)


def _plain(word: str) -> str:
    return fold(unicodedata.normalize("NFKC", word)).text
