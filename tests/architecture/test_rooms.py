"""Every service is a folder with the same rooms, so that who knows one finds their way in all."""

import pytest

from contracts.subjects import SERVICES
from tests.architecture.sources import ROOT

# Each service has these. A room that outgrows its file becomes a folder of the same name.
ROOMS = ("README.md", "pyproject.toml", "__init__.py", "__main__.py", "settings.py")
DECIDING = ("rules", "handlers")
HEARS_NOTHING = {"console": "it speaks for people, and reads"}
# These are left out where they would be empty.
OPTIONAL = ("adapters", "store", "errors", "metrics")
# What only one service has, with its reason.
ALSO = {
    "guardrail_checker": {
        "calls": "the gate on a call, which has more to read than the others",
        "checks": "one file a content check, each with its corpus",
        "desk": "what verdicts are made with",
        "policies": "the Cedar policies that come with it, and how a folder of them is read",
        "verdicts": "one function a kind of content; each may be heard in two ways",
        "waiting": "content for which a model is asked, until all who were asked have ended",
    },
    "evaluator": {
        "calibration": "how far a jury may be believed, by people's labels",
        "judges": "who judges, in which words, and what several come to; nothing is said there",
        "canary": "a share of new runs beside production: counted, and sent back when it is worse",
        "comparing": "what follows from results: summaries, differences, the gate",
        "sampling": "which finished runs are judged, and how likely that was",
        "scorers": "one file a family of scorers, which rules choose from",
        "datasets": "suites and cases: read, written, imported, captured; no fact is said there",
        "reporting": "a report in the forms in which it is read",
        "results": "the shapes of what a run of a suite found",
        "statistics": "figures with error bars, which know nothing of agents",
    },
    "tool_executor": {
        "reconciling": "asks whoever could know what became of a call",
        "vault": "what was vaulted, put in for the tool that needs it",
        "trial": "calls of tools by their authors, outside of any run",
        "desk": "what calls are run with",
        "tools": "those that ship with it; a configuration names them or does not",
    },
    "observer": {
        "archiving": "runs leave the log: into files, and for good",
        "gauges": "levels of the whole platform, told by whoever looks",
        "rebuild": "the rows of every run again, from its facts",
        "tracing": "spans as they are closed; nobody's row, and no decision",
        "upkeep": "what is done for the rows beside hearing",
    },
    "console": {
        "api": "the HTTP surface",
        "audit_log": "what people did that no fact of a run tells, noted before it is done",
        "key_log": "API keys on their stream; they are orders, and no rows",
        "archives": "runs that were imported as files; they are nobody's read model",
        "cli": "the commands of operators",
        "dead_letters": "what no service could use, and what people decided about it",
        "web": "pages for people in a browser, from what answers the API",
    },
}


def rooms(service: str) -> set[str]:
    found = (ROOT / "services" / service).iterdir()
    return {
        path.stem if path.suffix == ".py" and not path.stem.startswith("__") else path.name
        for path in found
        if path.name != "__pycache__"
    }


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_the_rooms(service):
    wanted = {room.removesuffix(".py") if room == "settings.py" else room for room in ROOMS}

    deciding = {room for room in DECIDING if room != "handlers" or service not in HEARS_NOTHING}

    missing = (wanted | deciding) - rooms(service)

    assert not missing, f"services/{service} lacks {sorted(missing)}: look at the orchestrator's"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_no_room_of_another_name(service):
    known = {*(room.removesuffix(".py") for room in ROOMS), *ROOMS, *DECIDING, *OPTIONAL}

    other = rooms(service) - known - set(ALSO.get(service, {}))

    assert not other, f"services/{service}: put {sorted(other)} into a room, or name it in ALSO"


def test_no_room_is_allowed_that_is_not_there():
    stale = {
        service: absent for service, also in ALSO.items() if (absent := set(also) - rooms(service))
    }

    assert not stale, f"take out of ALSO what is gone: {stale}"


@pytest.mark.parametrize("service", SERVICES)
def test_a_readme_tells_what_a_service_hears_says_remembers_and_fails_by(service):
    readme = ROOT / "services" / service / "README.md"
    assert readme.exists(), f"write {readme.relative_to(ROOT)}"

    text = readme.read_text(encoding="utf-8").lower()

    for word in ("hears", "says", "remembers", "can fail by"):
        assert word in text, f"services/{service}/README.md does not say what it {word}"
