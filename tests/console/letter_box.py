"""A console with dead letters, as `interlock dlq` sees it, for tests."""

import json

import httpx
from typer.testing import CliRunner

from services.console.cli import app

LETTER = {
    "number": 7,
    "stored_at": "2026-03-02T12:00:00Z",
    "service": "cost_ledger",
    "stream": "RUNS",
    "sequence": 3,
    "subject": "run.acme.r-1.run.failed",
    "rule": "handler_failed",
    "reason": "PostgreSQL is away",
    "state": "open",
    "decided_by": "",
    "decided_at": None,
    "decision": "",
    "headers": {"ce-id": "x"},
    "body_text": "{}",
    "body_bytes": 2,
}


class Box:
    """Letters by number; those in `refusing` cannot be redriven."""

    def __init__(self, count=0, refusing=()):
        self.open = list(range(1, count + 1))
        self.refusing = refusing
        self.asked = []
        self.sizes = []

    def __call__(self, request):
        path = request.url.path.removeprefix("/api/v1/dead-letters")
        body = json.loads(request.content) if request.content else {}
        self.asked.append((request.method, path, dict(request.url.params), body))
        if path in ("/redrive", "/discard"):
            done = {"/redrive": "redriven", "/discard": "discarded"}[path]
            return httpx.Response(200, json=self._many(body, done))
        if path == "/groups":
            group = {"value": "handler_failed", "letters": 3, "oldest_at": "", "newest_at": ""}
            return httpx.Response(200, json=[group])
        if not path:
            return httpx.Response(200, json=[LETTER])
        number = int(path.split("/")[1])
        status = {404: 404, 409: 409}.get(number, 200)
        problem = {"what": f"no {number}", "where": "there", "remedy": "do this"}
        return httpx.Response(status, json=LETTER if status == 200 else problem)

    def _many(self, body, done="redriven"):
        fit = [one for one in self.open if one > body.get("after", 0)]
        chosen = fit[: body["limit"]]
        if not body.get("dry_run"):
            self.sizes.append(len(chosen))
        refused = [one for one in chosen if one in self.refusing]
        return {
            "matched": len(fit),
            done: [one for one in chosen if one not in self.refusing],
            "skipped": [{"number": one, "why": "it is no fact"} for one in refused],
            "failed": [],
            "after": chosen[-1] if chosen else 0,
        }


def serving(monkeypatch):
    """Have a box answer whatever the command asks."""
    make = httpx.Client

    def serve(box):
        def client(**options):
            return make(transport=httpx.MockTransport(box), **options)

        monkeypatch.setattr(httpx, "Client", client)
        monkeypatch.setenv("INTERLOCK_URL", "http://console")
        monkeypatch.setenv("INTERLOCK_TOKEN", "t")
        return box

    return serve


def dlq(*arguments, **options):
    return CliRunner().invoke(app, ["dlq", *arguments], env={"COLUMNS": "200"}, **options)
