"""Speaks to the running control through its private socket: what the operator's commands and the launcher use.

Light on purpose: no database library is loaded for a command that asks one question.
"""

from pathlib import Path
from types import TracebackType
from typing import Final, TypeVar

import aiohttp
import msgspec

from brightkitchen.kernel.errors import BrightKitchenError, Kind, not_found
from brightkitchen.kernel.ids import is_id
from brightkitchen.kernel.netguard import parse_camera_url
from brightkitchen.kernel.nodeprotocol import ProbeAnswer

TIMEOUT_S: Final = 40.0

T = TypeVar("T")


class CameraAsk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A camera to add or to try. premises: its id. camera: try this one that is in service instead."""

    name: str = ""
    url: str = ""
    premises: str = ""
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
    """A log-in to create or to give another password. password None: make one up.

    role, region, premises: of a new log-in, as in `domain/authz`.
    """

    username: str
    password: str | None = None
    role: str = "CITY_ADMIN"
    region: str = ""
    premises: str = ""

    def __repr__(self) -> str:
        return f"UserAsk(username={self.username!r}, password=…)"


class UserLine(msgspec.Struct, frozen=True, kw_only=True):
    """A log-in; `password` only if it was made up here."""

    username: str
    password: str | None

    def __repr__(self) -> str:
        return f"UserLine(username={self.username!r}, password=…)"


class NameAsk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A log-in by its name."""

    username: str


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How many."""

    count: int


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """An error on its way to whoever words it."""

    kind: str
    code: str
    params: dict[str, str | int | float]


class Done(msgspec.Struct, frozen=True, kw_only=True):
    pass


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
        premises: str = "",
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
            premises=premises,
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
            raise not_found()
        await self._ask("DELETE", f"/cameras/{camera}", None, Done)

    async def probe(self, asked: CameraAsk) -> ProbeAnswer:
        """Let a node try an address or a camera."""
        return await self._ask("POST", "/probe", asked, ProbeAnswer)

    async def create_user(self, asked: UserAsk) -> UserLine:
        """Create an administrator."""
        return await self._ask("POST", "/users", asked, UserLine)

    async def reset_password(self, asked: UserAsk) -> UserLine:
        """Give somebody another password."""
        return await self._ask("POST", "/users/reset", asked, UserLine)

    async def offboard(self, username: str) -> None:
        """See somebody off: sessions, tokens, devices, invitations and roles end."""
        await self._ask("POST", "/users/offboard", NameAsk(username=username), Done)

    async def load_regions(self, data: bytes) -> int:
        """Keep the regions of a city file. returns: how many it has."""
        return (await self._send("PUT", "/regions", data, Count)).count

    async def _ask(self, method: str, path: str, body: msgspec.Struct | None, expected: type[T]) -> T:
        return await self._send(method, path, msgspec.json.encode(body) if body is not None else None, expected)

    async def _send(self, method: str, path: str, data: bytes | None, expected: type[T]) -> T:
        """raises: BrightKitchenError of the other side, or "control.not_running", "control.no_answer"."""
        assert self._session is not None, "use `async with`"
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
