"""The demo's city: its log-in, its simulated cameras and their way into the product, which is the way of any camera.

Everything random is made once per data folder and kept in `<data>/demo/logins.json` (0600); the demo refuses to exist beside an
address that is not loopback unless it was allowed to.
"""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from brightkitchen.bootstrap.democity.people import LIVE_PREMISES, PEOPLE
from brightkitchen.bootstrap.inherited import FirstPerson
from brightkitchen.cli.admin_client import AdminClient
from brightkitchen.domain.authz.model import Role
from brightkitchen.kernel.clock import SystemClock
from brightkitchen.kernel.config import Config
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.forwarding import is_loopback
from brightkitchen.kernel.log import get_logger

log = get_logger(__name__)
_PASSWORD_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"


_PREMISES: Final = {live.site: live.external_no for live in LIVE_PREMISES}


def new_password(entropy: Entropy) -> str:
    """Return 16 characters (79 bits) in groups of four that can be read aloud: no l, o, 0, 1, i."""
    drawn = int.from_bytes(entropy.token_bytes(16))
    letters = []
    for _ in range(16):
        drawn, index = divmod(drawn, len(_PASSWORD_ALPHABET))
        letters.append(_PASSWORD_ALPHABET[index])
    return "-".join("".join(letters[start : start + 4]) for start in range(0, 16, 4))


_FIRST: Final = (
    ("sysadmin", "系统管理员", Role.SYS_ADMIN),
    ("secadmin", "安全管理员", Role.SEC_ADMIN),
    ("auditor", "审计员", Role.AUDITOR),
    ("cityadmin", "市局管理员", Role.CITY_ADMIN),
)
"""Three administrators, so that nobody is all of them (SECURITY §0 rule 10), and the city's first officer."""


def build_first_people(entropy: Entropy) -> tuple[FirstPerson, ...]:
    """Return who may log in at first outside the demo, each with a password of the own."""
    return tuple(
        FirstPerson(username=username, password=new_password(entropy), name=name, role=role.value)
        for username, name, role in _FIRST
    )


class DemoLogin(msgspec.Struct, frozen=True, kw_only=True):
    """The administrator's name, and the password of every log-in of this demo."""

    username: str
    password: str

    def __repr__(self) -> str:
        return f"DemoLogin(username={self.username!r}, password=…)"


class DemoLogins(msgspec.Struct, frozen=True, kw_only=True):
    """What `logins.json` holds: a person's log-in, and the cameras' own."""

    admin: DemoLogin
    user: str
    password: str


# The zones of the simulator that are codes of ours (DOMAIN §1.2); its test pictures have none.
_ZONES: Final = frozenset({"STORE", "ROUGH", "CUT", "COOK", "COLD", "SERVE", "WASH", "SAMPLE", "DINE", "WORK"})


class Announced(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the simulator: a camera that can be connected to now."""

    camera: int
    site: str
    zone: str
    zone_name: str
    rtsp: str
    sub: str | None = None


def check_demo_is_private(config: Config) -> None:
    """raises: BrightKitchenError "launcher.demo_not_public" for an address that others reach, unless that is wanted."""
    if not is_loopback(config.web.host) and not config.demo.public:
        raise BrightKitchenError(Kind.FORBIDDEN, "launcher.demo_not_public", host=config.web.host)


class DemoCity:
    """The simulated cameras of one data folder."""

    def __init__(self, config: Config, data: Path, entropy: Entropy) -> None:
        check_demo_is_private(config)
        self._config = config
        self._folder = data / "demo"
        self._socket = data / "run" / "admin.sock"
        self._logins = self._load_or_make_logins(entropy)
        self._announced: asyncio.Queue[Announced] = asyncio.Queue(maxsize=1000)

    def people(self) -> tuple[FirstPerson, ...]:
        """Return the log-ins to show to the newcomer, the administrator's first; all have one password."""
        return tuple(
            FirstPerson(
                username=each.username,
                password=self._logins.admin.password,
                name=each.name,
                role=each.role.value,
                region=each.region,
                categories=each.categories,
                premises_no=each.premises_no,
            )
            for each in PEOPLE
        )

    def simulator_argv(self) -> tuple[str, ...]:
        """Return the command that serves the cameras; it speaks network protocols only."""
        demo = self._config.demo
        return (
            *(sys.executable, "-m", "brightkitchen_sim", "serve"),
            *("--cameras", str(demo.cameras)),
            *("--base-port", str(demo.first_port)),
            *("--control-port", str(demo.control_port)),
            *("--scenes", demo.scenes),
            *("--credentials", str(self._folder / "logins.json")),
            "--end-with-input",
        )

    def on_line(self, line: dict[str, object]) -> None:
        """Take one of the simulator's lines; those that announce a camera wait to be added."""
        try:
            self._announced.put_nowait(msgspec.convert(line, Announced))
        except msgspec.ValidationError:
            return
        except asyncio.QueueFull:
            log.error("more demo cameras announced than can be", camera=str(line.get("camera")))

    async def add_cameras_as_they_come(self, on_progress: Callable[[int, int], None]) -> None:
        """Add each announced camera as `camera add` would; one that is there already stays as it is."""
        clock = SystemClock()
        added: set[int] = set()
        while True:
            camera = await self._announced.get()
            for _attempt in range(5):
                try:
                    await self._add(camera)
                    break
                except BrightKitchenError as error:
                    log.warning("demo camera not added", camera=camera.camera, code=error.code)
                    await clock.sleep(2)
            added.add(camera.camera)
            if len(added) == self._config.demo.cameras:
                on_progress(len(added), self._config.demo.cameras)

    async def _add(self, camera: Announced) -> None:
        async with AdminClient(self._socket) as admin:
            await admin.ensure_camera(
                name=camera.zone_name,
                premises=_PREMISES.get(camera.site, ""),
                premises_name=camera.site,
                zone=camera.zone if camera.zone in _ZONES else "",
                url=camera.rtsp,
                sub_url=camera.sub or "",
                username=self._logins.user,
                password=self._logins.password,
            )

    def _load_or_make_logins(self, entropy: Entropy) -> DemoLogins:
        path = self._folder / "logins.json"
        self._folder.mkdir(mode=0o700, exist_ok=True)
        if path.exists():
            return msgspec.json.decode(path.read_bytes(), type=DemoLogins)
        logins = DemoLogins(
            admin=DemoLogin(username="admin", password=new_password(entropy)),
            user="viewer",
            password=new_password(entropy),
        )
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(logins))
        return logins
