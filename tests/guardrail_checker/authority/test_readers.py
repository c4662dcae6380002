"""What not everybody may see leaves to those who may, by whatever way it came into the run."""

import json
from dataclasses import replace

import pytest

from contracts.guardrail import ToolCleared
from contracts.history import labels
from contracts.task import ParentCall
from contracts.tool import ToolFailed, ToolSucceeded
from services.guardrail_checker.rules import ToolPolicy, labels_of_result, labels_of_task
from tests.bodies import NOON, manifest
from tests.guardrail_checker.authority.worlds import WAGES, Office
from tests.histories import History

OWN = ToolPolicy(destinations=("@own.example",))
LEA, BOSS = "lea@partner.example", "boss@own.example"


def mail(*to):
    return {"to": list(to), "body": WAGES}


def succeeded(call="1-1", **more):
    return ToolSucceeded(call=call, attempt=1, output_json="{}", **more)


@pytest.mark.parametrize(
    ("to", "rule"),
    [
        ((BOSS,), "tool_of_the_agent"),
        ((LEA,), "not_a_reader"),
        ((BOSS, LEA), "not_a_reader"),
        ((f"{LEA},{BOSS}",), "not_a_reader,stranger_is_written_to"),
    ],
)
def test_it_is_sent_to_its_readers_and_to_nobody_else_unasked(to, rule):
    office = Office(OWN, None)
    office.call("read_payroll", {})

    assert office.rule("send_mail", mail(*to)) == rule


def test_before_it_was_read_the_user_s_own_people_are_written_to():
    assert Office(OWN, None).rule("send_mail", mail(LEA)) == "tool_of_the_agent"


def test_a_receiver_that_no_argument_names_is_no_reader():
    office = Office(ToolPolicy(), None)
    office.call("search_events", {"query": "Spring meeting"})
    office.call("read_payroll", {})

    assert "not_a_reader" in office.rule("reply", {"id": "7", "body": WAGES})


@pytest.mark.parametrize(
    ("beside", "rule"), [({"note": WAGES}, "not_a_reader"), ({}, "tool_of_the_agent")]
)
def test_a_payment_tells_something_only_by_the_text_beside_it(beside, rule):
    iban = "DE02120300000000202051"
    office = Office(ToolPolicy(), None)
    office.call("read_payroll", {})

    assert office.rule("pay", {"to": iban, "amount": 80, **beside}) == rule


def step_of(tool, outcome):
    """A run that has one result, as its gate labels it."""
    history = History()
    history.begin(tool)
    responded = history.step(calls=[(tool.name, "{}")])
    call = history.run.steps[0].calls[0]
    return history, responded, labels_of_result(history.run, call, outcome)


def test_what_the_manifest_says_and_what_the_tool_says_are_joined():
    tool = manifest("find", readers=("@own.example", LEA), output_trust="internal")
    told = succeeded(trust="internal", labels=("readers:@own.example",))

    _, _, found = step_of(tool, told)

    assert found == ("tool:find", ("readers:@own.example",))


def test_a_value_that_the_tool_calls_an_outsider_s_is_one_whatever_its_manifest_says():
    tool = manifest("recall", output_trust="internal")

    _, _, found = step_of(tool, succeeded(trust="internal", labels=("external",)))

    assert found == ("external", ())


def test_a_tool_gives_nobody_back_what_its_manifest_takes_away():
    tool = manifest("find", readers=())

    _, _, found = step_of(tool, succeeded(labels=("readers:@own.example", "tool:find", "user")))

    assert found == ("external", ("readers:",))


def test_of_a_call_that_failed_the_manifest_still_speaks():
    failed = ToolFailed(call="1-1", attempt=1, kind="error", reason="no such person: Tom")

    _, _, found = step_of(manifest("find", readers=()), failed)

    assert found == ("external", ("readers:",))


def run_that_read_payroll():
    office = Office(OWN, None)
    office.call("read_payroll", {})
    asked, verdict = office.stage.ask("search_mail", json.dumps({"query": ""}))
    assert isinstance(verdict, ToolCleared)
    return office.stage.run, asked


def test_a_run_that_this_one_calls_begins_with_its_readers():
    run, asked = run_that_read_payroll()
    call = ParentCall(run_id=run.run_id, call=asked.body.call, attempt=1, depth=1, deadline=NOON)

    assert "readers:@own.example" in labels_of_task(call, run)


def test_the_labels_of_a_run_are_those_of_its_log_however_often_it_is_read():
    run, _ = run_that_read_payroll()

    assert "readers:@own.example" in labels(run)
    assert labels(replace(run)) == labels(run)
