"""Files of runs that left the log: one a run, written whole or not at all, held to their digest.

    <folder>/<tenant>/<day of its end>/<run>.jsonl.gz

The observer writes them; whoever may read the folder reads them. Inside is the format of
`contracts/export.py`. Names are tokens of the table of subjects, so that no path leads elsewhere.
"""

import gzip
import os
import secrets
import zlib
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from contracts.shape import sha256_hex
from contracts.subjects import check_token

ENDING = ".jsonl.gz"


class Spoilt(Exception):
    """A file that should be there is not, or is not what was written."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"archive file {place}: {reason}; restore it from a backup")
        self.place = place
        self.reason = reason


def place_of(tenant: str, run_id: str, ended_at: datetime) -> str:
    """Where the file of a run lies below the folder."""
    check_token("tenant", tenant)
    check_token("run id", run_id)
    return f"{tenant}/{ended_at:%Y-%m-%d}/{run_id}{ENDING}"


class ArchiveFiles:
    """The folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, place: str, content: bytes) -> str:
        """Put a file in place, on the disk when this returns; its digest.

        Who dies meanwhile leaves what was there before, and perhaps a `.part` beside it.
        """
        packed = gzip.compress(content, mtime=0)
        path = self._folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        try:
            with part.open("wb") as file:
                file.write(packed)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        for folder in (path.parent, path.parent.parent, self._folder):
            _sync(folder)
        return sha256_hex(packed)

    def read(self, place: str, sha256: str) -> bytes:
        """The content of a file.

        Raises:
            Spoilt: it is not there, or has another digest.
        """
        try:
            packed = (self._folder / place).read_bytes()
        except OSError as error:
            raise Spoilt(place, error.strerror or "it cannot be read") from None
        if sha256_hex(packed) != sha256:
            raise Spoilt(place, "its digest is another one than when it was written")
        try:
            return gzip.decompress(packed)
        except (OSError, EOFError, zlib.error) as error:
            raise Spoilt(place, str(error)) from None

    def delete(self, place: str) -> bool:
        """Take a file away, and the folder of its day if it was the last; whether it was there."""
        path = self._folder / place
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        _sync(path.parent)
        with suppress(OSError):  # Not empty: others ended on that day.
            path.parent.rmdir()
        return True


def _sync(folder: Path) -> None:
    """A name is on the disk once its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
