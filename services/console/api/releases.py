"""/agents/{name}/releases: what the labels of an agent stand for, and who moves them.

Any operator makes a canary or moves staging. Production waits for a second person, an approver,
except on the way back to what it was: an emergency must not wait.
"""

import secrets
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import Field, ValidationError

from contracts.agent import Agent, ReleaseLabel
from contracts.control import REASON_LIMIT
from contracts.ids import is_same_person
from contracts.release import AgentReleased, CanaryRules, GateRecord, ReleaseAsked, Sticky
from contracts.shape import Token, Written
from services.console.api.access import Approver, Operator, Viewer
from services.console.api.desk import Desk, DeskHere
from services.console.api.gate_records import check_baseline, check_gate
from services.console.api.people import Person
from services.console.api.release_views import ReleasesView, releases_view
from services.console.api.tools import manifests_here
from services.console.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from services.console.rules.releasing import open_request, state_of, unfit, way_back
from shared.errors import Stale
from shared.release_book import Either, ReleaseBook

router = APIRouter(prefix="/agents/{name}/releases", tags=["agents"])
APPROVER = "approver"
NONCE_BYTES = 16
TRIES = 3  # as often others may move a label of the agent at that moment
DEFINITION_LIMIT_BYTES = 256 * 1024

AgentName = Annotated[Token, Path()]
Reason = Annotated[str, Field(max_length=REASON_LIMIT)]
LOOK = "look: interlock agents labels"


class NewRelease(Written):
    """A label, the whole agent that it is to stand for, and the record of the gate."""

    label: ReleaseLabel
    definition: Agent
    gate: GateRecord
    share_percent: int | None = None
    sticky: Sticky = "customer"
    rules: CanaryRules = CanaryRules()
    reason: Reason = ""


class Answered(Written):
    """Which request is meant, as the person saw it."""

    nonce: Token
    reason: Reason = ""


class Because(Written):
    """Why."""

    reason: Annotated[str, Field(min_length=1, max_length=REASON_LIMIT)]


@router.get("")
async def releases(name: AgentName, _person: Viewer, desk: DeskHere) -> ReleasesView:
    """What is in force, what waits for a second person, and what was."""
    return await _told(name, desk)


@router.post("", status_code=202)
async def release(
    name: AgentName, new: NewRelease, person: Operator, desk: DeskHere
) -> ReleasesView:
    """Move a label. Of production this is a request, which waits for a second person."""
    _check(name, person, desk)
    _check_definition(new.definition, desk)
    told = {**_common(name, desk), **new.model_dump(), "asked_by": person.principal}
    is_production = new.label == "production"
    # As it will be, so that whoever asks is told what is wrong with it, and not who approves.
    moved = _released({**told, "approved_by": f"not {person.principal}"} if is_production else told)
    kept = ReleaseAsked.model_fields
    request = {key: one for key, one in told.items() if key in kept}
    given = ReleaseAsked.model_validate(request) if is_production else moved
    await check_gate(new.gate, await desk.releases.heads(), desk)

    def judged(heads: ReleaseBook) -> Either:
        # Thousands of trials were read: production may have moved meanwhile.
        check_baseline(new.gate, heads, desk)
        return given

    await _give_as_judged(name, judged, desk)
    return await _told(name, desk)


@router.post("/approve", status_code=202)
async def approve(
    name: AgentName, said: Answered, person: Approver, desk: DeskHere
) -> ReleasesView:
    """Move production, as the second person. A canary of that version has done its work."""
    _check(name, person, desk)
    heads = await desk.releases.heads()
    asked = _open(name, said.nonce, heads)
    _check_approver(person)
    if is_same_person(asked.asked_by, person.principal):
        who = f"{person.principal} asked for it"
        raise Forbidden(who, name, "let somebody else approve it")
    _check_definition(asked.definition, desk)
    # Days may have passed since it was asked for, and production have moved.
    await check_gate(asked.gate, heads, desk)

    def judged(heads: ReleaseBook) -> Either:
        # Seconds too, in which thousands of trials were read.
        asked = _open(name, said.nonce, heads)
        check_baseline(asked.gate, heads, desk)
        told = asked.model_dump(exclude={"refused_by", "at"})
        told |= {"label": "production", "approved_by": person.principal, "at": desk.bus.clock.now()}
        return _released(told)

    heads = await _give_as_judged(name, judged, desk)
    canary = heads.head(name, "canary")
    if canary is not None and canary.definition == asked.definition:
        await _end(name, "canary", person, desk, "it is production now")
    return await _told(name, desk)


@router.post("/refuse", status_code=202)
async def refuse(name: AgentName, said: Answered, person: Approver, desk: DeskHere) -> ReleasesView:
    """Let production stay. Whoever asked may take it back."""
    _check(name, person, desk)
    asked = _open(name, said.nonce, await desk.releases.heads())
    if not is_same_person(asked.asked_by, person.principal):
        _check_approver(person)
    told = {"refused_by": person.principal, "reason": said.reason or asked.reason}
    await desk.releases.give(asked.model_copy(update={**told, "at": desk.bus.clock.now()}))
    return await _told(name, desk)


@router.post("/rollback", status_code=202)
async def rollback(name: AgentName, why: Because, person: Operator, desk: DeskHere) -> ReleasesView:
    """Put production back to what it was before, at once; a canary is taken away too."""
    _check(name, person, desk)
    heads = await desk.releases.heads()
    way = way_back(heads, name)
    if way is None:
        what = f"{name} is as it is configured: there is nothing to go back to"
        raise Conflict(what, "production", LOOK)
    told = {
        **_common(name, desk),
        "label": "production",
        "definition": way.definition,
        "gate": None if way.back is None else way.back.gate,
        "asked_by": person.principal,
        "approved_by": None if way.back is None else way.back.approved_by,
        "returns_to": way.returns_to,
        "reason": why.reason,
    }
    await desk.releases.give(_released(told))
    if heads.head(name, "canary") is not None:
        await _end(name, "canary", person, desk, why.reason)
    return await _told(name, desk)


@router.delete("/{label}", status_code=202)
async def end(
    name: AgentName, label: Literal["staging", "canary"], person: Operator, desk: DeskHere
) -> ReleasesView:
    """Take a label away. Production only goes back."""
    _check(name, person, desk)
    if (await desk.releases.heads()).head(name, label) is None:
        raise NotFound(f"{name} has no {label}", "label", LOOK)
    await _end(name, label, person, desk, "")
    return await _told(name, desk)


async def _give_as_judged(
    name: str, judged: Callable[[ReleaseBook], Either], desk: Desk
) -> ReleaseBook:
    """Say what is `judged` of the labels as they are, and only while they are so.

    Raises:
        Conflict: others move them all the time.
    """
    for _ in range(TRIES):
        heads = await desk.releases.heads()
        try:
            await desk.releases.give(judged(heads), heads.sequences.get(name, 0))
        except Stale:
            continue
        return heads
    raise Conflict(f"others move labels of {name} right now", name, "try again in a moment")


async def _end(name: str, label: ReleaseLabel, person: Person, desk: Desk, reason: str) -> None:
    told = {**_common(name, desk), "label": label, "asked_by": person.principal, "reason": reason}
    await desk.releases.give(_released(told))


async def _told(name: str, desk: Desk) -> ReleasesView:
    if name not in desk.agents:
        raise _unknown(name, desk.agents)
    return releases_view(desk.agents[name], await desk.releases.heads())


def _common(name: str, desk: Desk) -> dict[str, Any]:
    return {
        "agent": name,
        "at": desk.bus.clock.now(),
        "nonce": secrets.token_hex(NONCE_BYTES),
    }


def _released(told: dict[str, Any]) -> AgentReleased:
    """A release, if it is one.

    Raises:
        Invalid: with the sentence of what is wrong.
    """
    try:
        return AgentReleased.model_validate(told)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        what = str(first["msg"]).removeprefix("Value error, ")
        place = ".".join(map(str, first["loc"])) or "release"
        raise Invalid(what, place, "see docs/recipes/promote_an_agent.md") from None


def _open(name: str, nonce: str, heads: ReleaseBook) -> ReleaseAsked:
    """The request that is meant, if it still waits.

    Raises:
        Conflict: it does not, and why.
    """
    asked = heads.asked.get(name)
    if asked is not None and asked.nonce == nonce:
        if (state := state_of(heads, asked)) != "open":
            raise Conflict(f"the request is {state} already", "nonce", LOOK)
        return asked
    other = open_request(heads, name)
    what = "another request took its place" if other is not None else "nothing is asked of you"
    raise Conflict(what, "nonce", LOOK)


def _check(name: str, person: Person, desk: Desk) -> None:
    """Refuse agents that there are not, and people of one tenant: an agent is everybody's."""
    if name not in desk.agents:
        raise _unknown(name, desk.agents)
    if person.is_confined:
        raise Forbidden(
            person.where,
            "agents",
            "ask somebody of no tenant: an agent serves all of them",
        )


def _check_approver(person: Person) -> None:
    if APPROVER not in person.roles:
        own = ", ".join(person.roles) or "none"
        what = f"{person.principal} has the roles {own}"
        raise Forbidden(what, "roles", f"ask somebody with the role {APPROVER}")


def _check_definition(definition: Agent, desk: Desk) -> None:
    """Refuse what could not be run here."""
    size = len(definition.model_dump_json())
    if size > DEFINITION_LIMIT_BYTES:
        what = f"it has {size:,} bytes, and {DEFINITION_LIMIT_BYTES:,} are the most"
        raise TooLarge(what, "definition", "shorten its instructions")
    problem = unfit(definition, desk.agents, manifests_here(desk), desk.aliases)
    if problem is not None:
        raise Invalid(problem[0], "definition", problem[1])


def _unknown(name: str, known: Iterable[str]) -> NotFound:
    return NotFound(f"there is no agent {name}", "agents", f"known are {', '.join(sorted(known))}")
