"""The running control's private socket: what `brightkitchen camera` and `brightkitchen user` speak to.

The same services as behind the web API, for whoever may open a file of mode 0600 on the server itself. An error crosses
it as kind, code and parameters, and is worded where it is read.
"""

import os
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import msgspec
from aiohttp import web

from brightkitchen.cli.admin_client import CameraAsk, CameraLine, Count, Done, NameAsk, Refusal, UserAsk, UserLine
from brightkitchen.domain.audit.whence import LOCAL as LOCAL_ADDRESS
from brightkitchen.domain.audit.whence import note_address
from brightkitchen.domain.authz.model import LOCAL, Grant, Role, Scope
from brightkitchen.domain.authz.regions import is_region_code
from brightkitchen.domain.cameras.live import LiveBoard
from brightkitchen.domain.cameras.model import Camera, NewCamera
from brightkitchen.domain.cameras.service import CameraService
from brightkitchen.domain.users.people_services import PeopleServices
from brightkitchen.domain.users.service import UserService
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.ids import PremisesId
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.privatesocket import read_peer_uid

log = get_logger(__name__)

MAX_BODY_BYTES: Final = 4 * 1024 * 1024  # a city file; everything else is small
_PAGE: Final = 200


class LocalServices(Protocol):
    """What the socket speaks for; `web.options.Services` fits."""

    @property
    def users(self) -> UserService: ...
    @property
    def people(self) -> PeopleServices: ...
    @property
    def cameras(self) -> CameraService: ...
    @property
    def board(self) -> LiveBoard: ...


def make_local_app(services: LocalServices) -> web.Application:
    """Return the application to serve on the private socket (`web.nodechannel.serve_on_socket`)."""
    desk = _Desk(services.users, services.people, services.cameras, services.board)
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_guard])
    app.router.add_get("/cameras", desk.list_cameras)
    app.router.add_post("/cameras", desk.add_camera)
    app.router.add_delete("/cameras/{camera}", desk.remove_camera)
    app.router.add_post("/probe", desk.probe)
    app.router.add_post("/users", desk.create_user)
    app.router.add_post("/users/reset", desk.reset_password)
    app.router.add_post("/users/offboard", desk.offboard)
    app.router.add_put("/regions", desk.load_regions)
    return app


@web.middleware
async def _guard(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    connection = request.transport.get_extra_info("socket") if request.transport else None
    if connection is None or read_peer_uid(connection) not in (0, os.getuid()):
        log.warning("other user at the private socket")
        return web.Response(status=403)
    note_address(LOCAL_ADDRESS)
    try:
        return await handler(request)
    except BrightKitchenError as error:
        return _answer(Refusal(kind=error.kind.value, code=error.code, params=error.params), status=400)
    except msgspec.MsgspecError:
        return _answer(Refusal(kind=Kind.INVALID.value, code="web.malformed", params={}), status=400)


class _Desk:
    """The requests of the private socket."""

    def __init__(self, users: UserService, people: PeopleServices, cameras: CameraService, board: LiveBoard) -> None:
        self._users = users
        self._people = people
        self._cameras = cameras
        self._board = board

    async def list_cameras(self, _request: web.Request) -> web.Response:
        lines: list[CameraLine] = []
        after: str | None = ""
        while after is not None:
            page = await self._cameras.list_cameras(LOCAL, after=after, limit=_PAGE)
            lines += [self._line(camera) for camera in page.items]
            after = page.next_after
        return _answer(lines)

    async def add_camera(self, request: web.Request) -> web.Response:
        asked = msgspec.json.decode(await request.read(), type=CameraAsk)
        return _answer(self._line(await self._cameras.add_camera(LOCAL, _new_camera(asked))))

    async def remove_camera(self, request: web.Request) -> web.Response:
        await self._cameras.retire_camera(LOCAL, request.match_info["camera"])
        return _answer(Done())

    async def probe(self, request: web.Request) -> web.Response:
        asked = msgspec.json.decode(await request.read(), type=CameraAsk)
        if asked.camera:
            return _answer(await self._cameras.probe_camera(LOCAL, asked.camera))
        return _answer(await self._cameras.probe_address(LOCAL, _new_camera(asked)))

    async def create_user(self, request: web.Request) -> web.Response:
        asked = msgspec.json.decode(await request.read(), type=UserAsk)
        created = await self._users.create_user(
            LOCAL, asked.username, grants=(_read_grant(asked),), password=asked.password, is_temporary=True
        )
        return _answer(_user_line(asked, created.user.username, created.password))

    async def reset_password(self, request: web.Request) -> web.Response:
        asked = msgspec.json.decode(await request.read(), type=UserAsk)
        changed = await self._users.reset_password(LOCAL, asked.username, password=asked.password)
        return _answer(_user_line(asked, changed.user.username, changed.password))

    async def offboard(self, request: web.Request) -> web.Response:
        asked = msgspec.json.decode(await request.read(), type=NameAsk)
        await self._people.roster.offboard_by_name(LOCAL, asked.username)
        return _answer(Done())

    async def load_regions(self, request: web.Request) -> web.Response:
        return _answer(Count(count=await self._people.organisations.load_city(LOCAL, await request.read())))

    def _line(self, camera: Camera) -> CameraLine:
        main = self._board.of(camera.id).get("main")
        return CameraLine(
            id=camera.id,
            name=camera.name,
            premises_name=camera.premises_name,
            zone=camera.zone,
            address=camera.address,
            has_password=camera.has_credential,
            node=camera.node,
            state=main.state.value if main else "",
            reason=main.reason.value if main and main.reason else "",
        )


def _new_camera(asked: CameraAsk) -> NewCamera:
    return NewCamera(
        name=asked.name,
        url=asked.url,
        premises=asked.premises or None,
        premises_name=asked.premises_name,
        zone=asked.zone,
        username=asked.username,
        password=asked.password,
        sub_path=asked.sub_path,
        transport=asked.transport,
        allow_basic=asked.allow_basic,
    )


def _read_grant(asked: UserAsk) -> Grant:
    """raises: BrightKitchenError "user.role_unknown", "user.region_unknown"."""
    try:
        role = Role(asked.role)
    except ValueError as cause:
        raise BrightKitchenError(Kind.INVALID, "user.role_unknown", role=asked.role[:40]) from cause
    if asked.region and not is_region_code(asked.region):
        raise BrightKitchenError(Kind.INVALID, "user.region_unknown", region=asked.region[:40])
    return Grant(role, Scope(asked.region, premises=PremisesId(asked.premises) if asked.premises else None))


def _user_line(asked: UserAsk, username: str, password: str) -> UserLine:
    return UserLine(username=username, password=password if asked.password is None else None)


def _answer(body: object, *, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")
