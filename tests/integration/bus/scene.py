"""One submitted run, heard by the orchestrator, and what must be so after an attack on it."""

from dataclasses import dataclass, field

from nats.aio.client import Client
from prometheus_client import REGISTRY

from contracts.envelope import Encoded, Fact, Signer, encode, follow
from contracts.guardrail import TaskCleared
from contracts.hearings import HEARINGS
from contracts.shape import Body
from contracts.subjects import GUARDRAIL, ORCHESTRATOR, PRODUCER
from shared.bus import Heard
from shared.service import Core
from tests.bodies import NOON, task, task_cleared
from tests.integration.eventually import eventually
from tests.integration.nats_platform import NatsPlatform


@dataclass
class Ear:
    """A handler of everything, which remembers what it heard."""

    facts: list[Fact[Body]] = field(default_factory=list)

    async def __call__(self, heard: Heard[Body]) -> None:
        self.facts.append(heard.fact)

    @property
    def types(self) -> list[str]:
        return [fact.type for fact in self.facts]


@dataclass
class Scene:
    platform: NatsPlatform
    orchestrator: Core
    guardrail: Core
    submitted: Fact[Body]
    ear: Ear
    before: float

    @classmethod
    async def set_up(cls, platform: NatsPlatform) -> "Scene":
        orchestrator = await platform.connect(ORCHESTRATOR)
        guardrail = await platform.connect(GUARDRAIL)
        submitted = await submit(platform)
        ear = await listen(platform, orchestrator, ORCHESTRATOR)
        await eventually(lambda: ear.facts)
        return cls(platform, orchestrator, guardrail, submitted, ear, unbelieved())

    def forge(self, body: Body, signer: Signer | None = None, **headers: str) -> Encoded:
        """What the owner would publish next, but for some headers, and for the server's id."""
        fact = follow("acme", "r-1", body, cause_id=self.submitted.id, time=NOON)
        made = encode(fact, signer)
        kept = {name: value for name, value in made.headers.items() if name != "Nats-Msg-Id"}
        spelt = {name.replace("_", "-"): value for name, value in headers.items()}
        return Encoded(made.subject, {**kept, **spelt}, made.body)

    async def assert_unharmed(self, *rules: str) -> None:
        """The next good fact is heard and believed, and each bad one before it was put aside."""
        await self.guardrail.bus.say(self.submitted, task_cleared())

        await eventually(lambda: "task.cleared" in self.ear.types)
        letters = await self.platform.dead_letters()
        assert [letter["rule"] for letter in letters] == list(rules)
        assert all(letter["reason"] for letter in letters)
        assert self.ear.types == ["task.submitted", "task.cleared"]
        run = await self.orchestrator.bus.read("acme", "r-1")
        assert run.verdict is not None
        assert isinstance(run.verdict.body, TaskCleared)
        assert unbelieved() - self.before >= len(rules)


async def submit(
    platform: NatsPlatform, run_id: str = "r-1", text: str = "Hi", tenant: str = "acme"
) -> Fact[Body]:
    """A submission by a producer, as it lies in the log."""
    producer = await platform.connect(PRODUCER)
    cause = Fact("", "", tenant, run_id, "", NOON, task())
    return await producer.bus.say(cause, task(text))


async def listen(platform: NatsPlatform, core: Core, name: str) -> Ear:
    """Hear everything that a service hears."""
    ear = Ear()
    hearing = next(one for one in HEARINGS if one.service == name)
    await platform.hear(core, name, dict.fromkeys(hearing.types, ear))
    return ear


async def stored_subjects(scene: Scene) -> list[str]:
    """Where everything in the stream lies, in order."""
    js = await scene.platform.jetstream()
    last = (await js.stream_info("RUNS")).state.last_seq
    return [(await js.get_msg("RUNS", number)).subject or "" for number in range(1, last + 1)]


async def publish_raw(client: Client, subject: str, block: bytes, body: bytes) -> None:
    """Publish a header block that no library would write."""
    sizes = f"{len(block)} {len(block) + len(body)}"
    await client._send_command(f"HPUB {subject} {sizes}\r\n".encode() + block + body + b"\r\n")
    await client.flush()


def unbelieved() -> float:
    """How many messages were found to be no facts, in this process, under any rule."""
    return counted("interlock_unbelievable")


def counted(name: str) -> float:
    """The value of a counter over all its labels."""
    families = (family for family in REGISTRY.collect() if family.name == name)
    samples = (one for family in families for one in family.samples)
    return sum(one.value for one in samples if one.name.endswith("_total"))
