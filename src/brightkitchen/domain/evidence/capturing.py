"""From a wish to an item: asks the node, checks what it says, keeps it, marks a copy (docs/design/evidence.md §6)."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.audit import model as audited
from brightkitchen.domain.audit.model import Entry
from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.domain.authz.audited import authority, who
from brightkitchen.domain.authz.minter import MediaTokenMinter
from brightkitchen.domain.authz.model import Actor, Decision
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.authz.ports import MediaGrant
from brightkitchen.domain.cameras.model import Camera
from brightkitchen.domain.cameras.service import CameraService
from brightkitchen.domain.evidence import policy as rules
from brightkitchen.domain.evidence import store
from brightkitchen.domain.evidence.files import EvidenceFolder, Incoming, Written
from brightkitchen.domain.evidence.manifest import DISPLAY_FILE, STATEMENT_FILE, build_draft
from brightkitchen.domain.evidence.model import CaptureWish, EvidenceKind, HoldState, Item, Purpose
from brightkitchen.domain.evidence.ports import Holds, Marker, NodeMedia, Stamper
from brightkitchen.domain.evidence.stamps import Stamp, build_claim, stamp_bytes
from brightkitchen.domain.evidence.states import EvidenceState
from brightkitchen.domain.premises.store import load_kinds
from brightkitchen.kernel.canonicaljson import Json
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind, TheirError, not_found
from brightkitchen.kernel.evidence import (
    HOLD_S,
    LONGEST_CLIP_S,
    UNKNOWN,
    ClockFact,
    FileFact,
    SignedStatement,
    Statement,
    hash_bytes,
    parse_statement,
)
from brightkitchen.kernel.evidencestream import MAX_FILES, FileHead, Framed, Piece, Refusal
from brightkitchen.kernel.hostclock import SYNCHRONISED, read_host_clock
from brightkitchen.kernel.ids import NodeId, Profile, UserId, new_id
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.units import US_PER_S, Utc, format_utc, parse_utc

log = get_logger(__name__)

CAPTURES_PER_MINUTE: Final = 30
MAX_NOTE_CHARS: Final = 500
MAX_ITEM_BYTES: Final = 4 * 1024**3
_POSTER: Final = "poster"
_ASSURED_US: Final = 1_000_000
_MACHINE: Final = "machine"


class CaptureBudget:
    """Thirty captures a minute for each person."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._taken: dict[UserId, deque[float]] = {}

    def take(self, user: UserId) -> None:
        """raises: BrightKitchenError "evidence.too_many"."""
        now_s = self._clock.mono_s()
        taken = self._taken.setdefault(user, deque())
        while taken and now_s - taken[0] >= 60.0:
            taken.popleft()
        if len(taken) >= CAPTURES_PER_MINUTE:
            wait_s = max(1, round(60.0 - (now_s - taken[0])))
            raise BrightKitchenError(Kind.EXHAUSTED, "evidence.too_many", retry_after_s=wait_s)
        taken.append(now_s)


@dataclass(slots=True)
class _Received:
    """What came from the node so far."""

    incoming: Incoming
    heads: list[FileHead] = field(default_factory=list)
    files: list[Written] = field(default_factory=list)
    size_bytes: int = 0
    signed: bytes = b""


class Capturer:
    """Takes evidence. The seal comes afterwards (`sealing.py`)."""

    def __init__(
        self,
        database: Database,
        policy: Policy,
        cameras: CameraService,
        minter: MediaTokenMinter,
        nodes: NodeMedia,
        folder: EvidenceFolder,
        marker: Marker,
        stamper: Stamper | None,
        holds: Holds,
        audit: AuditTrail,
        *,
        software: str,
        zone: tzinfo,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._database = database
        self._policy = policy
        self._cameras = cameras
        self._minter = minter
        self._nodes = nodes
        self._folder = folder
        self._marker = marker
        self._stamper = stamper
        self._holds = holds
        self._audit = audit
        self._software = software
        self._zone = zone
        self._clock = clock
        self._entropy = entropy
        self._budget = CaptureBudget(clock)

    async def capture(self, actor: Actor, wish: CaptureWish) -> Item:
        """Take a frame or a clip; return the item, not sealed yet.

        raises: BrightKitchenError "access.none", "evidence.purpose_note", "evidence.range", "evidence.too_many", "evidence.no_room",
        what the node says, and "evidence.not_trusted" if what it hands over is not what it signed.
        """
        camera = await self._cameras.access_recorded(actor, wish.camera, rules.CAPTURE)
        if actor.user is None:
            raise not_found()
        _check_wish(wish, self._clock.utc())
        if not camera.has_address:
            raise BrightKitchenError(Kind.CONFLICT, "camera.no_address", name=camera.name)
        self._budget.take(actor.user)
        decision = self._policy.check(actor, rules.CAPTURE, camera)
        item_id = new_id("evi", self._entropy)
        incoming = await asyncio.to_thread(self._folder.begin, item_id)
        try:
            received = await self._receive(incoming, camera, wish, actor)
            statement = await self._check_statement(received, camera, wish)
            return await self._keep(item_id, actor, decision, camera, wish, received, statement)
        finally:
            incoming.close()
            await asyncio.to_thread(self._folder.drop, incoming)

    # -- from the node -------------------------------------------------------------------------------------------------

    async def _receive(self, incoming: Incoming, camera: Camera, wish: CaptureWish, actor: Actor) -> _Received:
        received = _Received(incoming)
        pieces = self._nodes.capture(camera.node, camera.id, self._mint(camera, wish, actor), wish.kind.value)
        async with aclosing(pieces):
            await self._take_pieces(received, pieces)
        if not received.signed:
            raise BrightKitchenError(Kind.UNAVAILABLE, "evidence.cut_off")
        return received

    async def _take_pieces(self, received: _Received, pieces: AsyncGenerator[Framed, None]) -> None:
        async for piece in pieces:
            if received.signed:
                raise _not_trusted("bytes behind the statement")
            if piece.kind is Piece.ERROR:
                code = msgspec.json.decode(piece.data, type=Refusal).code
                raise BrightKitchenError(Kind.UNAVAILABLE, "evidence.cut_off") from TheirError(code)
            try:
                await asyncio.to_thread(_take_piece, received, piece)
            except (ValueError, msgspec.MsgspecError, FileExistsError) as cause:
                raise _not_trusted("a stream that is none") from cause

    def _mint(self, camera: Camera, wish: CaptureWish, actor: Actor) -> str:
        is_clip = wish.kind is EvidenceKind.CLIP
        return self._minter.mint(
            MediaGrant(
                node=camera.node,
                camera=camera.id,
                act="evidence",
                profile=Profile(wish.profile).value,
                origin="",
                session=actor.pseudonym or _MACHINE,
                viewer_class=_MACHINE,
                watermark="",
                from_at=wish.from_at if is_clip else wish.at,
                to_at=wish.to_at if is_clip else wish.at,
            )
        )

    async def _check_statement(self, received: _Received, camera: Camera, wish: CaptureWish) -> Statement:
        """raises: "evidence.not_trusted" unless the node that leases the camera signed exactly what was received."""
        try:
            signed = parse_statement(received.signed)
        except TheirError as cause:
            raise _not_trusted("no statement") from cause
        said = signed.statement
        if not signed.is_genuine() or signed.public_key != self._nodes.statement_key_of(camera.node):
            raise _not_trusted("another key")
        if (said.node, said.camera, said.profile, said.kind) != (camera.node, camera.id, wish.profile, wish.kind.value):
            raise _not_trusted("another camera")
        got = tuple(
            FileFact(name=head.name, role=head.role, type=head.type, size_bytes=file.size_bytes, sha256=file.sha256)
            for head, file in zip(received.heads, received.files, strict=True)
        )
        if got != said.files:
            raise _not_trusted("other files")
        await self._pin(camera.node, signed)
        return said

    async def _pin(self, node: NodeId, signed: SignedStatement) -> None:
        """Remember the node's key; a new one is a row of the audit."""
        async with self._database.write() as connection:
            if await store.save_key_seen(connection, node, signed.public_key, self._clock.utc()):
                said = self._audit.entry(
                    audited.KEY_CREATED,
                    object_kind="node_key",
                    object_id=node,
                    detail={"public_key": signed.public_key},
                )
                await self._audit.append(connection, said)

    # -- kept ----------------------------------------------------------------------------------------------------------

    async def _keep(
        self,
        item_id: str,
        actor: Actor,
        decision: Decision,
        camera: Camera,
        wish: CaptureWish,
        received: _Received,
        said: Statement,
    ) -> Item:
        assert actor.user is not None  # capture looked
        now = self._clock.utc()
        async with self._database.read() as connection:
            operator_name = await store.load_display_name(connection, actor.user)
            zones = (await load_kinds(connection)).zones
        zone = zones[camera.zone].name_zh if camera.zone in zones else camera.zone
        month = datetime.fromtimestamp(now / US_PER_S, tz=self._zone).strftime("%y%m")
        async with self._database.write() as connection:
            number = f"E{month}-{await store.take_number(connection, month):05d}"
        own_clock = await asyncio.to_thread(read_host_clock)
        item = Item(
            id=item_id,
            number=number,
            kind=wish.kind,
            state=EvidenceState.CAPTURED,
            camera=camera.id,
            camera_name=camera.name,
            premises=camera.premises,
            premises_name=camera.premises_name,
            place=camera.place,
            zone=camera.zone,
            profile=wish.profile,
            source=said.source,
            node=camera.node,
            captured_at=now,
            frame_at=parse_utc(said.frame_at),
            from_at=parse_utc(said.from_at),
            to_at=parse_utc(said.to_at),
            operator=actor.user,
            operator_name=operator_name,
            purpose=wish.purpose,
            note=wish.note.strip(),
            size_bytes=0,
            drift_us=said.drift_us,
            is_assured=_is_assured(own_clock) and _is_assured(said.clock),
            hold="",
            hold_state=HoldState.NONE,
            manifest="",
        )
        files, stamp = await self._draw_and_write(item, zone, received, said)
        facts = self._facts(item, zone, decision, said, own_clock, parse_statement(received.signed))
        manifest = build_draft({**facts, "c2pa": stamp.value}, files)
        item = replace(item, manifest=manifest, size_bytes=sum(fact.size_bytes for fact in files))
        await asyncio.to_thread(self._folder.publish, received.incoming, number)
        async with self._database.write() as connection:
            item = await self._hold(connection, actor, item)
            await store.save_new_item(connection, item)
            await self._audit.append(connection, self._entry(actor, decision, camera, item))
        self._holds.tell()
        log.info("evidence captured", number=number, camera=camera.id, kind=wish.kind.value)
        return item

    async def _draw_and_write(
        self, item: Item, zone: str, received: _Received, said: Statement
    ) -> tuple[list[FileFact], Stamp]:
        """Write statement and display copy beside what was received; return every file of the item."""
        poster = next((f.name for f in said.files if f.role == _POSTER), said.files[0].name)
        jpeg = await asyncio.to_thread(received.incoming.read, poster)
        display = await self._marker.draw(jpeg, self._marks(item, zone))
        claim = build_claim(item, zone, said.files, software=self._software, statement=hash_bytes(received.signed))
        display, stamp = await stamp_bytes(self._stamper, display, claim, number=item.number)
        facts = list(said.files)
        for name, role, kind, data in (
            (STATEMENT_FILE, "statement", "application/json", received.signed),
            (DISPLAY_FILE, "display", "image/jpeg", display),
        ):
            written = await asyncio.to_thread(received.incoming.write, name, data)
            facts.append(
                FileFact(name=name, role=role, type=kind, size_bytes=written.size_bytes, sha256=written.sha256)
            )
        return facts, stamp

    async def _hold(self, connection: AsyncConnection, actor: Actor, item: Item) -> Item:
        """Keep the recording around it."""
        around_us = HOLD_S * US_PER_S
        hold = await self._holds.set_hold(
            connection,
            camera=item.camera,
            from_at=Utc(item.from_at - around_us),
            to_at=Utc(item.to_at + around_us),
            why="evidence",
            belongs_to=item.id,
            actor=actor,
        )
        return replace(item, hold=hold, hold_state=HoldState.SET)

    def _facts(
        self,
        item: Item,
        zone: str,
        decision: Decision,
        said: Statement,
        own_clock: ClockFact,
        signed: SignedStatement,
    ) -> dict[str, Json]:
        return {
            "id": item.id,
            "number": item.number,
            "kind": item.kind.value,
            "captured_at": format_utc(item.captured_at),
            "frame_at": format_utc(item.frame_at),
            "from_at": format_utc(item.from_at),
            "to_at": format_utc(item.to_at),
            "camera": {
                "id": item.camera,
                "name": item.camera_name,
                "zone": item.zone or UNKNOWN,
                "zone_name": zone or UNKNOWN,
                "premises": item.premises or UNKNOWN,
                "premises_name": item.premises_name or UNKNOWN,
                "region": item.place.region or UNKNOWN,
                "legal_review": UNKNOWN,
                "technical_review": UNKNOWN,
            },
            "operator": {
                "id": item.operator,
                "name": item.operator_name,
                "role": decision.role.value if decision.role else UNKNOWN,
            },
            "purpose": item.purpose.value,
            "note": item.note,
            "clock": {
                "control": {"state": own_clock.state, "error_us": _or_unknown(own_clock.error_us)},
                "node": {"state": said.clock.state, "error_us": _or_unknown(said.clock.error_us)},
                "camera_drift_us": _or_unknown(item.drift_us),
                "assured": item.is_assured,
            },
            "node": {"id": item.node, "public_key": signed.public_key},
            "source": item.source,
            "software": self._software,
        }

    def _marks(self, item: Item, zone: str) -> list[str]:
        """Return the lines of the display copy; without Chinese letters only what can be drawn."""
        frame, server = self._local(item.frame_at), self._local(item.captured_at)
        if not self._marker.has_letters:
            return [
                f"{item.number}  {item.camera}",
                f"frame {frame}  drift {_seconds(item.drift_us) or 'unknown'}",
                f"server {server}  {item.operator}",
            ]
        where = "  ".join(filter(None, (item.premises_name, zone, item.camera_name)))
        device = self._local(Utc(item.frame_at + item.drift_us)) if item.drift_us is not None else "未知"
        return [
            f"{where}  {item.number}",
            f"画面时间 {frame}  摄像头时间 {device}  时钟差 {_seconds(item.drift_us) or '未知'}",
            f"服务器时间 {server}  固定人 {item.operator_name}",
        ]

    def _local(self, at: Utc) -> str:
        moment = datetime.fromtimestamp(at // US_PER_S, tz=self._zone)
        return f"{moment:%Y-%m-%d %H:%M:%S}.{at % US_PER_S // 1000:03d}"

    def _entry(self, actor: Actor, decision: Decision, camera: Camera, item: Item) -> Entry:
        is_clip = item.kind is EvidenceKind.CLIP
        lasted_s = (item.to_at - item.from_at) // US_PER_S if is_clip else 0
        detail: dict[str, audited.Scalar] = {
            "number": item.number,
            "profile": item.profile,
            "node": item.node,
            "started_at": item.captured_at,
            "ended_at": item.captured_at,
            "seconds": lasted_s,
            "count": 1,
            "from_at": item.from_at if is_clip else item.frame_at,
            "to_at": item.to_at if is_clip else item.frame_at,
            "authority": authority(actor, decision, camera),
        }
        return self._audit.entry(
            audited.MEDIA_REPLAY if is_clip else audited.MEDIA_SNAPSHOT,
            who(actor, decision),
            object_kind="evidence",
            object_id=item.id,
            premises_id=item.premises or "",
            camera_id=item.camera,
            region=item.place.region,
            purpose=item.purpose.value,
            detail=detail,
            names={"note": item.note} if item.note else {},
        )


def _take_piece(received: _Received, piece: Framed) -> None:
    """Runs in a thread."""
    if piece.kind is Piece.DATA:
        received.size_bytes += len(piece.data)
        if received.size_bytes > MAX_ITEM_BYTES:
            raise ValueError("too much")
        received.incoming.add(piece.data)
        return
    ended = received.incoming.end_file()
    if ended is not None:
        received.files.append(ended)
    if piece.kind is Piece.FILE:
        if len(received.heads) >= MAX_FILES:
            raise ValueError("too many files")
        head = msgspec.json.decode(piece.data, type=FileHead)
        received.incoming.begin_file(head.name)
        received.heads.append(head)
    else:
        received.signed = piece.data


def _check_wish(wish: CaptureWish, now: Utc) -> None:
    if len(wish.note) > MAX_NOTE_CHARS:
        raise BrightKitchenError(Kind.INVALID, "evidence.note_long", most=MAX_NOTE_CHARS, field="note")
    if wish.purpose is Purpose.OTHER and not wish.note.strip():
        raise BrightKitchenError(Kind.INVALID, "evidence.purpose_note", field="note")
    if wish.kind is EvidenceKind.SNAPSHOT:
        if wish.at is not None and wish.at > now + US_PER_S:
            raise BrightKitchenError(Kind.INVALID, "evidence.future", field="at")
        return
    if wish.from_at is None or wish.to_at is None or not (0 < wish.to_at - wish.from_at <= LONGEST_CLIP_S * US_PER_S):
        raise BrightKitchenError(Kind.INVALID, "evidence.range", minutes=LONGEST_CLIP_S // 60, field="to")
    if wish.to_at > now + US_PER_S:
        raise BrightKitchenError(Kind.INVALID, "evidence.future", field="to")


def _is_assured(clock: ClockFact) -> bool:
    return clock.state == SYNCHRONISED and clock.error_us is not None and clock.error_us <= _ASSURED_US


def _or_unknown(number: int | None) -> int | str:
    return UNKNOWN if number is None else number


def _seconds(drift_us: int | None) -> str:
    if drift_us is None:
        return ""
    tenths = round(drift_us * 10 / US_PER_S)
    return f"{tenths / 10:+.1f}s" if tenths else "0.0s"


def _not_trusted(why: str) -> BrightKitchenError:
    log.error("evidence of a node not believed", why=why)
    return BrightKitchenError(Kind.DATA_LOSS, "evidence.not_trusted")
