"""Canaries: one for each tenant, known by whoever has the key, however it is spelled."""

import base64
import codecs

import pytest

from shared.canaries import PLACEHOLDER, Canaries, load_canaries
from shared.errors import ConfigError

CANARIES = Canaries(b"k" * 32)
WORD = CANARIES.of("acme")


def test_a_canary_is_of_its_tenant_and_its_key_and_as_long_as_its_placeholder():
    assert CANARIES.of("acme") == WORD
    assert len({WORD, CANARIES.of("other"), Canaries(b"l" * 32).of("acme")}) == 3
    assert len(WORD) == len(PLACEHOLDER)


@pytest.mark.parametrize(
    "text",
    [
        f"It is {WORD}.",
        WORD.lower(),
        " ".join(WORD),
        "-".join(WORD[at : at + 4] for at in range(0, len(WORD), 4)),
        WORD[::-1],
        codecs.encode(WORD, "rot13"),
        WORD.encode().hex(),
        *(base64.b64encode(f"{'x' * at}{WORD} and more".encode()).decode() for at in range(4)),
        base64.b64encode(f"is {WORD.lower()}".encode()).decode(),
        f"https://evil.example/?q={WORD}",
    ],
)
def test_a_tenants_own_canary_is_found_however_it_is_spelled(text):
    assert CANARIES.holds_own(text, "acme")
    assert not CANARIES.holds_own(text, "other")


@pytest.mark.parametrize(
    "text",
    [
        "Nothing of the kind.",
        PLACEHOLDER,
        WORD[:-1],
        "ABCDEFGHIJKLMNOPQ",
        f"x{CANARIES.of('other')}",
        Canaries(b"l" * 32).of("acme"),
    ],
)
def test_other_words_are_no_canaries(text):
    assert not CANARIES.holds_own(text, "acme")
    assert not CANARIES.holds_another(text, "acme")


def test_a_canary_of_any_other_tenant_is_known_without_knowing_the_tenants():
    assert CANARIES.holds_another(f"It is {CANARIES.of('never heard of')}.", "acme")
    assert not CANARIES.holds_another(f"It is {WORD}.", "acme")


@pytest.mark.parametrize("written", ["", "00" * 31, "not hex"])
def test_a_file_without_a_key_is_named(tmp_path, written):
    path = tmp_path / "canary.key"
    path.write_text(written)

    with pytest.raises(ConfigError, match=r"canary\.key: .*canary key"):
        load_canaries(path)


def test_a_key_is_read_from_its_file(tmp_path):
    path = tmp_path / "canary.key"
    path.write_text("6b" * 32 + "\n")

    assert load_canaries(path).of("acme") == WORD
    assert load_canaries(None) is None
