"""Send an e-mail by SMTP.

`MAIL_URL` is `smtp://user:password@host:587` or `smtps://...:465`, `MAIL_FROM` the address of the
sender; `secrets` in `tools.yaml` gives both to the scope `mail:send`.
"""

import ipaddress
import os
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from urllib.parse import unquote, urlsplit

from contracts.shape import Body, sha256_hex
from contracts.tool import ToolContext, ToolRefused, tool

RECIPIENTS_LIMIT = 20
SUBJECT_LIMIT_CHARACTERS = 250
TEXT_LIMIT_CHARACTERS = 100_000
ANSWER_SECONDS = 20.0
PORTS = {"smtp": 587, "smtps": 465}
ACCEPTED = 250
# What a server says that goes wrong before the text: nothing was sent, and it says so.
BEFORE_THE_TEXT = (smtplib.SMTPException, OSError)


class Sent(Body):
    """What the server took. `message_id` finds it in the mail log."""

    to: list[str]
    message_id: str


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail is handed in."""

    host: str
    port: int
    is_tls: bool
    user: str | None
    password: str | None

    @classmethod
    def parse(cls, url: str) -> "Server":
        """Read `MAIL_URL`.

        Raises:
            ToolRefused: it is none.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if parts.scheme not in PORTS or parts.hostname is None:
            # Without the address, which may hold a password.
            raise ToolRefused("MAIL_URL is not of the form smtp://user:password@host:587")
        return cls(
            parts.hostname,
            port or PORTS[parts.scheme],
            parts.scheme == "smtps",
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
        )

    @property
    def is_here(self) -> bool:
        """Whether no wire leads there that somebody could listen at."""
        if self.host == "localhost":
            return True
        with suppress(ValueError):
            return ipaddress.ip_address(self.host).is_loopback
        return False

    def open(self) -> smtplib.SMTP:
        """A session of somebody who may send, encrypted."""
        context = ssl.create_default_context()
        if self.is_tls:
            found: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, timeout=ANSWER_SECONDS, context=context
            )
        else:
            found = smtplib.SMTP(self.host, self.port, timeout=ANSWER_SECONDS)
        try:
            found.ehlo_or_helo_if_needed()
            if not self.is_tls and not self.is_here:
                # A server that offers none is refused: a password and a letter in the clear.
                found.starttls(context=context)
                found.ehlo()
            if self.user is not None:
                found.login(self.user, self.password or "")
        except BaseException:
            found.close()
            raise
        return found


@tool(
    effect="egress",
    sinks={"to": "destination"},
    payload=("subject", "text"),
    scopes=("mail:send",),
    output_trust="internal",
    fields={"to": "destination", "message_id": "id"},
    timeout_seconds=120,
)
def send_email(to: list[str], subject: str, text: str, *, call: ToolContext) -> Sent:
    """Send an e-mail of plain text to one or more addresses."""
    message = letter(to, subject, text, _setting("MAIL_FROM"), call.idempotency_key)
    server = Server.parse(_setting("MAIL_URL"))
    try:
        session = server.open()
    except BEFORE_THE_TEXT as error:
        raise ToolRefused(f"the mail server {server.host} took nothing: {_told(error)}") from None
    try:
        _address(session, message, to)
        _hand_in(session, message)
    finally:
        session.close()
    return Sent(to=to, message_id=str(message["message-id"]))


def letter(to: list[str], subject: str, text: str, sender: str, key: str) -> EmailMessage:
    """The letter as it leaves. The same key makes the same `Message-ID`.

    Raises:
        ToolRefused: an address, or the subject, can be none, or one of them is too much.
    """
    if not 1 <= len(to) <= RECIPIENTS_LIMIT:
        raise ToolRefused(f"an e-mail goes to 1 to {RECIPIENTS_LIMIT} addresses, not {len(to)}")
    if len(subject) > SUBJECT_LIMIT_CHARACTERS or len(text) > TEXT_LIMIT_CHARACTERS:
        raise ToolRefused(
            f"a subject has at most {SUBJECT_LIMIT_CHARACTERS} characters, "
            f"a text {TEXT_LIMIT_CHARACTERS}"
        )
    message = EmailMessage(policy=SMTP)
    from_, *others = [_parsed(one) for one in (sender, *to)]
    message["From"], message["To"] = from_, others
    try:
        message["Subject"] = subject
    except ValueError:
        raise ToolRefused("a subject is one line") from None
    message["Message-ID"] = f"<{sha256_hex(key.encode())[:32]}@{from_.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    return message


def _parsed(address: str) -> Address:
    try:
        found = Address(addr_spec=address)
    except (ValueError, IndexError, MessageError):
        found = Address()
    if not (found.username and found.domain) or not address.isascii():
        raise ToolRefused(f"{address!r} is no address: write name@host.example")
    return found


def _address(session: smtplib.SMTP, message: EmailMessage, to: list[str]) -> None:
    """Tell for whom it is: all of them, or nothing is sent.

    Raises:
        ToolRefused: the server does not take the sender or somebody.
    """
    try:
        _demand(session.mail(message["From"].addresses[0].addr_spec), "the sender")
        for one in to:
            _demand(session.rcpt(one), one)
    except BEFORE_THE_TEXT as error:
        raise ToolRefused(f"nothing was sent: {_told(error)}") from None


def _demand(answer: tuple[int, bytes], what: str) -> None:
    code, said = answer
    if code not in (ACCEPTED, 251):
        raise ToolRefused(f"nothing was sent: the server refuses {what}: {code} {_text(said)}")


def _hand_in(session: smtplib.SMTP, message: EmailMessage) -> None:
    """Send the text. Where the connection breaks now nobody knows whether it was taken.

    Raises:
        ToolRefused: the server answered that it does not take it.
    """
    try:
        code, said = session.data(message.as_bytes())
    except smtplib.SMTPDataError as error:
        raise ToolRefused(f"nothing was sent: {_told(error)}") from None
    if code != ACCEPTED:
        raise ToolRefused(f"nothing was sent: the server refuses it: {code} {_text(said)}")
    with suppress(*BEFORE_THE_TEXT):
        session.quit()  # It has taken it; how it says goodbye does not matter.


def _setting(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise ToolRefused(f"{name} is not set: give it to the scope mail:send in tools.yaml")
    return value


def _told(error: Exception) -> str:
    """What went wrong; of a refused log-in without what was tried."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"
    return str(error) or type(error).__name__


def _text(said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return " ".join(text.split())[:300]
