"""`brightkitchen serve` and `brightkitchen demo`: start control, the media nodes and the demo's cameras on one machine.

The launcher holds no business: it checks what can be checked before anything starts (folder, room, ports), hands each
child its secret, restarts what falls, and ends everything in order on Ctrl-C or SIGTERM.
"""

import asyncio
import fcntl
import os
import shutil
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from brightkitchen.bootstrap.children import Child, ChildSpec
from brightkitchen.bootstrap.demo import DemoCity, build_first_people, check_demo_is_private
from brightkitchen.bootstrap.inherited import FirstPerson, Inheritance
from brightkitchen.bootstrap.reach import describe_shown, own_authority, prepare_certificate, shown_urls
from brightkitchen.kernel.clock import SystemClock
from brightkitchen.kernel.config import Config
from brightkitchen.kernel.databaseurl import read_database_address
from brightkitchen.kernel.entropy import SystemEntropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.forwarding import is_loopback
from brightkitchen.kernel.text import say, say_error

ROOM_TO_START_BYTES: Final = 512 * 1024 * 1024
READY_TIMEOUT_S: Final = 60.0
RENEWAL_LOOK_S: Final = 3600.0
DATABASE_PREFIX: Final = "BRIGHTKITCHEN_DATABASE__"


class Launcher:
    """One start of the whole product on this machine."""

    def __init__(self, config: Config, config_path: Path | None, flags: list[str], language: str) -> None:
        self._config = config
        self._child_flags = (["--config", str(config_path)] if config_path else []) + flags
        self._language = language
        self._clock = SystemClock()
        self._entropy = SystemEntropy()
        self._data = Path(config.data_dir).resolve()
        if config.demo.enabled:
            check_demo_is_private(config)
        read_database_address(config.database)  # control would say the same, but again and again, and in its log
        if config.auth.oidc.issuer or config.auth.oidc.client_id:
            from brightkitchen.bootstrap.sign_on import (
                build_sign_on,
            )  # what it needs, the launcher needs for nothing else

            build_sign_on(config)
        prepare_folder(self._data)
        self._certificate_made = prepare_certificate(config, self._clock, self._entropy)
        self._children: list[Child] = []
        self._exit_code = 0
        self._first_people = build_first_people(self._entropy)
        self._secret = self._entropy.token_bytes(32).hex()
        self._signer_secret = self._entropy.token_bytes(32).hex()
        self._demo = DemoCity(config, self._data, self._entropy) if config.demo.enabled else None

    def run(self) -> int:
        """Run until a signal. returns: the exit code."""
        with locked(self._data / "run" / "launcher.lock"):
            check_ports_free(self._config)
            with suppress(KeyboardInterrupt):
                asyncio.run(self._serve())
        return self._exit_code

    async def _serve(self) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        control = self._child("control", on_line=self._on_control_line, with_people=True)
        signer = self._signer()
        nodes = [self._child(f"node-{index}", index=index) for index in range(self._config.media.nodes)]
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(self._start_all([control, signer, *nodes], group, stop))]
            if self._config.tls.generated:
                running.append(group.create_task(self._keep_certificate()))
            await stop.wait()
            self._tell("launcher.stopping")
            for task in running:
                task.cancel()
            # Nodes first, so that the recorders close their files while cameras and control still answer.
            others = [child for child in self._children if child not in nodes]
            for together in (nodes, others):
                await asyncio.gather(*(child.stop() for child in together))

    async def _start_all(self, children: list[Child], group: asyncio.TaskGroup, stop: asyncio.Event) -> None:
        self._tell("launcher.starting")
        # Side by side: a node records what it recorded before, whether control is there yet or not.
        for child in children:
            group.create_task(child.run())
        for child in children:
            if not await self._ready(child, stop):
                return
        self._tell_where()
        if self._demo is not None:
            self._tell_demo_people(self._demo.people())
            simulator = self._simulator(self._demo)
            group.create_task(simulator.run())
            await self._demo.add_cameras_as_they_come(lambda n, of: self._tell("launcher.demo_cameras", n=n, of=of))

    def _tell_where(self) -> None:
        """Say where the page is, and what has to be known about the way there."""
        config = self._config
        first, *others = shown_urls(config, describe_shown(config))
        self._tell("launcher.ready", url=first)
        for url in others:
            self._tell("launcher.also_at", url=url)
        if config.tls.generated:
            authority = own_authority(config, self._clock, self._entropy)
            if self._certificate_made is not None and self._certificate_made.is_authority_new:
                self._tell("launcher.authority_new")
            self._tell("launcher.authority", url=f"{first}ca.crt", fingerprint=authority.fingerprint())
        if (
            not config.tls.is_on
            and not config.web.public_url.startswith("https://")
            and not is_loopback(config.web.host)
        ):
            self._tell("launcher.in_clear", host=config.web.host)

    async def _keep_certificate(self) -> None:
        """Renew what we made before it ends; the other processes see the new file by themselves."""
        while True:
            await self._clock.sleep(RENEWAL_LOOK_S)
            try:
                made = await asyncio.to_thread(prepare_certificate, self._config, self._clock, self._entropy)
            except BrightKitchenError as error:
                print(say_error(error, self._language), flush=True)
            else:
                if made is not None and made.is_authority_new:
                    self._tell("launcher.authority_new")

    async def _ready(self, child: Child, stop: asyncio.Event) -> bool:
        try:
            await asyncio.wait_for(child.ready.wait(), READY_TIMEOUT_S)
        except TimeoutError:
            self._tell("launcher.not_ready", name=child.spec.name, log=str(self._log_path(child.spec.name) or "stderr"))
            self._exit_code = 1
            stop.set()
            return False
        return True

    def _child(
        self, name: str, *, index: int | None = None, on_line: object = None, with_people: bool = False
    ) -> Child:
        command = ["control"] if index is None else ["media-node", "--index", str(index)]
        people = self._demo.people() if self._demo is not None else self._first_people
        spec = ChildSpec(
            name=name,
            argv=(sys.executable, "-m", "brightkitchen", *command, *self._child_flags),
            inheritance=Inheritance(
                secret=self._secret,
                first_people=people if with_people else (),
                signer_secret=self._signer_secret if index is None else "",
            ),
            environment=os.environ if index is None else without_database(os.environ),
            on_line=on_line if callable(on_line) else lambda line: None,
            on_exit=lambda code: self._tell("launcher.child_ended", name=name, code=code),
        )
        return self._adopt(spec)

    def _signer(self) -> Child:
        return self._adopt(
            ChildSpec(
                name="signer",
                argv=(sys.executable, "-m", "brightkitchen", "signer", *self._child_flags),
                inheritance=Inheritance(secret="", signer_secret=self._signer_secret),
                environment=without_database(os.environ),
                on_exit=lambda code: self._tell("launcher.child_ended", name="signer", code=code),
            )
        )

    def _simulator(self, demo: DemoCity) -> Child:
        return self._adopt(
            ChildSpec(
                name="simulator",
                argv=demo.simulator_argv(),
                environment=without_database(os.environ),
                on_line=demo.on_line,
                on_exit=lambda code: self._tell("launcher.child_ended", name="simulator", code=code),
            )
        )

    def _adopt(self, spec: ChildSpec) -> Child:
        child = Child(spec, self._clock, self._entropy, self._log_path(spec.name))
        self._children.append(child)
        return child

    def _log_path(self, name: str) -> Path | None:
        """A person at a terminal gets files; a service manager gets standard error."""
        return self._data / "logs" / f"{name}.log" if sys.stdout.isatty() or self._demo is not None else None

    def _on_control_line(self, line: dict[str, object]) -> None:
        if line.get("event") == "ready" and line.get("first_people") and self._demo is None:
            self._tell("launcher.first_people")
            for each in self._first_people:
                self._tell(
                    "launcher.first_person", username=each.username, password=each.password, role=self._role(each)
                )

    def _tell_demo_people(self, people: tuple[FirstPerson, ...]) -> None:
        """The administrator's line first, then whoever else may be tried."""
        self._tell("launcher.demo_login", username=people[0].username, password=people[0].password)
        widest = max(len(each.username) for each in people)
        lines = (f"  {each.username:<{widest}}  {self._known_as(each)}" for each in people[1:])
        self._tell("launcher.demo_others", people="\n".join(lines))

    def _known_as(self, person: FirstPerson) -> str:
        """The invented person's own words in Chinese; elsewhere the role and where it reaches."""
        if self._language == "zh-CN":
            return person.name.removeprefix("演示")
        return f"{self._role(person)} {person.region}".rstrip()

    def _role(self, person: FirstPerson) -> str:
        return say(f"role.{person.role}", self._language)

    def _tell(self, code: str, /, **params: str | int) -> None:
        print(say(code, self._language, **params), flush=True)


def prepare_folder(data: Path) -> None:
    """Make the data folder and its parts. raises: BrightKitchenError launcher.folder, launcher.no_room."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        for part in ("run", "logs"):
            (data / part).mkdir(mode=0o700, exist_ok=True)
        free_bytes = shutil.disk_usage(data).free
    except OSError as cause:
        raise BrightKitchenError(
            Kind.UNAVAILABLE, "launcher.folder", path=str(data), problem=str(cause.strerror)
        ) from cause
    if free_bytes < ROOM_TO_START_BYTES:
        raise BrightKitchenError(
            Kind.EXHAUSTED,
            "launcher.no_room",
            path=str(data),
            free_mib=free_bytes >> 20,
            need_mib=ROOM_TO_START_BYTES >> 20,
        )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the data folder for this start. raises: BrightKitchenError launcher.running_already."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as cause:
            raise BrightKitchenError(Kind.CONFLICT, "launcher.running_already", path=str(path.parent.parent)) from cause
        yield
    finally:
        os.close(descriptor)


def check_ports_free(config: Config) -> None:
    """Try every port that will be listened on. raises: BrightKitchenError launcher.port_taken, naming it."""
    wanted = [(config.web.host, config.web.port), ("127.0.0.1", config.web.admin_port)]
    if config.tls.is_on:
        wanted.append((config.web.host, config.web.tls_port))
    for index in range(config.media.nodes):
        wanted.append((config.web.host, config.media.first_port + index))
        wanted.append(("127.0.0.1", config.media.first_admin_port + index))
    if config.demo.enabled:
        wanted.append(("127.0.0.1", config.demo.control_port))
        wanted += [("127.0.0.1", config.demo.first_port + index) for index in range(config.demo.cameras)]
    for host, port in wanted:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((host, port))
            except OSError as cause:
                raise BrightKitchenError(
                    Kind.CONFLICT, "launcher.port_taken", host=host, port=port, other=config.web.port + 100
                ) from cause


def without_database(environment: Mapping[str, str]) -> dict[str, str]:
    """Return `environment` for a process that has no business with the database: only control logs in there."""
    return {key: text for key, text in environment.items() if not key.upper().startswith(DATABASE_PREFIX)}
