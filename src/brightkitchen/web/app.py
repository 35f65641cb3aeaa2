"""Puts the web application together."""

from collections import deque
from functools import cache
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.ids import UserId
from brightkitchen.web import pages, ws
from brightkitchen.web.auth import Slots, authenticate
from brightkitchen.web.errors import PROBLEM_TYPE, install_error_handlers
from brightkitchen.web.guard import Guard
from brightkitchen.web.options import Services, WebOptions
from brightkitchen.web.present.base import Problem
from brightkitchen.web.routes import (
    account,
    accounts,
    audit,
    cameras,
    devices,
    evidence,
    exports,
    faults,
    favourites,
    imports,
    kiosks,
    marks,
    media,
    nodes,
    numbers,
    onboarding,
    organisations,
    overview,
    people,
    premises,
    recording,
    session,
    settings,
    sign_on,
    system,
    tree,
    walls,
)

PROBES_PER_MINUTE: Final = 10


class ProbeBudget:
    """Ten tries a minute for each person: a camera form is no port scanner (SECURITY §3 row 1)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._taken: dict[UserId, deque[float]] = {}

    def take(self, user: UserId) -> None:
        """raises: BrightKitchenError "camera.too_many_probes"."""
        now = self._clock.mono_s()
        taken = self._taken.setdefault(user, deque())
        while taken and now - taken[0] >= 60.0:
            taken.popleft()
        if len(taken) >= PROBES_PER_MINUTE:
            wait_s = max(1, round(60.0 - (now - taken[0])))
            raise BrightKitchenError(Kind.EXHAUSTED, "camera.too_many_probes", retry_after_s=wait_s)
        taken.append(now)


def make_app(services: Services, options: WebOptions) -> ASGIApp:
    """Return the ASGI application that people's browsers talk to."""
    app = make_api(services, options)
    return Guard(app, options=options, entropy=services.entropy, metrics=services.metrics)


def make_api(services: Services, options: WebOptions) -> FastAPI:
    """Return the application without its guard; for the OpenAPI document."""
    app = FastAPI(
        title="BrightKitchen",
        version=options.version,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
    )
    app.state.services = services
    app.state.options = options
    app.state.slots = Slots()
    app.state.probes = ProbeBudget(services.clock)
    app.state.event_sockets = ws.EventSockets()
    app.state.ui = pages.BuiltUi(options.static_dir)
    services.users.add_listener(app.state.event_sockets)
    services.people.access.add_listener(app.state.event_sockets)
    install_error_handlers(app)
    app.router.routes.extend(_build_routes())
    app.add_api_route("/api/openapi.json", _get_openapi, include_in_schema=False, methods=["GET"])
    app.include_router(pages.router)
    return app


@cache
def _build_routes() -> tuple[BaseRoute, ...]:
    """Return the routes of the API. Nothing of an application is in them, and building them takes longer than the rest."""
    api = APIRouter(
        prefix="/api/v1",
        responses={"default": {"model": Problem, "description": "problem", "content": {PROBLEM_TYPE: {}}}},
    )
    for each in (
        session.router,
        account.router,
        sign_on.router,
        system.router,
        exports.router,  # before what has an id in the same place
        onboarding.router,  # its /cameras/first-frames before /cameras/{camera_id}
        cameras.router,
        tree.router,
        walls.router,
        favourites.router,
        marks.router,
        media.router,
        people.router,
        accounts.router,
        kiosks.router,
        organisations.router,
        premises.router,
        premises.kinds_router,
        audit.router,
        imports.router,
        numbers.router,
        overview.router,
        devices.router,
        faults.router,
        evidence.router,
        recording.router,
        nodes.router,
        settings.router,
    ):
        api.include_router(each)
    whole = APIRouter()
    whole.include_router(api)
    whole.include_router(ws.router)
    return tuple(whole.routes)


def build_openapi(app: FastAPI) -> dict[str, Any]:  # Any: JSON
    """Return the OpenAPI document, with problems described as what they are."""
    document = app.openapi()
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
            content = operation["responses"]["default"]["content"]
            if "application/json" in content:
                content[PROBLEM_TYPE] = content.pop("application/json")
    for unused in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(unused, None)
    return document


async def _get_openapi(request: Request) -> Response:
    if not request.app.state.options.demo and await authenticate(request) is None:
        raise BrightKitchenError(Kind.UNAUTHENTICATED, "auth.required")
    return JSONResponse(build_openapi(request.app))
