"""Cases and suites as text: what is read from it again is equal to what was written.

Fields come in the order of their shapes, and those that have their default are left out.
"""

import json
from collections.abc import Iterable

import yaml
from pydantic import BaseModel, JsonValue

from contracts.scoring import Scorer
from contracts.suite import Case, Suite

WIDTH_CHARACTERS = 100


class _Dumper(yaml.SafeDumper):
    """Escapes what is neither printable nor an ordinary end of a line.

    PyYAML takes U+0085 and U+2028 in a key for ends of lines, and reads another key than it wrote.
    """


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    plain = text.replace("\n", "").isprintable()
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Dumper.add_representer(str, _text)


def cases_jsonl(cases: Iterable[Case]) -> str:
    """One case a line, as JSON."""
    return "".join(json.dumps(written(case), ensure_ascii=False) + "\n" for case in cases)


def suite_yaml(suite: Suite) -> str:
    """The suite with its cases, as YAML."""
    text: str = yaml.dump(
        written(suite), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=WIDTH_CHARACTERS
    )
    return text


def written(shape: Case | Suite) -> dict[str, JsonValue]:
    """The fields as a person would write them."""
    fields = _fields(shape)
    if shape.scorers:
        fields["scorers"] = [_scorer(scorer) for scorer in shape.scorers]
    if isinstance(shape, Suite) and shape.cases:
        fields["cases"] = [written(case) for case in shape.cases]
    return fields


def _scorer(scorer: Scorer) -> dict[str, JsonValue]:
    # The kind is a default, and yet it is what tells the scorers apart.
    return {"kind": scorer.kind, **_fields(scorer)}


def _fields(shape: BaseModel) -> dict[str, JsonValue]:
    fields: dict[str, JsonValue] = shape.model_dump(mode="json", exclude_defaults=True)
    return fields
