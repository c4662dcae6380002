"""State files appear whole or not at all, also when the machine stops in the middle."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def replace_file(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Put `text` in the place of whatever `path` held; a reader sees the old or the new."""
    written = _write_beside(path, text, mode)
    written.replace(path)


def create_file(path: Path, text: str, *, mode: int = 0o600) -> bool:
    """Create `path` with `text`; False, and nothing is touched, if it exists already."""
    written = _write_beside(path, text, mode)
    try:
        # A link, unlike a rename, never replaces: of two creators one loses.
        path.hardlink_to(written)
    except FileExistsError:
        return False
    finally:
        written.unlink()
    return True


def _write_beside(path: Path, text: str, mode: int) -> Path:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise
    return Path(name)
