"""Checks that an operator writes: read with their mistakes, and found where agents name them."""

import pytest

from services.guardrail_checker.checks.base import CheckerUnavailable, Content
from services.guardrail_checker.checks.configured import load_checks
from services.guardrail_checker.checks.shelf import Shelf
from shared.errors import ConfigError


def folder(tmp_path, text):
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "checks.yaml").write_text(f"checks:\n{text}", "utf-8")
    return tmp_path


async def found(tmp_path, written, text):
    (made,) = load_checks(folder(tmp_path, f"  mine: {written}")).values()
    return await made().check(Content(text, "system", "answer"))


WORDS = "{kind: words, words: [Roastery West, Müller], action: block}"


@pytest.mark.parametrize(
    "text", ["roastery  west is cheaper", "Ask MULLER.", "Müller", "Roa\u0455tery West"]
)
async def test_words_are_found_however_they_are_written(tmp_path, text):
    (finding,) = await found(tmp_path, WORDS, text)

    assert (finding.check, finding.rule, finding.severity) == ("mine", "listed_word", "block")


@pytest.mark.parametrize("text", ["Roastery Western", "mullered", "the west"])
async def test_parts_of_words_are_not(tmp_path, text):
    assert await found(tmp_path, WORDS, text) == ()


SCHEMA = "{kind: json_schema, schema: {type: object, properties: {priority: {type: integer}}}}"


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ('{"priority": 1}', []),
        ('{"priority": "secret text"}', ["does_not_fit"]),
        ("priority 1", ["not_json"]),
        ("[" * 5000, ["not_json"]),
    ],
)
async def test_an_answer_fits_its_schema(tmp_path, text, rules):
    findings = await found(tmp_path, SCHEMA, text)

    assert [one.rule for one in findings] == rules
    assert all("secret" not in one.reason for one in findings)


async def test_a_schema_that_has_no_limit_cannot_tell(tmp_path):
    written = "{kind: json_schema, schema: {patternProperties: {a+: {}}}}"

    with pytest.raises(CheckerUnavailable):
        await found(tmp_path, written, "{}")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("  mine: {kind: moods}", "moods"),
        ("  mine: {kind: words, words: []}", "words"),
        ("  mine: {kind: words, words: [ok], colour: red}", "colour"),
        ("  mine: {kind: json_schema, schema: {type: 7}}", "schema"),
        ("  pii: {kind: words, words: [ok]}", "built in already"),
    ],
)
def test_a_mistake_is_told_with_its_file(tmp_path, written, told):
    with pytest.raises(ConfigError) as refused:
        load_checks(folder(tmp_path, written))

    assert "checks.yaml" in str(refused.value)
    assert told in str(refused.value)


def test_a_folder_without_the_file_configures_none(tmp_path):
    assert load_checks(tmp_path) == {}


async def test_a_release_may_name_a_configured_check(tmp_path):
    shelf = Shelf(configured=load_checks(folder(tmp_path, f"  mine: {WORDS}")))

    assert [one.name for one in await shelf.find(["mine", "none"])] == ["mine"]
