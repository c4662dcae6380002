"""`interlock dlq`: the count before the work, small requests, and exit codes to rely on."""

import json

import pytest

from tests.console.letter_box import Box, dlq, serving


@pytest.fixture
def serve(monkeypatch):
    return serving(monkeypatch)


def test_letters_are_listed_by_filter(serve):
    box = serve(Box())

    done = dlq("list", "--service", "cost_ledger", "--rule", "handler_failed", "--run-id", "r-1")

    assert "PostgreSQL is away" in done.stdout
    query = box.asked[0][2]
    assert (query["service"], query["rule"], query["run_id"]) == (
        "cost_ledger",
        "handler_failed",
        "r-1",
    )
    assert query["state"] == "open"


def test_letters_are_counted_by_rule(serve):
    box = serve(Box())

    done = dlq("list", "--by", "rule")

    assert done.stdout.split()[4:6] == ["handler_failed", "3"]
    assert box.asked[0][1:3] == ("/groups", {"by": "rule", "state": "open"})


@pytest.mark.parametrize("since", ["2h", "15m", "2026-03-02T12:00:00Z", "2026-03-02"])
def test_a_time_is_told_as_a_duration_or_as_itself(serve, since):
    box = serve(Box())

    assert dlq("list", "--since", since).exit_code == 0

    assert box.asked[0][2]["since"].endswith("+00:00")


def test_a_time_that_is_none_is_wrong_usage(serve):
    serve(Box())

    assert dlq("list", "--since", "yesterday").exit_code == 2


def test_a_letter_is_shown_with_its_headers(serve):
    serve(Box())

    done = dlq("show", "7")

    assert "ce-id" in done.stdout
    assert "body, 2 bytes" in done.stdout


def test_letters_are_redriven_by_number(serve):
    box = serve(Box())

    done = dlq("redrive", "7", "8", "--reason", "mended")

    assert done.exit_code == 0
    assert done.stdout == "2 redriven, 0 skipped, 0 failed\n"
    assert [(path, body) for _, path, _, body in box.asked] == [
        ("/7/redrive", {"reason": "mended"}),
        ("/8/redrive", {"reason": "mended"}),
    ]


@pytest.mark.parametrize(("number", "exit_code", "kind"), [(404, 3, "failed"), (409, 4, "skipped")])
def test_a_refusal_is_told_and_the_others_are_still_redriven(serve, number, exit_code, kind):
    serve(Box())

    done = dlq("redrive", str(number), "8", "--json")

    outcome = json.loads(done.stdout)
    assert done.exit_code == exit_code
    assert outcome["redriven"] == [8]
    assert [one["number"] for one in outcome[kind]] == [number]


@pytest.mark.parametrize("act", ["redrive", "discard"])
@pytest.mark.parametrize("arguments", [[], ["7", "--rule", "bad_body"]])
def test_what_is_meant_is_said_by_number_or_by_filter(serve, act, arguments):
    box = serve(Box())

    assert dlq(act, *arguments, "--reason", "a test").exit_code == 2
    assert box.asked == []


def test_many_are_not_redriven_without_a_word(serve):
    box = serve(Box(37))

    done = dlq("redrive", "--rule", "handler_failed")

    assert done.exit_code == 2
    assert "37 dead letters fit" in done.stderr
    assert "--yes" in done.stderr
    assert box.sizes == []


def test_many_are_redriven_in_small_requests_each_after_the_one_before(serve):
    box = serve(Box(37, refusing=(3, 30)))

    done = dlq("redrive", "--rule", "handler_failed", "--rate", "5", "--yes", "--json")

    outcome = json.loads(done.stdout)
    assert done.exit_code == 0
    assert box.sizes == [10, 10, 10, 7]
    assert (len(outcome["redriven"]), [one["number"] for one in outcome["skipped"]]) == (
        35,
        [3, 30],
    )
    assert all(body["rule"] == "handler_failed" for *_, body in box.asked)


def test_no_more_than_the_limit_are_redriven(serve):
    box = serve(Box(37))

    dlq("redrive", "--rule", "handler_failed", "--limit", "12", "--yes")

    assert sum(box.sizes) == 12


def test_where_nothing_fits_nothing_is_asked(serve):
    serve(Box(0))

    done = dlq("redrive", "--rule", "none")

    assert done.exit_code == 0
    assert done.stdout.startswith("0 would be redriven")


def test_what_failed_is_told_by_the_exit_code(serve, monkeypatch):
    box = serve(Box(2))
    many = box._many
    failed = [{"number": 1, "why": "no acknowledgement"}]
    monkeypatch.setattr(
        box, "_many", lambda body, _: {**many(body), "redriven": [2], "failed": failed}
    )

    done = dlq("redrive", "--rule", "handler_failed", "--yes")

    assert done.exit_code == 1
    assert "1  no acknowledgement" in done.stdout


def test_a_discard_needs_a_reason(serve):
    box = serve(Box())

    assert dlq("discard", "7").exit_code == 2
    assert dlq("discard", "7", "8", "--reason", "a test").exit_code == 0
    assert [(path, body["reason"]) for _, path, _, body in box.asked] == [
        ("/7/discard", "a test"),
        ("/8/discard", "a test"),
    ]


def test_many_are_not_discarded_before_it_is_said_how_many(serve):
    box = serve(Box(37))

    done = dlq("discard", "--rule", "bad_body", "--reason", "a test", "--limit", "12")

    assert done.exit_code == 2
    assert "37 dead letters fit. Discard 12 of them, 10 a second?" in done.stderr
    assert "--yes" in done.stderr
    assert box.sizes == []


def test_many_are_discarded_by_filter_in_small_requests_with_the_reason(serve):
    box = serve(Box(37, refusing=(3,)))
    meant = ("--rule", "bad_body", "--tenant", "shop", "--rate", "5", "--reason", "a test")

    done = dlq("discard", *meant, "--yes", "--json")

    outcome = json.loads(done.stdout)
    assert done.exit_code == 0
    assert box.sizes == [10, 10, 10, 7]
    assert (len(outcome["discarded"]), [one["number"] for one in outcome["skipped"]]) == (36, [3])
    assert {path for _, path, *_ in box.asked} == {"/discard"}
    for *_, body in box.asked:
        assert (body["rule"], body["tenant"], body["reason"]) == ("bad_body", "shop", "a test")


def test_a_letter_that_cannot_be_discarded_keeps_no_other_from_it(serve):
    serve(Box())

    done = dlq("discard", "409", "8", "--reason", "a test", "--json")

    outcome = json.loads(done.stdout)
    assert done.exit_code == 4
    assert (outcome["discarded"], [one["number"] for one in outcome["skipped"]]) == ([8], [409])
