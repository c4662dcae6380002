"""What the server has and what we want, compared setting by setting."""

from nats.js.api import ConsumerConfig, StreamConfig


def plural(found: ConsumerConfig) -> ConsumerConfig:
    """The server reports a single filter under its older name."""
    if found.filter_subject and not found.filter_subjects:
        return found.evolve(filter_subject=None, filter_subjects=[found.filter_subject])
    return found


def differences_of(
    wanted: StreamConfig | ConsumerConfig, found: StreamConfig | ConsumerConfig
) -> tuple[str, ...]:
    """What is wanted and not found. Settings that we say nothing about are the server's own."""
    there = found.as_dict()
    return tuple(
        f"{name} is {there.get(name)!r}, wanted {value!r}"
        for name, value in wanted.as_dict().items()
        # The server leaves out what is off.
        if (there.get(name) or None) != (value or None)
    )
