"""A small RTSP client that shares nothing with the simulator, to see exactly what a camera does."""

import asyncio
import contextlib
import hashlib
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_TIMEOUT_S = 10.0
_PARAMETER = re.compile(r'(\w+)="?([^",]*)"?')


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Packet:
    """An interleaved packet; the RTP fields make no sense on odd channels."""

    channel: int
    data: bytes

    @property
    def marker(self) -> bool:
        return bool(self.data[1] & 0x80)

    @property
    def payload_type(self) -> int:
        return self.data[1] & 0x7F

    @property
    def sequence(self) -> int:
        return int.from_bytes(self.data[2:4], "big")

    @property
    def timestamp(self) -> int:
        return int.from_bytes(self.data[4:8], "big")

    @property
    def payload(self) -> bytes:
        return self.data[12:]


class Probe:
    """One connection. `garbage_bytes` counts what came between packets that is none."""

    def __init__(self, url: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.url = url
        self.garbage_bytes = 0
        self.session: str | None = None
        self._reader = reader
        self._writer = writer
        self._cseq = 0
        self._challenge: dict[str, str] | None = None
        self._login: tuple[str, str] | None = None

    @classmethod
    async def open(cls, url: str, login: tuple[str, str] | None = None) -> "Probe":
        parts = urlsplit(url)
        reader, writer = await asyncio.wait_for(
            asyncio.open_connection(parts.hostname, parts.port, limit=1 << 22), _TIMEOUT_S
        )
        probe = cls(url, reader, writer)
        probe._login = login
        return probe

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await asyncio.wait_for(self._writer.wait_closed(), _TIMEOUT_S)

    async def ask(self, method: str, suffix: str = "", **headers: str) -> Answer:
        """Send a request, answering one challenge; packets that come meanwhile are passed over."""
        answer = await self._ask_once(method, suffix, headers)
        if answer.status == 401 and self._login is not None:
            text = answer.headers["www-authenticate"]
            self._challenge = dict(_PARAMETER.findall(text))
            answer = await self._ask_once(method, suffix, headers)
        if "session" in answer.headers:
            self.session = answer.headers["session"].partition(";")[0]
        return answer

    async def play(self, *tracks: int) -> Answer:
        """DESCRIBE, SETUP of the tracks (all when none is named), PLAY; the answer of PLAY."""
        answer = await self.ask("DESCRIBE")
        assert answer.status == 200, answer
        count = answer.body.count(b"m=")
        for track in tracks or range(count):
            interleaved = f"RTP/AVP/TCP;unicast;interleaved={2 * track}-{2 * track + 1}"
            set_up = await self.ask("SETUP", f"/trackID={track}", Transport=interleaved)
            assert set_up.status == 200, set_up
        return await self.ask("PLAY", Range="npt=0-")

    async def packet(self) -> Packet:
        """The next packet. Raises EOFError when the connection ended, TimeoutError when nothing comes."""
        while True:
            if (await self._read(1)) != b"$":
                self.garbage_bytes += 1
                continue
            head = await self._read(3)
            size = int.from_bytes(head[1:], "big")
            if head[0] > 3 or not 12 <= size <= 1500:
                self.garbage_bytes += 4
                continue
            data = await self._read(size)
            if data[0] == 0x80 or data[1] in (200, 201, 202):
                return Packet(head[0], data)
            self.garbage_bytes += 4 + size

    async def packets(self, count: int, channel: int | None = None) -> list[Packet]:
        found: list[Packet] = []
        while len(found) < count:
            packet = await self.packet()
            if channel is None or packet.channel == channel:
                found.append(packet)
        return found

    async def wait_for_end(self) -> None:
        """Return when the camera has closed the connection."""
        try:
            while await asyncio.wait_for(self._reader.read(65536), _TIMEOUT_S):
                pass
        except ConnectionResetError:
            return

    async def drain(self, quiet_s: float = 0.3) -> None:
        """Read until nothing came for `quiet_s` seconds."""
        while True:
            try:
                data = await asyncio.wait_for(self._reader.read(65536), quiet_s)
            except TimeoutError:
                return
            if not data:
                raise EOFError

    async def _ask_once(self, method: str, suffix: str, headers: dict[str, str]) -> Answer:
        self._cseq += 1
        url = self.url + suffix
        lines = [f"{method} {url} RTSP/1.0", f"CSeq: {self._cseq}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if self.session is not None:
            lines.append(f"Session: {self.session}")
        if self._challenge is not None and self._login is not None:
            lines.append("Authorization: " + self._prove(method, url, self._challenge, self._login))
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        while True:
            first = await self._read(1)
            if first == b"$":
                head = await self._read(3)
                await self._read(int.from_bytes(head[1:], "big"))
                continue
            return await self._read_answer(first)

    async def _read_answer(self, first: bytes) -> Answer:
        head = first + await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), _TIMEOUT_S)
        lines = head.decode().split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)
        }
        body = await self._read(int(headers.get("content-length", "0")))
        return Answer(int(lines[0].split(" ")[1]), headers, body)

    async def _read(self, count: int) -> bytes:
        try:
            return await asyncio.wait_for(self._reader.readexactly(count), _TIMEOUT_S)
        except (asyncio.IncompleteReadError, ConnectionResetError) as error:
            raise EOFError from error

    def _prove(self, method: str, url: str, given: dict[str, str], login: tuple[str, str]) -> str:
        def digest(text: str) -> str:
            if given.get("algorithm") == "SHA-256":
                return hashlib.sha256(text.encode()).hexdigest()
            return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

        count = f"{self._cseq:08x}"
        ha1, ha2 = digest(f"{login[0]}:{given['realm']}:{login[1]}"), digest(f"{method}:{url}")
        response = digest(f"{ha1}:{given['nonce']}:{count}:c0ffee:auth:{ha2}")
        return (
            f'Digest username="{login[0]}", realm="{given["realm"]}", nonce="{given["nonce"]}", uri="{url}", '
            f'response="{response}", algorithm={given.get("algorithm", "MD5")}, qop=auth, nc={count}, cnonce="c0ffee"'
        )
