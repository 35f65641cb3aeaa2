"""Control's end of the line to the signer: fits `domain.evidence.ports.Signer`."""

import asyncio
from pathlib import Path
from typing import Final

import msgspec

from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.evidence import Seal, What
from brightkitchen.signer.messages import (
    MAX_ANSWER_BYTES,
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
    decode_answer,
)

ANSWER_TIMEOUT_S: Final = 5.0


class SignerClient:
    """A connection that is opened when it is needed and opened again when it is gone; one question at a time."""

    def __init__(self, path: Path, secret: str) -> None:
        self._path = path
        self._secret = secret
        self._turn = asyncio.Lock()
        self._line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def sign(self, what: What, digest: str) -> Seal:
        """Return the seal. raises: BrightKitchenError(UNAVAILABLE) "signer.unavailable", "signer.busy"."""
        answer = await self._ask(SignAsk(what=what, digest=digest))
        if isinstance(answer, Signed) and (answer.seal.what, answer.seal.digest) == (what, digest):
            return answer.seal
        raise _refusal(answer)

    async def keys(self) -> bytes:
        """Return the history of public keys, as its file. raises: as `sign`."""
        answer = await self._ask(KeysAsk())
        if isinstance(answer, Keys):
            return answer.lines.encode()
        raise _refusal(answer)

    async def stamp(self, to_sign: bytes) -> bytes:
        """Return the C2PA key's signature over a COSE Sig_structure. raises: as `sign`, "signer.stamp_refused" if it is none."""
        answer = await self._ask(StampAsk(to_sign=to_sign.hex()))
        if isinstance(answer, Stamped):
            return bytes.fromhex(answer.signature)
        raise _refusal(answer)

    async def stamp_chain(self) -> tuple[str, str]:
        """Return the certificates of the C2PA key as PEM: the leaf, the root. raises: as `sign`."""
        answer = await self._ask(StampChainAsk())
        if isinstance(answer, StampChain):
            return answer.leaf, answer.root
        raise _refusal(answer)

    def close(self) -> None:
        """Hang up."""
        if self._line is not None:
            self._line[1].close()
            self._line = None

    async def _ask(self, ask: Ask) -> Answer:
        async with self._turn:
            is_fresh = self._line is None
            try:
                return await self._exchange(ask)
            except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
                self.close()
                if is_fresh:
                    raise _refusal(None) from None
            try:  # the line had been cut since the last question: the signer was started anew
                return await self._exchange(ask)
            except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError) as cause:
                self.close()
                raise _refusal(None) from cause

    async def _exchange(self, ask: Ask) -> Answer:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            if self._line is None:
                self._line = await asyncio.open_unix_connection(self._path, limit=MAX_ANSWER_BYTES)
                if not isinstance(await self._say(Hello(secret=self._secret)), Welcomed):
                    raise ConnectionRefusedError
            return await self._say(ask)

    async def _say(self, ask: Ask) -> Answer:
        assert self._line is not None
        reader, writer = self._line
        writer.write(msgspec.json.encode(ask) + b"\n")
        await writer.drain()
        try:
            return decode_answer(await reader.readuntil(b"\n"))
        except (msgspec.MsgspecError, asyncio.LimitOverrunError) as cause:
            raise ValueError("no answer of a signer") from cause


def _refusal(answer: Answer | None) -> BrightKitchenError:
    code = answer.code if isinstance(answer, Refused) else "signer.unavailable"
    return BrightKitchenError(Kind.EXHAUSTED if code == "signer.busy" else Kind.UNAVAILABLE, code)
