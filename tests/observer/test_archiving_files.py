"""Files of runs: whole or not at all, and held to their digest."""

import pytest

from shared.archive_files import ArchiveFiles, Spoilt, place_of
from tests.bodies import NOON

PLACE = place_of("acme", "r-1", NOON)


def test_a_file_is_read_as_it_was_written(tmp_path):
    files = ArchiveFiles(tmp_path)

    sha256 = files.write(PLACE, b"facts\n")

    assert files.read(PLACE, sha256) == b"facts\n"
    assert [one.name for one in tmp_path.rglob("*.*")] == ["r-1.jsonl.gz"]


def test_a_file_that_changed_is_not_read(tmp_path):
    files = ArchiveFiles(tmp_path)
    sha256 = files.write(PLACE, b"facts\n")
    (tmp_path / PLACE).write_bytes(b"others")

    with pytest.raises(Spoilt, match="its digest is another one"):
        files.read(PLACE, sha256)


def test_a_file_that_is_gone_is_named(tmp_path):
    with pytest.raises(Spoilt, match=PLACE):
        ArchiveFiles(tmp_path).read(PLACE, "")


def test_a_file_is_deleted_once(tmp_path):
    files = ArchiveFiles(tmp_path)
    files.write(PLACE, b"facts\n")

    assert files.delete(PLACE)
    assert not files.delete(PLACE)
    assert not (tmp_path / PLACE).parent.exists()


def test_no_id_leads_out_of_the_folder():
    with pytest.raises(ValueError, match="run id"):
        place_of("acme", "../../etc/passwd", NOON)
