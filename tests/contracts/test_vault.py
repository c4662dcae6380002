"""Tokens, and what they stand for: by the log, in the run of which they are, and nowhere else."""

import json
from dataclasses import replace

import pytest

from contracts.guardrail import Vaulted
from contracts.history.vault import (
    TOKEN,
    Secret,
    masked,
    revealed,
    token_of,
    vault_of,
    vault_of_all,
)
from tests.bodies import result_cleared, task, task_cleared
from tests.histories import History

IBAN = "DE89 3704 0044 0532 0130 00"
SAID = f"Pay {IBAN}, please."
MINE = token_of("iban", "acme/r-1", 1)
VAULT = {MINE: Secret("iban", IBAN)}


def vaulting(run_id="r-1", token=MINE):
    """A run whose user said an account number."""
    history = History(run_id=run_id)
    place = Vaulted(token=token, kind="iban", start=4, end=4 + len(IBAN))
    cleared = task_cleared(f"Pay {token}, please.").model_copy(update={"vaulted": (place,)})
    history.say(cleared, history.say(task(SAID)))
    return history


def test_a_token_tells_its_kind_and_nothing_of_its_value():
    assert TOKEN.fullmatch(MINE)
    assert MINE.startswith("[iban:")
    others = {token_of("iban", "acme/r-1", 2), token_of("iban", "acme/r-2", 1)}
    assert MINE not in others
    assert len(others) == 2


def test_what_a_token_stands_for_is_found_in_what_was_said():
    assert vault_of(vaulting().run) == VAULT


def test_a_result_is_looked_into_as_it_was_returned():
    history = History()
    begun = history.begin()
    responded = history.step(begun, calls=[("find_order", '{"order_id": "1042"}')])
    cleared = history.clear(history.call(responded))
    succeeded = history.run_tool(cleared, '{"account":"DE89370400440532013000"}')
    token = token_of("iban", succeeded.id, 1)
    place = Vaulted(token=token, kind="iban", start=12, end=34)
    shown = result_cleared("1-1", f'{{"account":"{token}"}}')
    history.say(shown.model_copy(update={"vaulted": (place,)}), succeeded)

    assert vault_of(history.run) == {token: Secret("iban", "DE89370400440532013000")}


def test_nobody_gives_a_token_another_meaning():
    """A later text that claims the token of an earlier one changes nothing."""
    child = vaulting("r-2", token_of("iban", "acme/r-2", 1)).run
    liar = vaulting("r-3")
    liar.facts[0] = replace(liar.facts[0], body=task(SAID.replace("DE89", "XX00")))

    assert vault_of_all(vaulting().run, [liar.run, child])[MINE].value == IBAN


def test_a_run_knows_what_the_run_knew_that_it_grew_from():
    grown = vaulting("r-2", token_of("iban", "acme/r-2", 1)).run
    grown.ancestor = vaulting().run

    assert set(vault_of(grown)) == {MINE, token_of("iban", "acme/r-2", 1)}


def test_tokens_are_put_in_only_where_it_is_declared():
    arguments = json.dumps({"to": MINE, "note": f"paid to {MINE}", "rows": [{"a": MINE, "n": 1}]})

    told, strange = revealed(arguments, ("to", "rows"), VAULT)

    assert json.loads(told) == {
        "to": IBAN,
        "note": f"paid to {MINE}",
        "rows": [{"a": IBAN, "n": 1}],
    }
    assert strange == ()


@pytest.mark.parametrize(
    "arguments",
    [
        '{"to":  "nobody"}',
        '["[iban:0123456789ab]"]',
        '{"to": "[iban:0123456789ab]"',
        '{"note": "[iban:0123456789ab]"}',
        '{"to": "[iban:0123456789]"}',
        '{"to" "[iban:0123456789ab]"}',
        "{",
        "",
    ],
)
def test_what_has_nothing_to_put_in_stays_as_it_is_to_the_byte(arguments):
    assert revealed(arguments, ("to",), VAULT) == (arguments, ())


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (
            '{"n": 12345678901234567.89, "to": "T", "z": 1e3}',
            '"n": 12345678901234567.89, "to": "V"',
        ),
        ('{"to":"T","to":"T"}', '{"to":"V","to":"V"}'),
        (' {"to" : ["T"] } ', ' {"to" : ["V"] } '),
        ('{"a": "{\\"to\\": 1}", "to": "T"}', '"to": "V"'),
    ],
)
def test_what_stands_beside_a_token_is_not_rewritten(written, read):
    told, _ = revealed(written.replace("T", MINE), ("to",), VAULT)

    assert read.replace("V", IBAN) in told


def test_what_is_put_in_stays_within_its_text():
    vault = {MINE: Secret("listed_word", 'a"b\\c\n')}

    told, _ = revealed(json.dumps({"to": MINE}), ("to",), vault)

    assert json.loads(told) == {"to": 'a"b\\c\n'}


def test_a_token_of_another_run_is_told():
    other = token_of("iban", "acme/r-9", 1)
    arguments = json.dumps({"to": f"{other} or {MINE}"})

    told, strange = revealed(arguments, ("to",), VAULT)

    assert strange == (other,)
    assert json.loads(told) == {"to": f"{other} or {IBAN}"}


def test_people_read_by_what_they_may_recognise_it():
    other = token_of("iban", "acme/r-9", 1)
    short = {other: Secret("us_ssn", "078-05-112")}

    assert masked(f"Paid to {MINE}.", VAULT) == "Paid to [iban ending 3000]."
    assert masked(other, short) == "[us ssn]"
    assert masked(other, {}) == other
