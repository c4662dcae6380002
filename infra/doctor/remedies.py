"""What to type, where that depends on who started the installation.

The platform of a home makes everything again when it starts; a deployment has its own commands.
"""

from .installation import NATS_VARIABLE, POSTGRES_VARIABLE, Installation

RESTART = "restart `interlock dev`"


def make_streams(installation: Installation) -> str:
    """Streams and consumers, made or brought up to date."""
    if installation.kind == "platform":
        return RESTART
    mode = f" --durability {installation.durability}" if installation.durability else ""
    return f"python -m infra.bootstrap setup{mode}"


def make_tables(installation: Installation) -> str:
    """The newest schema."""
    if installation.kind == "platform":
        return RESTART
    return f'python -m infra.migrations.run "${POSTGRES_VARIABLE}"'


def tell_nats(installation: Installation) -> str:
    """How nats-server comes to know the keys and permissions again."""
    if installation.kind == "platform":
        return RESTART
    return "python -m infra.bootstrap keys; then on the server: nats-server --signal reload"


def start_nats(installation: Installation) -> str:
    """A server that does not answer."""
    if installation.kind == "platform":
        return f"read {installation.home.logs / 'nats.log'}, then {RESTART}"
    return f"start nats-server there, or mend {NATS_VARIABLE}"


def start_postgres(installation: Installation) -> str:
    """A database that does not answer."""
    if installation.kind == "platform":
        return f"read {installation.home.logs / 'postgres.log'}, then {RESTART}"
    return f"start PostgreSQL there, or mend {POSTGRES_VARIABLE}"
