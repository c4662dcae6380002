"""`send_email`: letters taken by a real SMTP server."""

import ssl
from email import message_from_bytes
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from contracts.tool import ToolRefused, manifest_of
from infra.deployment.certificates import CA, SERVER, SERVER_KEY, ensure_certificates
from infra.platform.ports import choose_port
from services.tool_executor.tools.mail import Server, letter, send_email
from tests.tool_executor.calling import CONTEXT

FROM = "agent@shop.example"
PASSWORD = "p@ss/word"


class Postbox:
    """Takes letters, unless somebody says otherwise."""

    def __init__(self):
        self.letters = []
        self.refuses = {}
        self.answer = "250 kept"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.answer == "hang up":
            server.transport.close()
            return "250 nobody hears it"
        if self.answer.startswith("250"):
            self.letters.append(envelope)
        return self.answer


def serving(box, **options):
    return Controller(box, hostname="127.0.0.1", port=choose_port(), **options)


@pytest.fixture
def box(monkeypatch):
    box = Postbox()
    controller = serving(box)
    controller.start()
    monkeypatch.setenv("MAIL_URL", f"smtp://127.0.0.1:{controller.port}")
    monkeypatch.setenv("MAIL_FROM", FROM)
    yield box
    controller.stop()


@pytest.fixture
def certified(tmp_path, monkeypatch):
    """A certificate of 127.0.0.1, by an authority that this process believes."""
    ensure_certificates(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / CA))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / SERVER, tmp_path / SERVER_KEY)
    return context


def knows_us(_server, _session, _envelope, _mechanism, data):
    return AuthResult(
        handled=False, success=(data.login, data.password) == (b"agent", PASSWORD.encode())
    )


def send(to=("anna@example.org",), subject="Your refund", text="It is on its way.\n"):
    return send_email(list(to), subject, text, call=CONTEXT)


def read(envelope):
    return message_from_bytes(envelope.content, policy=default)


def test_a_letter_comes_to_all_whom_it_names(box):
    sent = send(["anna@example.org", "ben@example.org"], "Grüße", "ä" * 2000)

    (envelope,) = box.letters
    assert envelope.mail_from == FROM
    assert envelope.rcpt_tos == ["anna@example.org", "ben@example.org"] == sent.to
    found = read(envelope)
    assert (found["subject"], found["from"], found["message-id"]) == (
        "Grüße",
        FROM,
        sent.message_id,
    )
    assert found.get_content().strip() == "ä" * 2000


def test_attempts_at_one_call_are_one_letter_for_who_reads_it():
    first, again = (letter(["a@b.example"], "x", "y", FROM, "key") for _ in range(2))
    other = letter(["a@b.example"], "x", "y", FROM, "another key")

    assert first["message-id"] == again["message-id"] != other["message-id"]


@pytest.mark.parametrize(
    "address",
    [
        "anna",
        "@b.example",
        "a@",
        "a b@c.example",
        "Anna <a@b.example>",
        "a@b.example\r\nBcc: spy@evil.example",
        "a@b.example, spy@evil.example",
        "a@b.example>\nDATA",
        "",
    ],
)
def test_what_is_no_address_is_refused(box, address):
    with pytest.raises(ToolRefused, match="is no address"):
        send([address])

    assert not box.letters


def test_a_subject_makes_no_headers(box):
    with pytest.raises(ToolRefused, match="one line"):
        send(subject="hello\r\nBcc: spy@evil.example")

    assert not box.letters


def test_a_text_makes_no_commands(box):
    send(text="before\r\n.\r\nMAIL FROM:<x@y.example>\r\n.after\r\n")

    (envelope,) = box.letters
    assert "MAIL FROM" in read(envelope).get_content()


@pytest.mark.parametrize("to", [[], ["a@b.example"] * 21])
def test_too_few_or_too_many_are_refused(box, to):
    with pytest.raises(ToolRefused, match="1 to 20"):
        send(to)


def test_of_two_of_whom_one_is_refused_nobody_gets_it(box):
    box.refuses = {"ben@example.org": "550 no such person"}

    with pytest.raises(ToolRefused, match=r"refuses ben@example.org: 550 no such person"):
        send(["anna@example.org", "ben@example.org"])

    assert not box.letters


def test_a_letter_that_is_not_taken_is_told_with_the_reason(box):
    box.answer = "552 too large"

    with pytest.raises(ToolRefused, match="552 too large"):
        send()


def test_of_a_connection_that_breaks_in_the_letter_nobody_knows(box):
    """No refusal: it may have been taken, and so the outcome of the call is unknown."""
    box.answer = "hang up"

    with pytest.raises(Exception) as raised:  # noqa: PT011 - whichever it is, it is no refusal
        send()

    assert not isinstance(raised.value, ToolRefused)
    assert not manifest_of(send_email).idempotent


def test_nobody_at_the_address_is_a_refusal(monkeypatch):
    monkeypatch.setenv("MAIL_URL", f"smtp://127.0.0.1:{choose_port()}")
    monkeypatch.setenv("MAIL_FROM", FROM)

    with pytest.raises(ToolRefused, match="took nothing"):
        send()


@pytest.mark.parametrize("url", ["", "127.0.0.1:25", "http://127.0.0.1", "smtp://", "smtp://h:x"])
def test_a_setting_that_is_none_is_told_without_its_value(monkeypatch, url):
    monkeypatch.setenv("MAIL_URL", url)
    monkeypatch.setenv("MAIL_FROM", FROM)

    with pytest.raises(ToolRefused, match="MAIL_URL") as refused:
        send()

    assert "127.0.0.1" not in str(refused.value)


def test_a_password_leaves_through_tls_alone(certified, monkeypatch):
    """By STARTTLS, which is demanded of every server that is not on this machine."""
    box = Postbox()
    controller = serving(box, tls_context=certified, auth_required=True, authenticator=knows_us)
    controller.start()
    monkeypatch.setattr(Server, "is_here", False)
    monkeypatch.setenv("MAIL_FROM", FROM)
    monkeypatch.setenv("MAIL_URL", f"smtp://agent:p%40ss%2Fword@127.0.0.1:{controller.port}")
    try:
        send()
        monkeypatch.setenv("MAIL_URL", f"smtp://agent:wrong@127.0.0.1:{controller.port}")
        with pytest.raises(ToolRefused, match="535") as refused:
            send()
    finally:
        controller.stop()

    assert len(box.letters) == 1
    assert "wrong" not in str(refused.value)


def test_a_far_server_that_speaks_in_the_clear_gets_nothing(box, monkeypatch):
    monkeypatch.setattr(Server, "is_here", False)

    with pytest.raises(ToolRefused, match="STARTTLS"):
        send()

    assert not box.letters


def test_a_server_whose_certificate_nobody_believes_gets_nothing(certified, monkeypatch, tmp_path):
    box = Postbox()
    controller = serving(box, ssl_context=certified)
    controller.start()
    monkeypatch.setenv("MAIL_FROM", FROM)
    monkeypatch.setenv("MAIL_URL", f"smtps://127.0.0.1:{controller.port}")
    try:
        send()
        ensure_certificates(tmp_path / "others")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "others" / CA))
        with pytest.raises(ToolRefused, match="certificate"):
            send()
    finally:
        controller.stop()

    assert len(box.letters) == 1
