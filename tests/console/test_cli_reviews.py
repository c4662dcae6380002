"""`interlock reviews`: what is sent, what is shown, and what it exits with."""

import json

import pytest

from services.console.api.review_views import review_view
from services.console.cli import arguments as writing
from tests.console.stories import REFUND, asked_run
from tests.console.test_cli import fake, interlock

__all__ = ["fake"]
NAME = "r-1.1-1-1"
DIGEST = "ab"


@pytest.fixture
def asked(fake):
    """The console has one review, and records every answer to it."""
    history, question = asked_run()
    run = history.run
    fake.answer("GET", f"/reviews/{NAME}", review_view(run, run.reviews[0]).model_dump(mode="json"))
    for verb in ("approve", "reject", "edit", "respond"):
        said = {"outcome": "recorded", "reason": "1 of 2 people agree"}
        fake.answer("POST", f"/reviews/{NAME}/{verb}", said, status=202)
    return question.body


def sent(fake) -> tuple[str, dict]:
    """The last answer: its verb and body."""
    request = fake.asked[-1]
    return request.url.path.rpartition("/")[2], json.loads(request.content)


@pytest.mark.parametrize(
    ("command", "body"),
    [
        (["approve", "--sha256", DIGEST], {"reason": "", "arguments_sha256": DIGEST}),
        (["reject", "--reason", "no"], {"reason": "no"}),
        (["respond", NAME, "It was paid."], {"reason": "", "response": "It was paid."}),
    ],
)
def test_each_verb_says_itself_and_nothing_else(fake, asked, command, body):
    verb, *rest = command
    done = interlock("reviews", verb, *(rest if verb == "respond" else [NAME, *rest]))

    assert done.exit_code == 0
    assert "recorded  1 of 2 people agree" in done.stdout
    assert sent(fake) == (verb, body)
    assert len(fake.asked) == 1


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        (["--arguments", '{"amount": 20}'], {"amount": 20}),
        (["--set", "amount=20"], {"order_id": "1042", "amount": 20}),
        (
            ["--set", "amount=20.5", "--set", 'order_id="77"', "--set", "notify=true"],
            {"order_id": "77", "amount": 20.5, "notify": True},
        ),
    ],
)
def test_an_edit_keeps_types_and_is_bound_to_what_was_looked_at(fake, asked, options, arguments):
    done = interlock("reviews", "edit", NAME, *options, "--reason", "half of it")

    assert done.exit_code == 0
    assert sent(fake) == (
        "edit",
        {
            "reason": "half of it",
            "arguments_sha256": asked.arguments_sha256,
            "arguments": arguments,
        },
    )


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--set", "amount"], "write name=value"),
        (["--set", "order_id=A-7"], 'order_id="A-7"'),
        (["--arguments", "{"], "write a JSON object"),
        (["--arguments", "[1]"], "no JSON object"),
        (["--arguments", "{}", "--set", "amount=1"], "either it or --set"),
    ],
)
def test_arguments_that_are_no_json_are_a_usage_error_and_nothing_is_said(
    fake, asked, options, told
):
    done = interlock("reviews", "edit", NAME, *options)

    assert done.exit_code == 2
    assert told in done.stderr
    assert [request.method for request in fake.asked] == ["GET"]


def test_an_edit_without_options_opens_the_editor_on_the_arguments(fake, asked, monkeypatch):
    shown = []

    def editor(text, extension):
        shown.append(text)
        return text.replace("80", "20")

    monkeypatch.setattr(writing.typer, "edit", editor)

    interlock("reviews", "edit", NAME)

    assert json.loads(shown[0]) == json.loads(REFUND[1])
    assert sent(fake)[1]["arguments"] == {"order_id": "1042", "amount": 20}


def test_an_editor_that_changed_nothing_says_nothing(fake, asked, monkeypatch):
    monkeypatch.setattr(writing.typer, "edit", lambda text, extension: None)

    done = interlock("reviews", "edit", NAME)

    assert done.exit_code == 2
    assert "You changed nothing" in done.stderr


@pytest.mark.parametrize(
    ("status", "exit_code"), [(403, 5), (404, 3), (409, 4), (410, 4), (412, 4), (422, 2)]
)
def test_an_answer_that_does_not_count_exits_with_its_code(fake, status, exit_code):
    fake.answer("POST", f"/reviews/{NAME}/approve", status=status)

    done = interlock("reviews", "approve", NAME)

    assert done.exit_code == exit_code
    assert "it is so (there)" in done.stderr


def test_answers_are_printed_as_json_for_scripts(fake, asked):
    done = interlock("reviews", "approve", NAME, "-o", "json")

    assert json.loads(done.stdout)["outcome"] == "recorded"


def test_a_review_is_shown_with_what_an_approver_wants_to_know(fake, asked):
    done = interlock("reviews", "show", NAME)

    for told in ('"amount": 80', "may it run?", "0 of 1", "then reject", asked.arguments_sha256):
        assert told in done.stdout
