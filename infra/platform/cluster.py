"""Three nodes of nats-server on loopback that keep one log together; any two of them are enough.

They share this machine, so they show how a cluster behaves and not what it is for: put the nodes of
a real one where no single fire, power cut or upgrade reaches two of them.
"""

import asyncio
import json
import secrets

from infra.platform.errors import LogElsewhere
from infra.platform.files import create_file
from infra.platform.home import Home
from infra.platform.nats import Durability, NatsServer, Seat
from infra.platform.ports import LOOPBACK, choose_port
from infra.platform.processes import Supervisor

NODES = 3
CLUSTER = "interlock"
ROUTE_USER = "node"
SECRET_BYTES = 24


class NatsCluster:
    """The nodes, named `nats-1` to `nats-3`; each keeps its own copy of the log in the home."""

    durability = Durability.REPLICATED

    def __init__(self, home: Home, *, authorization: str = "") -> None:
        secret = _route_secret(home)
        routes = tuple(choose_port() for _ in range(NODES))
        self.nodes = tuple(
            NatsServer(
                home,
                port=0,
                monitoring_port=0,
                durability=self.durability,
                authorization=authorization,
                # A node finds its place in the cluster again by this name.
                server_name=f"{CLUSTER}-{number}",
                seat=_seat(home, number, routes, secret),
            )
            for number in range(1, NODES + 1)
        )

    @property
    def url(self) -> str:
        """Every node, comma separated: a client that loses one goes on at the next."""
        return ",".join(node.url for node in self.nodes)

    @property
    def monitoring_url(self) -> str:
        return ",".join(node.monitoring_url for node in self.nodes)

    async def start(self, supervisor: Supervisor) -> None:
        """Start all nodes, and return when each is in touch with the others.

        Raises:
            ProgramMissing, ConfigRefused, NotReady: as of a single server.
        """
        # At once: a node that is alone is not ready.
        await asyncio.gather(*(node.start(supervisor) for node in self.nodes))


def nats_of(
    home: Home, durability: Durability, *, port: int, authorization: str
) -> NatsServer | NatsCluster:
    """What keeps the log of this home in a mode; `port` is that of a single node.

    Raises:
        LogElsewhere: the home has a log that the nodes of this mode would not see.
    """
    _check_log(home, durability)
    if durability is Durability.REPLICATED:
        return NatsCluster(home, authorization=authorization)
    return NatsServer(
        home, port=port, monitoring_port=0, durability=durability, authorization=authorization
    )


def kept_durability(home: Home) -> Durability:
    """A mode that finds the log of this home again."""
    replicated = any(home.nats.glob("node-*/jetstream"))
    return Durability.REPLICATED if replicated else Durability.FAST


def _check_log(home: Home, asked: Durability) -> None:
    alone, together = (home.nats / "jetstream").is_dir(), any(home.nats.glob("node-*/jetstream"))
    if asked is Durability.REPLICATED and alone and not together:
        raise LogElsewhere(home.path, asked, 1, "--durability fast or durable")
    if asked is not Durability.REPLICATED and together and not alone:
        raise LogElsewhere(home.path, asked, NODES, "--durability replicated")


def _seat(home: Home, number: int, routes: tuple[int, ...], secret: str) -> Seat:
    name = f"nats-{number}"
    folder = home.nats / f"node-{number}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Seat(name, folder, _cluster_text(routes[number - 1], routes, secret))


def _cluster_text(own: int, routes: tuple[int, ...], secret: str) -> str:
    """Who has the secret is a node, and no permission of any user binds a node."""
    others = "".join(
        f"    {json.dumps(f'nats-route://{ROUTE_USER}:{secret}@{LOOPBACK}:{port}')}\n"
        for port in routes
        if port != own
    )
    return f"""\
cluster {{
  name: {json.dumps(CLUSTER)}
  listen: "{LOOPBACK}:{own}"
  authorization {{
    user: {json.dumps(ROUTE_USER)}
    password: {json.dumps(secret)}
  }}
  routes: [
{others}  ]
}}
"""


def _route_secret(home: Home) -> str:
    path = home.keys / "cluster.secret"
    if not path.exists():
        create_file(path, secrets.token_hex(SECRET_BYTES) + "\n")
    return path.read_text("ascii").strip()
