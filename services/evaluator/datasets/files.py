"""The one place where the files of a suite are opened, within limits."""

import codecs
from pathlib import Path

from services.evaluator.errors import FileUnusable

FILE_LIMIT_BYTES = 64 * 1024 * 1024


def read_text(path: Path) -> str:
    """The text of a file, one newline between lines; a byte order mark and CRLF are passed over.

    Raises:
        FileUnusable: it is not there, is too large, or is not UTF-8.
    """
    try:
        with path.open("rb") as file:
            content = file.read(FILE_LIMIT_BYTES + 1)
    except OSError as error:
        raise FileUnusable(path, f"{error.strerror}; check the path") from None
    if len(content) > FILE_LIMIT_BYTES:
        limit = f"{FILE_LIMIT_BYTES // 1024**2} MiB"
        raise FileUnusable(path, f"larger than {limit}; split it into several files")
    try:
        text = content.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FileUnusable(path, f"line {line} is not UTF-8; save it in that encoding") from None
    return text.replace("\r\n", "\n")


def below(folder: Path, name: str) -> Path | None:
    """The file of this name where it lies in the folder or deeper; None where it leads out."""
    root = folder.resolve()
    found = (root / name).resolve()
    return found if found.is_relative_to(root) else None
