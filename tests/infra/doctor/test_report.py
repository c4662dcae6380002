"""What is printed: a line for what is well, everything for what is not, and stable JSON."""

import json

import pytest
from typer.testing import CliRunner

from infra.cli import app
from infra.doctor.examination import GROUPS, Group
from infra.doctor.finding import fail, ok, skipped, warn
from infra.doctor.installation import Installation
from infra.doctor.report import as_answer, fails, state_of, text_of

GROUPS_FOUND = (
    Group("keys", (ok("a.nkey", "private"), ok("b.nkey", "private"))),
    Group("nats", (ok("one", "2.15.1"), fail("two", "no answer", "start it"))),
    Group("durability", (warn("mode", "fast", "interlock dev --durability durable"),)),
    Group("services", (skipped("services", "nothing runs"),)),
)


@pytest.fixture
def nothing(home):
    return Installation.found(home, {})


def test_what_is_well_is_one_line_and_what_is_not_is_told_with_its_remedy(nothing):
    lines = text_of(nothing, GROUPS_FOUND, everything=False).plain.splitlines()

    assert lines[1:] == [
        "ok       keys: a.nkey, b.nkey",
        "fail     nats: two",
        "         fail  two: no answer",
        "               -> start it",
        "warn     durability: mode",
        "         warn  mode: fast",
        "               -> interlock dev --durability durable",
        "skipped  services: nothing runs",
        "1 fail, 1 warn, 3 ok, 1 skipped",
    ]


def test_all_shows_every_finding(nothing):
    text = text_of(nothing, GROUPS_FOUND, everything=True).plain

    assert "ok  a.nkey: private" in text
    assert "skipped  services: nothing runs" in text


def test_for_scripts_every_finding_has_the_same_names(nothing):
    answer = as_answer(nothing, GROUPS_FOUND)

    assert (answer["ok"], list(answer)) == (False, ["ok", "examined", "findings"])
    assert {tuple(one) for one in answer["findings"]} == {
        ("group", "name", "state", "detail", "remedy")
    }


def test_a_warning_is_no_failure():
    assert not fails(GROUPS_FOUND[2:])
    assert fails(GROUPS_FOUND)


def test_a_group_is_as_bad_as_its_worst_and_skipping_makes_none_worse():
    assert [state_of(group) for group in GROUPS_FOUND] == ["ok", "fail", "warn", "skipped"]
    assert state_of(Group("keys", (skipped("a", "elsewhere"), ok("b", "private")))) == "ok"


def test_the_command_prints_json_and_ends_with_zero_where_nothing_fails(home, monkeypatch):
    monkeypatch.setenv("INTERLOCK_HOME", str(home.path))

    done = CliRunner().invoke(app, ["doctor", "-o", "json", "--only", "nats, telemetry"])

    assert done.exit_code == 0
    assert [one["group"] for one in json.loads(done.stdout)["findings"]] == ["nats", "telemetry"]


def test_the_command_ends_with_one_where_something_fails(home, monkeypatch):
    monkeypatch.setenv("INTERLOCK_HOME", str(home.path))
    monkeypatch.setenv("INTERLOCK_NATS_URL", "nats://127.0.0.1:9")

    done = CliRunner().invoke(app, ["doctor", "--only", "nats"])

    assert done.exit_code == 1
    assert "127.0.0.1:9" in done.stdout


def test_the_command_names_the_groups_where_one_is_unknown(home, monkeypatch):
    monkeypatch.setenv("INTERLOCK_HOME", str(home.path))

    done = CliRunner().invoke(app, ["doctor", "--only", "natz"])

    assert done.exit_code == 2
    assert all(name in done.stderr for name in GROUPS)
