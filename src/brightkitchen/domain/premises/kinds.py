"""The packaged tables of categories, zones and must-zones, and what may be said of a zone."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

from brightkitchen.domain.premises.model import Category, Kinds, Need, Zone, ZoneNeed
from brightkitchen.kernel.errors import BrightKitchenError, Kind

DEFAULT_RETENTION_DAYS: Final = 30
REFUSED_WORDS: Final = (
    "包间",
    "包厢",
    "雅间",
    "更衣",
    "卫生间",
    "厕所",
    "洗手间",
    "休息室",
    "客房",
    "宿舍",
    "浴室",
    "淋浴",
    "哺乳",
    "母婴室",
)


def load_packaged_kinds() -> Kinds:
    """Return what `kinds.toml` says. raises: KeyError, ValueError if the file is not as it should be."""
    return parse_kinds((files(__package__) / "kinds.toml").read_text(encoding="utf-8"))


def parse_kinds(text: str) -> Kinds:
    """Read the file's text. raises: KeyError, ValueError; also for a must-zone that is no zone or a profile that nothing uses."""
    data: dict[str, Any] = tomllib.loads(text)  # Any: TOML
    zones = {
        each["code"]: Zone(each["code"], each["zh"], each["en"], each["area"], bool(each.get("public")), sort)
        for sort, each in enumerate(data["zone"], 1)
    }
    categories = {
        each["code"]: Category(
            each["code"],
            each["zh"],
            each["en"],
            each["profile"],
            bool(each.get("school")),
            int(each.get("retention_days", DEFAULT_RETENTION_DAYS)),
            sort,
        )
        for sort, each in enumerate(data["category"], 1)
    }
    needs = tuple(
        ZoneNeed(profile, zone, Need(need), zone in data["shared"].get(profile, ()))
        for profile, row in data["need"].items()
        for zone, need in row.items()
    )
    if {need.zone_profile for need in needs} != {category.zone_profile for category in categories.values()}:
        raise ValueError("the must-zone table and the categories name different profiles")
    if any(zones[need.zone].is_refused for need in needs):
        raise ValueError("a zone that no camera may show cannot be a must-zone")
    return Kinds(categories, zones, needs)


def check_zone(zones: Mapping[str, Zone], text: str, field: str = "zone") -> str:
    """Return the code of the zone that `text` names, by code or by its whole name in either language.

    raises: BrightKitchenError "zone.refused" for a place that no camera may show, however it is written, else "zone.unknown".
    """
    wanted = text.strip()
    known = zones.get(wanted.upper()) or next(
        (each for each in zones.values() if wanted in (each.name_zh, each.name_en)), None
    )
    if known is None and any(word in wanted for word in REFUSED_WORDS):
        raise BrightKitchenError(Kind.INVALID, "zone.refused", field=field, name=wanted[:20])
    if known is None:
        raise BrightKitchenError(Kind.INVALID, "zone.unknown", field=field)
    if known.is_refused:
        raise BrightKitchenError(Kind.INVALID, "zone.refused", field=field, name=known.name_zh)
    return known.code
