"""What a run has read and done so far, and how far each result can vouch for a value."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from contracts.guardrail import ResultCleared, ToolCleared
from contracts.history import Call, Run, result_text
from contracts.history.planning import plan_of
from contracts.tool import ToolManifest, ToolRequested
from services.guardrail_checker.rules.trust import EXTERNAL

from .records import Record, Scalar, every_scalar, holds_any_text, records_of
from .words import SHORT, Words
from .writings import Writings

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
    before: Writings
    """What the run may have written by then."""
    chosen: tuple[Scalar, ...] = ()
    """Its arguments that the user did not say."""

    @property
    def is_external(self) -> bool:
        return self.label == EXTERNAL

    @cached_property
    def records(self) -> tuple[Record, ...]:
        return records_of(self.manifest, self.text)

    def is_sure(self, value: Scalar) -> bool:
        """Whether a field cannot be what the run itself wrote, or asked for."""
        if self.was_asked(value):
            return False
        return not self.before.may_have_made(value, is_text=holds_any_text(self.manifest))

    def was_asked(self, value: Scalar) -> bool:
        """Whether the read may only give back what the model told it, whole or in part."""
        own = _folded(value)
        return any(
            own == one or (len(one) > SHORT and one in own) or (len(own) > SHORT and own in one)
            for one in map(_folded, self.chosen)
        )


def results_before(run: Run, step: int, words: Words, plan: Plan | None) -> tuple[Result, ...]:
    """The results that the model had seen by `step`, those of runs that it continues too."""
    return _told_before(run, step, words, plan)[0]


def earlier_calls(run: Run, asked: ToolRequested) -> Iterator[ToolRequested]:
    """The calls of this run before this one that were let through, or may yet be, each once.

    Of calls that the model wants at once the one with the lower index is earlier, so that none of
    them overlooks another that is being judged at the same time.
    """
    place = (asked.step, asked.index)
    for step in run.steps:
        for call in step.calls:
            if _may_have_run(call) and (step.number, call.index) < place:
                assert call.last is not None, "a call that may have run was requested"
                yield call.last.request.body


def _may_have_run(call: Call) -> bool:
    """Whether an attempt at a call was let through, or may yet be."""
    verdicts = (one.verdict for one in call.tries)
    return any(one is None or isinstance(one.body, ToolCleared) for one in verdicts)


def manifests_of(run: Run) -> dict[str, ToolManifest]:
    """The tools that were pinned when the run started, by name."""
    tools = run.started.body.tools if run.started is not None else ()
    return {tool.name: tool for tool in tools}


def arguments_of(asked: ToolRequested) -> dict[str, object]:
    """The arguments as an object; none where they are not one."""
    try:
        found = json.loads(asked.arguments_json)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _told_before(
    run: Run, step: int, words: Words, plan: Plan | None
) -> tuple[tuple[Result, ...], Writings]:
    """What was read, and what was written, in this run and in those that it grew from."""
    grown = run.started.body.ancestor if run.started is not None else None
    before: tuple[Result, ...] = ()
    writings = Writings()
    if grown is not None and run.ancestor is not None:
        at = grown.step or len(run.ancestor.steps) + 1
        before, writings = _told_before(run.ancestor, at, words, plan_of(run.ancestor))
    found, known, manifests = list(before), _Known(), manifests_of(run)
    for each in run.steps[: step - 1]:
        # Calls of one step run side by side: a read may find what another one writes.
        writings = writings.with_these(_written(each.calls, manifests), words)
        for call in each.calls:
            result = _result(call, manifests, writings, words, known, plan)
            if result is not None:
                found.append(result)
                known.add(result)
    return tuple(found), writings


def _written(calls: Iterable[Call], manifests: Mapping[str, ToolManifest]) -> Iterator[Scalar]:
    """The arguments of calls with an effect, however they ended: it may have come about."""
    for call in calls:
        manifest = manifests.get(call.part.name)
        if manifest is not None and manifest.effect != "read" and _may_have_run(call):
            assert call.last is not None, "a call that may have run was requested"
            yield from every_scalar(list(arguments_of(call.last.request.body).values()))


def _result(
    call: Call,
    manifests: Mapping[str, ToolManifest],
    writings: Writings,
    words: Words,
    known: "_Known",
    plan: Plan | None,
) -> Result | None:
    cleared = call.result.body if call.result is not None else None
    manifest = manifests.get(call.part.name)
    if manifest is None or not isinstance(cleared, ResultCleared) or cleared.is_error:
        return None
    assert call.last is not None, "a call with a result was requested"
    arguments = arguments_of(call.last.request.body)
    vouched = manifest.name in plan if plan is not None else _is_led(arguments, words, known)
    text = result_text(call, cleared)
    given = every_scalar(list(arguments.values()))
    chosen = tuple(one for one in given if not (words.say(one) or words.name(one)))
    return Result(manifest, text, cleared.label, arguments, vouched, writings, chosen)


def _folded(value: Scalar) -> str:
    return str(value).strip().casefold()


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
            result = self._unread.pop()
            fields = (field for record in result.records for _, field in record.fields)
            self._fields.update(str(field) for field in fields if result.is_sure(field))
        return str(value) in self._fields


def _is_led(arguments: dict[str, object], words: Words, known: _Known) -> bool:
    """Whether each argument is the user's, or a field of the tenant's own that was read so."""
    given = every_scalar(list(arguments.values()))
    return bool(given) and all(
        words.say(value) or words.name(value) or known.has(value) for value in given
    )
