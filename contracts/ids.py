"""Ids: derived from causes, so that a fact said again has the same one; and who is one person."""

import hashlib

LOT_DIGITS = 15  # of a hexadecimal digest: as many bits as a float has, and a few more
ID_LIMIT = 64  # bytes; JetStream keeps every id of its window in memory
SERVICE_MARK = "service:"  # of the names of programs


def root_id(tenant: str, run_id: str) -> str:
    """The id of what begins a run, such as `task.submitted`: the key of the run itself."""
    return _short(f"{tenant}/{run_id}")


def derive_id(cause_id: str, slot: str, branch: str = "") -> str:
    """The id of what follows from `cause_id` in `slot`.

    Alternatives to one cause (cleared or blocked, funded or unfunded) share a slot, so that the
    first of them in log order is the only one. `branch` tells siblings apart: the index of a
    tool call, the number of an attempt, the nonce of a person's answer.
    """
    return _short(f"{cause_id}:{slot}:{branch}" if branch else f"{cause_id}:{slot}")


def child_run_id(run_id: str, call: str, attempt: int) -> str:
    """The id of the run that answers a call: submitting it twice is submitting it once."""
    text = f"{run_id}_{call}-{attempt}"
    digest = hashlib.sha256(text.encode()).hexdigest()
    return text if len(text) <= ID_LIMIT else f"{text[: ID_LIMIT - 33]}_{digest[:32]}"


def person(principal: str) -> str:
    """One person for every spelling of an address: who writes it otherwise is nobody else."""
    return principal.strip().casefold()


def is_service(principal: str) -> bool:
    """Whether it is the name of a program, which decides nothing in the place of people."""
    return person(principal).startswith(SERVICE_MARK)


def is_same_person(one: str, other: str) -> bool:
    return person(one) == person(other)


def lot_of(text: str) -> float:
    """A number from 0 up to 1 that a text has drawn, always the same."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:LOT_DIGITS], 16) / 16.0**LOT_DIGITS


def _short(text: str) -> str:
    if len(text.encode()) <= ID_LIMIT:
        return text
    return "~" + hashlib.sha256(text.encode()).hexdigest()[: ID_LIMIT - 1]
