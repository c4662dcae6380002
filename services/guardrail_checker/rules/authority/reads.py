"""What a run has read and done so far, and how far each result can vouch for a value."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from contracts.guardrail import ResultCleared, ToolCleared
from contracts.history import Run, result_text
from contracts.tool import ToolManifest, ToolRequested
from services.guardrail_checker.rules.trust import EXTERNAL

from .records import Record, Scalar, every_scalar, records_of
from .words import Words

Plan = Mapping[str, int]


@dataclass(frozen=True)
class Result:
    """What one call of the run brought, and under whose authority it was made."""

    manifest: ToolManifest
    text: str
    label: str
    arguments: dict[str, object]
    is_vouched: bool
    """Planned; without a plan, a read that the user's own words made."""

    @property
    def is_external(self) -> bool:
        return self.label == EXTERNAL

    @cached_property
    def records(self) -> tuple[Record, ...]:
        return records_of(self.manifest, self.text)


def results_before(run: Run, step: int, words: Words, plan: Plan | None) -> tuple[Result, ...]:
    """The results that the model had seen by `step`, those of runs that it continues too."""
    grown = run.started.body.ancestor if run.started is not None else None
    before: tuple[Result, ...] = ()
    if grown is not None and run.ancestor is not None:
        at = grown.step or len(run.ancestor.steps) + 1
        before = results_before(run.ancestor, at, words, plan_of(run.ancestor))
    return (*before, *_results(run, step, words, plan))


def earlier_calls(run: Run, asked: ToolRequested) -> Iterator[ToolRequested]:
    """The calls of this run before this one that were let through, or may yet be, each once.

    Of calls that the model wants at once the one with the lower index is earlier, so that none of
    them overlooks another that is being judged at the same time.
    """
    place = (asked.step, asked.index)
    for step in run.steps:
        for call in step.calls:
            if call.last is None or (step.number, call.index) >= place:
                continue
            verdict = call.last.verdict
            if verdict is None or isinstance(verdict.body, ToolCleared):
                yield call.last.request.body


def manifests_of(run: Run) -> dict[str, ToolManifest]:
    """The tools that were pinned when the run started, by name."""
    tools = run.started.body.tools if run.started is not None else ()
    return {tool.name: tool for tool in tools}


def plan_of(run: Run) -> Plan | None:
    """The tools that the task said it needs, and how often each."""
    return run.submitted.body.plan if run.submitted is not None else None


def arguments_of(asked: ToolRequested) -> dict[str, object]:
    """The arguments as an object; none where they are not one."""
    try:
        found = json.loads(asked.arguments_json)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _results(run: Run, step: int, words: Words, plan: Plan | None) -> list[Result]:
    found: list[Result] = []
    known = _Known()
    manifests = manifests_of(run)
    for call in (call for each in run.steps[: step - 1] for call in each.calls):
        cleared = call.result.body if call.result is not None else None
        manifest = manifests.get(call.part.name)
        if manifest is None or not isinstance(cleared, ResultCleared) or cleared.is_error:
            continue
        assert call.last is not None, "a call with a result was requested"
        arguments = arguments_of(call.last.request.body)
        vouched = manifest.name in plan if plan is not None else _is_led(arguments, words, known)
        result = Result(manifest, result_text(call, cleared), cleared.label, arguments, vouched)
        found.append(result)
        known.add(result)
    return found


class _Known:
    """The fields of the tenant's own records that were read under the user's words, as texts."""

    def __init__(self) -> None:
        self._fields: set[str] = set()
        self._unread: list[Result] = []

    def add(self, result: Result) -> None:
        if result.is_vouched and not result.is_external:
            self._unread.append(result)

    def has(self, value: Scalar) -> bool:
        """Each result is read once, and only if somebody asks."""
        while self._unread:
            for record in self._unread.pop().records:
                self._fields.update(str(field) for _, field in record.fields)
        return str(value) in self._fields


def _is_led(arguments: dict[str, object], words: Words, known: _Known) -> bool:
    """Whether each argument is the user's, or a field of the tenant's own that was read so."""
    given = every_scalar(list(arguments.values()))
    return bool(given) and all(
        words.say(value) or words.name(value) or known.has(value) for value in given
    )
