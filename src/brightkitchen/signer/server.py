"""The signer's door: a Unix socket for our own user, one secret, four questions (docs/design/evidence.md §5, E5)."""

import asyncio
import hmac
import os
import socket
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.privatesocket import open_private_socket, read_peer_uid
from brightkitchen.signer.keys import KeyFolder
from brightkitchen.signer.messages import (
    MAX_LINE_BYTES,
    Answer,
    Ask,
    Hello,
    Keys,
    KeysAsk,
    Refused,
    SignAsk,
    Signed,
    StampAsk,
    StampChain,
    StampChainAsk,
    Stamped,
    Welcomed,
    decode_ask,
)
from brightkitchen.signer.stamps import StampKeys

log = get_logger(__name__)

HELLO_TIMEOUT_S: Final = 5.0
WRITE_TIMEOUT_S: Final = 5.0
MAX_CONNECTIONS: Final = 8
SIGNATURES_PER_S: Final = 50
STAMPS_PER_S: Final = 10


class SignerServer:
    """Answers one question after the other; signing is never concurrent."""

    def __init__(
        self, keys: KeyFolder, stamps: StampKeys, *, secret: str, clock: Clock, uid: int | None = None
    ) -> None:
        """secret: hex, of this start. uid: whose processes may connect; our own by default."""
        self._keys = keys
        self._stamps = stamps
        self._secret = secret.encode()
        self._clock = clock
        self._uid = os.getuid() if uid is None else uid
        self._turn = asyncio.Lock()
        self._signed = _Rate(SIGNATURES_PER_S)
        self._stamped = _Rate(STAMPS_PER_S)
        self._connections = 0
        self._server: asyncio.Server | None = None
        self.refused = 0

    async def open(self, path: Path) -> None:
        """Listen. raises: BrightKitchenError "control.already_running" if another signer answers there."""
        self._server = await asyncio.start_unix_server(
            self._serve, sock=open_private_socket(path), limit=MAX_LINE_BYTES, backlog=16
        )

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._server.wait_closed(), 2.0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        try:
            if self._connections <= MAX_CONNECTIONS and self._is_ours(writer) and await self._greet(reader, writer):
                while (ask := await _read(reader)) is not None:
                    await _write(writer, await self._answer(ask))
            else:
                self.refused += 1
        except (TimeoutError, ConnectionError, ValueError, asyncio.IncompleteReadError):
            self.refused += 1
        finally:
            self._connections -= 1
            writer.close()

    def _is_ours(self, writer: asyncio.StreamWriter) -> bool:
        peer: socket.socket | None = writer.get_extra_info("socket")
        if peer is None or read_peer_uid(peer) != self._uid:
            log.warning("a stranger knocked at the signer")
            return False
        return True

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        async with asyncio.timeout(HELLO_TIMEOUT_S):
            hello = await _read(reader)
        if not isinstance(hello, Hello) or not hmac.compare_digest(hello.secret.encode(), self._secret):
            log.warning("somebody without the secret knocked at the signer")
            await _write(writer, Refused(code="signer.refused"))
            return False
        await _write(writer, Welcomed())
        return True

    async def _answer(self, ask: Ask) -> Answer:
        if isinstance(ask, KeysAsk):
            return Keys(lines=self._keys.spell_history().decode())
        if isinstance(ask, SignAsk):
            return await self._sign(ask)
        if isinstance(ask, StampAsk):
            return await self._stamp(ask)
        if isinstance(ask, StampChainAsk):
            return await self._tell_chain()
        return Refused(code="signer.refused")

    async def _sign(self, ask: SignAsk) -> Answer:
        async with self._turn:
            if not self._signed.take(self._clock.mono_s()):
                return Refused(code="signer.busy")
            try:
                seal = await asyncio.to_thread(self._keys.sign, ask.what, ask.digest)
            except OSError as cause:
                log.error("not signed: it could not be written down", problem=cause.strerror)
                return Refused(code="signer.unavailable")
        return Signed(seal=seal)

    async def _stamp(self, ask: StampAsk) -> Answer:
        async with self._turn:
            if not self._stamped.take(self._clock.mono_s()):
                return Refused(code="signer.busy")
            try:
                signature = await asyncio.to_thread(self._stamps.sign, bytes.fromhex(ask.to_sign))
            except ValueError as cause:
                log.warning("not signed: it is no C2PA claim of ours", problem=str(cause))
                return Refused(code="signer.stamp_refused")
            except (OSError, BrightKitchenError) as cause:
                log.error("not signed with the C2PA key", problem=str(cause))
                return Refused(code="signer.unavailable")
        return Stamped(signature=signature.hex())

    async def _tell_chain(self) -> Answer:
        async with self._turn:
            try:
                leaf, root = await asyncio.to_thread(self._stamps.chain)
            except (OSError, BrightKitchenError) as cause:
                log.error("no C2PA key", problem=str(cause))
                return Refused(code="signer.unavailable")
        return StampChain(leaf=leaf, root=root)


class _Rate:
    """At most so many in each second."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._recent_s: deque[float] = deque()

    def take(self, now_s: float) -> bool:
        """Return False if there were too many."""
        while self._recent_s and now_s - self._recent_s[0] >= 1.0:
            self._recent_s.popleft()
        if len(self._recent_s) >= self._most:
            return False
        self._recent_s.append(now_s)
        return True


async def _read(reader: asyncio.StreamReader) -> Ask | None:
    """Return the next line; None at the end. raises: ValueError if it is too long or no question."""
    try:
        line = await reader.readuntil(b"\n")
    except asyncio.IncompleteReadError as end:
        if end.partial:
            raise ValueError("half a line") from end
        return None
    except asyncio.LimitOverrunError as cause:
        raise ValueError("a line that is too long") from cause
    try:
        return decode_ask(line)
    except msgspec.MsgspecError as cause:
        raise ValueError("no question") from cause


async def _write(writer: asyncio.StreamWriter, answer: Answer) -> None:
    writer.write(msgspec.json.encode(answer) + b"\n")
    async with asyncio.timeout(WRITE_TIMEOUT_S):
        await writer.drain()
