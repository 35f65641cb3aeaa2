"""Whether what somebody filled in can be so. Pure; every fault is named, not the first alone."""

import re
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import date
from math import isfinite
from typing import Final, TypeVar

from brightkitchen.domain.authz.regions import RegionLevel, level_of
from brightkitchen.domain.premises.hours import check_hours
from brightkitchen.domain.premises.kinds import check_zone
from brightkitchen.domain.premises.model import GRADES, Kinds, Need, PremisesFacts
from brightkitchen.domain.premises.numbers import check_any_licence, check_credit_code, check_food_licence
from brightkitchen.kernel.errors import BrightKitchenError, FieldErrors, Kind, field_error

MAX_NAME_CHARS: Final = 100
MAX_ADDRESS_CHARS: Final = 200
MAX_REASON_CHARS: Final = 200
MAX_NUMBER_CHARS: Final = 40
MAX_AREA_M2: Final = 200_000.0
MAX_DINERS: Final = 100_000
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_CATERING: Final = frozenset({"SCHOOL", "RESTAURANT", "CENTRAL"})
_REGION: Final = re.compile(r"[0-9]{6}|[0-9]{9}|[0-9]{12}")
T = TypeVar("T")


class Faults:
    """Collects what is wrong."""

    def __init__(self) -> None:
        self._found: list[BrightKitchenError] = []

    def take(self, field: str, check: Callable[[], T], otherwise: T) -> T:
        """Return what `check` returns; if it raises, note the fault of that field and return `otherwise`."""
        try:
            return check()
        except BrightKitchenError as error:
            self._found.append(field_error(field, error.code, **error.params))
            return otherwise

    def add(self, field: str, code: str, **params: str | int | float) -> None:
        """Note a fault."""
        self._found.append(field_error(field, code, **params))

    def check(self) -> None:
        """raises: FieldErrors if there is any."""
        if self._found:
            raise FieldErrors(*self._found)


def check_facts(facts: PremisesFacts, kinds: Kinds, regions: Collection[str]) -> PremisesFacts:
    """Return the facts as they are stored: trimmed, numbers in upper case, nothing where nothing was said.

    regions: the codes of all regions there are. raises: FieldErrors.
    """
    faults = Faults()
    category = kinds.categories.get(facts.category)
    if category is None:
        faults.add("category", "premises.category_unknown")
    if (
        not _REGION.fullmatch(facts.region)
        or facts.region not in regions
        or level_of(facts.region) < RegionLevel.COUNTY
    ):
        faults.add("region", "premises.region_unknown")
    is_catering = category is None or category.zone_profile in _CATERING
    checked = replace(
        facts,
        name=faults.take("name", lambda: check_text(facts.name, MAX_NAME_CHARS, shortest=1), ""),
        address=faults.take("address", lambda: check_text(facts.address, MAX_ADDRESS_CHARS), ""),
        external_no=faults.take("external_no", lambda: _optional(facts.external_no, _check_external_no), None),
        credit_code=faults.take("credit_code", lambda: _optional(facts.credit_code, check_credit_code), None),
        licence_no=faults.take(
            "licence_no",
            lambda: _optional(facts.licence_no, check_food_licence if is_catering else check_any_licence),
            None,
        ),
        licence_expires_on=faults.take(
            "licence_expires_on", lambda: _optional(facts.licence_expires_on, check_date), None
        ),
        hours=faults.take("hours", lambda: check_hours(facts.hours), ""),
        present_zones=faults.take("present_zones", lambda: _check_present(facts, kinds), ()),
        exempt_reason=faults.take(
            "exempt_reason",
            lambda: _optional(facts.exempt_reason, lambda text: check_text(text, MAX_REASON_CHARS)),
            None,
        ),
    )
    if facts.risk_grade is not None and facts.risk_grade not in GRADES:
        faults.add("risk_grade", "premises.grade_unknown")
    if facts.area_m2 is not None and not 0 < facts.area_m2 <= MAX_AREA_M2:
        faults.add("area_m2", "premises.number_range", least=1, most=int(MAX_AREA_M2))
    if facts.diners is not None and not 0 <= facts.diners <= MAX_DINERS:
        faults.add("diners", "premises.number_range", least=0, most=MAX_DINERS)
    _check_point(facts, faults)
    faults.check()
    return checked


def check_text(text: str, longest: int, *, shortest: int = 0) -> str:
    """Return `text` trimmed. raises: BrightKitchenError "premises.text_invalid"."""
    trimmed = text.strip()
    if not shortest <= len(trimmed) <= longest or _CONTROL.search(trimmed):
        raise BrightKitchenError(Kind.INVALID, "premises.text_invalid", longest=longest)
    return trimmed


def check_date(text: str) -> str:
    """Return an ISO date between 1990 and 2100. raises: BrightKitchenError "premises.date_invalid"."""
    try:
        day = date.fromisoformat(text.strip())
    except ValueError as cause:
        raise BrightKitchenError(Kind.INVALID, "premises.date_invalid") from cause
    if not 1990 <= day.year <= 2100:
        raise BrightKitchenError(Kind.INVALID, "premises.date_invalid")
    return day.isoformat()


def _optional(text: str | None, check: Callable[[str], str]) -> str | None:
    return check(text) if text is not None and text.strip() else None


def _check_external_no(text: str) -> str:
    number = check_text(text, MAX_NUMBER_CHARS)
    if not re.fullmatch(r"[0-9A-Za-z\u4e00-\u9fff()（）/._-]+", number):
        raise BrightKitchenError(Kind.INVALID, "premises.text_invalid", longest=MAX_NUMBER_CHARS)
    return number


def _check_present(facts: PremisesFacts, kinds: Kinds) -> tuple[str, ...]:
    """Return the zones that make a difference, each once, in their order."""
    asked = {check_zone(kinds.zones, each) for each in facts.present_zones}
    optional = {
        need.zone
        for need in kinds.needs_of(facts.category)
        if need.need in (Need.MUST_IF_PRESENT, Need.SHOULD_IF_PRESENT)
    }
    return tuple(code for code in kinds.zones if code in asked & optional)


def _check_point(facts: PremisesFacts, faults: Faults) -> None:
    longitude, latitude = facts.longitude_deg, facts.latitude_deg
    if (longitude is None) != (latitude is None):
        faults.add("longitude_deg" if longitude is None else "latitude_deg", "premises.point_half")
    if longitude is not None and not (isfinite(longitude) and -180 <= longitude <= 180):
        faults.add("longitude_deg", "premises.number_range", least=-180, most=180)
    if latitude is not None and not (isfinite(latitude) and -90 <= latitude <= 90):
        faults.add("latitude_deg", "premises.number_range", least=-90, most=90)
