"""What a fork may name is told by version, the policy in force first."""

import shutil

from infra.policies.checking import kept


def test_versions_are_those_in_force_and_kept_each_once(tmp_path):
    policies = tmp_path / "policies"
    for name in ("before", "strict"):
        (policies / "versions" / name).mkdir(parents=True)
    (policies / "tools.yaml").write_text("name: shop", "utf-8")
    shutil.copy(policies / "tools.yaml", policies / "versions" / "before")
    (policies / "versions" / "strict" / "tools.yaml").write_text("name: strict", "utf-8")

    found = kept(tmp_path)

    assert [(one["name"], one["in_force"]) for one in found] == [("shop", True), ("strict", False)]
