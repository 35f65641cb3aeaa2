"""How the installation is set up, for who may see it. Nothing here can be changed: it is read from the settings file at the start."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.authz.regions import Region
from brightkitchen.domain.authz.store import load_regions
from brightkitchen.domain.system.policy import VIEW_SETTINGS
from brightkitchen.kernel.certificatefiles import ServerCertificate
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.errors import BrightKitchenError, not_found
from brightkitchen.kernel.evidence import ClockFact

Encryption = Literal["generated", "own", "proxy", "none"]


@dataclass(frozen=True, slots=True)
class Library:
    """Something that the server is built on. licence: as its authors name it, "" = they named none that programs can read."""

    name: str
    version: str
    licence: str


@dataclass(frozen=True, slots=True)
class InForce:
    """What this process was started with, as far as people may see it: no path, no secret, no address of another machine.

    encryption: who made the certificate that browsers are shown; "proxy": somebody before us has it. read_certificate: None = none of ours.
    strict_log_in: the rules of graded protection, level 3, beside those of everybody.
    """

    encryption: Encryption
    database: Literal["sqlite", "postgresql"]
    strict_log_in: bool
    urban_hours: int
    rural_hours: int
    evidence_suite: str
    has_c2pa: bool
    read_certificate: Callable[[], ServerCertificate | None]
    read_clock: Callable[[], ClockFact]
    read_libraries: Callable[[], Sequence[Library]]


@dataclass(frozen=True, slots=True)
class Settings:
    """What is in force, and how things stand now. certificate: what browsers are shown; None: it is not ours, or cannot be read."""

    in_force: InForce
    regions: Sequence[Region]
    certificate: ServerCertificate | None
    clock: ClockFact
    libraries: Sequence[Library]


class SystemService:
    """Gives out what is in force, to who may see it."""

    def __init__(self, database: Database, policy: Policy, in_force: InForce) -> None:
        self._database = database
        self._policy = policy
        self._in_force = in_force

    async def load_settings(self, actor: Actor) -> Settings:
        """Return what is in force. raises: BrightKitchenError "access.none"."""
        if not self._policy.check(actor, VIEW_SETTINGS).allowed:
            raise not_found()
        async with self._database.read() as connection:
            regions = await load_regions(connection)
        certificate, libraries = await asyncio.to_thread(self._read_files)
        return Settings(self._in_force, regions, certificate, self._in_force.read_clock(), libraries)

    def _read_files(self) -> tuple[ServerCertificate | None, Sequence[Library]]:
        try:
            certificate = self._in_force.read_certificate()
        except BrightKitchenError:
            certificate = None  # it was taken from under us; listeners go on with what they read
        return certificate, self._in_force.read_libraries()
