"""How much more of something was counted since the test began."""

from dataclasses import dataclass, field

from prometheus_client import REGISTRY


@dataclass
class Counted:
    """A series by the name and the labels that Prometheus shows it under."""

    name: str
    labels: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._before = self.value

    @property
    def value(self) -> float:
        """0 while nobody has counted it."""
        return REGISTRY.get_sample_value(self.name, self.labels) or 0.0

    @property
    def more(self) -> float:
        return self.value - self._before


def counted(name: str, **labels: str) -> Counted:
    return Counted(name, labels)
