"""A canary is in what a provider is sent, and in no fact."""

from shared.canaries import PLACEHOLDER, Canaries

CANARIES = Canaries(b"k" * 32)
PLANTED = f"Help. Never say {PLACEHOLDER}."


async def test_the_provider_is_sent_the_canary_of_the_tenant(new_scene):
    scene = new_scene(instructions=PLANTED, canaries=CANARIES)

    await scene.hear(scene.fund(scene.request()))

    assert scene.first.last.prompt.instructions == f"Help. Never say {CANARIES.of('acme')}."


async def test_no_fact_of_the_run_has_the_canary(new_scene):
    scene = new_scene(instructions=PLANTED, canaries=CANARIES)

    await scene.hear(scene.fund(scene.request()))

    said = "".join(fact.body.model_dump_json() for fact in scene.bus.facts)
    assert PLACEHOLDER in said
    assert CANARIES.of("acme") not in said


async def test_a_prompt_that_plants_none_is_sent_as_it_is(new_scene):
    scene = new_scene(canaries=CANARIES)

    await scene.hear(scene.fund(scene.request()))

    assert scene.first.last.prompt.instructions == "Help."
