"""Words a city knows, for tests: regions, categories, zones and the must-zone table as packaged; credit codes that hold."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.regions import Region, RegionLevel
from brightkitchen.domain.authz.store import save_regions
from brightkitchen.domain.premises.kinds import load_packaged_kinds
from brightkitchen.domain.premises.numbers import credit_check_character
from brightkitchen.domain.premises.store import categories, category_zones, zones

COUNTIES: Final = {"铁东区": "210302", "铁西区": "210303", "海城市": "210381"}
TOWNSHIPS: Final = {"解放街道": "210302002", "山南街道": "210302003", "共和街道": "210303001"}


async def add_words(connection: AsyncConnection) -> None:
    """Put the city's words where there are none yet."""
    items = [Region("210300", "鞍山市", "210000", RegionLevel.CITY)]
    items += [Region(code, name, "210300", RegionLevel.COUNTY) for name, code in COUNTIES.items()]
    items += [Region(code, name, code[:6], RegionLevel.TOWNSHIP) for name, code in TOWNSHIPS.items()]
    await save_regions(connection, items)
    kinds = load_packaged_kinds()
    if (await connection.execute(categories.select().limit(1))).first() is not None:
        return
    await connection.execute(
        categories.insert(),
        [
            {
                "code": each.code,
                "name_zh": each.name_zh,
                "name_en": each.name_en,
                "zone_profile": each.zone_profile,
                "is_school": each.is_school,
                "retention_days": each.retention_days,
                "sort": each.sort,
            }
            for each in kinds.categories.values()
        ],
    )
    await connection.execute(
        zones.insert(),
        [
            {
                "code": each.code,
                "name_zh": each.name_zh,
                "name_en": each.name_en,
                "area": each.area,
                "is_public": each.is_public,
                "sort": each.sort,
            }
            for each in kinds.zones.values()
        ],
    )
    await connection.execute(
        category_zones.insert(),
        [
            {
                "zone_profile": each.zone_profile,
                "zone": each.zone,
                "need": each.need.value,
                "may_be_shared": each.may_be_shared,
            }
            for each in kinds.needs
        ],
    )


def credit_code(number: int) -> str:
    """Return a code whose check character fits."""
    first = f"92210300MA{number:07}"
    return first + credit_check_character(first)
