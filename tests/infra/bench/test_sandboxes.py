"""The bench of tools calls one in every sandbox, and counts what it says it counts."""

from infra.bench.sandboxes import Rounds, measure_tools


async def test_every_sandbox_is_measured():
    result = await measure_tools(Rounds(many=3, few=1))

    assert {name: one.calls for name, one in result.added.items()} == {
        "in process": 3,
        "worker": 3,
        "jail, warm": 1,
        "WebAssembly": 3,
        "command": 3,
        "MCP, stdio": 3,
        "jail, cold": 1,
    }
    assert all(0 < one.p50_ms <= one.p99_ms for one in result.added.values())
