"""A golden JSON for each type and version: today's code reads and writes yesterday's facts."""

import json
from pathlib import Path

import pytest

from contracts.envelope import SCHEMA_VERSION, Encoded, Stored, believe
from contracts.subjects import FACTS, FactKind
from tests.bodies import NOON
from tests.histories import Marks, written

GOLDEN = Path(__file__).parent / "golden"
every_kind = pytest.mark.parametrize("kind", FACTS, ids=[kind.type for kind in FACTS])


def golden(kind: FactKind) -> Encoded:
    document = json.loads((GOLDEN / f"{kind.type}.v{SCHEMA_VERSION}.json").read_text("utf-8"))
    body = json.dumps(document["body"], separators=(",", ":"), ensure_ascii=False).encode()
    return Encoded(document["subject"], document["headers"], body)


def test_every_type_has_a_golden_and_every_golden_a_type():
    found = {path.name for path in GOLDEN.glob(f"*.v{SCHEMA_VERSION}.json")}

    assert found == {f"{kind.type}.v{SCHEMA_VERSION}.json" for kind in FACTS}


@every_kind
def test_what_was_written_is_read_and_written_again_to_the_byte(kind):
    once = golden(kind)

    fact = believe(Stored(once.subject, once.headers, once.body, 7, NOON), Marks())

    assert written(fact) == once


@every_kind
def test_a_golden_shows_every_field(kind):
    shown = set(json.loads(golden(kind).body))

    assert shown == set(kind.body.model_fields), "fill in what is new, by hand, with its reason"
