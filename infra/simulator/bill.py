"""The ground truth: what was asked, and what a real provider would charge for it.

A test compares a platform's own books with this bill. The last requests are kept up to a limit;
the sums are complete.
"""

from collections import deque
from dataclasses import asdict, dataclass, field

from infra.simulator.conversation import Api, Provider
from infra.simulator.tokens import TokenUsage
from infra.simulator.wire import Json

# Model names come from the client; past this many, the rest is summed under one name.
MAX_BILLED_MODELS = 500
OTHER_MODELS = "(other)"


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One request to a model and how it was answered."""

    request_id: str
    provider: Provider
    api: Api
    model: str
    status: int
    """The HTTP status meant for the client; 0 for a hang, which sends none."""
    scenario: str = ""
    turn: int | None = None
    step: int = 0
    stream: bool = False
    fault: str | None = None
    billed: bool = False
    usage: TokenUsage = field(default_factory=TokenUsage)

    def body(self) -> Json:
        return asdict(self)


@dataclass(slots=True)
class Charge:
    """The running sum for one model of one provider."""

    requests: int = 0
    billed_requests: int = 0
    usage: TokenUsage = field(default_factory=TokenUsage)


class Bill:
    """The last requests, and the tokens charged for by provider and model."""

    def __init__(self, max_recorded_requests: int) -> None:
        self._recorded: deque[RecordedRequest] = deque(maxlen=max_recorded_requests)
        self._charges: dict[tuple[Provider, str], Charge] = {}
        self._total = 0

    def record(self, request: RecordedRequest) -> None:
        self._total += 1
        self._recorded.append(request)
        charge = self._charge(request.provider, request.model)
        charge.requests += 1
        if request.billed:
            charge.billed_requests += 1
            charge.usage += request.usage

    def clear(self) -> None:
        self._recorded.clear()
        self._charges.clear()
        self._total = 0

    def body(self, limit: int) -> Json:
        """The last `limit` requests, oldest first, and the whole bill."""
        last = list(self._recorded)[-limit:] if limit else []
        return {
            "total": self._total,
            "requests": [request.body() for request in last],
            "bill": [
                {
                    "provider": provider,
                    "model": model,
                    "requests": charge.requests,
                    "billed_requests": charge.billed_requests,
                    "usage": asdict(charge.usage),
                }
                for (provider, model), charge in sorted(self._charges.items())
            ],
        }

    def _charge(self, provider: Provider, model: str) -> Charge:
        known = (provider, model) in self._charges or len(self._charges) < MAX_BILLED_MODELS
        return self._charges.setdefault((provider, model if known else OTHER_MODELS), Charge())
