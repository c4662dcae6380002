"""Who may see what: the labels of a result, and whether a call would show it to anybody else."""

from collections.abc import Iterable

from contracts.history import Call, Run, pinned
from contracts.labels import only_readers, readers_label, readers_of
from contracts.tool import ToolFailed, ToolManifest, ToolSucceeded

from .trust import EXTERNAL, is_allowed


def labels_of_result(
    run: Run, call: Call, outcome: ToolSucceeded | ToolFailed
) -> tuple[str, tuple[str, ...]]:
    """The integrity of a result, and beside it who may see that.

    The manifest speaks of all that the tool returns, and the tool of this value. What one of them
    takes away, the other does not give back.
    """
    manifest = pinned(run, call.part.name)
    declared = _declared(manifest) if manifest is not None else ()
    told = outcome.labels if isinstance(outcome, ToolSucceeded) else ()
    is_own = isinstance(outcome, ToolSucceeded) and outcome.trust == "internal"
    label = f"tool:{call.part.name}" if is_own and EXTERNAL not in told else EXTERNAL
    return label, only_readers((*declared, *told))


def beyond_readers(destinations: Iterable[object], labels: Iterable[str]) -> bool:
    """Whether somebody receives what not everybody may see, and is not among those who may.

    What says of no receiver who it is reaches anybody.
    """
    readers = readers_of(labels)
    if readers is None:
        return False
    known = tuple(destinations)
    return not known or any(not is_allowed(one, readers) for one in known)


def _declared(manifest: ToolManifest) -> tuple[str, ...]:
    return () if manifest.readers is None else (readers_label(manifest.readers),)
