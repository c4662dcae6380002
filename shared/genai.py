"""The words of OpenTelemetry's conventions for generative AI: attribute names, and their values.

Services build a span's attributes from these. None of them carries content: what a model was
asked and what it said is in the log, where access is governed, and never in a trace.
"""

OPERATION_NAME = "gen_ai.operation.name"
PROVIDER_NAME = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
REQUEST_MAX_TOKENS = "gen_ai.request.max_tokens"
RESPONSE_MODEL = "gen_ai.response.model"
RESPONSE_ID = "gen_ai.response.id"
RESPONSE_FINISH_REASONS = "gen_ai.response.finish_reasons"
USAGE_INPUT_TOKENS = "gen_ai.usage.input_tokens"
USAGE_OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
TOOL_NAME = "gen_ai.tool.name"
TOOL_CALL_ID = "gen_ai.tool.call.id"
ERROR_TYPE = "error.type"

# Values of OPERATION_NAME; a span is named `<operation> <model or tool>`.
CHAT = "chat"
EXECUTE_TOOL = "execute_tool"
