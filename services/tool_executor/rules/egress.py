"""Where a tool may connect to: names of hosts, and addresses that are nobody's inside.

Allow-lists are of names, and a name is no place: it may point to the metadata service of a cloud,
or to the database next door. So each address that a name has is judged as well.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, Self

HEAD_LIMIT_BYTES: Final = 16_384
PORTS: Final = {"http": 80, "https": 443}
LINE: Final = re.compile(rb"([A-Z]{3,7}) (\S{1,8000}) HTTP/1\.[01]")
URL: Final = re.compile(r"http://(?P<place>[\w.:\[\]-]+)(?P<path>(/[^#]*)?)(#.*)?", re.ASCII)
LABEL: Final = "[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?"
NAME: Final = re.compile(rf"(\*\.)?{LABEL}(\.{LABEL})*")
# Beside those of the link itself, which is where most clouds have theirs.
METADATA: Final = (ip_address("fd00:ec2::254"), ip_address("100.100.100.200"))
# They hold an IPv4 address that may be private, though they are no private addresses themselves.
CARRIERS: Final = (ip_network("64:ff9b::/96"), ip_network("2002::/16"), ip_network("2001::/32"))
# Of one hop; a proxy has its own.
HOP: Final = (b"connection", b"proxy-connection", b"proxy-authorization", b"keep-alive", b"te")

Address = IPv4Address | IPv6Address


class Denied(Exception):
    """What is asked for is not let through, with the status and sentence that the tool reads."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status

    def answer(self) -> bytes:
        body = f"{self}\n".encode()
        head = (
            f"HTTP/1.1 {self.status} Denied",
            "Content-Type: text/plain; charset=utf-8",
            # So that nobody takes it for an answer of the host (RFC 9209).
            "Proxy-Status: interlock; error=http_request_denied",
            f"Content-Length: {len(body)}",
            "Connection: close",
        )
        return "\r\n".join((*head, "", "")).encode() + body


@dataclass(frozen=True, slots=True)
class Destination:
    """What a tool wants to reach."""

    name: str
    port: int

    def __str__(self) -> str:
        return f"{self.name}:{self.port}"


@dataclass(frozen=True, slots=True)
class Host:
    """One line of an allow-list: `api.example.com`, `*.example.com`, `10.0.0.5:8080`."""

    name: str
    port: int = PORTS["https"]
    private: bool = False
    """Whether it may lie inside. An operator says so, of one name; a tool cannot."""

    @classmethod
    def parse(cls, text: str, *, private: bool = False) -> Self:
        """One line.

        Raises:
            ValueError: it is no name, or its port no number.
        """
        name, colon, port = text.lower().rpartition(":")
        if not colon:
            name, port = text.lower(), str(PORTS["https"])
        if not NAME.fullmatch(name):
            raise ValueError(f"{text!r}: write a host, as api.example.com or *.example.com:8443")
        if not port.isdecimal() or not 0 < int(port) < 65_536:
            raise ValueError(f"{text!r}: the port is a number from 1 to 65535")
        return cls(name, int(port), private)

    def covers(self, destination: Destination) -> bool:
        if destination.port != self.port:
            return False
        if self.name.startswith("*."):
            return destination.name.endswith(self.name[1:])
        return destination.name == self.name


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to the proxy: a tunnel, or one request that is passed on."""

    destination: Destination
    is_tunnel: bool
    forwarded: bytes = b""


def asked_for(head: bytes) -> Asked:
    """What the first lines on a connection ask for.

    Raises:
        Denied: they are not HTTP as a proxy is spoken to, or say two things at once.
    """
    line, *fields = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    said = LINE.fullmatch(line)
    if said is None:
        raise Denied(400, "this is a proxy: CONNECT host:port, or a request with a whole URL")
    method, target = said[1], said[2].decode(errors="replace")
    if method == b"CONNECT":
        return Asked(_destination(target, None), is_tunnel=True)
    return _plain(method, target, fields)


def _plain(method: bytes, target: str, fields: list[bytes]) -> Asked:
    url = URL.fullmatch(target)
    if url is None:
        raise Denied(400, "a request without a tunnel is http://host/path, without a user in it")
    place, path = url["place"], url["path"] or "/"
    destination = _destination(place, PORTS["http"])
    kept = [one for one in fields if one.partition(b":")[0].strip().lower() not in (*HOP, b"host")]
    lines = [
        method + b" " + path.encode() + b" HTTP/1.1",
        # The one that was judged, whatever the request said.
        b"Host: " + place.encode(),
        *kept,
        b"Connection: close",
    ]
    return Asked(destination, is_tunnel=False, forwarded=b"\r\n".join(lines) + b"\r\n\r\n")


def _destination(text: str, default_port: int | None) -> Destination:
    name, _, port = text.rpartition(":") if re.search(r":\d+$", text) else (text, "", "")
    number = int(port) if port else default_port
    if number is None or not 0 < number < 65_536:
        raise Denied(400, f"{text!r} has no port")
    return Destination(name.lower().strip("[]").removesuffix("."), number)


def check_destination(destination: Destination, hosts: tuple[Host, ...]) -> Host:
    """The line of the allow-list that covers it.

    Raises:
        Denied: none does.
    """
    for host in hosts:
        if host.covers(destination):
            return host
    raise Denied(403, f"{destination} is not among the hosts of this tool")


def check_address(destination: Destination, address: str, host: Host) -> None:
    """Refuse an address that is not of the internet.

    Raises:
        Denied: it lies inside, and the operator did not say that it may.
    """
    found = _unwrapped(ip_address(address.partition("%")[0]))
    if found.is_link_local or found in METADATA:
        raise Denied(403, f"{destination} is at {address}, where clouds keep their credentials")
    if not host.private and not is_public(found):
        raise Denied(403, f"{destination} is at {address}, which is no address of the internet")


def is_public(address: Address) -> bool:
    """Whether everybody may see it, also where an address lies within another."""
    if any(address in one for one in CARRIERS):
        return False
    return _unwrapped(address).is_global and not address.is_multicast


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that is written as one of IPv6."""
    within = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return within or address
