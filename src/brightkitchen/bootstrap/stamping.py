"""Joins the jailed process that knows C2PA to the signer: it asks, control carries, neither learns the other's secret."""

import asyncio
from typing import BinaryIO, Final, Protocol

import msgspec

from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.log import get_logger
from brightkitchen.media.evidence.stamping import MAX_LINE_BYTES, Head, Outcome, Sign, Signature
from brightkitchen.media.evidence.stampreading import ARGV, build_environment, has_library

log = get_logger(__name__)

STAMPS_AT_ONCE: Final = 2
MAX_QUESTIONS: Final = 4
_decode = msgspec.json.Decoder(Sign | Outcome).decode


class StampSigner(Protocol):
    """The C2PA door of the signer; `signer.client.SignerClient` fits."""

    async def stamp(self, to_sign: bytes) -> bytes:
        """raises: BrightKitchenError "signer.…"."""

    async def stamp_chain(self) -> tuple[str, str]:
        """Return leaf and root, PEM. raises: as `stamp`."""


def build_stamper(signer: StampSigner, *, is_wanted: bool) -> "StampingProcess | None":
    """Return who signs copies with C2PA; None where it is switched off or the library is not installed."""
    if not is_wanted:
        return None
    if not has_library():
        log.warning("copies of evidence carry no C2PA: the library is not installed", extra="c2pa")
        return None
    return StampingProcess(signer)


class StampingProcess:
    """Starts a jailed process for each file; fits `domain.evidence.ports.Stamper`."""

    def __init__(self, signer: StampSigner) -> None:
        self._signer = signer
        self._turn = asyncio.Semaphore(STAMPS_AT_ONCE)

    async def root(self) -> bytes:
        return (await self._signer.stamp_chain())[1].encode()

    async def stamp(self, source: BinaryIO, target: BinaryIO, *, media_type: str, claim: str, timeout_s: float) -> None:
        try:
            async with asyncio.timeout(timeout_s), self._turn:
                leaf, root = await self._signer.stamp_chain()
                head = Head(
                    claim=claim,
                    chain=leaf + root,
                    media_type=media_type,
                    source=source.fileno(),
                    target=target.fileno(),
                )
                await self._run(head)
        except TimeoutError as cause:
            raise _not_stamped("it took too long") from cause
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as cause:
            raise _not_stamped(type(cause).__name__) from cause

    async def _run(self, head: Head) -> None:
        process = await asyncio.create_subprocess_exec(
            *ARGV,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            pass_fds=(head.source, head.target),
            env=build_environment(),
            cwd="/",
            start_new_session=True,
            limit=MAX_LINE_BYTES,
        )
        try:
            outcome = await self._talk(process, head)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
        if outcome.state != "Valid":
            raise _not_stamped("; ".join(outcome.codes)[:200])

    async def _talk(self, process: asyncio.subprocess.Process, head: Head) -> Outcome:
        assert process.stdin is not None and process.stdout is not None  # both are pipes
        await _write(process.stdin, head)
        for _ in range(MAX_QUESTIONS):
            said = _decode(await process.stdout.readuntil(b"\n"))
            if isinstance(said, Outcome):
                return said
            signature = await self._signer.stamp(bytes.fromhex(said.to_sign))
            await _write(process.stdin, Signature(signature=signature.hex()))
        raise _not_stamped("too many questions")


async def _write(pipe: asyncio.StreamWriter, message: Head | Signature) -> None:
    pipe.write(msgspec.json.encode(message) + b"\n")
    await pipe.drain()


def _not_stamped(why: str) -> BrightKitchenError:
    return BrightKitchenError(Kind.UNAVAILABLE, "evidence.not_stamped", why=why)
