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


async def test_a_run_that_ends_leaves_the_queue_though_a_lagging_copy_does_not_show_it_there():
    platform = Platform(open_runs=1, replicas=2)
    await platform.cleared("r-1", desk=1)
    behind = dict(platform.register.values)

    class Lagging(MemoryRegister):
        """The copy that it reads is that of a replica which catches up after two looks."""

        looks = 0

        async def load(self, name):
            self.looks += 1
            return (behind if self.looks <= 2 else self.values).get(name, (b"", 0))

        async def store(self, name, value, revision):
            return await platform.register.store(name, value, revision)

    await platform.cleared("r-2", desk=0)
    platform.desks[1].admission.register = Lagging(platform.register.values)

    await platform.end("r-2", desk=1)

    assert (await platform.state()).waiting == ()
