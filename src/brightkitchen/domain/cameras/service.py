"""Adding, changing, retiring and trying out cameras; what nodes are told of them; who may see them."""

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.audit import model as audited
from brightkitchen.domain.audit.model import Entry, Scalar
from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.domain.authz.audited import authority, note_miss, who
from brightkitchen.domain.authz.minter import MediaTokenMinter
from brightkitchen.domain.authz.model import NOWHERE, Actor, Decision
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.authz.ports import MediaGrant
from brightkitchen.domain.authz.roles import viewer_class
from brightkitchen.domain.cameras import policy as rules
from brightkitchen.domain.cameras import store
from brightkitchen.domain.cameras.channels import ChannelCount, count_channels, load_coverage, recompute_complete
from brightkitchen.domain.cameras.coverage import ZoneCoverage
from brightkitchen.domain.cameras.live import LiveBoard
from brightkitchen.domain.cameras.model import (
    Activity,
    Camera,
    CameraChange,
    CameraFilter,
    CameraLogin,
    IssuedToken,
    MediaWish,
    NewCamera,
)
from brightkitchen.domain.cameras.paths import (
    checked_path,
    sealed_main,
    sealed_sub,
    split_path,
    with_paths,
    without_paths,
)
from brightkitchen.domain.cameras.ports import AddressGuard, Nodes, Plans
from brightkitchen.domain.premises.kinds import check_zone
from brightkitchen.domain.premises.model import Premises
from brightkitchen.domain.premises.opening import BusinessClock, BusinessNow
from brightkitchen.domain.premises.store import load_ids_by_external_no, load_kinds, load_premises
from brightkitchen.kernel.camerapath import has_secret, is_masked, mask_path
from brightkitchen.kernel.cameraspec import CameraSpec, Credential, StreamSpec
from brightkitchen.kernel.camerastate import StreamReport
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, EditConflict, Kind, not_found
from brightkitchen.kernel.ids import CameraId, NodeId, PremisesId, Profile, is_id, new_id
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.netguard import CameraUrl, parse_camera_url
from brightkitchen.kernel.nodeprotocol import Desired, ProbeAnswer, ViewReport
from brightkitchen.kernel.recordingplan import RecordingPlan
from brightkitchen.kernel.sealing import FieldSealer

log = get_logger(__name__)

MAX_PAGE: Final = 200
MAX_TOKENS: Final = 64
MAX_NAME_CHARS: Final = 100
EVERY_CAMERA: Final = CameraFilter()
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of a list; next_after is None at its end. total: of all stretches together."""

    items: tuple[Camera, ...]
    next_after: str | None
    total: int


class CameraService:
    """Everything one can do with cameras. Objects are reached through `access_camera` only."""

    def __init__(
        self,
        database: Database,
        policy: Policy,
        sealer: FieldSealer,
        *,
        guard: AddressGuard,
        nodes: Nodes,
        plans: Plans,
        board: LiveBoard,
        minter: MediaTokenMinter,
        business: BusinessClock,
        audit: AuditTrail,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._database = database
        self._policy = policy
        self._sealer = sealer
        self._guard = guard
        self._nodes = nodes
        self._plans = plans
        self._board = board
        self._minter = minter
        self._business = business
        self._audit = audit
        self._clock = clock
        self._entropy = entropy
        self._version = 0

    # ---- people

    async def access_camera(self, actor: Actor, camera: str, action: str) -> Camera:
        """Return the camera if the actor may do that to it.

        raises: BrightKitchenError "access.none" (NOT_FOUND), the same whether it is missing, retired or out of reach.
        """
        if is_id(camera, "cam"):
            async with self._database.read() as connection:
                found = await store.load_camera(connection, CameraId(camera))
            if found is not None and self._policy.check(actor, action, found).allowed:
                return found
        await note_miss(self._audit, actor, action, "camera", camera, prefix="cam")
        raise not_found()

    async def access_recorded(self, actor: Actor, camera: str, action: str) -> Camera:
        """Return the camera, also one that was removed, if the actor may do that with what it recorded. raises: "access.none"."""
        if is_id(camera, "cam"):
            async with self._database.read() as connection:
                found = (await store.load_cameras_ever(connection, [camera])).get(camera)
            if found is not None and self._policy.check(actor, action, found).allowed:
                return found
        await note_miss(self._audit, actor, action, "camera", camera, prefix="cam")
        raise not_found()

    def check(self, actor: Actor, action: str) -> None:
        """raises: BrightKitchenError "access.none" unless the actor may do that at all."""
        if not self._policy.check(actor, action).allowed:
            raise not_found()

    async def list_cameras(
        self, actor: Actor, asked: CameraFilter = EVERY_CAMERA, *, after: str = "", limit: int = MAX_PAGE
    ) -> Page:
        """Return a page of the cameras that the actor may see. limit: 1..200.

        Abnormal ones are those of the register and those that the nodes call so now.
        """
        self.check(actor, rules.LIST)
        if asked.is_abnormal:
            asked = with_trouble(asked, self._board)
        async with self._database.read() as connection:
            if asked.is_open:
                asked = with_business(asked, await self._business.load_now(connection))
            grants = self._policy.grants_for(actor, rules.VIEW)
            found = await store.load_page(connection, grants, asked, after=after, limit=limit + 1)
            total = await store.count_cameras(connection, grants, asked)
        return Page(tuple(found[:limit]), found[limit - 1].id if len(found) > limit else None, total)

    async def load_known(self, actor: Actor, ids: Sequence[CameraId]) -> dict[str, Camera]:
        """Return those of `ids` that the actor may see; retired ones too, so that a page can take them away."""
        async with self._database.read() as connection:
            found = await store.load_cameras_ever(connection, ids)
        return {name: camera for name, camera in found.items() if self._may_view(actor, camera)}

    async def add_camera(self, actor: Actor, new: NewCamera) -> Camera:
        """Put a camera in service.

        raises: BrightKitchenError "camera.url_…", "camera.address_not_allowed", "camera.duplicate",
        "camera.field_invalid" or "access.none".
        """
        self.check(actor, rules.ADD)
        url = parse_camera_url(new.url)
        await self._check_address(actor, url)
        main_path, main_sealed = split_path("url", url.path)
        sub_path, sub_sealed = split_path("sub_path", new.sub_path) if new.sub_path else (None, "")
        login = with_paths(_login_of(url, new.username, new.password), main_sealed, sub_sealed)
        now = self._clock.utc()
        async with self._database.read() as connection:
            owner = await self._reached_premises(connection, actor, new.premises)
            zone, more_zones = await _checked_zones(connection, new.zone, new.more_zones)
        camera = Camera(
            id=CameraId(new_id("cam", self._entropy)),
            name=_checked_text("name", new.name, MAX_NAME_CHARS, shortest=1),
            premises_name=_checked_text("premises_name", owner.name if owner else new.premises_name, MAX_NAME_CHARS),
            premises=owner.id if owner else None,
            place=owner.place if owner else NOWHERE,
            zone=zone,
            more_zones=more_zones,
            host=url.host.lower(),
            port=url.port,
            tls=url.tls,
            path_main=main_path,
            path_sub=sub_path,
            transport=new.transport,
            record=new.record,
            audio=new.audio,
            allow_basic=new.allow_basic,
            has_credential=login is not None,
            node=NodeId(""),
            epoch=1,
            created_at=now,
            updated_at=now,
            version=1,
            activity_at=now,
            added_by=actor.user,
        )
        _check_recordable(camera)
        if not self._policy.check(actor, rules.ADD, camera).allowed:
            raise BrightKitchenError(Kind.INVALID, "camera.premises_needed", field="premises_id")
        async with self._database.write() as connection:
            await _check_not_there(connection, camera)
            camera = replace(camera, node=await self._least_loaded(connection))
            await store.save_new_camera(connection, camera)
            if login is not None:
                await store.save_login(connection, self._sealer, camera, login, now)
            if camera.premises is not None:
                await recompute_complete(connection, [camera.premises])
            await self._audit.append(connection, self._changed_entry(actor, camera, *build_change(None, camera)))
        log.info("camera added", camera=camera.id, node=camera.node)
        self._nodes.desired_changed(camera.node)
        self._board.announce(camera.id)
        return camera

    async def change_camera(
        self, actor: Actor, camera_id: str, change: CameraChange, *, expected_version: int | None
    ) -> Camera:
        """Change a camera. A password that was stored for another host, port or encryption is dropped, not sent there.

        raises: as `add_camera`, EditConflict if somebody else changed it since `expected_version`, and "camera.zone_locked" if what
        it shows was approved and the actor is no officer.
        """
        old = await self._access_for_change(actor, camera_id, change)
        url = parse_camera_url(change.url) if change.url is not None else None
        if url is not None:
            await self._check_address(actor, url)
        async with self._database.write() as connection:
            current = await store.load_camera(connection, old.id)
            if current is None:
                raise not_found()
            _check_version(current, expected_version)
            new = await self._moved(connection, actor, self._changed(current, change, url), change)
            if new.has_address and not new.node:
                new = replace(new, node=await self._least_loaded(connection))
            _check_recordable(new)
            await _check_not_there(connection, new)
            kept = (
                await store.load_login(connection, self._sealer, current)
                if new.network_place == current.network_place
                else None
            )
            login = with_paths(
                _changed_login(without_paths(kept), change, url),
                sealed_main(current, kept, url.path if url is not None else None),
                sealed_sub(current, kept, change.sub_path),
            )
            if login != kept and new.epoch == current.epoch:
                new = replace(new, epoch=new.epoch + 1)  # so that its node asks for it again
            new = replace(new, has_credential=login is not None)
            await self._save(connection, new, was=current)
            if login is None:
                await store.delete_login(connection, new.id)
            elif login != kept:
                await store.save_login(connection, self._sealer, new, login, new.updated_at)
            touched = [each for each in (current.premises, new.premises) if each is not None]
            if (new.premises, new.zone, new.more_zones) != (current.premises, current.zone, current.more_zones):
                await recompute_complete(connection, touched)
            detail, names = build_change(current, new)
            if login != kept:
                detail["login"] = "removed" if login is None else "changed"
            await self._audit.append(connection, self._changed_entry(actor, new, detail, names))
        log.info(
            "camera changed",
            camera=new.id,
            version=new.version,
            place_changed=new.network_place != current.network_place,
        )
        self._nodes.desired_changed(new.node)
        self._board.announce(new.id)
        return new

    async def is_sensitive(self, actor: Actor, camera_id: str, change: CameraChange) -> bool:
        """True if the change says that an approved camera shows something else or belongs elsewhere (SECURITY §2.2).

        raises: BrightKitchenError "access.none".
        """
        found = await self.access_camera(actor, camera_id, rules.VIEW)
        return found.is_approved and _shows_otherwise(found, change)

    async def retire_camera(self, actor: Actor, camera_id: str, *, expected_version: int | None = None) -> None:
        """Take a camera out of service: its viewers end, its password is forgotten, its footage lives on."""
        old = await self.access_camera(actor, camera_id, rules.REMOVE)
        now = self._clock.utc()
        async with self._database.write() as connection:
            current = await store.load_camera(connection, old.id)
            if current is None:
                raise not_found()
            _check_version(current, expected_version)
            await store.delete_login(connection, current.id)
            gone = replace(
                current, retired_at=now, updated_at=now, version=current.version + 1, epoch=current.epoch + 1
            )
            await self._save(connection, gone, was=current)
            if current.premises is not None:
                await recompute_complete(connection, [current.premises])
            await self._audit.append(
                connection, self._changed_entry(actor, current, {"retired": True}, {"old.name": current.name})
            )
        log.info("camera retired", camera=old.id)
        self._nodes.desired_changed(old.node)
        self._board.forget(old.id)
        await self._nodes.revoke(camera=old.id)

    async def probe_address(self, actor: Actor, wish: NewCamera, *, camera: str | None = None) -> ProbeAnswer:
        """Let a node try an address and say what is there; nothing is kept.

        camera: its stored password is used if the address is the one it was given for and the wish brings none.
        raises: BrightKitchenError "node.none_connected", "node.no_answer", and as `add_camera`.
        """
        self.check(actor, rules.PROBE)
        url = parse_camera_url(wish.url)
        await self._check_address(actor, url)
        login = _login_of(url, wish.username, wish.password)
        stored = await self._stored_login(actor, camera, url) if camera is not None else None
        path = stored.main_path if stored is not None and is_masked(url.path) else url.path
        login = login or stored
        split_path("url", path)
        spec = CameraSpec(
            camera=new_id("cam", self._entropy),
            epoch=0,
            name=wish.name[:MAX_NAME_CHARS],
            host=url.host.lower(),
            port=url.port,
            tls=url.tls,
            main=StreamSpec(path=path),
            has_credential=login is not None,
            transport=wish.transport,
            allow_basic=wish.allow_basic,
            plan=RecordingPlan(record=()),
        )
        return await self._nodes.probe(spec, login.username if login else "", login.password if login else "")

    async def probe_camera(self, actor: Actor, camera: str) -> ProbeAnswer:
        """Let a node try a camera in service with its stored log-in. raises: as `probe_address`."""
        found = await self.access_camera(actor, camera, rules.PROBE)
        wish = NewCamera(name=found.name, url=found.address, transport=found.transport, allow_basic=found.allow_basic)
        return await self.probe_address(actor, wish, camera=camera)

    async def issue_tokens(self, actor: Actor, wishes: Sequence[MediaWish], *, origin: str) -> tuple[IssuedToken, ...]:
        """Mint one token per wish, each checked; one refused wish refuses all.

        A wall display gets the small pictures only (SECURITY §2.1).

        raises: BrightKitchenError "access.none", "media.too_many", "media.kiosk_sub_only".
        """
        if len(wishes) > MAX_TOKENS:
            raise BrightKitchenError(Kind.INVALID, "media.too_many", most=MAX_TOKENS)
        issued = []
        granted: dict[Hashable, Entry] = {}
        for wish in wishes:
            if actor.kiosk and wish.profile != Profile.SUB:
                raise BrightKitchenError(Kind.FORBIDDEN, "media.kiosk_sub_only")
            action = rules.MEDIA_ACTIONS.get(wish.act, "")
            camera = await self.access_recorded(actor, wish.camera, action)
            if not camera.has_address:
                raise BrightKitchenError(Kind.CONFLICT, "camera.no_address", name=camera.name)
            grant = MediaGrant(
                node=camera.node,
                camera=camera.id,
                act=wish.act,
                profile=Profile(wish.profile).value,
                origin=origin,
                session=actor.pseudonym,
                viewer_class=viewer_class(self._policy.check(actor, action, camera).role, kiosk=actor.kiosk),
                watermark=actor.pseudonym,
                from_at=wish.from_at,
                to_at=wish.to_at,
            )
            key = (actor.pseudonym, camera.id, wish.act, wish.profile, wish.from_at, wish.to_at)
            granted[key] = self._grant_entry(actor, camera, wish, self._policy.check(actor, action, camera))
            issued.append(IssuedToken(camera.id, wish.act, self._minter.mint(grant), camera.node))
        # Nobody holds a token yet: what cannot be written down is not granted.
        await self._audit.record_once(granted)
        return tuple(issued)

    async def load_coverage(self, premises: Premises) -> tuple[ZoneCoverage, ...]:
        """Return how each zone of a premises that was accessed stands (R-CAM-2)."""
        async with self._database.read() as connection:
            return await load_coverage(connection, premises)

    async def count_channels(self, ids: Sequence[PremisesId]) -> Mapping[PremisesId, ChannelCount]:
        """Return how many cameras in service each of these premises has; those without are left out."""
        async with self._database.read() as connection:
            return await count_channels(connection, ids)

    def abilities(self, actor: Actor, camera: Camera) -> tuple[str, ...]:
        """Return what the actor may do to this camera."""
        return self._policy.abilities(actor, rules.OBJECT_ACTIONS, camera)

    # ---- nodes

    async def place_lost_cameras(self) -> int:
        """Move cameras of nodes that no longer exist to the first one that does; returns how many moved."""
        nodes = self._nodes.all()
        async with self._database.write() as connection:
            moved = await store.move_cameras(connection, away_from=nodes, to=nodes[0], now=self._clock.utc())
        if moved:
            log.warning("cameras moved from nodes that are gone", count=moved, node=nodes[0])
        return moved

    async def seal_open_paths(self) -> int:
        """Seal the log-ins that older versions kept in paths in clear; returns of how many cameras."""
        async with self._database.write() as connection:
            found = await store.load_open_paths(connection)
            for camera in found:
                kept = await store.load_login(connection, self._sealer, camera)
                await store.save_masked_paths(connection, camera)
                if camera.retired_at is None:
                    sealed = [path if path and has_secret(path) else "" for path in (camera.path_main, camera.path_sub)]
                    login = with_paths(without_paths(kept), *sealed)
                    assert login is not None
                    await store.save_login(connection, self._sealer, camera, login, self._clock.utc())
        if found:
            log.warning("log-ins in paths sealed", count=len(found))
        return len(found)

    async def build_desired(self, node: NodeId) -> Desired:
        """Return everything `node` should do now, with a version above every earlier one."""
        async with self._database.read() as connection:
            found = await store.load_node_cameras(connection, node)
            plans = await self._plans.build_plans(connection, node)
        # UTC in microseconds, so that versions grow across restarts of control too
        self._version = max(self._version + 1, self._clock.utc())
        return Desired(
            version=self._version,
            cameras=tuple(camera.to_spec(plans[camera.id]) for camera in found if not camera.is_quarantined),
        )

    async def release_credential(self, node: NodeId, camera: str, epoch: int) -> Credential | None:
        """Return the camera's log-in for the node that leases it, or None if there is none.

        raises: BrightKitchenError "node.forbidden" if this node may not have it (S23).
        """
        async with self._database.read() as connection:
            found = await store.load_camera(connection, CameraId(camera)) if is_id(camera, "cam") else None
            if found is None or not rules.may_node_have_credential(node, found, epoch):
                raise BrightKitchenError(Kind.FORBIDDEN, "node.forbidden")
            login = await store.load_login(connection, self._sealer, found)
        if login is None:
            return None
        return Credential(
            camera=found.id,
            host=found.host,
            username=login.username,
            password=login.password,
            main_path=login.main_path,
            sub_path=login.sub_path,
        )

    async def note_reports(self, node: NodeId, reports: Sequence[StreamReport]) -> int:
        """Keep what `node` says of its own cameras; returns how many reports were about others' and were refused."""
        async with self._database.read() as connection:
            known = await store.load_cameras(connection, {report.camera for report in reports})
        refused = 0
        for report in reports:
            if report.profile in ("main", "sub") and rules.may_node_report(node, known.get(report.camera)):
                self._board.note(report)
            else:
                refused += 1
        return refused

    async def note_views(self, node: NodeId, reports: Sequence[ViewReport], *, lost: int = 0) -> int:
        """Write what `node` says was watched of its cameras into the audit; returns how many were about others'.

        A camera that was retired or moved meanwhile may still be reported on: what was watched was watched.
        raises: BrightKitchenError "audit.not_written"; the node then says it again.
        """
        async with self._database.read() as connection:
            known = await store.load_cameras_ever(connection, {report.camera for report in reports})
        own = [report for report in reports if report.camera in known]
        await self._audit.record_views(node, own, lost=lost)
        return len(reports) - len(own)

    # ---- inside

    async def _check_address(self, actor: Actor, url: CameraUrl) -> None:
        """raises: as `AddressGuard.check_address`; a refusal is written down."""
        try:
            await self._guard.check_address(url.host, url.port)
        except BrightKitchenError as refused:
            said = self._audit.entry(
                audited.GUARD_REFUSED,
                who(actor),
                object_kind="address",
                decision=audited.REFUSED,
                reason=refused.code,
                detail={"port": url.port},
                names={"host": url.host},
            )
            await self._audit.record_once({("guard", actor.pseudonym, url.host, url.port): said})
            raise

    def _grant_entry(self, actor: Actor, camera: Camera, wish: MediaWish, decision: Decision) -> Entry:
        detail: dict[str, Scalar] = {
            "act": wish.act,
            "profile": wish.profile,
            "authority": authority(actor, decision, camera),
        }
        if wish.from_at is not None:
            detail["from_at"] = wish.from_at
        if wish.to_at is not None:
            detail["to_at"] = wish.to_at
        return self._audit.entry(
            audited.MEDIA_GRANT,
            who(actor, decision),
            object_kind="camera",
            object_id=camera.id,
            premises_id=camera.place.premises or "",
            region=camera.place.region,
            camera_id=camera.id,
            reason=decision.reason,
            detail=detail,
        )

    def _changed_entry(self, actor: Actor, camera: Camera, detail: dict[str, Scalar], names: dict[str, str]) -> Entry:
        return self._audit.entry(
            audited.CHANGE,
            who(actor),
            object_kind="camera",
            object_id=camera.id,
            premises_id=camera.place.premises or "",
            region=camera.place.region,
            camera_id=camera.id,
            detail=detail,
            names=names,
        )

    def _may_view(self, actor: Actor, camera: Camera) -> bool:
        return self._policy.check(actor, rules.VIEW, camera).allowed

    async def _least_loaded(self, connection: AsyncConnection) -> NodeId:
        counts = await store.count_by_node(connection)
        return min(self._nodes.all(), key=lambda each: (counts.get(each, 0), each))

    def _changed(self, old: Camera, change: CameraChange, url: CameraUrl | None) -> Camera:
        new = replace(
            old,
            name=_checked_text("name", _or(change.name, old.name), MAX_NAME_CHARS, shortest=1),
            premises_name=_checked_text("premises_name", _or(change.premises_name, old.premises_name), MAX_NAME_CHARS),
            transport=_or(change.transport, old.transport),
            record=old.record if change.record is None else change.record,
            audio=old.audio if change.audio is None else change.audio,
            allow_basic=old.allow_basic if change.allow_basic is None else change.allow_basic,
            updated_at=self._clock.utc(),
            version=old.version + 1,
        )
        if change.sub_path is not None:
            path_sub = mask_path(checked_path("sub_path", change.sub_path)) if change.sub_path else None
            new = replace(new, path_sub=path_sub)
        if url is not None:
            path = mask_path(checked_path("url", url.path))
            new = replace(new, host=url.host.lower(), port=url.port, tls=url.tls, path_main=path)
        if new.network_place != old.network_place:
            new = replace(new, epoch=old.epoch + 1)
        if new.address != old.address:
            # another picture: what the officer approved is no longer what it shows (SECURITY A4); zones are locked (A3)
            new = replace(new, activity=Activity.NEW, activity_at=new.updated_at, approved_by=None, approved_at=None)
        return new

    async def _access_for_change(self, actor: Actor, camera_id: str, change: CameraChange) -> Camera:
        """Return the camera if all of the change is the actor's to make.

        raises: BrightKitchenError "access.none"; "camera.zone_locked" to whoever may change everything but what was approved.
        """
        shows = {"premises", "zone", "more_zones"}
        asked = {name for name in change.__slots__ if getattr(change, name) is not None}
        found = await self.access_camera(actor, camera_id, rules.VIEW if asked and asked <= shows else rules.CHANGE)
        if asked & shows and found.is_quarantined and _shows_otherwise(found, change):
            raise BrightKitchenError(Kind.CONFLICT, "camera.quarantined", name=found.name)
        if asked & shows and not self._policy.check(actor, rules.REZONE, found).allowed:
            if not self._policy.check(actor, rules.CHANGE, found).allowed:
                raise not_found()
            if _shows_otherwise(found, change):
                raise BrightKitchenError(Kind.FORBIDDEN, "camera.zone_locked", field="zone")
        return found

    async def _moved(self, connection: AsyncConnection, actor: Actor, camera: Camera, change: CameraChange) -> Camera:
        """Return the camera with its new premises and zones. raises: as `add_camera`."""
        if change.premises is not None and change.premises != (camera.premises or ""):
            owner = await self._reached_premises(connection, actor, change.premises)
            name = owner.name if owner else camera.premises_name
            place = owner.place if owner else NOWHERE
            camera = replace(camera, premises=owner.id if owner else None, place=place, premises_name=name)
            if not self._policy.check(actor, rules.REZONE, camera).allowed:
                raise BrightKitchenError(Kind.INVALID, "camera.premises_needed", field="premises_id")
        if change.zone is not None or change.more_zones is not None:
            zone = camera.zone if change.zone is None else change.zone
            more = camera.more_zones if change.more_zones is None else change.more_zones
            zone, more = await _checked_zones(connection, zone, more)
            camera = replace(camera, zone=zone, more_zones=more)
        return camera

    async def _reached_premises(
        self, connection: AsyncConnection, actor: Actor, premises: str | None
    ) -> Premises | None:
        """Return the premises that a camera is to belong to, None for none. premises: its id or its external number.

        raises: BrightKitchenError "camera.premises_unknown", the same for one that is missing and one out of the actor's reach.
        """
        if not premises:
            return None
        if not is_id(premises, "prm"):
            premises = (await load_ids_by_external_no(connection, [premises])).get(premises)
        found = await load_premises(connection, premises) if premises else None
        if found is None or not self._policy.check(actor, rules.REZONE, found).allowed:
            raise BrightKitchenError(Kind.INVALID, "camera.premises_unknown", field="premises_id")
        return found

    async def _save(self, connection: AsyncConnection, new: Camera, *, was: Camera) -> None:
        """raises: EditConflict if somebody was faster since it was read."""
        if not await store.save_camera(connection, new, was_version=was.version):
            raise EditConflict(await store.load_camera(connection, was.id) or was)

    async def _stored_login(self, actor: Actor, camera: str, url: CameraUrl) -> CameraLogin | None:
        found = await self.access_camera(actor, camera, rules.PROBE)
        is_same = found.network_place == (url.host.lower(), url.port, url.tls)
        if not is_same or (is_masked(url.path) and url.path != found.path_main):
            return None
        async with self._database.read() as connection:
            return await store.load_login(connection, self._sealer, found)


def build_change(old: Camera | None, new: Camera) -> tuple[dict[str, Scalar], dict[str, str]]:
    """Return what became different, old → new, for the audit: codes and numbers, and names apart.

    Paths are only said to have changed: cameras of some makers carry the password in them.
    """
    detail: dict[str, Scalar] = {"version": new.version}
    names: dict[str, str] = {}
    for field in (
        "host",
        "port",
        "tls",
        "transport",
        "record",
        "audio",
        "allow_basic",
        "zone",
        "name",
        "premises_name",
    ):
        before, after = (getattr(old, field) if old else None), getattr(new, field)
        if before == after:
            continue
        is_name = field in ("name", "premises_name")
        for when, value in (("old", before), ("new", after)):
            if value is None:
                continue
            text = ",".join(value) if isinstance(value, tuple) else value
            if is_name:
                names[f"{when}.{field}"] = str(text)
            else:
                detail[f"{when}.{field}"] = text
    for field in ("path_main", "path_sub"):
        if old is not None and getattr(old, field) != getattr(new, field):
            detail[field] = "changed"
    return detail, names


def _or(new: str | None, old: str) -> str:
    return old if new is None else new


def _login_of(url: CameraUrl, username: str, password: str) -> CameraLogin | None:
    """Return the log-in that was given apart, else the one inside the URL."""
    if username or password:
        return CameraLogin(username, password)
    if url.username or url.password:
        return CameraLogin(url.username or "", url.password or "")
    return None


def _changed_login(kept: CameraLogin | None, change: CameraChange, url: CameraUrl | None) -> CameraLogin | None:
    """Decide the log-in after a change. kept: the stored one if it may still be used."""
    if change.username == "" and change.password in (None, ""):
        return None
    if change.password:
        name = change.username if change.username is not None else (kept.username if kept else "")
        return CameraLogin(name, change.password)
    if change.username is not None:
        return CameraLogin(change.username, kept.password) if kept else CameraLogin(change.username, "")
    if url is not None and (url.username or url.password):
        return CameraLogin(url.username or "", url.password or "")
    return kept


def _checked_text(field: str, text: str, longest: int, *, shortest: int = 0) -> str:
    """Return `text` trimmed. raises: BrightKitchenError "camera.field_invalid"."""
    trimmed = text.strip()
    if not shortest <= len(trimmed) <= longest or _CONTROL.search(trimmed):
        raise BrightKitchenError(Kind.INVALID, "camera.field_invalid", field=field, longest=longest)
    return trimmed


def _check_recordable(camera: Camera) -> None:
    """Whoever installs a camera says whether the small stream is kept too; that nothing is kept, only a rule of recording says."""
    if "main" not in camera.record:
        raise BrightKitchenError(Kind.INVALID, "camera.main_is_recorded", field="record")
    if "sub" in camera.record and camera.path_sub is None:
        raise BrightKitchenError(Kind.INVALID, "camera.no_sub_stream", field="record")


def with_trouble(asked: CameraFilter, board: LiveBoard) -> CameraFilter:
    """Return the filter with what the nodes call abnormal now."""
    trouble = board.find_trouble()
    return replace(asked, failing=trouble.failing, unrecorded=trouble.unrecorded)


def with_business(asked: CameraFilter, now: BusinessNow) -> CameraFilter:
    """Return the filter with what is closed now."""
    return replace(asked, today_on=now.today_on, closed_hours=now.closed)


def _check_version(camera: Camera, expected: int | None) -> None:
    if expected is not None and camera.version != expected:
        raise EditConflict(camera)


def _shows_otherwise(camera: Camera, change: CameraChange) -> bool:
    """True if the change moves the camera or says that it shows something else; saying what is so already moves nothing."""
    return (
        (change.premises is not None and change.premises != (camera.premises or ""))
        or (change.zone is not None and change.zone != camera.zone)
        or (change.more_zones is not None and set(change.more_zones) != set(camera.more_zones))
    )


async def _checked_zones(connection: AsyncConnection, zone: str, more: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return the codes of the primary zone ("" = nobody said) and of the others, without the primary one.

    raises: BrightKitchenError "zone.refused", "zone.unknown".
    """
    if not zone.strip() and not more:
        return "", ()
    zones = (await load_kinds(connection)).zones
    primary = check_zone(zones, zone) if zone.strip() else ""
    others = dict.fromkeys(check_zone(zones, each, "zones") for each in more)
    if not primary and others:
        raise BrightKitchenError(Kind.INVALID, "zone.primary_needed", field="zone")
    return primary, tuple(sorted(each for each in others if each != primary))


async def _check_not_there(connection: AsyncConnection, camera: Camera) -> None:
    if not camera.has_address:
        return
    other = await store.load_same_stream(
        connection, host=camera.host, port=camera.port, path_main=camera.path_main, other_than=camera.id
    )
    if other is not None:
        raise BrightKitchenError(Kind.CONFLICT, "camera.duplicate", field="url", name=other)
