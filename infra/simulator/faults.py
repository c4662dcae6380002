"""Faults on demand: what can be made to go wrong, and how often it still will.

A fault with `times` is the one thing the simulator remembers. A scripted fault counts for each
conversation (told apart by its opening), so every run of a demo meets its 429; a fault armed over
the control API counts for the whole process.
"""

from collections import OrderedDict
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from infra.simulator.conversation import Provider
from infra.simulator.settings import SimulatorSettings

FaultKind = Literal[
    "rate_limited",
    "server_error",
    "overloaded",
    "auth",
    "bad_request",
    "hang",
    "slow",
    "cut_stream",
    "malformed_json",
]
REFUSALS: frozenset[FaultKind] = frozenset(
    {"rate_limited", "server_error", "overloaded", "auth", "bad_request"}
)

Seconds = Annotated[float, Field(ge=0, le=3600)]
CounterKey = tuple[str, int, str]


class Fault(BaseModel):
    """One thing going wrong; without `times` it goes wrong every time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: FaultKind
    times: Annotated[int, Field(ge=1, le=1000)] | None = None
    retry_after: Seconds | None = None
    """Seconds in the Retry-After header of a refusal; a 429 has 1 when nothing is said."""
    seconds: Seconds | None = None
    """How long a hang lasts, or a slow answer takes."""
    billed: bool | None = None
    """Whether the provider charges for it; by default all but refusals, as the work was done."""

    @property
    def refuses(self) -> bool:
        return self.kind in REFUSALS

    @property
    def is_billed(self) -> bool:
        return not self.refuses if self.billed is None else self.billed

    @model_validator(mode="after")
    def _fields_fit_the_kind(self) -> Self:
        if self.retry_after is not None and not self.refuses:
            raise ValueError(f"retry_after belongs to {sorted(REFUSALS)}, not to {self.kind}")
        if self.seconds is not None and self.kind not in {"hang", "slow"}:
            raise ValueError(f"seconds belongs to hang and slow, not to {self.kind}")
        return self


class ArmedFault(Fault):
    """A fault set at run time for one provider, and perhaps one model of it."""

    provider: Provider
    model: str | None = None

    def hits(self, provider: Provider, model: str) -> bool:
        return self.provider == provider and self.model in {None, model}


class FaultBoard:
    """The armed faults and the counters, within their limits."""

    def __init__(self, settings: SimulatorSettings) -> None:
        self._settings = settings
        self._armed: list[tuple[ArmedFault, int | None]] = []
        self._met: OrderedDict[CounterKey, int] = OrderedDict()

    @property
    def armed(self) -> list[ArmedFault]:
        return [fault.model_copy(update={"times": left}) for fault, left in self._armed]

    def arm(self, fault: ArmedFault) -> bool:
        """Arm a fault; False when the board is full."""
        if len(self._armed) >= self._settings.max_armed_faults:
            return False
        self._armed.append((fault, fault.times))
        return True

    def disarm(self) -> None:
        self._armed.clear()
        self._met.clear()

    def take_armed(self, provider: Provider, model: str) -> Fault | None:
        """The first armed fault that hits this request, used up by one."""
        for position, (fault, left) in enumerate(self._armed):
            if not fault.hits(provider, model):
                continue
            if left == 1:
                del self._armed[position]
            elif left is not None:
                self._armed[position] = (fault, left - 1)
            return fault
        return None

    def take_scripted(self, fault: Fault, key: CounterKey) -> Fault | None:
        """The scripted fault, unless this conversation has met it often enough."""
        if fault.times is None:
            return fault
        met = self._met.pop(key, 0)
        self._met[key] = met + 1
        # The oldest counter goes first: its conversation is the least likely to come back.
        if len(self._met) > self._settings.max_fault_counters:
            self._met.popitem(last=False)
        return fault if met < fault.times else None
