"""One row's texts to values, or what is wrong with them. Pure: what the city knows comes in as `Known`."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from brightkitchen.domain.authz.regions import region_prefix
from brightkitchen.domain.intake.columns import CAMERAS, PREMISES, folded
from brightkitchen.domain.intake.model import CameraCells, Given, Problem
from brightkitchen.domain.premises.facts import check_facts
from brightkitchen.domain.premises.initials import build_initials
from brightkitchen.domain.premises.model import GRADES, Kinds, PremisesFacts
from brightkitchen.kernel.errors import BrightKitchenError, FieldErrors
from brightkitchen.kernel.netguard import CameraUrl, parse_camera_url

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_PATH: Final = re.compile(r"/[\x21-\x7e]*")
_DATE: Final = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T].*)?")
_LIST: Final = re.compile(r"[、，,;；/\s]+")
_YES: Final = frozenset({"是", "应接入", "yes", "y", "true", "1"})
_NO: Final = frozenset({"否", "不接入", "no", "n", "false", "0"})


@dataclass(frozen=True, slots=True)
class Known:
    """What the city knows, by folded name and by code.

    regions: folded name or code → codes that have it. zones: folded name or code → code. refused_zones: codes.
    """

    kinds: Kinds
    region_codes: frozenset[str]
    categories: Mapping[str, str]
    regions: Mapping[str, tuple[str, ...]]
    zones: Mapping[str, str]
    refused_zones: frozenset[str]


@dataclass(frozen=True, slots=True)
class PremisesDraft:
    """Checked values of a premises, column → value; only those the file gives. region, category, name are there."""

    values: Mapping[str, str | float | int | bool]

    @property
    def region(self) -> str:
        return str(self.values["region"])

    @property
    def category(self) -> str:
        return str(self.values["category"])


@dataclass(frozen=True, slots=True)
class CameraDraft:
    """Checked values of a camera. index: among the row's cameras."""

    index: int
    line: int
    name: str
    zone: str
    more_zones: tuple[str, ...]
    url: CameraUrl
    sub_path: str | None

    @property
    def stream(self) -> tuple[str, int, str]:
        """What a camera is known again by: host, port and path."""
        return self.url.host.lower(), self.url.port, self.url.path


@dataclass(frozen=True, slots=True)
class Draft:
    """One unit, checked. premises None: the file names it in the sheet of cameras only, or it is wrong."""

    premises: PremisesDraft | None
    cameras: tuple[CameraDraft, ...]
    problems: tuple[Problem, ...]


class _Complaints:
    """Collects what is wrong with one row of a sheet."""

    def __init__(self, sheet: str, line: int) -> None:
        self._sheet = sheet
        self._line = line
        self.found: list[Problem] = []

    def add(self, column: str, code: str, **params: str | int | float) -> None:
        self.found.append(Problem(self._sheet, self._line, column, code, params))


def check_unit(given: Given, known: Known, today: date) -> Draft:
    """Return the checked values and every problem of a unit. today: the city's."""
    problems: list[Problem] = []
    premises: PremisesDraft | None = None
    if given.line:
        wrong = _Complaints(PREMISES, given.line)
        premises = _check_premises(given.cells, known, today, wrong)
        problems += wrong.found
    cameras: list[CameraDraft] = []
    seen: dict[tuple[str, int, str], int] = {}
    for index, cells in enumerate(given.cameras):
        wrong = _Complaints(CAMERAS, cells.line)
        camera = _check_camera(index, cells, known, wrong)
        if camera is not None and camera.stream in seen:
            wrong.add("url", "import.row.camera_twice", line=seen[camera.stream])
        elif camera is not None:
            seen[camera.stream] = cells.line
            cameras.append(camera)
        problems += wrong.found
    return Draft(premises, tuple(cameras), tuple(problems))


# ---- premises


def _check_premises(cells: Mapping[str, str], known: Known, today: date, wrong: _Complaints) -> PremisesDraft | None:
    values: dict[str, str | float | int | bool] = {}
    for key in ("name", "address"):
        if not cells.get(key, "").strip():
            wrong.add(key, "import.row.needed")
    for key in _TEXTS:
        if cells.get(key, "").strip():
            values[key] = cells[key].strip()
    category = _word(cells, "category", known.categories, "import.row.category_unknown", wrong)
    region = _region(cells, known, wrong)
    if category:
        values["category"] = category
    if region:
        values["region"] = region
    for key, convert in _OPTIONAL.items():
        text = cells.get(key, "").strip()
        if not text:
            continue
        try:
            values[key] = convert(text, known)
        except ValueError:
            wrong.add(key, f"import.row.{key}")
    signed_on = values.get("signed_on")
    if isinstance(signed_on, str) and signed_on > today.isoformat():
        wrong.add("signed_on", "import.row.in_future")
    checked = _checked(values, known, wrong)
    if wrong.found or checked is None:
        return None
    settled = {key: getattr(checked, key) for key in values if key not in ("signed_on", "present_zones")}
    settled |= {key: values[key] for key in ("signed_on",) if key in values}
    if "present_zones" in values:
        settled["present_zones"] = ",".join(checked.present_zones)
    return PremisesDraft(settled | {"initials": build_initials(checked.name)})


def _checked(values: Mapping[str, str | float | int | bool], known: Known, wrong: _Complaints) -> PremisesFacts | None:
    """Let the register judge what the row gives, by the rules that hold for everybody."""
    given: dict[str, Any] = {
        key: value for key, value in values.items() if key != "signed_on"
    }  # Any: as the facts hold
    given["present_zones"] = tuple(part for part in str(given.get("present_zones", "")).split(",") if part)
    facts = PremisesFacts(**({"name": "", "category": "", "region": ""} | given))
    try:
        return check_facts(facts, known.kinds, known.region_codes)
    except FieldErrors as faults:
        named = {problem.column for problem in wrong.found}
        for fault in faults.parts:
            params = dict(fault.params)
            field = str(params.pop("field"))
            column = _COLUMN_OF.get(field, field)
            if column not in named:
                wrong.add(column, fault.code, **params)
        return None


def _region(cells: Mapping[str, str], known: Known, wrong: _Complaints) -> str:
    """Return the township's code, else the county's."""
    county_text, township_text = cells.get("county", "").strip(), cells.get("township", "").strip()
    if not county_text and not township_text:
        wrong.add("county", "import.row.needed")
        return ""
    county = ""
    if county_text:
        codes = [
            code for code in known.regions.get(folded(county_text), ()) if len(code) == 6 and not code.endswith("00")
        ]
        if len(codes) != 1:
            wrong.add("county", "import.row.region_unknown")
            return ""
        county = codes[0]
    if not township_text:
        return county
    codes = [code for code in known.regions.get(folded(township_text), ()) if len(code) == 9]
    codes = [code for code in codes if code.startswith(region_prefix(county))]
    if len(codes) != 1:
        wrong.add("township", "import.row.region_unknown" if not codes else "import.row.region_ambiguous")
        return ""
    return codes[0]


def _day(text: str, _known: Known) -> str:
    found = _DATE.fullmatch(text)
    if found is None:
        raise ValueError("no date")
    return date(*(int(part) for part in found.groups())).isoformat()


def _number(low: float, high: float) -> Callable[[str, Known], float]:
    def convert(text: str, _known: Known) -> float:
        value = float(text)
        if not (math.isfinite(value) and low <= value <= high):
            raise ValueError("out of range")
        return value

    return convert


def _count(text: str, _known: Known) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise ValueError("no count")
    return int(text)


def _grade(text: str, _known: Known) -> str:
    grade = text.upper().removesuffix("级")
    if grade not in GRADES:
        raise ValueError("no grade")
    return grade


def _zones(text: str, known: Known) -> str:
    codes = [known.zones.get(folded(part), "") for part in _LIST.split(text) if part]
    if "" in codes or known.refused_zones.intersection(codes):
        raise ValueError("no such zone")
    return ",".join(dict.fromkeys(codes))


def _flag(text: str, _known: Known) -> bool:
    plain = folded(text)
    if plain not in _YES | _NO:
        raise ValueError("neither yes nor no")
    return plain in _YES


_TEXTS: Final = ("name", "external_no", "address", "credit_code", "licence_no", "hours")
_COLUMN_OF: Final = {"region": "county"}
_OPTIONAL: Final[Mapping[str, Callable[[str, Known], str | float | int | bool]]] = {
    "licence_expires_on": _day,
    "longitude_deg": _number(73.0, 136.0),
    "latitude_deg": _number(3.0, 54.0),
    "area_m2": _number(0.1, 200_000.0),
    "diners": _count,
    "risk_grade": _grade,
    "present_zones": _zones,
    "is_due": _flag,
    "signed_on": _day,
}


# ---- cameras


def _check_camera(index: int, given: CameraCells, known: Known, wrong: _Complaints) -> CameraDraft | None:
    cells = given.cells
    name = _text(cells, "name", 100, wrong, is_needed=True)
    zone = _word(cells, "zone", known.zones, "import.row.zone_unknown", wrong)
    if zone in known.refused_zones:
        wrong.add("zone", "import.row.zone_refused")
    more: list[str] = []
    for part in filter(None, _LIST.split(cells.get("more_zones", ""))):
        code = known.zones.get(folded(part))
        if code is None:
            wrong.add("more_zones", "import.row.zone_unknown")
        elif code in known.refused_zones:
            wrong.add("more_zones", "import.row.zone_refused")
        elif code != zone and code not in more:
            more.append(code)
    sub_path = cells.get("sub_path", "").strip() or None
    if sub_path is not None and (len(sub_path) > 1024 or not _PATH.fullmatch(sub_path)):
        wrong.add("sub_path", "camera.path_invalid", field="sub_path")
    url: CameraUrl | None = None
    text = cells.get("url", "").strip()
    if not text:
        wrong.add("url", "import.row.needed")
    elif not text.startswith("…@"):  # what could not be taken apart has its problem already
        try:
            url = parse_camera_url(text)
            if not _PATH.fullmatch(url.path):
                wrong.add("url", "camera.path_invalid", field="url")
        except BrightKitchenError as refused:
            wrong.add("url", refused.code, **refused.params)
    if wrong.found or url is None:
        return None
    return CameraDraft(index, given.line, name, zone, tuple(more), url, sub_path)


# ---- both


def _text(cells: Mapping[str, str], key: str, longest: int, wrong: _Complaints, *, is_needed: bool = False) -> str:
    text = cells.get(key, "").strip()
    if not text and is_needed:
        wrong.add(key, "import.row.needed")
    elif len(text) > longest or _CONTROL.search(text):
        wrong.add(key, "import.row.too_long", longest=longest)
    return text


def _word(cells: Mapping[str, str], key: str, words: Mapping[str, str], unknown: str, wrong: _Complaints) -> str:
    text = cells.get(key, "").strip()
    if not text:
        wrong.add(key, "import.row.needed")
        return ""
    code = words.get(folded(text), "")
    if not code:
        wrong.add(key, unknown)
    return code
