"""Values that lie on this machine: in variables and in files."""

import os
from collections.abc import Mapping
from pathlib import Path

from services.tool_executor.errors import CredentialsUnavailable

FILE_LIMIT_BYTES = 65_536


def in_environment(name: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """None where it is not set, or to nothing."""
    return environment.get(name) or None


def in_file(path: str) -> str | None:
    """What a file has by now: orchestrators replace such files under a running process.

    None where there is no such file, or nothing in it.

    Raises:
        CredentialsUnavailable: it is there, and cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(FILE_LIMIT_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CredentialsUnavailable(f"{path}: {error.strerror}") from None
    if len(content) > FILE_LIMIT_BYTES:
        raise CredentialsUnavailable(f"{path} has more than {FILE_LIMIT_BYTES} bytes")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise CredentialsUnavailable(f"{path} is no text in UTF-8") from None
    return text.removesuffix("\n").removesuffix("\r") or None
