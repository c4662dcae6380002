"""Where signals go, as the settings of OpenTelemetry say it."""

import pytest

from shared.errors import ConfigError
from shared.settings import ServiceSettings
from shared.telemetry.back_end import BackEnd, headers_in
from shared.telemetry.sender import ExportFailed, Sender
from tests.otlp import receiver


def test_headers_are_url_encoded_pairs(monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "https://otlp.example.org")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=k%3D1, Authorization=Basic%20YTpi,")

    found = ServiceSettings().back_end

    assert found.headers == {"api-key": "k=1", "Authorization": "Basic YTpi"}


def test_no_headers_are_none():
    assert headers_in("") == {}


@pytest.mark.parametrize("part", ["hunter2", "=hunter2", "a b=hunter2", "name=hunter2%0D%0Ax:y"])
def test_what_is_no_header_is_named_by_its_place_and_not_quoted(part):
    with pytest.raises(ConfigError, match="part 2 is not name=value") as caught:
        headers_in(f"one=1,{part}")

    assert "hunter2" not in str(caught.value)


def test_headers_are_never_shown(monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=hunter2")

    assert "hunter2" not in repr(ServiceSettings())
    assert "hunter2" not in repr(BackEnd("http://127.0.0.1", {"api-key": "hunter2"}))


async def test_headers_go_with_every_export():
    async with receiver() as taking:
        sender = Sender(BackEnd(taking.url, {"api-key": "k-1"}), "/v1/traces", 2.0)
        await sender.send(b"")
        await sender.close()

    assert b"api-key: k-1" in taking.heads[0].splitlines()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://[", "nowhere", "http://a\n"])
async def test_an_address_that_is_none_is_a_failed_export(url):
    sender = Sender(BackEnd(url), "/v1/traces", 2.0)

    with pytest.raises(ExportFailed):
        await sender.send(b"")
    await sender.close()
