"""Which port a server of the platform listens on: the default if it is free, else any."""

import secrets
import socket

from infra.platform.errors import NoFreePort

LOOPBACK = "127.0.0.1"
# Below those that Linux gives to clients, which could take one in between.
QUIET_PORTS = range(20_000, 32_768)
TRIES = 32


def choose_port(preferred: int = 0) -> int:
    """`preferred` if nobody listens there on loopback, else a free one; 0 prefers none.

    The port is free now, not reserved: who binds it next must be ready to find it taken.
    """
    if preferred and _is_free(preferred):
        return preferred
    for _ in range(TRIES):
        port = QUIET_PORTS[secrets.randbelow(len(QUIET_PORTS))]
        if _is_free(port):
            return port
    try:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            return int(probe.getsockname()[1])
    except OSError as error:
        raise NoFreePort(
            f"no free TCP port on {LOOPBACK}: {error}; close programs, and try again"
        ) from error


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # A port whose last connections are in TIME_WAIT is free for the servers we start:
        # they set this option too.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
