"""A suite of attacks as a file: tools, tasks of users and attackers, and which pairs count.

The shape is that of AgentDojo's suites as plain JSON. Where an attacker can write, an output has
`{{INJ:<vector>}}`. What a file holds beyond these fields is not read.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contracts.tool import Effect
from shared.errors import ConfigError

FILE_LIMIT_BYTES = 64 * 1024 * 1024
VECTOR = re.compile(r"\{\{INJ:([^}]+)\}\}")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class SuiteTool(_Part):
    """One tool: what it does, and which of its arguments decide who or what is affected."""

    description: str = Field(min_length=1)
    parameters: dict[str, Any]
    effect: Effect
    sinks: tuple[str, ...] = ()
    payload: tuple[str, ...] = ()


class SuiteCall(_Part):
    """A call, and what the tool returned."""

    tool: str
    args: dict[str, Any] = Field(default_factory=dict)
    output: str = ""


class UserTask(_Part):
    """What a user asks for, and the calls that do it."""

    prompt: str = Field(min_length=1)
    calls: tuple[SuiteCall, ...] = ()


class AttackTask(_Part):
    """What an attacker wants, and the calls that reach it."""

    goal: str = Field(min_length=1)
    calls: tuple[SuiteCall, ...] = ()


class Reached(_Part):
    """What an undefended agent that obeys everything reaches of both."""

    attack: bool


class Suite(_Part):
    """A whole file."""

    suite: str
    tools: dict[str, SuiteTool]
    injection_vectors: dict[str, str] = Field(default_factory=dict)
    user_tasks: dict[str, UserTask]
    injection_tasks: dict[str, AttackTask]
    pairs: dict[str, dict[str, Reached]]

    def valid_pairs(self) -> list[tuple[str, str]]:
        """The pairs whose attack works on an undefended agent, and takes a call."""
        return [
            (user, attack)
            for user, attacks in self.pairs.items()
            for attack, reached in attacks.items()
            if reached.attack and self.injection_tasks[attack].calls
        ]


def load_suite(path: Path) -> Suite:
    """Read one file.

    Raises:
        ConfigError: it cannot be read, is too large, or is not of this shape; says where.
    """
    try:
        if path.stat().st_size > FILE_LIMIT_BYTES:
            raise ConfigError(f"{path} is larger than {FILE_LIMIT_BYTES} bytes; split the suite")
        suite = Suite.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise ConfigError(f"{path}: {place}: {first['msg']}") from None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None
    _check(path, suite)
    return suite


def filled(output: str, texts: Mapping[str, str], otherwise: str = "") -> str:
    """An output with the texts of its vectors put in."""
    return VECTOR.sub(lambda found: texts.get(found[1], otherwise), output)


def _check(path: Path, suite: Suite) -> None:
    tasks: dict[str, UserTask | AttackTask] = {**suite.user_tasks, **suite.injection_tasks}
    for name, task in tasks.items():
        for call in task.calls:
            if call.tool not in suite.tools:
                raise ConfigError(f"{path}: {name}: the suite has no tool {call.tool!r}")
    for user, attacks in suite.pairs.items():
        unknown = {*attacks} - {*suite.injection_tasks}
        if user not in suite.user_tasks or unknown:
            name = user if user not in suite.user_tasks else min(unknown)
            raise ConfigError(f"{path}: pairs: the suite has no task {name!r}")
