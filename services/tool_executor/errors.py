"""What can go wrong in the executor.

ExecutorError
├── ArgumentsInvalid    never will: the model is told which argument, and what is wrong with it
├── ResultInvalid       what a tool returned is not what it declares: it counts as raised by it
├── WorkersBusy         every worker has a call: try again
├── WorkerUnusable      a worker did not start: try again
├── JailUnavailable     this machine can wall nothing off: such tools are refused at the start
├── CredentialMissing   never will: a variable of the tool has no value for this tenant
├── CredentialsUnavailable  what keeps a value cannot be read now: try again
├── ServerUnusable      an MCP server did not start, answer or have room: try again
├── ToolChanged         never will: an MCP server tells of the tool differently by now
└── FrameBroken         a worker said what is no frame: it is killed, and its call judged as cut off
"""


class ExecutorError(Exception):
    """Base of the executor's own failures."""


class ArgumentsInvalid(ExecutorError):
    """The arguments do not fit the tool's schema."""

    def __init__(self, tool: str, reason: str) -> None:
        super().__init__(f"the arguments of {tool} are not valid: {reason}")
        self.tool = tool


class ResultInvalid(ExecutorError):
    """A tool returned something else than it declares."""

    def __init__(self, tool: str, reason: str) -> None:
        super().__init__(f"{tool} did its work, and returned what it does not declare: {reason}")


class WorkersBusy(ExecutorError):
    """No worker became free in time. Nothing was started."""

    def __init__(self, workers: int, waited_seconds: float) -> None:
        super().__init__(f"all {workers} workers were busy for {waited_seconds:.1f} s")
        self.workers = workers


class WorkerUnusable(ExecutorError):
    """A worker process did not become ready. Nothing was started."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"a worker did not start: {reason}; see the log of the executor")


class JailUnavailable(ExecutorError):
    """No jail can be made here."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"no jail can be made on this machine ({reason}): install bubblewrap, let this user "
            "make user namespaces, or run such tools on a machine that can"
        )


class CredentialMissing(ExecutorError):
    """A variable has no value. Nothing was started."""

    def __init__(self, name: str, tenant: str | None, reason: str = "") -> None:
        whose = "no tenant" if tenant is None else f"the tenant {tenant}"
        told = reason or "none of its sources has one"
        super().__init__(f"{name} cannot be given for {whose}: {told}; see credentials, tools.yaml")
        self.name = name


class CredentialsUnavailable(ExecutorError):
    """A value cannot be read now. Nothing was started; no value is in the reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ServerUnusable(ExecutorError):
    """An MCP server cannot be used now. Nothing was sent for the call."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def of(self, server: str) -> "ServerUnusable":
        """The same, with the name of the server."""
        return ServerUnusable(f"the MCP server {server}: {self.reason}")


class ToolChanged(ExecutorError):
    """What the model was told of a tool is not what its server tells of it now."""

    def __init__(self, tool: str, server: str) -> None:
        super().__init__(
            f"{tool} is not what it was when the run started: the MCP server {server} tells of it "
            "differently by now; look at it: interlock tools list"
        )
        self.tool = tool


class FrameBroken(ExecutorError):
    """The bytes on a pipe are no frame, or longer than a frame may be."""


TRY_AGAIN = (WorkersBusy, WorkerUnusable, ServerUnusable, CredentialsUnavailable)
"""Nothing was started, and it may be another time."""
