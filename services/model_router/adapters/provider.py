"""A provider: one prompt in, one answer out, or an error of ours."""

from dataclasses import dataclass, field
from typing import Protocol

from contracts.model import DroppedParameter, Part, Prompt, Route, ServedBy, Stop
from contracts.money import Usage, UsageQuality


@dataclass(frozen=True, slots=True)
class ProviderCall:
    """One call: what the model sees, where it goes, how far it may go, and what it draws by."""

    prompt: Prompt
    route: Route
    max_output_tokens: int
    timeout_seconds: float
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class ProviderAnswer:
    """What came back, in our words. `usage_raw` is the usage in the provider's."""

    parts: tuple[Part, ...]
    stop: Stop
    usage: Usage
    usage_quality: UsageQuality
    served_by: ServedBy
    usage_raw: dict[str, object] = field(default_factory=dict)
    dropped: tuple[DroppedParameter, ...] = ()


class Provider(Protocol):
    async def complete(self, call: ProviderCall) -> ProviderAnswer:
        """The answer to one call. It is made once: whoever asked decides on another attempt.

        Raises:
            ProviderError: there is none, and why.
        """
        ...
