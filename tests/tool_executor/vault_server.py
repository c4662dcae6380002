"""A server that answers as HashiCorp Vault does, as far as the executor asks it."""

import json
import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NO_AUTH = {"request_id": "q-1", "renewable": False, "wrap_info": None, "warnings": None}


@dataclass
class FakeVault:
    """What it holds, and what it was asked. `status` answers every read so, if it is set."""

    versioned: dict[str, dict[str, object] | None] = field(default_factory=dict)
    plain: dict[str, dict[str, str]] = field(default_factory=dict)
    dynamic: dict[str, int] = field(default_factory=dict)
    """Path, and for how many seconds what is made there is leased."""
    tokens: set[str] = field(default_factory=lambda: {"root-token"})
    roles: dict[str, str] = field(default_factory=dict)
    login_seconds: int = 3600
    namespace: str | None = None
    status: int | None = None
    body: bytes | None = None
    asked: list[str] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, method, path, token, namespace, said):
        self.asked.append(f"{method} {path}")
        if self.namespace != namespace:
            return 403, {"errors": ["permission denied"]}
        if path == "auth/kubernetes/login":
            return self._log_in(said)
        if token not in self.tokens:
            return 403, {"errors": ["permission denied"]}
        if path == "auth/token/revoke-self":
            self.tokens.discard(token)
            return 204, None
        if path == "sys/leases/revoke":
            self.revoked.append(said["lease_id"])
            return 204, None
        return (self.status, {"errors": ["no"]}) if self.status else self._read(path)

    def _log_in(self, said):
        if not self.roles.get(said["role"]) or self.roles[said["role"]] != said["jwt"]:
            return 400, {"errors": ["service account name not authorized"]}
        token = f"login-token-{len(self.asked)}"
        self.tokens.add(token)
        auth = {"client_token": token, "lease_duration": self.login_seconds, "renewable": True}
        return 200, {**NO_AUTH, "lease_id": "", "lease_duration": 0, "data": None, "auth": auth}

    def _read(self, path):
        whole = {**NO_AUTH, "lease_id": "", "lease_duration": 0, "auth": None}
        if path in self.versioned:
            fields = self.versioned[path]
            kept = {"data": fields, "metadata": {"version": 3, "deletion_time": ""}}
            return (404 if fields is None else 200), {**whole, "data": kept}
        if path in self.plain:
            return 200, {**whole, "lease_duration": 2_764_800, "data": self.plain[path]}
        if path in self.dynamic:
            number = self.asked.count(f"GET {path}")
            made = {"username": f"v-reader-{number}", "password": f"made/for us {number}"}
            lease = {"lease_id": f"{path}/{number}", "lease_duration": self.dynamic[path]}
            return 200, {**whole, **lease, "renewable": True, "data": made}
        return 404, {"errors": []}


@contextmanager
def vault_server(vault: FakeVault, tls: ssl.SSLContext | None = None):
    """It on a free port; `url` says where."""

    class Asked(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            size = int(self.headers.get("Content-Length") or 0)
            said = json.loads(self.rfile.read(size) or b"null")
            status, body = vault.answer(
                self.command,
                self.path.removeprefix("/v1/"),
                self.headers.get("X-Vault-Token"),
                self.headers.get("X-Vault-Namespace"),
                said,
            )
            content = b"" if body is None else json.dumps(body).encode()
            content = vault.body if vault.body is not None else content
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"{vault.url}/v1/kv/data/elsewhere")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self):
            self.do_GET()

        def log_message(self, *_):
            """Tests look at what was asked."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Asked)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    vault.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    try:
        yield vault
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
