"""A file of attacks is read whole, or refused with its name and the place of the mistake."""

import pytest

from infra.policies import suite as module
from infra.policies.suite import filled, load_suite
from shared.errors import ConfigError
from tests.infra.policies.suites import SUITE, suite_file


def test_pairs_that_do_not_attack_and_attacks_without_a_call_do_not_count(tmp_path):
    suite = load_suite(suite_file(tmp_path))

    assert suite.valid_pairs() == [("answer", "leak"), ("answer", "phish"), ("tidy", "leak")]


def test_what_only_an_oracle_knows_is_not_read(tmp_path):
    tasks = {**SUITE["user_tasks"]}
    tasks["answer"] = {
        **tasks["answer"],
        "calls": [
            {"tool": "send_mail", "args": {}, "output": "", "provenance": {"to": [["prompt"]]}}
        ],
    }

    suite = load_suite(suite_file(tmp_path, user_tasks=tasks))

    assert "provenance" not in suite.model_dump_json()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"tools": {}}, "answer: the suite has no tool 'search_mail'"),
        ({"pairs": {"nobody": {}}}, "pairs: the suite has no task 'nobody'"),
        ({"pairs": {"answer": {"x": {"attack": True}}}}, "pairs: the suite has no task 'x'"),
        ({"user_tasks": {"a": {"prompt": ""}}}, "user_tasks.a.prompt"),
    ],
)
def test_a_mistake_is_told_by_its_place(tmp_path, changes, told):
    path = suite_file(tmp_path, **changes)

    with pytest.raises(ConfigError) as refused:
        load_suite(path)

    assert str(path) in str(refused.value)
    assert told in str(refused.value)


def test_what_is_no_json_and_what_is_not_there_is_told(tmp_path):
    broken = tmp_path / "broken.json"
    broken.write_text("{", "utf-8")

    for path in (broken, tmp_path / "absent.json"):
        with pytest.raises(ConfigError, match=path.name):
            load_suite(path)


def test_a_file_has_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "FILE_LIMIT_BYTES", 10)

    with pytest.raises(ConfigError, match="larger than 10 bytes"):
        load_suite(suite_file(tmp_path))


def test_texts_are_put_where_an_attacker_can_write():
    assert filled("a {{INJ:x}} b {{INJ:y}}", {"x": "1"}, otherwise="2") == "a 1 b 2"
