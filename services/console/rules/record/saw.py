"""What the model saw at a step: the blocks of its prompt with their labels, and the prompt."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from contracts.history import Run, Step, canonical, labels, measure
from contracts.history.conversation import pieces
from contracts.history.lineage import lacks_ancestor
from contracts.history.state import Piece
from contracts.run import FOLD_VERSION, RunStarted
from contracts.shape import sha256_hex
from services.console.rules.record.content import Recorded
from services.console.rules.record.origins import SYSTEM, Kind, Origin, Turn, origins

# Larger bodies leave their message; `shared.content` says so too, and a test holds both together.
BESIDE_OVER_BYTES = 256 * 1024


class Block(Recorded):
    """One piece of the context, in the order in which the model saw it."""

    kind: Kind
    source: str
    label: str = Field(description="Integrity: system, user, agent, person, tool:<name>, external")
    sequence: int | None = Field(description="The fact that it was taken from")
    run_id: str | None = Field(description="The run that it was inherited from")
    turn: int = Field(description="0 is what stands before the conversation")
    sha256: str
    bytes: int
    is_cleared: bool = Field(description="Its text was taken out to make room")
    lies_beside_the_log: bool = Field(description="In the object store, for its size")


class Agrees(Recorded):
    """The prompt was made again, and has the digest that is recorded."""

    state: Literal["agrees"] = "agrees"


class Differs(Recorded):
    """The prompt was made again, and is another one."""

    state: Literal["differs"] = "differs"
    sha256: str
    bytes: int


class NotRebuilt(Recorded):
    """The prompt cannot be made again here."""

    state: Literal["not_rebuilt"] = "not_rebuilt"
    reason: str


Rebuilt = Annotated[Agrees | Differs | NotRebuilt, Field(discriminator="state")]


class PromptRecord(Recorded):
    """The prompt as it was recorded, and whether it can be made again to the same digest."""

    sha256: str
    bytes: int
    position: int = Field(description="Sequence of the last fact that it depends on")
    rebuilt: Rebuilt


class Offer(Recorded):
    """A tool that the model could call, by what was declared when the run started."""

    name: str
    effect: str
    manifest_sha256: str


class Compaction(Recorded):
    """Something of the conversation that the model does not see any more."""

    kind: Literal["cleared", "window", "summary"]
    from_step: int
    through_step: int
    bytes_before: int
    bytes_after: int
    sequence: int


class Saw(Recorded):
    """Everything that went into the model at one step."""

    blocks: tuple[Block, ...]
    labels: tuple[str, ...] = Field(description="Of all it had read by then, shown or not")
    prompt: PromptRecord
    tools: tuple[Offer, ...]
    compactions: tuple[Compaction, ...]
    max_output_tokens: int


def saw(run: Run, step: Step) -> Saw:
    """What the model saw at `step`."""
    asked, number = step.requested.body, step.number
    started = run.started.body if run.started is not None else None
    assert started is not None, "a step belongs to a started run"
    refused = _why_not(run, started)
    return Saw(
        blocks=() if refused else tuple(_blocks(run, started, number)),
        labels=() if lacks_ancestor(run) else labels(run, number),
        prompt=PromptRecord(
            sha256=asked.prompt_sha256,
            bytes=asked.prompt_bytes,
            position=asked.position,
            rebuilt=NotRebuilt(reason=refused) if refused else _rebuilt(run, step),
        ),
        tools=() if step.is_summary else tuple(_offers(started)),
        compactions=tuple(_compactions(run, number)),
        max_output_tokens=asked.max_output_tokens,
    )


def _why_not(run: Run, started: RunStarted) -> str:
    if lacks_ancestor(run):
        return "the run that it grew from is not here any more"
    if started.fold_version != FOLD_VERSION:
        return (
            f"it was made by version {started.fold_version} of the rules, these are {FOLD_VERSION}"
        )
    return ""


def _rebuilt(run: Run, step: Step) -> Agrees | Differs:
    found = measure(run, step.number)
    if found.sha256 == step.requested.body.prompt_sha256:
        return Agrees()
    return Differs(sha256=found.sha256, bytes=found.length)


def _blocks(run: Run, started: RunStarted, step: int) -> Iterator[Block]:
    instructions = started.agent.instructions.encode()
    yield Block(
        kind="system",
        source=f"instructions of {started.agent.name}@{started.agent_version}",
        label=SYSTEM,
        sequence=run.started.sequence if run.started is not None else None,
        run_id=None,
        turn=0,
        sha256=sha256_hex(instructions),
        bytes=len(instructions),
        is_cleared=False,
        lies_beside_the_log=False,
    )
    both = zip(pieces(run, step), origins(run, step), strict=True)
    for number, (piece, turn) in enumerate(both, start=1):
        yield from _turn(number, piece, turn)


def _turn(number: int, piece: Piece, turn: Turn) -> Iterator[Block]:
    """A turn of the model or a person is one block; of results, each is one."""
    if piece.turn.role != "tool":
        [origin] = turn
        yield _block(number, origin, piece.sha256, piece.length)
        return
    for part, origin in zip(piece.turn.parts, turn, strict=True):
        content = canonical(part)
        yield _block(number, origin, sha256_hex(content), len(content))


def _block(turn: int, origin: Origin, sha256: str, length: int) -> Block:
    fact = origin.fact
    return Block(
        kind=origin.kind,
        source=origin.source,
        label=origin.label,
        sequence=fact.sequence if fact is not None else None,
        run_id=origin.run_id,
        turn=turn,
        sha256=sha256,
        bytes=length,
        is_cleared=origin.is_cleared,
        lies_beside_the_log=fact is not None and len(canonical(fact.body)) > BESIDE_OVER_BYTES,
    )


def _offers(started: RunStarted) -> Iterator[Offer]:
    for tool in started.tools:
        yield Offer(name=tool.name, effect=tool.effect, manifest_sha256=tool.sha256)


def _compactions(run: Run, step: int) -> Iterator[Compaction]:
    """Those that are in force at `step`."""
    for fact in run.compactions:
        said = fact.body
        if said.step <= step:
            yield Compaction(
                kind=said.kind,
                from_step=said.step,
                through_step=said.through_step,
                bytes_before=said.bytes_before,
                bytes_after=said.bytes_after,
                sequence=fact.sequence,
            )
