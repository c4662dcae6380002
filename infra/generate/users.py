"""A user of nats-server, and how nats-server is told of it."""

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class User:
    """One user and the subjects it may publish on and subscribe to."""

    name: str
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def inbox(user: str) -> str:
    """Where this user hears replies: its own prefix, so that nobody reads another's."""
    return f"_INBOX_{user}.>"


def block(user: User, key: str) -> str:
    """Its part of the configuration of nats-server. A key that begins with `$` is a variable."""
    nkey = key if key.startswith("$") else json.dumps(key)
    return (
        f"    # {user.name}\n"
        f"    {{\n      nkey: {nkey}\n      permissions: {{\n"
        f"        publish: {{ {_allowed(user.publish)} }}\n"
        f"        subscribe: {{ {_allowed(user.subscribe)} }}\n"
        f"      }}\n    }}\n"
    )


def _allowed(subjects: tuple[str, ...]) -> str:
    """An empty list would allow everything."""
    if not subjects:
        return 'deny: [">"]'
    lines = "".join(f"          {json.dumps(subject)}\n" for subject in subjects)
    return f"allow: [\n{lines}        ]"
