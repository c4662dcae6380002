"""`ask_person`: a review stands before it, whose answer is its result."""

import pytest

from contracts.tool import ToolRefused
from services.tool_executor.tools.people import ask_person


def test_where_nobody_is_asked_it_says_what_to_write():
    """Whoever approves instead of answering has told the model nothing, and it reads that."""
    with pytest.raises(ToolRefused, match="under `review` of the agent"):
        ask_person("Which of the two orders?")
