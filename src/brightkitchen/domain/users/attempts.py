"""Failed log-ins: five from one source on one account close that pair for a while, never the account.

Otherwise five wrong passwords from a rival would shut an officer out (SECURITY §0 rule 4). A source is a network, or a
browser that logged in fully before: that one has its own count, so nobody else's failures reach it. Counted in the database,
so that a restart forgives nothing; names are kept as keyed hashes, because people type passwords into the wrong field.
"""

import base64
import hashlib
import hmac
import ipaddress
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database, metadata, settings
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.sealing import FieldSealer
from brightkitchen.kernel.units import US_PER_S, Utc

FAILURES_ALLOWED: Final = 5
FIRST_LOCK_S: Final = 15 * 60
LONGEST_LOCK_S: Final = 24 * 3600
FORGET_AFTER_S: Final = 24 * 3600
ACCOUNT_FAILURES_ALLOWED: Final = 50
ACCOUNT_WINDOW_S: Final = 3600
FLOOD_PER_MINUTE: Final = 30
MAX_SOURCES: Final = 20_000
MAX_ROWS: Final = 20_000
_PEPPER: Final = "login.pepper"

login_failures = sa.Table(
    "login_failures",
    metadata,
    sa.Column("name_hmac", sa.String(64), primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("locks", sa.Integer, nullable=False),
    sa.Column("locked_until_at", sa.BigInteger, nullable=False),
    sa.Column("started_at", sa.BigInteger, nullable=False),
    sa.Column("seen_at", sa.BigInteger, nullable=False, index=True),
)


@dataclass(slots=True)
class _Minute:
    started_at_s: float
    count: int = 0


@dataclass(frozen=True, slots=True)
class Count:
    """failures: since the last lock, or in this hour. locks: so far. locked_until_at: 0 = open."""

    failures: int
    locks: int
    locked_until_at: int
    started_at: int
    seen_at: int


def source_network(address: str) -> str:
    """Return the network an address counts for: /24 of IPv4, /64 of IPv6; unknown text counts as one network."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    prefix = 24 if parsed.version == 4 else 64
    return str(ipaddress.ip_network(f"{parsed}/{prefix}", strict=False))


@dataclass(frozen=True, slots=True)
class Source:
    """From where somebody tries. is_known: a browser that logged in to this account fully before."""

    name: str
    is_known: bool = False


class LoginAttempts:
    """Counts failures per (account, source) and per account, and attempts per source."""

    def __init__(self, database: Database, sealer: FieldSealer, *, clock: Clock, entropy: Entropy) -> None:
        self._database = database
        self._sealer = sealer
        self._clock = clock
        self._entropy = entropy
        self._minutes: OrderedDict[str, _Minute] = OrderedDict()
        self._pepper = b""

    def check_flood(self, source: Source) -> None:
        """Count one attempt. raises: BrightKitchenError "auth.too_many" (retry_after_s) beyond 30 a minute."""
        now = self._clock.mono_s()
        minute = self._minutes.get(source.name)
        if minute is None or now - minute.started_at_s >= 60.0:
            minute = _Minute(now)
            self._minutes[source.name] = minute
        self._minutes.move_to_end(source.name)
        while len(self._minutes) > MAX_SOURCES:
            self._minutes.popitem(last=False)
        minute.count += 1
        if minute.count > FLOOD_PER_MINUTE:
            wait_s = max(1, round(minute.started_at_s + 60.0 - now))
            raise BrightKitchenError(Kind.EXHAUSTED, "auth.too_many", retry_after_s=wait_s)

    async def check_open(self, account: str, source: Source) -> None:
        """raises: BrightKitchenError "auth.locked" while the pair is closed, "auth.crowded" while the account is being
        tried from everywhere and this source is none it knows (minutes, retry_after_s)."""
        async with self._database.read() as connection:
            pair = await self._load(connection, await self._name(account, source.name))
            crowd = await self._load(connection, await self._name(account))
        self._check(pair, "auth.locked")
        if not source.is_known:
            self._check(crowd, "auth.crowded")

    async def note_failure(self, account: str, source: Source) -> int:
        """Count a failure and return how many tries are left; 0 closed the pair just now."""
        now = self._clock.utc()
        pair_name, account_name = await self._name(account, source.name), await self._name(account)
        async with self._database.write() as connection:
            pair = next_of_pair(await self._load(connection, pair_name), now)
            await _save(connection, pair_name, pair)
            if not source.is_known:
                crowd = next_of_account(await self._load(connection, account_name), now)
                await _save(connection, account_name, crowd)
        return 0 if pair.failures == 0 else FAILURES_ALLOWED - pair.failures

    async def note_success(self, account: str, source: Source) -> None:
        """Forget the pair's failures. Those of the account stay: the owner's log-in does not make a crowd go away."""
        name = await self._name(account, source.name)
        async with self._database.write() as connection:
            await connection.execute(login_failures.delete().where(login_failures.c.name_hmac == name))

    async def forget_old(self) -> None:
        """Delete what no longer counts, and the oldest beyond 20,000 rows."""
        now = self._clock.utc()
        old = sa.and_(
            login_failures.c.seen_at < now - FORGET_AFTER_S * US_PER_S, login_failures.c.locked_until_at <= now
        )
        async with self._database.write() as connection:
            await connection.execute(login_failures.delete().where(old))
            newest = sa.select(login_failures.c.seen_at).order_by(login_failures.c.seen_at.desc())
            limit = (await connection.execute(newest.offset(MAX_ROWS - 1).limit(1))).scalar_one_or_none()
            if limit is not None:
                await connection.execute(login_failures.delete().where(login_failures.c.seen_at < limit))

    def _check(self, count: Count | None, code: str) -> None:
        left_us = count.locked_until_at - self._clock.utc() if count else 0
        if left_us > 0:
            left_s = -(-left_us // US_PER_S)
            raise BrightKitchenError(Kind.EXHAUSTED, code, minutes=-(-left_s // 60), retry_after_s=left_s)

    async def _load(self, connection: AsyncConnection, name: str) -> Count | None:
        row = (
            await connection.execute(sa.select(login_failures).where(login_failures.c.name_hmac == name))
        ).one_or_none()
        return Count(row.failures, row.locks, row.locked_until_at, row.started_at, row.seen_at) if row else None

    async def _name(self, account: str, source: str = "") -> str:
        if not self._pepper:
            self._pepper = await self._load_pepper()
        return hmac.new(self._pepper, f"{account}\0{source}".encode(), hashlib.sha256).hexdigest()

    async def _load_pepper(self) -> bytes:
        """Return this installation's key of the names, made at the first use and sealed in the table of settings."""
        cell = {"table": "settings", "column": "value", "row": _PEPPER}
        async with self._database.write() as connection:
            found = await connection.execute(sa.select(settings.c.value).where(settings.c.name == _PEPPER))
            text = found.scalar_one_or_none()
            if text is not None:
                return self._sealer.open_bytes(base64.b64decode(text), **cell)
            pepper = self._entropy.token_bytes(32)
            sealed = base64.b64encode(self._sealer.seal_bytes(pepper, **cell)).decode()
            await connection.execute(settings.insert().values(name=_PEPPER, value=sealed, updated_at=self._clock.utc()))
            return pepper


def next_of_pair(before: Count | None, now: Utc) -> Count:
    """The fifth failure closes the pair for 15 minutes, the next five for twice as long, up to a day."""
    if before is None or now - max(before.seen_at, before.locked_until_at) > FORGET_AFTER_S * US_PER_S:
        before = Count(0, 0, 0, now, now)
    if before.failures + 1 < FAILURES_ALLOWED:
        return Count(before.failures + 1, before.locks, 0, before.started_at, now)
    lasts_s = min(FIRST_LOCK_S * 2 ** min(before.locks, 16), LONGEST_LOCK_S)
    return Count(0, before.locks + 1, now + lasts_s * US_PER_S, before.started_at, now)


def next_of_account(before: Count | None, now: Utc) -> Count:
    """Fifty failures within an hour from sources it does not know make the account wait for the hour's end, or 15 minutes."""
    if before is None or now - before.started_at >= ACCOUNT_WINDOW_S * US_PER_S:
        before = Count(0, 0, 0, now, now)
    failures = before.failures + 1
    if failures < ACCOUNT_FAILURES_ALLOWED:
        return Count(failures, 0, 0, before.started_at, now)
    until_at = max(before.started_at + ACCOUNT_WINDOW_S * US_PER_S, now + FIRST_LOCK_S * US_PER_S)
    return Count(failures, 0, until_at, before.started_at, now)


async def _save(connection: AsyncConnection, name: str, count: Count) -> None:
    values = {
        "failures": count.failures,
        "locks": count.locks,
        "locked_until_at": count.locked_until_at,
        "started_at": count.started_at,
        "seen_at": count.seen_at,
    }
    mine = login_failures.c.name_hmac == name
    changed = await connection.execute(login_failures.update().where(mine).values(**values))
    if changed.rowcount == 0:
        await connection.execute(login_failures.insert().values(name_hmac=name, **values))
