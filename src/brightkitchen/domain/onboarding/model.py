"""What is handed in on the road to service, and what acceptance asks for. Validated values; dates are civil (YYYY-MM-DD)."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from brightkitchen.domain.authz.model import Place, Role
from brightkitchen.domain.onboarding.states import Event, Need
from brightkitchen.domain.premises.model import SuspensionKind
from brightkitchen.domain.premises.numbers import is_credit_code
from brightkitchen.domain.premises.states import PremisesState as State
from brightkitchen.kernel.civil import is_date, is_span
from brightkitchen.kernel.deviceids import is_camera_gb_id, parse_mac
from brightkitchen.kernel.errors import BrightKitchenError, FieldErrors, Kind, Term, field_error
from brightkitchen.kernel.ids import CameraId, PremisesId, UserId
from brightkitchen.kernel.units import Utc

MAX_POINTS: Final = 64
MAX_TEXT_CHARS: Final = 500
ONLINE_NEEDED: Final = 0.95
TRIAL_US: Final = 24 * 3600 * 1_000_000
MAX_DRIFT_S: Final = 2.0


class Payer(StrEnum):
    """Who pays."""

    MERCHANT = "MERCHANT"
    OPERATOR = "OPERATOR"
    GOVERNMENT = "GOVERNMENT"


class Light(StrEnum):
    """How a point is lit."""

    GOOD = "GOOD"
    DIM = "DIM"
    BACKLIT = "BACKLIT"


class SurveyResult(StrEnum):
    """Whether cameras can go up. A place where they cannot is `refuse`d."""

    SUITABLE = "SUITABLE"
    AFTER_WORKS = "AFTER_WORKS"


class Talk(StrEnum):
    """Whether two-way talk was tried, or the devices cannot."""

    OK = "OK"
    NOT_CAPABLE = "NOT_CAPABLE"


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """What was signed. party: the merchant's legal name. operator: who installs and maintains, "" = the city's only one."""

    number: str
    party: str
    credit_code: str
    from_on: str
    to_on: str
    payer: Payer
    data_clause_agreed: bool
    signed_on: str
    manager: str
    operator: str = ""


class SurveyPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One proposed camera. up_mbps: broadband upwards. height_m: above the floor."""

    zone: str
    place: str
    has_power: bool
    up_mbps: float
    light: Light
    height_m: float
    obstacles: str = ""


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """What the visit found. materials: what has to be brought."""

    points: tuple[SurveyPoint, ...]
    result: SurveyResult
    materials: str = ""
    note: str = ""


class PlannedCamera(msgspec.Struct, frozen=True, kw_only=True):
    """One camera to go up: what the box says. gb_id: 20 digits, or "" for one that speaks RTSP or ONVIF only."""

    sn: str
    model: str
    mac: str
    gb_id: str = ""


class WorkOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Who installs what, when."""

    installer: str
    planned_on: str
    cameras: tuple[PlannedCamera, ...]


class InstalledCamera(msgspec.Struct, frozen=True, kw_only=True):
    """One camera that is up. angle_deg: below the horizontal, 0..90. up_mbps: what the speed test gave."""

    camera: str
    zone: str
    height_m: float
    angle_deg: float
    up_mbps: float


class Installation(msgspec.Struct, frozen=True, kw_only=True):
    """What the installer hands over."""

    cameras: tuple[InstalledCamera, ...]
    note: str = ""


class Acceptance(msgspec.Struct, frozen=True, kw_only=True):
    """What only a person on the spot can say.

    notice_sign_note: where the sign hangs or the number of its photo; the photo itself cannot be uploaded yet (SECURITY P7).
    police_filing_no: where Order 799 applies.
    """

    talk: Talk
    notice_sign_confirmed: bool
    notice_sign_note: str = ""
    police_filing_no: str = ""
    note: str = ""


class Suspension(msgspec.Struct, frozen=True, kw_only=True):
    """A closed period, both days included."""

    kind: SuspensionKind
    from_on: str
    to_on: str


class HandedIn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything that may come along with an event; the table says what must."""

    reason: str = ""
    contract: Contract | None = None
    survey: Survey | None = None
    work_order: WorkOrder | None = None
    installation: Installation | None = None
    acceptance: Acceptance | None = None
    suspension: Suspension | None = None


@dataclass(frozen=True, slots=True)
class OnboardedPremises:
    """A premises as far as this slice needs it. place: what permissions are decided by."""

    id: PremisesId
    name: str
    place: Place
    state: State
    state_at: Utc
    is_due: bool
    exempt_reason: str | None
    is_complete: bool


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One move that was made. actor: None = the system itself."""

    id: str
    event: Event
    from_state: State
    to_state: State
    at: Utc
    actor: UserId | None
    actor_name: str
    role: Role | None
    reason: str
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class DenominatorChange:
    """One change of what 100 % is counted from. what: IS_DUE, EXEMPTION or SUSPENSION."""

    id: str
    premises: PremisesId
    premises_name: str
    at: Utc
    actor_name: str
    what: str
    old: str
    new: str
    reason: str


class Outcome(StrEnum):
    """What is known of one item of the checklist."""

    OK = "OK"
    MISSING = "MISSING"
    UNKNOWN = "UNKNOWN"  # nothing measures it here; it does not hold the acceptance up
    BY_HAND = "BY_HAND"  # to be confirmed by whoever accepts


@dataclass(frozen=True, slots=True)
class CheckItem:
    """One item. what: zones, first_frames, online, clock, playback, talk, notice_sign, owner. subjects: zones or cameras
    that fail, or figures (percent) where the item is a number."""

    what: str
    outcome: Outcome
    subjects: tuple[str, ...] = ()
    percent: float | None = None


@dataclass(frozen=True, slots=True)
class Channel:
    """What acceptance looks at in one camera. None = not known.

    online_ratio: of the last 24 h, the part that was ACTIVE or DEGRADED. drift_s: of the camera's clock.
    """

    id: CameraId
    name: str
    zone: str
    is_approved: bool
    approved_by_installer: bool
    online_ratio: float
    drift_s: float | None = None
    has_recording: bool | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything the checklist is computed from."""

    channels: tuple[Channel, ...]
    missing_zones: tuple[str, ...]
    has_owner: bool


def build_checklist(found: Findings, given: Acceptance | None = None) -> tuple[CheckItem, ...]:
    """Return the acceptance checklist (DOMAIN §3.1). given: what was confirmed by hand, None while nobody did."""
    channels = found.channels
    unapproved = tuple(each.name for each in channels if not each.is_approved or each.approved_by_installer)
    online = sum(each.online_ratio for each in channels) / len(channels) if channels else 0.0
    drifting = tuple(each.name for each in channels if each.drift_s is not None and abs(each.drift_s) > MAX_DRIFT_S)
    unrecorded = tuple(each.name for each in channels if each.has_recording is False)
    return (
        CheckItem("zones", _held(bool(channels) and not found.missing_zones), found.missing_zones),
        CheckItem("first_frames", _held(bool(channels) and not unapproved), unapproved),
        CheckItem("online", _held(online >= ONLINE_NEEDED), percent=round(online * 100, 1)),
        CheckItem("clock", _measured(drifting, [each.drift_s for each in channels]), drifting),
        CheckItem("playback", _measured(unrecorded, [each.has_recording for each in channels]), unrecorded),
        CheckItem("talk", Outcome.BY_HAND if given is None else Outcome.OK),
        CheckItem("notice_sign", Outcome.BY_HAND if given is None else _held(given.notice_sign_confirmed)),
        CheckItem("owner", _held(found.has_owner)),
    )


def missing_of(items: Iterable[CheckItem]) -> tuple[BrightKitchenError, ...]:
    """Return one sentence for each thing that is missing."""
    return tuple(problem for item in items if item.outcome is Outcome.MISSING for problem in _problems_of(item))


def _problems_of(item: CheckItem) -> Iterator[BrightKitchenError]:
    if item.what == "zones":
        if not item.subjects:
            yield BrightKitchenError(Kind.CONFLICT, "onboarding.missing.channels", field=item.what)
        for zone in item.subjects:
            yield BrightKitchenError(Kind.CONFLICT, "onboarding.missing.zone", field=item.what, zone=zone_term(zone))
    elif item.what == "online":
        yield BrightKitchenError(
            Kind.CONFLICT,
            "onboarding.missing.online",
            field=item.what,
            percent=item.percent or 0.0,
            needed=round(ONLINE_NEEDED * 100),
        )
    elif item.subjects:
        for name in item.subjects:
            yield BrightKitchenError(Kind.CONFLICT, f"onboarding.missing.{item.what}", field=item.what, camera=name)
    elif item.what in ("notice_sign", "owner"):
        yield BrightKitchenError(Kind.CONFLICT, f"onboarding.missing.{item.what}", field=item.what)


def zone_term(zone: str) -> Term:
    """Return the zone as a word that is said in the reader's language."""
    return Term(f"zone.{zone}")


def _held(holds: bool) -> Outcome:
    return Outcome.OK if holds else Outcome.MISSING


def _measured(failing: tuple[str, ...], values: list[float | None] | list[bool | None]) -> Outcome:
    if failing:
        return Outcome.MISSING
    return Outcome.OK if values and all(value is not None for value in values) else Outcome.UNKNOWN


# ---- checking what is handed in


def check_handed_in(needs: Iterable[Need], given: HandedIn) -> None:
    """raises: FieldErrors with one part for each field that is missing or unfit."""
    problems: list[BrightKitchenError] = []
    for need in needs:
        if need is Need.CHECKLIST:
            continue
        value = getattr(given, need.value)
        if value is None or value == "":
            problems.append(field_error(need.value, "web.field_missing"))
    if len(given.reason) > MAX_TEXT_CHARS:
        problems.append(field_error("reason"))
    problems += map(field_error, _unfit_fields(given))
    if problems:
        raise FieldErrors(*problems)


def _unfit_fields(given: HandedIn) -> Iterator[str]:
    if given.contract is not None:
        yield from _unfit_contract(given.contract)
    if given.survey is not None:
        yield from _unfit_survey(given.survey)
    if given.work_order is not None:
        yield from _unfit_work_order(given.work_order)
    if given.installation is not None:
        yield from _unfit_installation(given.installation)
    if given.suspension is not None and not is_span(given.suspension.from_on, given.suspension.to_on):
        yield "suspension.to_on"


def _unfit_contract(contract: Contract) -> Iterator[str]:
    for name, longest in (("number", 40), ("party", 100), ("manager", 50)):
        if not 1 <= len(getattr(contract, name).strip()) <= longest:
            yield f"contract.{name}"
    if not is_credit_code(contract.credit_code):
        yield "contract.credit_code"
    if not is_span(contract.from_on, contract.to_on):
        yield "contract.to_on"
    if not is_date(contract.signed_on):
        yield "contract.signed_on"
    if not contract.data_clause_agreed:
        yield "contract.data_clause_agreed"
    if len(contract.operator) > 100:
        yield "contract.operator"


def _unfit_survey(survey: Survey) -> Iterator[str]:
    if not 1 <= len(survey.points) <= MAX_POINTS:
        yield "survey.points"
    for at, point in enumerate(survey.points):
        if not 1 <= len(point.place.strip()) <= 100:
            yield f"survey.points.{at}.place"
        if not 0 < point.up_mbps <= 100_000:
            yield f"survey.points.{at}.up_mbps"
        if not 0.5 <= point.height_m <= 20:
            yield f"survey.points.{at}.height_m"
        if len(point.obstacles) > MAX_TEXT_CHARS:
            yield f"survey.points.{at}.obstacles"
    if max(len(survey.materials), len(survey.note)) > MAX_TEXT_CHARS:
        yield "survey.note"


def _unfit_work_order(order: WorkOrder) -> Iterator[str]:
    if not 1 <= len(order.installer.strip()) <= 50:
        yield "work_order.installer"
    if not is_date(order.planned_on):
        yield "work_order.planned_on"
    if not 1 <= len(order.cameras) <= MAX_POINTS:
        yield "work_order.cameras"
    serials = [camera.sn for camera in order.cameras]
    for at, camera in enumerate(order.cameras):
        if not re.fullmatch(r"[\x21-\x7e]{1,40}", camera.sn) or serials.count(camera.sn) > 1:
            yield f"work_order.cameras.{at}.sn"
        if not 1 <= len(camera.model.strip()) <= 60:
            yield f"work_order.cameras.{at}.model"
        if not _is_mac(camera.mac):
            yield f"work_order.cameras.{at}.mac"
        if camera.gb_id and not is_camera_gb_id(camera.gb_id):
            yield f"work_order.cameras.{at}.gb_id"


def _unfit_installation(installation: Installation) -> Iterator[str]:
    if not 1 <= len(installation.cameras) <= MAX_POINTS:
        yield "installation.cameras"
    for at, camera in enumerate(installation.cameras):
        if not 0.5 <= camera.height_m <= 20:
            yield f"installation.cameras.{at}.height_m"
        if not 0 <= camera.angle_deg <= 90:
            yield f"installation.cameras.{at}.angle_deg"
        if not 0 < camera.up_mbps <= 100_000:
            yield f"installation.cameras.{at}.up_mbps"


def _is_mac(text: str) -> bool:
    try:
        parse_mac(text)
    except ValueError:
        return False
    return True
