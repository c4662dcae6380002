"""What the documents show is what the code does."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from contracts.agent import Agent
from contracts.subjects import FACTS
from contracts.suite import Suite
from contracts.task import TaskSubmitted
from contracts.tool import manifest_of

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


def blocks(document: str, language: str) -> list[str]:
    text = (ROOT / document).read_text()
    return [content for found, content in BLOCK.findall(text) if found == language]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document):
    broken = [
        target
        for target in LINK.findall(document.read_text())
        if not (document.parent / target).exists()
    ]

    assert not broken, f"{document.name} links to what is not there: {broken}"


def test_the_agent_that_is_shown_parses():
    [shown] = blocks("docs/agents.md", "yaml")

    assert Agent.model_validate(yaml.safe_load(shown)).name == "support"


def test_the_suite_that_is_shown_parses():
    [shown] = blocks("docs/layers/evaluation.md", "yaml")

    assert Suite.model_validate(yaml.safe_load(shown)).cases[0].is_critical


def test_the_task_that_is_shown_parses():
    [shown] = blocks("docs/producers.md", "json")

    assert TaskSubmitted.model_validate(json.loads(shown)).agent == "support"


def test_the_tool_that_is_shown_declares_itself(tmp_path):
    """Run as a module of its own: annotations are looked up where the function lives."""
    shown = "\n".join(blocks("docs/agents.md", "python"))
    namespace: dict[str, object] = {"__name__": "shown"}
    exec(compile(shown, "docs/agents.md", "exec"), namespace)

    manifest = manifest_of(namespace["issue_refund"])
    told = manifest_of(namespace["import_orders"])

    assert manifest.effect == "money"
    assert set(manifest.parameters["properties"]) == {"order_id", "amount", "reason"}
    assert (told.silent_seconds, set(told.parameters["properties"])) == (60, {"day"})


def test_the_shipped_agents_are_the_ones_that_the_documents_speak_of():
    shipped = yaml.safe_load((ROOT / "infra/config/agents/support.yaml").read_text())

    assert Agent.model_validate(shipped).limits.steps == 12


def test_every_make_target_that_is_shown_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = {
        target
        for document in DOCUMENTS
        for target in re.findall(r"\bmake ([a-z-]+)", " ".join(code(document)))
    }

    assert shown <= targets, f"shown and not there: {shown - targets}"


def code(document: Path) -> list[str]:
    text = document.read_text()
    return [*re.findall(r"`([^`\n]+)`", text), *(content for _, content in BLOCK.findall(text))]


def test_every_fact_of_the_walk_through_is_a_kind_of_fact():
    text = (ROOT / "docs/architecture.md").read_text()
    walked = re.findall(r"^ ?\d+  ([a-z_]+\.[a-z_]+)", text, re.MULTILINE)

    assert len(walked) > 20
    assert set(walked) <= {kind.type for kind in FACTS}


def test_help_lists_every_target():
    said = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout

    for target in ("demo", "test", "check", "dev", "bench", "chaos"):
        assert f"make {target}" in said
