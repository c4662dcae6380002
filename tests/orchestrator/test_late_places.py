"""Places that come late: the run that asked for one was over before it had it."""

from shared.register import MemoryRegister
from tests.orchestrator.test_queueing import Platform


async def test_a_place_that_comes_after_the_end_was_heard_is_given_back():
    """Another replica ends the run while the place is on its way to the register."""
    platform = Platform(open_runs=2, replicas=2)

    class Slow(MemoryRegister):
        async def store(self, name, value, revision):
            if not self.stored:
                await platform.end("r-1", desk=1)
            return await super().store(name, value, revision)

    for desk in platform.desks:
        desk.admission.register = platform.register
    platform.desks[0].admission.register = slow = Slow(platform.register.values)
    await platform.cleared("r-1")

    assert slow.stored == 2
    assert (await platform.state()).open == ()
