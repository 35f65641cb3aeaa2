"""What a C2PA-signed copy claims (docs/design/evidence.md §8a), and how it is made without ever losing a capture."""

import asyncio
import json
import os
import ssl
import tempfile
from collections.abc import Sequence
from enum import StrEnum
from typing import BinaryIO, Final, cast

from brightkitchen.domain.evidence.checking import files_of
from brightkitchen.domain.evidence.files import EXPORTS, EvidenceFolder
from brightkitchen.domain.evidence.model import Item
from brightkitchen.domain.evidence.ports import Stamper
from brightkitchen.domain.evidence.verify import C2PA_FOLDER
from brightkitchen.kernel.canonicaljson import Json, parse_canonical
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.evidence import UNKNOWN, FileFact, hash_bytes
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.units import format_utc

log = get_logger(__name__)

LABEL: Final = "brightkitchen.evidence"
JPEG: Final = "image/jpeg"
MP4: Final = "video/mp4"
CAPTURE_TIMEOUT_S: Final = 5.0
MAX_COPY_BYTES: Final = 256 * 1024 * 1024  # the library holds a file in memory while it signs it
COPY_BYTES_PER_S: Final = 8 * 1024 * 1024
_CAPTURED: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"


class Stamp(StrEnum):
    """What a manifest says of the display copy's C2PA signature."""

    SIGNED = "signed"
    FAILED = "failed"
    OFF = "off"


def stamp_of(manifest: str) -> Stamp | None:
    """Return what a manifest says of its display copy; None if it is from before there was C2PA."""
    said = parse_canonical(manifest.encode()).get("c2pa")
    return Stamp(said) if isinstance(said, str) else None


def build_claim(
    item: Item, zone: str, files: Sequence[FileFact], *, software: str, statement: str = "", manifest: str = ""
) -> str:
    """Return the library's definition of a C2PA manifest. It names no person: what is signed cannot be taken back.

    files: what the node handed over; originals are named by their hashes. statement, manifest: SHA-256 in hex, "" = not yet known
    (a display copy is part of the manifest, so that it cannot name it).
    """
    name, _, version = software.partition(" ")
    facts: dict[str, Json] = {
        "format": "bk-c2pa-v1",
        "number": item.number,
        "item": item.id,
        "originals": [
            {"name": fact.name, "size_bytes": fact.size_bytes, "sha256": fact.sha256}
            for fact in files
            if fact.role == "original"
        ],
        "camera": item.camera,
        "zone": item.zone or UNKNOWN,
        "zone_name": zone or UNKNOWN,
        "frame_at": format_utc(item.frame_at),
        "from_at": format_utc(item.from_at),
        "to_at": format_utc(item.to_at),
        "captured_at": format_utc(item.captured_at),
    }
    created = {"action": "c2pa.created", "when": format_utc(item.frame_at), "digitalSourceType": _CAPTURED}
    actions: list[Json] = [dict(created)]
    if manifest:
        facts["manifest_sha256"] = manifest
    else:
        facts["statement_sha256"] = statement
        marked = "a strip with place, time and number was added below the picture"
        actions.append({"action": "c2pa.edited", "when": format_utc(item.captured_at), "description": marked})
    return json.dumps(
        {
            "claim_generator_info": [{"name": name, "version": version}],
            "title": item.number,
            "assertions": [
                {"label": "c2pa.actions", "created": True, "data": {"actions": actions}},
                {"label": LABEL, "created": True, "data": facts},
            ],
        },
        ensure_ascii=False,
    )


async def stamp_bytes(stamper: Stamper | None, jpeg: bytes, claim: str, *, number: str) -> tuple[bytes, Stamp]:
    """Return the signed picture; the picture as it was where that could not be had in five seconds."""
    if stamper is None:
        return jpeg, Stamp.OFF
    with _open_memory() as source, _open_memory() as target:
        source.write(jpeg)
        source.seek(0)
        try:
            await stamper.stamp(source, target, media_type=JPEG, claim=claim, timeout_s=CAPTURE_TIMEOUT_S)
        except (BrightKitchenError, OSError) as cause:
            log.warning("display copy without C2PA", number=number, problem=str(cause))
            return jpeg, Stamp.FAILED
        target.seek(0)
        return target.read(), Stamp.SIGNED


class CopyMaker:
    """Makes the C2PA-signed copies of clips that go into an export and lie nowhere else."""

    def __init__(self, stamper: Stamper | None, folder: EvidenceFolder, *, software: str) -> None:
        self._stamper = stamper
        self._folder = folder
        self._software = software

    async def root(self) -> bytes:
        """Return the root certificate, PEM; nothing where copies are not signed."""
        if self._stamper is None:
            return b""
        try:
            return await self._stamper.root()
        except BrightKitchenError as cause:
            log.warning("an export without C2PA", code=cause.code)
            return b""

    def measure(self, items: Sequence[Item]) -> int:
        """Return how much room the copies of these items take at most, with the one that is being made."""
        facts = [fact for item in items for fact in files_of(item) if is_clip(fact)]
        sizes_bytes = [fact.size_bytes for fact in facts if fact.size_bytes <= MAX_COPY_BYTES]
        return 0 if self._stamper is None else sum(sizes_bytes) + max(sizes_bytes, default=0)

    def open_copy(self) -> BinaryIO:
        """Return an empty file without a name: nothing is left of it, whatever happens. Blocks."""
        return cast(BinaryIO, tempfile.TemporaryFile(dir=self._folder.path / EXPORTS, buffering=0))

    async def stamp(self, item: Item, fact: FileFact, target: BinaryIO) -> bool:
        """Write a signed copy of a clip; False if there is to be none, or none could be had."""
        if self._stamper is None or fact.size_bytes > MAX_COPY_BYTES:
            return False
        facts = parse_canonical(item.manifest.encode())
        camera = facts.get("camera")
        zone = str(camera.get("zone_name", "")) if isinstance(camera, dict) else ""
        claim = build_claim(item, zone, [fact], software=self._software, manifest=hash_bytes(item.manifest.encode()))
        timeout_s = CAPTURE_TIMEOUT_S + fact.size_bytes / COPY_BYTES_PER_S
        try:
            with await asyncio.to_thread(self._folder.open, item.id, item.number, fact.name) as source:
                await self._stamper.stamp(source, target, media_type=MP4, claim=claim, timeout_s=timeout_s)
        except (BrightKitchenError, OSError) as cause:
            log.warning("a clip without C2PA copy", number=item.number, problem=str(cause))
            return False
        return True


def is_clip(fact: FileFact) -> bool:
    """True for a file that an export holds a signed copy of."""
    return fact.role == "original" and fact.type == MP4


def name_of_copy(number: str, original: str) -> str:
    """Return how a clip's signed copy is called in an export: beside the items, for it is in no manifest."""
    return f"{C2PA_FOLDER}{number}-{original.removeprefix('original-')}"


def fingerprint_of_root(pem: bytes) -> str:
    """Return SHA-256 of a certificate, in hex: what `openssl x509 -fingerprint -sha256` shows. raises: ValueError."""
    return hash_bytes(ssl.PEM_cert_to_DER_cert(pem.decode()))


def _open_memory() -> BinaryIO:
    return os.fdopen(os.memfd_create("picture", os.MFD_CLOEXEC), "w+b", buffering=0)
