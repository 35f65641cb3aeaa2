"""The plan of the demo's city: pure, the same for the same seed. Numbers follow DOMAIN §5; 4,335 signed restaurants is the one that is real."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

from brightkitchen.bootstrap.democity import words
from brightkitchen.domain.authz.regions import Region, RegionLevel

RESTAURANTS_SIGNED: Final = {
    "210302": 837,
    "210303": 547,
    "210304": 615,
    "210311": 244,
    "210381": 1269,
    "210321": 344,
    "210323": 479,
}
"""Signed catering units by county (DOMAIN §5): 4,335 in all."""

_WEIGHTS: Final = RESTAURANTS_SIGNED
_SCHOOLS: Final = {"PRIMARY_SCHOOL": 190, "MIDDLE_SCHOOL": 70, "KINDERGARTEN": 650}
_OTHERS: Final = {"PHARMACY": 900, "COLD_STORE": 120, "SUPERMARKET": 40, "CENTRAL_KITCHEN": 6, "MEAL_SUPPLIER": 9}
_LEADS_PER_SIGNED: Final = 0.045
_CATERING: Final = ("RESTAURANT_L", "RESTAURANT_M", "RESTAURANT_S", "SNACK", "FAST_FOOD")
_CATERING_WEIGHTS: Final = (5, 22, 46, 15, 12)
_ZONES: Final[Mapping[str, tuple[str, ...]]] = {
    "PRIMARY_SCHOOL": ("STORE", "ROUGH", "CUT", "COOK", "SERVE", "WASH", "SAMPLE", "DINE"),
    "MIDDLE_SCHOOL": ("STORE", "ROUGH", "CUT", "COOK", "SERVE", "WASH", "SAMPLE", "DINE"),
    "KINDERGARTEN": ("STORE", "ROUGH", "CUT", "COOK", "SERVE", "WASH", "SAMPLE", "DINE"),
    "RESTAURANT_L": ("COOK", "CUT", "WASH", "STORE", "DINE"),
    "RESTAURANT_M": ("COOK", "CUT", "WASH"),
    "RESTAURANT_S": ("COOK", "CUT", "WASH"),
    "SNACK": ("COOK", "CUT", "WASH"),
    "FAST_FOOD": ("COOK", "CUT", "WASH"),
    "CENTRAL_KITCHEN": ("STORE", "ROUGH", "CUT", "COOK", "COLD", "WASH"),
    "MEAL_SUPPLIER": ("STORE", "ROUGH", "CUT", "COOK", "COLD", "WASH"),
    "COLD_STORE": ("GATE", "AISLE", "WORK", "STORE"),
    "SUPERMARKET": ("GATE", "COUNTER", "STORE"),
    "PHARMACY": ("GATE", "COUNTER"),
}
_SMALL_M2: Final = 50.0
"""Up to this area one camera may serve cutting, cooking and washing (DOMAIN §1.2)."""
_HOURS: Final = {
    "PRIMARY_SCHOOL": "1-5 06:30-14:00",
    "MIDDLE_SCHOOL": "1-5 06:00-19:30",
    "KINDERGARTEN": "1-5 06:30-17:00",
    "PHARMACY": "1-7 08:00-21:00",
    "SUPERMARKET": "1-7 08:00-21:30",
    "COLD_STORE": "",
}


@dataclass(frozen=True, slots=True)
class ChannelPlan:
    """One camera: its zones (the first is the primary one), and how often it has been away."""

    zones: tuple[str, ...]
    title: str
    activity: str
    outages_per_month: float


@dataclass(frozen=True, slots=True)
class PremisesPlan:
    """One invented premises. number: 1, 2, … in the whole city. state: see onboarding; opened_days_ago: when it signed."""

    number: int
    region: str
    category: str
    name: str
    address: str
    responsible: str
    area_m2: float
    diners: int | None
    grade: str
    hours: str
    state: str
    opened_days_ago: int
    longitude_deg: float
    latitude_deg: float
    channels: tuple[ChannelPlan, ...]


class CityPlan:
    """Draws the city; `premises()` yields the same rows for the same regions and seed."""

    def __init__(self, regions: list[Region], *, seed: int = 210300) -> None:
        self._counties = {each.code: each for each in regions if each.level is RegionLevel.COUNTY}
        self._townships: dict[str, list[Region]] = {code: [] for code in self._counties}
        for each in regions:
            if each.level is RegionLevel.TOWNSHIP and each.parent in self._townships:
                self._townships[each.parent].append(each)
        self._chance = Random(seed)
        self._names: set[str] = set()
        self._number = 0

    def premises(self) -> Iterator[PremisesPlan]:
        """Yield every premises, county by county."""
        whole = sum(_WEIGHTS.values())
        for county, signed in _WEIGHTS.items():
            share = signed / whole
            for category, number in _SCHOOLS.items():
                for index in range(round(number * share)):
                    yield self._school(county, category, index)
            for category, number in _OTHERS.items():
                for _ in range(max(1, round(number * share))):
                    yield self._plan(county, category, self._other_name(category), state=self._state(0.94))
            for _ in range(signed):
                category = self._chance.choices(_CATERING, _CATERING_WEIGHTS)[0]
                yield self._plan(county, category, self._catering_name(category), state=self._state(0.9))
            for _ in range(round(signed * _LEADS_PER_SIGNED)):
                category = self._chance.choices(_CATERING, _CATERING_WEIGHTS)[0]
                state = self._chance.choices(("LEAD", "REFUSED"), (4, 1))[0]
                yield self._plan(county, category, self._catering_name(category), state=state)

    def _school(self, county: str, category: str, index: int) -> PremisesPlan:
        town = self._chance.choice(self._townships[county])
        place = town.name.removesuffix("街道").removesuffix("镇").removesuffix("乡")
        ordinal = ("第一", "第二", "第三", "中心", "实验", "新城", "东", "西", "南", "北")[index % 10]
        word = {"PRIMARY_SCHOOL": "小学食堂", "MIDDLE_SCHOOL": "中学食堂", "KINDERGARTEN": "幼儿园食堂"}[category]
        # The city reports 100 % of primary-school and kindergarten canteens: all of these are in service.
        return self._plan(county, category, f"{place}{ordinal}{word}", state="IN_SERVICE", town=town)

    def _other_name(self, category: str) -> str:
        chance = self._chance
        if category == "PHARMACY":
            return f"{chance.choice(words.CHAINS)}大药房{chance.choice(words.STREETS)}店"
        if category == "SUPERMARKET":
            return f"{chance.choice(words.MARKETS)}超市{chance.choice(words.STREETS)}店"
        if category == "COLD_STORE":
            return f"{chance.choice(words.LUCKY)}{chance.choice(words.GOODS)}"
        return f"{chance.choice(words.LUCKY)}{'中央厨房' if category == 'CENTRAL_KITCHEN' else '配餐中心'}"

    def _catering_name(self, category: str) -> str:
        chance = self._chance
        kinds = {"SNACK": words.SNACKS, "FAST_FOOD": words.FAST, "RESTAURANT_S": words.SMALL}
        kind = chance.choice(kinds.get(category, words.RESTAURANTS))
        head = chance.choice(words.LUCKY) if chance.random() < 0.7 else f"老{chance.choice(words.SURNAMES)}家"
        return f"{head}{kind}"

    def _unique(self, name: str, town: Region) -> str:
        place = town.name.removesuffix("街道")
        candidates = [name, f"{place}{name}" if name.endswith("店") else f"{name}（{place}店）"]
        candidates += [f"{name}（{place}{number}店）" for number in range(2, 200)]
        chosen = next(each for each in candidates if each not in self._names)
        self._names.add(chosen)
        return chosen

    def _state(self, served: float) -> str:
        if self._chance.random() < served:
            return "IN_SERVICE"
        return self._chance.choices(
            ("SIGNED", "SURVEYED", "ORDERED", "INSTALLING", "INSTALLED", "TRIAL", "ACCEPTED", "SUSPENDED"),
            (3, 2, 2, 1, 1, 2, 1, 1),
        )[0]

    def _plan(self, county: str, category: str, name: str, *, state: str, town: Region | None = None) -> PremisesPlan:
        chance = self._chance
        town = town if town is not None else chance.choice(self._townships[county])
        self._number += 1
        area_m2 = self._area(category)
        is_served = state in ("IN_SERVICE", "ACCEPTED", "TRIAL", "INSTALLED", "SUSPENDED")
        seat = self._counties[county]
        spread = 0.03 if county in ("210302", "210303", "210304") else 0.16
        return PremisesPlan(
            number=self._number,
            region=town.code,
            category=category,
            name=self._unique(name, town),
            address=f"{seat.name}{town.name}{chance.choice(words.STREETS)}{chance.randint(1, 299)}号",
            responsible=chance.choice(words.SURNAMES) + "".join(chance.sample(words.GIVEN, chance.choice((1, 2, 2)))),
            area_m2=area_m2,
            diners=chance.randrange(60, 1500, 10) if category in _SCHOOLS else None,
            grade=self._grade(category),
            hours=_HOURS.get(category, "1-7 09:00-21:00"),
            state=state,
            opened_days_ago=chance.randint(20, 700),
            longitude_deg=round((seat.longitude_deg or 0.0) + chance.gauss(0, spread), 6),
            latitude_deg=round((seat.latitude_deg or 0.0) + chance.gauss(0, spread), 6),
            channels=tuple(self._channels(category, area_m2)) if is_served else (),
        )

    def _area(self, category: str) -> float:
        low, high = {
            "SNACK": (12, 55),
            "RESTAURANT_S": (22, 100),
            "FAST_FOOD": (30, 140),
            "RESTAURANT_M": (150, 500),
            "RESTAURANT_L": (500, 2500),
            "PHARMACY": (60, 240),
        }.get(category, (120, 1800))
        return float(self._chance.randint(low, high))

    def _grade(self, category: str) -> str:
        if category in _SCHOOLS or category in ("CENTRAL_KITCHEN", "MEAL_SUPPLIER"):
            return "D"  # the official sense: it feeds children or crowds (DOMAIN §1.1)
        return self._chance.choices("ABCD", (45, 35, 15, 5))[0]

    def _channels(self, category: str, area_m2: float) -> Iterator[ChannelPlan]:
        groups: list[tuple[str, ...]] = [(zone,) for zone in _ZONES[category]]
        if area_m2 <= _SMALL_M2 and category in ("SNACK", "RESTAURANT_S", "FAST_FOOD"):
            groups = [("COOK", "CUT", "WASH")]
        for zones in groups:
            activity = self._chance.choices(("ACTIVE", "OFFLINE", "DEGRADED"), (955, 35, 10))[0]
            if category in ("PRIMARY_SCHOOL", "KINDERGARTEN"):
                activity = "ACTIVE"
            yield ChannelPlan(zones, "", activity, self._chance.choices((0.2, 1.5, 6.0), (80, 15, 5))[0])
