"""Where a jailed tool may connect to: names, ports, addresses, and requests that say two things."""

from ipaddress import ip_address

import pytest

from services.tool_executor.rules.egress import (
    Denied,
    Destination,
    Host,
    asked_for,
    check_address,
    check_destination,
    is_public,
)

HOSTS = tuple(map(Host.parse, ("api.example.com", "*.cdn.example:8443", "b.example:80")))


def head(*lines: str) -> bytes:
    return "\r\n".join((*lines, "", "")).encode()


@pytest.mark.parametrize(
    ("name", "port"), [("api.example.com", 443), ("x.cdn.example", 8443), ("a.b.cdn.example", 8443)]
)
def test_what_the_list_has_is_reached(name, port):
    assert check_destination(Destination(name, port), HOSTS)


@pytest.mark.parametrize(
    ("name", "port"),
    [
        ("api.example.com", 80),
        ("example.com", 443),
        ("evil-api.example.com", 443),
        ("api.example.com.evil.example", 443),
        ("cdn.example", 8443),
        ("evilcdn.example", 8443),
        ("x.cdn.example", 443),
        ("", 443),
    ],
)
def test_what_it_has_not_is_refused_by_name(name, port):
    with pytest.raises(Denied, match="not among the hosts"):
        check_destination(Destination(name, port), HOSTS)


@pytest.mark.parametrize(
    "text", ["", "*", "a b", "https://a.example", "a.example:", "a:0", "a:99999"]
)
def test_a_line_that_is_no_host_is_refused(text):
    with pytest.raises(ValueError, match=r"host|port"):
        Host.parse(text)


INSIDE = [
    *("127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "0.0.0.0", "100.64.0.1"),
    *("169.254.169.254", "224.0.0.1", "255.255.255.255", "198.18.0.1", "240.0.0.1"),
    *("::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1"),
    *("64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::"),
]


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_refused_whatever_its_name(address):
    with pytest.raises(Denied, match=r"no address of the internet|credentials"):
        check_address(Destination("api.example.com", 443), address, HOSTS[0])


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "::ffff:1.1.1.1"]
)
def test_an_address_of_the_internet_is_let_through(address):
    assert is_public(ip_address(address))
    check_address(Destination("api.example.com", 443), address, HOSTS[0])


METADATA = (
    *("169.254.169.254", "fe80::1", "::ffff:169.254.169.254"),
    *("fd00:ec2::254", "100.100.100.200", "::ffff:100.100.100.200"),
)


def test_an_operator_may_let_one_name_lie_inside_but_no_metadata_service():
    host = Host.parse("erp.internal:8443", private=True)
    where = Destination("erp.internal", 8443)

    check_address(where, "10.0.0.7", host)
    for address in METADATA:
        with pytest.raises(Denied, match="credentials"):
            check_address(where, address, host)


@pytest.mark.parametrize(
    ("target", "destination"),
    [
        ("api.example.com:443", Destination("api.example.com", 443)),
        ("API.Example.COM.:443", Destination("api.example.com", 443)),
        ("[::1]:443", Destination("::1", 443)),
    ],
)
def test_a_tunnel_is_to_a_host_and_a_port(target, destination):
    asked = asked_for(head(f"CONNECT {target} HTTP/1.1", "Host: else.example"))

    assert asked.is_tunnel
    assert asked.destination == destination


def test_a_request_is_passed_on_for_the_host_of_its_url_alone():
    asked = asked_for(
        head(
            "GET http://b.example/p?q=1#f HTTP/1.1",
            "Host: evil.example",
            "Proxy-Authorization: Basic eDp5",
            "Accept: */*",
        )
    )

    assert asked.destination == Destination("b.example", 80)
    assert asked.forwarded.split(b"\r\n") == [
        *(b"GET /p?q=1 HTTP/1.1", b"Host: b.example", b"Accept: */*", b"Connection: close"),
        *(b"", b""),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "GET / HTTP/1.1",
        "GET https://a.example/ HTTP/1.1",
        "GET http://user@b.example/ HTTP/1.1",
        "GET http://api.example.com@b.example/ HTTP/1.1",
        "GET  http://b.example/ HTTP/1.1",
        "CONNECT api.example.com HTTP/1.1",
        "CONNECT api.example.com:0 HTTP/1.1",
        "CONNECT api.example.com:443 HTTP/2",
        "SSH-2.0-OpenSSH_9.2",
    ],
)
def test_what_is_no_request_to_a_proxy_is_refused(line):
    with pytest.raises(Denied) as denied:
        asked_for(head(line))

    assert denied.value.status == 400


def test_a_refusal_is_an_answer_that_a_model_can_read():
    said = Denied(403, "x.example:443 is not among the hosts of this tool").answer()

    assert said.startswith(b"HTTP/1.1 403 ")
    assert said.endswith(b"\r\n\r\nx.example:443 is not among the hosts of this tool\n")
