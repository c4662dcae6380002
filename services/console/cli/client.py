"""The API as commands see it: requests, event streams, and what each refusal exits with."""

import atexit
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, Any

from services.console.cli.endpoint import Endpoint, find_endpoint
from services.console.cli.errors import (
    CONFLICT,
    DENIED,
    FAILED,
    NOT_FOUND,
    USAGE,
    CommandFailed,
    Unreachable,
    not_running,
)

if TYPE_CHECKING:
    import httpx

EXIT_CODES = {
    401: DENIED,
    403: DENIED,
    404: NOT_FOUND,
    409: CONFLICT,
    410: CONFLICT,
    412: CONFLICT,
    413: USAGE,
    422: USAGE,
}
# Asking again may help.
PASSING = (429, 503)
PREFIX = "/api/v1"
REQUEST_SECONDS = 30.0
# Longer than the heartbeats of a stream are apart.
SILENCE_SECONDS = 60.0


class Client:
    """Asks the console."""

    def __init__(self, http: "httpx.Client") -> None:
        self._http = http

    def get(self, path: str, **query: object) -> Any:
        """The JSON that lies there."""
        known = {name: str(value) for name, value in query.items() if value is not None}
        return self._answer("GET", path, params=known)

    def page(self, path: str, **query: object) -> tuple[Any, str | None]:
        """The JSON that lies there, and the cursor of the page after it, if there is one."""
        import httpx  # noqa: PLC0415 - slow to import

        known = {name: value for name, value in query.items() if value is not None}
        answer = self._ask("GET", path, params=known)
        following = answer.links.get("next", {}).get("url")
        return answer.json(), httpx.URL(following).params.get("cursor") if following else None

    def post(
        self,
        path: str,
        body: object,
        *,
        timeout_seconds: float | None = None,
        **query: object,
    ) -> Any:
        """The JSON of what became of it; `timeout_seconds` where it takes longer than others."""
        known = {name: str(value) for name, value in query.items() if value is not None}
        patience = {} if timeout_seconds is None else {"timeout": timeout_seconds}
        return self._answer("POST", path, params=known, json=body, **patience)

    def delete(self, path: str) -> Any:
        """The JSON of what became of it."""
        return self._answer("DELETE", path)

    def download(self, path: str, **query: object) -> bytes:
        """The bytes that lie there."""
        known = {name: str(value) for name, value in query.items() if value is not None}
        return self._ask("GET", path, params=known).content

    def upload(self, path: str, content: bytes, media_type: str) -> Any:
        """The JSON of what became of a file."""
        return self._answer("POST", path, content=content, headers={"content-type": media_type})

    def events(
        self,
        path: str,
        tenant: str | None,
        timeout_seconds: float,
        after: int = 0,
        on_progress: Callable[[Any], None] | None = None,
    ) -> Iterator[Any]:
        """The facts of an event stream after a sequence, until the server closes it.

        What tools tell of their progress goes to `on_progress`, if it is wanted.

        Raises:
            Unreachable: the stream fell silent, or broke.
            CommandFailed: it was refused.
        """
        import httpx  # noqa: PLC0415 - slow to import

        query = {"tenant": tenant} if tenant else {}
        query |= {} if on_progress is None else {"progress": "true"}
        limit = httpx.Timeout(REQUEST_SECONDS, read=timeout_seconds)
        known = {"last-event-id": str(after)} if after else {}
        try:
            with self._http.stream(
                "GET", PREFIX + path, params=query, headers=known, timeout=limit
            ) as answer:
                if answer.status_code >= 400:
                    answer.read()
                    raise refusal(answer)
                is_fact = True
                for line in answer.iter_lines():
                    if line.startswith("event: "):
                        is_fact = line != "event: progress"
                    elif line.startswith("data: "):
                        told = json.loads(line.removeprefix("data: "))
                        if is_fact:
                            yield told
                        elif on_progress is not None:
                            on_progress(told)
        except httpx.TransportError as error:
            raise unreachable(error) from None

    def _answer(self, method: str, path: str, **what: Any) -> Any:
        return self._ask(method, path, **what).json()

    def _ask(self, method: str, path: str, **what: Any) -> "httpx.Response":
        import httpx  # noqa: PLC0415 - slow to import

        try:
            answer = self._http.request(method, PREFIX + path, **what)
        except httpx.TransportError as error:
            raise unreachable(error) from None
        if answer.status_code >= 400:
            raise refusal(answer)
        return answer


# Gives an endpoint over the state of a platform that has stopped; the program `interlock` sets it.
KeptState = Callable[[], AbstractContextManager[Endpoint]]
_kept_state: list[KeptState] = []
_until_exit = ExitStack()


def offer_kept_state(source: KeptState) -> None:
    """Let commands that only read work where nothing runs."""
    _kept_state[:] = [source]
    atexit.register(_until_exit.close)


def connect(*, reading: bool = False, principal: str | None = None) -> Client:
    """A client of the endpoint that is found; over kept state, if one only reads.

    With a `principal`, as that one of the people of this machine.

    Raises:
        CommandFailed: there is none.
    """
    import httpx  # noqa: PLC0415 - slow to import

    try:
        found = find_endpoint(principal=principal)
    except CommandFailed:
        if not reading or not _kept_state:
            raise
        found = _until_exit.enter_context(_kept_state[0]())
    headers = {"authorization": f"Bearer {found.token}"} if found.token else {}
    return Client(httpx.Client(base_url=found.url, headers=headers, timeout=REQUEST_SECONDS))


def refusal(answer: "httpx.Response") -> CommandFailed:
    """What the API said, as a command says it."""
    exit_code = EXIT_CODES.get(answer.status_code, FAILED)
    kind = Unreachable if answer.status_code in PASSING else CommandFailed
    try:
        problem = answer.json()
        return kind(f"{problem['what']} ({problem['where']})", str(problem["remedy"]), exit_code)
    except (ValueError, KeyError, TypeError):
        return kind(f"The console answered {answer.status_code}.", "look at its log", exit_code)


def unreachable(error: Exception) -> Unreachable:
    """A server that does not answer: here that is a platform that is not running."""
    failed = not_running()
    return Unreachable(f"{failed.what} ({type(error).__name__})", failed.remedy)
