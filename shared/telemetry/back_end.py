"""One OTLP/HTTP back end, as settings name it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from shared.errors import ConfigError

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2


@dataclass(frozen=True, slots=True)
class BackEnd:
    """Where signals go. Its headers may hold a credential, so they are never shown."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def headers_in(setting: str) -> dict[str, str]:
    """Headers as `OTEL_EXPORTER_OTLP_HEADERS` has them: `name=value,other=value`, URL-encoded.

    Raises:
        ConfigError: a part of it is none. It does not quote the part: that may be a credential.
    """
    found = dict[str, str]()
    for number, part in enumerate(filter(str.strip, setting.split(",")), 1):
        name, equals, value = (unquote(one).strip() for one in part.partition("="))
        if not equals or not TOKEN.fullmatch(name) or not value.isprintable():
            raise ConfigError(f"OTEL_EXPORTER_OTLP_HEADERS: part {number} is not name=value")
        found[name] = value
    return found
