"""The running control's private socket: what `brightkitchen camera` and `brightkitchen user` speak to.

The same services as behind the web API, for whoever may open a file of mode 0600 on the server itself. An error crosses
it as kind, code and parameters, and is worded where it is read.
"""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, TypeVar

import aiohttp
import msgspec
from aiohttp import web

from brightkitchen.domain.authz.model import LOCAL
from brightkitchen.domain.cameras.live import LiveBoard
from brightkitchen.domain.cameras.model import Camera, NewCamera
from brightkitchen.domain.cameras.service import CameraService
from brightkitchen.domain.users.service import UserService
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.ids import is_id
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.netguard import parse_camera_url
from brightkitchen.kernel.nodeprotocol import ProbeAnswer
from brightkitchen.kernel.privatesocket import read_peer_uid

log = get_logger(__name__)

MAX_BODY_BYTES: Final = 64 * 1024
TIMEOUT_S: Final = 40.0
_PAGE: Final = 200

T = TypeVar("T")


class CameraAsk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A camera to add or to try. camera: try this one that is in service instead."""

    name: str = ""
    url: str = ""
    premises_name: str = ""
    zone: str = ""
    username: str = ""
    password: str = ""
    sub_path: str | None = None
    transport: str = "auto"
    allow_basic: bool = False
    camera: str = ""

    def __repr__(self) -> str:
        return f"CameraAsk(name={self.name!r}, …)"


class CameraLine(msgspec.Struct, frozen=True, kw_only=True):
    """A camera in a list. state, reason: of the main stream; "" while its node has said nothing."""

    id: str
    name: str
    premises_name: str
    zone: str
    address: str
    has_password: bool
    node: str
    state: str = ""
    reason: str = ""


class UserAsk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A log-in to create or to give another password. password None: make one up."""

    username: str
    password: str | None = None

    def __repr__(self) -> str:
        return f"UserAsk(username={self.username!r}, password=…)"


class UserLine(msgspec.Struct, frozen=True, kw_only=True):
    """A log-in; `password` only if it was made up here."""

    username: str
    password: str | None

    def __repr__(self) -> str:
        return f"UserLine(username={self.username!r}, password=…)"


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """An error on its way to whoever words it."""

    kind: str
    code: str
    params: dict[str, str | int | float]


class _Done(msgspec.Struct, frozen=True, kw_only=True):
    pass


class LocalServices(Protocol):
    """What the socket speaks for; `web.options.Services` fits."""

    @property
    def users(self) -> UserService: ...
    @property
    def cameras(self) -> CameraService: ...
    @property
    def board(self) -> LiveBoard: ...


def make_local_app(services: LocalServices) -> web.Application:
    """Return the application to serve on the private socket (`web.nodechannel.serve_on_socket`)."""
    desk = _Desk(services.users, services.cameras, services.board)
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_guard])
    app.router.add_get("/cameras", desk.list_cameras)
    app.router.add_post("/cameras", desk.add_camera)
    app.router.add_delete("/cameras/{camera}", desk.remove_camera)
    app.router.add_post("/probe", desk.probe)
    app.router.add_post("/users", desk.create_user)
    app.router.add_post("/users/reset", desk.reset_password)
    return app


@web.middleware
async def _guard(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    connection = request.transport.get_extra_info("socket") if request.transport else None
    if connection is None or read_peer_uid(connection) not in (0, os.getuid()):
        log.warning("other user at the private socket")
        return web.Response(status=403)
    try:
        return await handler(request)
    except BrightKitchenError as error:
        return _answer(Refusal(kind=error.kind.value, code=error.code, params=error.params), status=400)
    except msgspec.MsgspecError:
        return _answer(Refusal(kind=Kind.INVALID.value, code="web.malformed", params={}), status=400)


class _Desk:
    """The requests of the private socket."""

    def __init__(self, users: UserService, cameras: CameraService, board: LiveBoard) -> None:
        self._users = users
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
        return _answer(_Done())

    async def probe(self, request: web.Request) -> web.Response:
        asked = msgspec.json.decode(await request.read(), type=CameraAsk)
        if asked.camera:
            return _answer(await self._cameras.probe_camera(LOCAL, asked.camera))
        return _answer(await self._cameras.probe_address(LOCAL, _new_camera(asked)))

    async def create_user(self, request: web.Request) -> web.Response:
        asked = msgspec.json.decode(await request.read(), type=UserAsk)
        created = await self._users.create_user(LOCAL, asked.username, password=asked.password)
        return _answer(_user_line(asked, created.user.username, created.password))

    async def reset_password(self, request: web.Request) -> web.Response:
        asked = msgspec.json.decode(await request.read(), type=UserAsk)
        changed = await self._users.reset_password(LOCAL, asked.username, password=asked.password)
        return _answer(_user_line(asked, changed.user.username, changed.password))

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


class AdminClient:
    """Speaks to the running control; an async context manager."""

    def __init__(self, path: Path) -> None:
        """path: ``<data>/run/admin.sock``."""
        self._path = path
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "AdminClient":
        self._session = aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(str(self._path)), timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def list_cameras(self) -> list[CameraLine]:
        """Return every camera in service."""
        return await self._ask("GET", "/cameras", None, list[CameraLine])

    async def add_camera(self, asked: CameraAsk) -> CameraLine:
        """Put a camera in service. raises: as `CameraService.add_camera`."""
        return await self._ask("POST", "/cameras", asked, CameraLine)

    async def ensure_camera(
        self,
        *,
        name: str,
        url: str,
        premises_name: str = "",
        zone: str = "",
        sub_url: str = "",
        username: str = "",
        password: str = "",
    ) -> bool:
        """Put a camera in service unless one with its address is already. True if it was added.

        sub_url: of the same host; only its path counts.
        """
        sub_path = parse_camera_url(sub_url).path if sub_url else None
        asked = CameraAsk(
            name=name,
            url=url,
            premises_name=premises_name,
            zone=zone,
            username=username,
            password=password,
            sub_path=sub_path,
        )
        try:
            await self.add_camera(asked)
        except BrightKitchenError as error:
            if error.code == "camera.duplicate":
                return False
            raise
        return True

    async def remove_camera(self, camera: str) -> None:
        """Retire a camera."""
        if not is_id(camera, "cam"):
            raise BrightKitchenError(Kind.NOT_FOUND, "access.none")
        await self._ask("DELETE", f"/cameras/{camera}", None, _Done)

    async def probe(self, asked: CameraAsk) -> ProbeAnswer:
        """Let a node try an address or a camera."""
        return await self._ask("POST", "/probe", asked, ProbeAnswer)

    async def create_user(self, asked: UserAsk) -> UserLine:
        """Create an administrator."""
        return await self._ask("POST", "/users", asked, UserLine)

    async def reset_password(self, asked: UserAsk) -> UserLine:
        """Give somebody another password."""
        return await self._ask("POST", "/users/reset", asked, UserLine)

    async def _ask(self, method: str, path: str, body: msgspec.Struct | None, expected: type[T]) -> T:
        """raises: BrightKitchenError of the other side, or "control.not_running", "control.no_answer"."""
        assert self._session is not None, "use `async with`"
        data = msgspec.json.encode(body) if body is not None else None
        try:
            async with self._session.request(method, f"http://control{path}", data=data) as answer:
                text = await answer.read()
        except (aiohttp.ClientConnectorError, FileNotFoundError) as cause:
            raise BrightKitchenError(Kind.UNAVAILABLE, "control.not_running", place=str(self._path)) from cause
        except (TimeoutError, aiohttp.ClientError) as cause:
            raise BrightKitchenError(Kind.UNAVAILABLE, "control.no_answer") from cause
        try:
            if answer.status == 200:
                return msgspec.json.decode(text, type=expected)
            refused = msgspec.json.decode(text, type=Refusal)
        except msgspec.MsgspecError as cause:
            raise BrightKitchenError(Kind.UNAVAILABLE, "control.no_answer") from cause
        raise BrightKitchenError(Kind(refused.kind), refused.code, **refused.params)


def _new_camera(asked: CameraAsk) -> NewCamera:
    return NewCamera(
        name=asked.name,
        url=asked.url,
        premises_name=asked.premises_name,
        zone=asked.zone,
        username=asked.username,
        password=asked.password,
        sub_path=asked.sub_path,
        transport=asked.transport,
        allow_basic=asked.allow_basic,
    )


def _user_line(asked: UserAsk, username: str, password: str) -> UserLine:
    return UserLine(username=username, password=password if asked.password is None else None)


def _answer(body: object, *, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")
