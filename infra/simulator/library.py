"""Scenario files, read and checked; an error says which file, where in it, and what to do."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from infra.simulator.errors import ScenarioInvalid
from infra.simulator.scenario import Scenario

SHIPPED_SCENARIOS = Path(__file__).parent / "scenarios"
MAX_FILE_BYTES = 1024 * 1024


def load_scenarios(folder: Path) -> tuple[Scenario, ...]:
    """Every scenario of a folder's *.yaml files, in the order in which they are tried."""
    if not folder.is_dir():
        raise ScenarioInvalid(folder, ["is not a folder; give the one with the *.yaml scenarios"])
    files = sorted(folder.glob("*.yaml"))
    loaded = [(file, scenario) for file in files for scenario in read_file(file)]
    _check_names(loaded)
    return tuple(scenario for _, scenario in loaded)


def read_file(file: Path) -> list[Scenario]:
    """The scenarios of one file: each YAML document in it (`---` between) is one."""
    if file.stat().st_size > MAX_FILE_BYTES:
        raise ScenarioInvalid(file, [f"is larger than {MAX_FILE_BYTES} bytes; split it"])
    return parse_scenarios(file.read_text(encoding="utf-8"), file)


def parse_scenarios(text: str, file: Path) -> list[Scenario]:
    try:
        documents = [document for document in yaml.safe_load_all(text) if document is not None]
    except yaml.YAMLError as error:
        raise ScenarioInvalid(file, [f"is not YAML: {error}"]) from error
    return [_scenario(document, n, file) for n, document in enumerate(documents)]


def _scenario(document: Any, number: int, file: Path) -> Scenario:
    if not isinstance(document, dict):
        raise ScenarioInvalid(file, [f"document {number}: give name, match and turns"])
    name = document.get("name", f"document {number}")
    try:
        return Scenario.model_validate(document)
    except ValidationError as error:
        problems = [f"{name}: {_where(e['loc'])}{e['msg']}" for e in error.errors()]
        raise ScenarioInvalid(file, problems) from error


def _where(location: tuple[int | str, ...]) -> str:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return f"{path.removeprefix('.')}: " if path else ""


def _check_names(loaded: Iterable[tuple[Path, Scenario]]) -> None:
    seen: dict[str, Path] = {}
    for file, scenario in loaded:
        if scenario.name in seen:
            problem = (
                f"{scenario.name}: this name is taken by {seen[scenario.name]}; choose another"
            )
            raise ScenarioInvalid(file, [problem])
        seen[scenario.name] = file
