"""`interlock agents promote|labels|approve|refuse|rollback|end`: what they ask, how they fail."""

import json

import pytest

from services.console.cli.agent_files import as_yaml
from services.console.cli.errors import CONFLICT, DENIED, NOT_FOUND, USAGE
from services.console.cli.releases import GATE_SECONDS
from services.console.settings import Settings
from tests.bodies import agent
from tests.console.test_cli import fake, interlock  # noqa: F401 - `fake` is a fixture
from tests.releasing import arm_of, gate_record, version

NEW = version("new")
GATE = gate_record(NEW).model_dump(mode="json")
RULES = {
    "margin": 0.3,
    "alpha": 0.1,
    "cost_margin": 0.2,
    "critical_pass_k": 0.5,
    "pass_k": 0.7,
    "quarantine": {"flaky": "2026-12-31"},
}
LINE = {
    "label": "canary",
    "version": NEW.version,
    "share_percent": 10,
    "sticky": "customer",
    "asked_by": "anna@example.org",
    "approved_by": None,
    "reason": "",
    "at": "2026-03-02T12:00:00Z",
    "gate": {
        name: GATE[name] for name in ("experiment", "suite", "verdict", "cases", "checks", "proof")
    },
    "is_rollback": False,
}
WAITING = {
    "nonce": "q-1",
    "version": NEW.version,
    "asked_by": "anna@example.org",
    "reason": "kinder words",
    "at": "2026-03-02T12:00:00Z",
    "gate": LINE["gate"],
    "definition": NEW.model_dump(mode="json"),
}


def told(labels=(), waiting=None, history=()):
    return {
        "agent": "support",
        "configured_version": agent().version,
        "labels": list(labels),
        "waiting": waiting,
        "history": list(history),
    }


@pytest.fixture
def files(tmp_path, fake):  # noqa: F811
    definition = {"definition": agent().model_dump(mode="json"), "labels": {}, "gate": None}
    fake.answer("GET", "/agents/support", definition)
    (tmp_path / "support.yaml").write_text(as_yaml(NEW.model_dump(mode="json")))
    (tmp_path / "gate.json").write_text(json.dumps(GATE))
    return tmp_path


def sent(api):
    return json.loads(api.asked[-1].content)


def promote(files, *more, gate=True):
    gated = ["--gate", str(files)] if gate else []
    return interlock("agents", "promote", "support", str(files / "support.yaml"), *gated, *more)


def test_a_version_of_a_file_is_promoted_with_the_record_of_its_gate(fake, files):  # noqa: F811
    fake.answer("POST", "/agents/support/releases", told([LINE]))

    done = promote(files, "--to", "canary", "--share", "10", "--reason", "kinder", "--yes")

    assert (done.exit_code, done.stdout) == (0, f"support  canary is {NEW.version}\n")
    body = sent(fake)
    assert (body["label"], body["share_percent"], body["sticky"]) == ("canary", 10, "customer")
    assert body["definition"] == NEW.model_dump(mode="json")
    assert body["gate"] == GATE


def test_a_canary_goes_back_by_the_margins_that_were_said(fake, files):  # noqa: F811
    fake.answer("POST", "/agents/support/releases", told([LINE]))
    margins = ("--quality-margin", "0.02", "--cost-margin", "0.5")

    promote(files, "--to", "canary", "--share", "10", *margins, "--yes")

    assert sent(fake)["rules"] == {"quality_margin": 0.02, "cost_margin": 0.5}


def test_only_a_canary_has_margins(fake, files):  # noqa: F811
    done = promote(files, "--to", "staging", "--cost-margin", "0.5", "--yes")

    assert done.exit_code == USAGE
    assert "Only a canary goes back by itself, not staging." in done.stderr


def test_what_changes_is_shown_before_it_is_asked_for(fake, files):  # noqa: F811
    done = promote(files, "--to", "staging")

    assert done.exit_code == 1
    assert "+instructions: You are new." in done.stderr
    assert "The gate said pass, of 10 cases" in done.stderr
    assert fake.asked[-1].method == "GET"


def test_production_is_told_to_wait_for_a_second_person(fake, files):  # noqa: F811
    fake.answer("POST", "/agents/support/releases", told(waiting=WAITING))

    done = promote(files, "--to", "production", "--yes")

    assert "waits for a second person: interlock agents approve support" in done.stdout


def test_what_a_label_stands_for_is_promoted_with_its_own_record(fake, files):  # noqa: F811
    fake.answer("POST", "/agents/support/releases", told())
    canary = {"definition": NEW.model_dump(mode="json"), "labels": {}, "gate": GATE}
    fake.answer("GET", "/agents/support", canary)

    done = interlock(
        *("agents", "promote", "support", "--from", "canary", "--to", "production", "--yes")
    )

    assert done.exit_code == 0
    assert fake.asked[0].url.params["label"] == "canary"
    assert (sent(fake)["definition"], sent(fake)["gate"]) == (canary["definition"], GATE)


@pytest.mark.parametrize(
    ("arguments", "gate", "code", "said"),
    [
        ([], False, USAGE, "record of a gate"),
        (["--from", "canary"], True, USAGE, "not clear which version"),
        (["--gate", "nowhere.json"], False, NOT_FOUND, "interlock eval gate"),
    ],
)
def test_a_promotion_says_what_it_lacks(files, arguments, gate, code, said):
    done = promote(files, *arguments, "--yes", gate=gate)

    assert done.exit_code == code
    assert said in done.stderr


@pytest.mark.parametrize(
    ("text", "said"), [("{", "gate.json"), ('{"suite": "refunds"}', "no record of a gate")]
)
def test_a_file_that_is_no_record_is_told(files, text, said):
    (files / "gate.json").write_text(text)

    done = promote(files, "--yes")

    assert done.exit_code == USAGE
    assert said in done.stderr


def test_labels_tell_version_share_person_and_gate(fake):  # noqa: F811
    fake.answer("GET", "/agents", [{"name": "support"}])
    fake.answer("GET", "/agents/support/releases", told([LINE], WAITING))

    shown = interlock("agents", "labels").stdout

    for word in ("canary", NEW.version, "10 % by customer", "anna@example.org", "pass, refunds-1"):
        assert word in shown
    assert "interlock agents approve support" in shown
    assert json.loads(interlock("agents", "labels", "--json").stdout)[0]["labels"] == [LINE]


def test_labels_of_one_agent_tell_what_was(fake):  # noqa: F811
    gone = {**LINE, "version": None, "gate": None, "reason": "Its pass rate is lower"}
    fake.answer("GET", "/agents/support/releases", told([], WAITING, [gone, LINE]))

    shown = interlock("agents", "labels", "support").stdout

    assert "taken away" in shown
    assert "Its pass rate is lower" in shown


def test_without_labels_it_is_told_how_to_begin(fake):  # noqa: F811
    fake.answer("GET", "/agents", [{"name": "support"}])
    fake.answer("GET", "/agents/support/releases", told())

    assert "interlock agents promote NAME FILE" in interlock("agents", "labels").stdout


def test_the_second_person_sees_the_change_and_approves_that_very_request(fake, files):  # noqa: F811
    fake.answer("GET", "/agents/support/releases", told(waiting=WAITING))
    fake.answer("POST", "/agents/support/releases/approve", told([LINE]))

    unsure = interlock("agents", "approve", "support")
    done = interlock("agents", "approve", "support", "--yes")

    assert "kinder words" in unsure.stderr
    assert "+instructions: You are new." in unsure.stderr
    assert done.stdout == f"support  production is {NEW.version}\n"
    assert sent(fake) == {"nonce": "q-1"}


def test_the_second_person_sees_what_was_tried_and_by_which_rules(fake, files):  # noqa: F811
    proof = GATE["proof"] | {"rules": RULES, "judged": ["kindness"], "candidates": 3}
    waiting = WAITING | {"gate": LINE["gate"] | {"proof": proof}}
    fake.answer("GET", "/agents/support/releases", told(waiting=waiting))

    shown = " ".join(interlock("agents", "approve", "support").stderr.split())

    for words in (
        "The gate said pass, of 10 cases of the suite refunds:",
        f"baseline: 10 of 10 cases passed, arm {arm_of(agent())} of the experiment refunds-1",
        f"candidate: 10 of 10 cases passed, arm {arm_of(NEW)} of the experiment refunds-1",
        "tenant acme",
        "one of 3 candidates",
        "30 points less count as equal, alpha 0.1; cost up to +20 %; latency any",
        "50 % of critical cases in every repeat; 70 % of all cases in every repeat",
        "quarantine: flaky until 2026-12-31",
        "judged: kindness",
        "The sender's words, which nothing was held against: - It changed by +0.0 points.",
    ):
        assert words in shown


def test_a_record_that_proves_nothing_is_shown_as_one(fake, files):  # noqa: F811
    waiting = WAITING | {"gate": LINE["gate"] | {"proof": None}}
    fake.answer("GET", "/agents/support/releases", told(waiting=waiting))

    shown = interlock("agents", "approve", "support").stderr

    assert "It does not say by which trials it can be checked." in shown


def test_a_promotion_waits_for_as_long_as_trials_are_read(fake, files):  # noqa: F811
    fake.answer("GET", "/agents/support/releases", told(waiting=WAITING))
    fake.answer("POST", "/agents/support/releases", told([LINE]))
    fake.answer("POST", "/agents/support/releases/approve", told([LINE]))

    promote(files, "--to", "staging", "--yes")
    waited = [fake.asked[-1].extensions["timeout"]["read"]]
    interlock("agents", "approve", "support", "--yes")
    waited.append(fake.asked[-1].extensions["timeout"]["read"])

    trials = 2 * Settings.model_fields["gate_trials_limit"].default
    assert waited == [GATE_SECONDS] * 2
    assert 0.002 * trials < GATE_SECONDS


@pytest.mark.parametrize("verb", ["approve", "refuse"])
def test_where_nothing_waits_that_is_told(fake, verb):  # noqa: F811
    fake.answer("GET", "/agents/support/releases", told())

    done = interlock("agents", verb, "support")

    assert done.exit_code == CONFLICT
    assert "Nothing of support waits" in done.stderr


def test_a_refusal_by_the_platform_is_a_refusal_of_the_command(fake):  # noqa: F811
    fake.answer("GET", "/agents/support/releases", told(waiting=WAITING))
    fake.answer("POST", "/agents/support/releases/approve", status=403)

    assert interlock("agents", "approve", "support", "--yes").exit_code == DENIED


def test_a_request_is_refused_with_a_reason(fake):  # noqa: F811
    fake.answer("GET", "/agents/support/releases", told(waiting=WAITING))
    fake.answer("POST", "/agents/support/releases/refuse", told())

    done = interlock("agents", "refuse", "support", "--reason", "too soon")

    assert done.exit_code == 0
    assert sent(fake) == {"nonce": "q-1", "reason": "too soon"}


def test_a_rollback_needs_a_reason_and_tells_where_it_led(fake):  # noqa: F811
    fake.answer("POST", "/agents/support/releases/rollback", told())

    assert interlock("agents", "rollback", "support", "--yes").exit_code == USAGE
    done = interlock("agents", "rollback", "support", "--reason", "it lies", "--yes")

    assert done.stdout == f"support  production is {agent().version}, as configured\n"
    assert sent(fake) == {"reason": "it lies"}


def test_a_label_is_taken_away(fake):  # noqa: F811
    fake.answer("DELETE", "/agents/support/releases/canary", told())

    assert interlock("agents", "end", "support").stdout == "support  has no canary any more\n"


def test_a_task_is_submitted_to_a_label(fake):  # noqa: F811
    fake.answer("POST", "/tasks", {"run_id": "r-1", "status": "submitted"})

    interlock("submit", "support", "Hello", "--label", "staging")

    assert sent(fake)["label"] == "staging"
