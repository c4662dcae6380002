"""What was vaulted in a run: what each token stands for, and where it is put in again.

A check that vaults takes a passage out of what a model would read, and leaves a token. Nothing is
kept for it beside the log: the verdict says where the passage lies in what was said, and that is on
the log as it was, and erased with it. So a token outlives every crash, and is worth nothing without
the run that it was made in.
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
_SPACE = re.compile(r"\s*")
_DECODER = json.JSONDecoder()
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
    strange: dict[str, None] = {}

    def known(found: re.Match[str]) -> str:
        if (secret := vault.get(found[0])) is None:
            strange[found[0]] = None
            return found[0]
        return json.dumps(secret.value, ensure_ascii=False)[1:-1]

    pieces, done = [], 0
    for start, end in _places(arguments_json, names):
        pieces += [arguments_json[done:start], TOKEN.sub(known, arguments_json[start:end])]
        done = end
    return "".join([*pieces, arguments_json[done:]]), tuple(strange)


def masked(text: str, vault: Vault) -> str:
    """A text for people: each token that is known as what they may recognise it by."""
    return TOKEN.sub(lambda found: vault[found[0]].masked if found[0] in vault else found[0], text)


def _places(arguments_json: str, names: Collection[str]) -> list[tuple[int, int]]:
    """Where the values of these names lie in an object; nowhere if the text is none."""
    found: list[tuple[int, int]] = []
    at = _begins(arguments_json, 0)
    try:
        if arguments_json[at] != "{":
            return []
        while arguments_json[at := _begins(arguments_json, at + 1)] != "}":
            name, at = _DECODER.raw_decode(arguments_json, at)
            start = _begins(arguments_json, arguments_json.index(":", at) + 1)
            _, at = _DECODER.raw_decode(arguments_json, start)
            if name in names:
                found.append((start, at))
            if arguments_json[at := _begins(arguments_json, at)] == "}":
                break
    except (ValueError, IndexError, RecursionError):
        return []
    return found


def _begins(text: str, at: int) -> int:
    """The next character that is no space."""
    match = _SPACE.match(text, at)
    assert match is not None, "it matches the empty text"
    return match.end()


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
                vaulted = call.result.body.vaulted
                yield from ((text, vaulted) for text in _returned(call, call.result.cause_id))


def _returned(call: Call, outcome_id: str) -> Iterator[str]:
    """The text that was judged; an outcome that came later has another one."""
    for outcome in (each.outcome for each in call.tries if each.outcome is not None):
        if outcome.id == outcome_id and isinstance(outcome.body, ToolSucceeded | ToolFailed):
            yield outcome_text(outcome.body)
