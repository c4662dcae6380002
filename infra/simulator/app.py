"""The routes: two providers that can fail apart from each other, and the control API."""

from collections.abc import Awaitable, Callable, Sequence

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from infra.simulator.anthropic_messages import ANTHROPIC_MESSAGES
from infra.simulator.faults import ArmedFault
from infra.simulator.openai_chat import OPENAI_CHAT
from infra.simulator.responses_stream import OPENAI_RESPONSES
from infra.simulator.scenario import Scenario
from infra.simulator.service import SimulatorService
from infra.simulator.settings import SimulatorSettings
from infra.simulator.wire import WireFormat

DEFAULT_LISTED_REQUESTS = 100

Endpoint = Callable[[Request], Awaitable[ASGIApp]]


def build_app(scenarios: Sequence[Scenario], settings: SimulatorSettings) -> Starlette:
    """The whole simulator as one ASGI application."""
    service = SimulatorService(scenarios, settings)
    control = ControlApi(service)
    return Starlette(
        routes=[
            *_model_routes(service, "/chat/completions", OPENAI_CHAT),
            *_model_routes(service, "/responses", OPENAI_RESPONSES),
            *_model_routes(service, "/messages", ANTHROPIC_MESSAGES),
            Route("/control/faults", control.list_faults, methods=["GET"]),
            Route("/control/faults", control.arm_fault, methods=["POST"]),
            Route("/control/faults", control.disarm_faults, methods=["DELETE"]),
            Route("/control/requests", control.list_requests, methods=["GET"]),
            Route("/control/requests", control.forget_requests, methods=["DELETE"]),
            Route("/healthz", control.health, methods=["GET"]),
        ]
    )


class ControlApi:
    """What a test or an operator does to the simulator while it runs."""

    def __init__(self, service: SimulatorService) -> None:
        self._service = service

    async def arm_fault(self, request: Request) -> Response:
        try:
            fault = ArmedFault.model_validate_json(await request.body())
        except ValidationError as error:
            return JSONResponse({"problems": error.errors(include_context=False)}, 422)
        if not self._service.faults.arm(fault):
            limit = self._service.settings.max_armed_faults
            return JSONResponse({"problems": [f"{limit} faults are armed; DELETE them"]}, 409)
        return await self.list_faults(request)

    async def list_faults(self, _request: Request) -> Response:
        armed = [fault.model_dump(exclude_none=True) for fault in self._service.faults.armed]
        return JSONResponse({"faults": armed})

    async def disarm_faults(self, request: Request) -> Response:
        self._service.faults.disarm()
        return await self.list_faults(request)

    async def list_requests(self, request: Request) -> Response:
        limit = request.query_params.get("limit", str(DEFAULT_LISTED_REQUESTS))
        if not limit.isdecimal():
            return JSONResponse({"problems": ["limit must be a whole number"]}, 422)
        return JSONResponse(self._service.bill.body(int(limit)))

    async def forget_requests(self, request: Request) -> Response:
        self._service.bill.clear()
        return await self.list_requests(request)

    async def health(self, _request: Request) -> Response:
        return JSONResponse({"status": "ok", "seed": self._service.settings.seed})


def _model_routes(service: SimulatorService, path: str, wire: WireFormat) -> list[Route]:
    """The provider's path under its own prefix, and bare for a client that knows one base URL."""
    endpoint = _model_endpoint(service, wire)
    prefixes = (f"/{wire.provider}/v1", "/v1")
    return [Route(f"{prefix}{path}", endpoint, methods=["POST"]) for prefix in prefixes]


def _model_endpoint(service: SimulatorService, wire: WireFormat) -> Endpoint:
    limit = service.settings.max_body_bytes

    async def model_call(request: Request) -> ASGIApp:
        chunks, size = [], 0
        try:
            async for chunk in request.stream():
                size += len(chunk)
                if size > limit:
                    return JSONResponse({"error": {"message": f"body over {limit} bytes"}}, 413)
                chunks.append(chunk)
        except ClientDisconnect:
            return Response()
        return service.answer(wire, request.headers, b"".join(chunks))

    return model_call
