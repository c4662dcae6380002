"""What was vaulted in a run: what each token stands for, and where it is put in again.

A check that vaults takes a passage out of what a model would read, and leaves a token. Nothing is
kept for it beside the log: the verdict says where the passage lies in what was said, and that is on
the log as it was, encrypted and erased with it. So a token outlives every crash, and is worth
nothing without the run that it was made in.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..guardrail import InputCleared, ResultCleared, TaskCleared, Vaulted
from ..shape import sha256_hex
from ..tool import ToolFailed, ToolSucceeded
from .state import Call, Run
from .telling import outcome_text

TOKEN = re.compile(r"\[[a-z_]{1,32}:[0-9a-f]{12}\]")
DIGITS = 12
SHOWN_CHARACTERS = 4
HIDDEN_CHARACTERS = 8  # at the least; of what is shorter nothing is shown


@dataclass(frozen=True, slots=True)
class Secret:
    """A passage that no model is shown."""

    kind: str
    value: str

    @property
    def masked(self) -> str:
        """It in words for people who are to recognise it."""
        name, written = self.kind.replace("_", " "), "".join(self.value.split())
        if len(written) < HIDDEN_CHARACTERS + SHOWN_CHARACTERS:
            return f"[{name}]"
        return f"[{name} ending {written[-SHOWN_CHARACTERS:]}]"


Vault = Mapping[str, Secret]


def token_of(kind: str, fact_id: str, number: int) -> str:
    """What stands for the `number`th passage that was vaulted in a fact; of its value no trace."""
    return f"[{kind}:{sha256_hex(f'{fact_id}#{number}'.encode())[:DIGITS]}]"


def vault_of(run: Run) -> dict[str, Secret]:
    """All that was vaulted in a run, and in those that it grew from, by token."""
    found = {} if run.ancestor is None else vault_of(run.ancestor)
    for text, vaulted in _said(run):
        for one in vaulted or ():
            # The first that a token was made for; nobody can give it another meaning later.
            found.setdefault(one.token, Secret(one.kind, text[one.start : one.end]))
    return found


def vault_of_all(run: Run, above: Iterable[Run]) -> dict[str, Secret]:
    """That of a run and of those that called it: what these handed down is put in below, too."""
    found = vault_of(run)
    for one in above:
        found = {**vault_of(one), **found}
    return found


def revealed(
    arguments_json: str, names: Collection[str], vault: Vault
) -> tuple[str, tuple[str, ...]]:
    """Arguments with what the tokens in `names` stand for, and tokens that stand for nothing here.

    What is no JSON object, and what has no token, is given back as it is, to the byte.
    """
    if not names or TOKEN.search(arguments_json) is None:
        return arguments_json, ()
    try:
        arguments = json.loads(arguments_json)
    except (ValueError, RecursionError):
        return arguments_json, ()
    if not isinstance(arguments, dict):
        return arguments_json, ()
    strange: dict[str, None] = {}
    told = {
        name: _put_in(value, vault, strange) if name in names else value
        for name, value in arguments.items()
    }
    if told == arguments:
        return arguments_json, tuple(strange)
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")), tuple(strange)


def masked(text: str, vault: Vault) -> str:
    """A text for people: each token that is known as what they may recognise it by."""
    return TOKEN.sub(lambda found: vault[found[0]].masked if found[0] in vault else found[0], text)


def _put_in(value: object, vault: Vault, strange: dict[str, None]) -> object:
    match value:
        case str():
            return TOKEN.sub(lambda found: _known(found[0], vault, strange), value)
        case list():
            return [_put_in(one, vault, strange) for one in value]
        case dict():
            return {name: _put_in(one, vault, strange) for name, one in value.items()}
        case _:
            return value


def _known(token: str, vault: Vault, strange: dict[str, None]) -> str:
    if token in vault:
        return vault[token].value
    strange[token] = None
    return token


def _said(run: Run) -> Iterator[tuple[str, tuple[Vaulted, ...] | None]]:
    """Each text that was cleared, as it was said, with what was vaulted in it, in log order."""
    if run.submitted is not None and run.verdict is not None:
        match run.verdict.body:
            case TaskCleared(vaulted=vaulted):
                yield run.submitted.body.input, vaulted
    for one in run.inputs:
        if one.verdict is not None and isinstance(one.verdict.body, InputCleared):
            yield one.submitted.body.text, one.verdict.body.vaulted
    for step in run.steps:
        for call in step.calls:
            if call.result is not None and isinstance(call.result.body, ResultCleared):
                yield _returned(call), call.result.body.vaulted


def _returned(call: Call) -> str:
    outcomes = (each.outcome.body for each in reversed(call.tries) if each.outcome is not None)
    found = next((one for one in outcomes if isinstance(one, ToolSucceeded | ToolFailed)), None)
    return "" if found is None else outcome_text(found)
