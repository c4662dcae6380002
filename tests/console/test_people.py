import pytest
from structlog.testing import capture_logs

from services.console.api.people import Person, load_people
from shared.errors import ConfigError


def test_people_are_read_with_their_roles(settings):
    people = load_people(settings)

    assert people["anna-token"].roles == ("operator", "support-lead")
    assert people["tom-token"].tenants == ("other",)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "::", "console.example.org"])
def test_static_tokens_are_refused_off_this_machine(settings, host):
    with pytest.raises(ConfigError, match="not a loopback address"):
        load_people(settings.model_copy(update={"http_host": host}))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_static_tokens_are_taken_on_this_machine(settings, host):
    assert load_people(settings.model_copy(update={"http_host": host}))


def test_beyond_this_machine_they_are_taken_only_by_name_and_with_a_warning(settings):
    """In a container whose port is published on loopback."""
    settings = settings.model_copy(
        update={"http_host": "0.0.0.0", "allow_tokens_beyond_loopback": True}
    )

    with capture_logs() as told:
        assert load_people(settings)

    assert [(one["event"], one["log_level"]) for one in told] == [
        ("console.tokens_beyond_loopback", "warning")
    ]


def test_on_this_machine_nothing_is_warned_of(settings):
    with capture_logs() as told:
        load_people(settings.model_copy(update={"allow_tokens_beyond_loopback": True}))

    assert told == []


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1"])
def test_with_keys_alone_any_address_is_bound_and_no_token_is_known(settings, host):
    changes = {"http_host": host, "keys_only": True, "tokens_file": None}

    assert load_people(settings.model_copy(update=changes)) == {}


def test_with_keys_alone_a_file_of_tokens_is_a_mistake(settings):
    with pytest.raises(ConfigError, match="both set"):
        load_people(settings.model_copy(update={"keys_only": True}))


def test_a_person_has_one_tenant_or_several():
    several = Person(principal="a", roles=("viewer",), tenants=("acme", "other"))

    assert Person(principal="a", roles=("viewer",), tenant="acme").tenants == ("acme",)
    assert (several.reaches("other"), several.reaches("third")) == (True, False)
    with pytest.raises(ValueError, match="not both"):
        Person(principal="a", roles=("viewer",), tenant="acme", tenants=("other",))


def test_no_tokens_file_is_said_at_the_start(settings):
    with pytest.raises(ConfigError, match="INTERLOCK_CONSOLE_TOKENS_FILE is not set"):
        load_people(settings.model_copy(update={"tokens_file": None}))


def test_a_mistake_in_the_file_is_told_without_the_tokens(settings):
    settings.tokens_file.write_text('{"very-secret": {"principal": "anna", "rolls": []}}')

    with pytest.raises(ConfigError) as told:
        load_people(settings)

    assert "very-secret" not in str(told.value)
