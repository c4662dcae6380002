"""The back end that charges: it keeps what it charged, and honours a key where one is given."""

import pytest

from infra.chaos.counter import Charges, happened


@pytest.fixture
def file(tmp_path):
    return tmp_path / "charges.sqlite"


def asked(key: str | None) -> dict[str, object]:
    return {"tool": "t", "run": "r-1", "call": "1-1", "attempt": 1, "key": key, "amount": 5}


def test_without_a_key_every_request_charges(file):
    charges = Charges(file)

    assert [charges.charge(asked(None)), charges.charge(asked(None))] == [True, True]
    assert happened(charges.all(), "r-1", "1-1") == 2


def test_a_key_charges_once(file):
    charges = Charges(file)

    assert [charges.charge(asked("k")), charges.charge(asked("k"))] == [True, False]
    assert happened(charges.all(), "r-1", "1-1") == 1


def test_what_was_charged_is_known_after_a_restart(file):
    Charges(file).charge(asked(None))

    assert happened(Charges(file).all(), "r-1", "1-1") == 1
