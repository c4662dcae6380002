"""A running simulator and the real SDKs, without their hidden retries."""

from pathlib import Path

import anthropic
import httpx
import openai
import pytest

from infra.simulator import running_simulator
from infra.simulator.library import parse_scenarios

SCRIPT = """
name: plan
match: {model: "sim-*", user: 'order (?P<order>\\d+)'}
turns:
  - reasoning: First the order, and the policy beside it.
    say: Let me look that up for you.
    call:
      - {tool: find_order, arguments: {order_id: "{{match.order}}"}}
      - {tool: search_policy, arguments: {query: refunds}}
  - call: [{tool: issue_refund, arguments: {amount: "{{result.find_order.total}}"}}]
  - say: Refunded {{result.find_order.total}} USD.
---
name: refusing
match: {model: "*", user: ^refuse}
turns: [{refuse: I cannot help with that.}]
---
name: cached
match: {model: "*", user: ^cached}
turns:
  - say: Four little words here
    reasoning: Think
    usage: {input_uncached: 10, cache_read: 900, cache_write: 30, output: 7, reasoning: 5}
---
name: long
match: {model: "*", user: ^long}
turns: [{say: "one two three four five six seven eight nine ten eleven twelve"}]
---
name: loop
match: {model: "*", user: ^loop}
turns: [{call: [{tool: find_order, arguments: {order_id: "1"}}], repeat: forever}]
---
name: flaky
match: {model: "*", user: ^flaky}
turns:
  - say: It works now.
    fault: {kind: rate_limited, retry_after: 3, times: 2}
---
name: unfilled
match: {model: "*", user: ^unfilled}
turns: [{say: "{{result.find_order.total}}"}]
---
name: broken-arguments
match: {model: "*", user: ^broken}
turns: [{call: [{tool: find_order, arguments_text: '{"order_id": '}]}]
"""


@pytest.fixture
def scenarios():
    return parse_scenarios(SCRIPT, Path("script.yaml"))


@pytest.fixture
async def url(scenarios):
    async with running_simulator(scenarios, seed=7) as running:
        yield running


@pytest.fixture
async def openai_client(url):
    async with openai.AsyncOpenAI(
        base_url=f"{url}/openai/v1", api_key="any", max_retries=0, timeout=10
    ) as client:
        yield client


@pytest.fixture
async def anthropic_client(url):
    async with anthropic.AsyncAnthropic(
        base_url=f"{url}/anthropic", api_key="any", max_retries=0, timeout=10
    ) as client:
        yield client


@pytest.fixture
async def control(url):
    async with httpx.AsyncClient(base_url=f"{url}/control") as client:
        yield client
