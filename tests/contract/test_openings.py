"""Which premises are open now: the list, the tree and the words agree, on the city's clock and within the scope."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from tests.contract.conftest import Control, add_camera
from tests.contract.people import acting_as, officer_of
from tests.contract.register import insert_premises, place_camera

from brightkitchen.domain.premises.store import suspensions
from brightkitchen.kernel.units import US_PER_S

JSON = dict[str, Any]  # Any: JSON
ANSHAN = ZoneInfo("Asia/Shanghai")
HOURS = "1-7 06:30-20:00"


class Street:
    """Premises with a camera each, and a clock that can be set."""

    def __init__(self, control: Control, admin: httpx.AsyncClient) -> None:
        self.control, self.admin = control, admin
        self.cameras: dict[str, str] = {}
        self.premises: dict[str, str] = {}

    async def add(self, name: str, **fields: object) -> None:
        number = len(self.cameras) + 1
        camera = await add_camera(self.admin, name=name, url=f"rtsp://10.1.3.{number}/main")
        home = await insert_premises(self.control, name=name, **fields)
        await place_camera(self.control, camera["id"], home)
        self.cameras[name], self.premises[name] = camera["id"], home

    async def stop(self, name: str, *, state: str = "APPROVED", from_day: int = 0, to_day: int = 3) -> None:
        async with self.control.database.write() as connection:
            row = {
                "id": f"sus_{list(self.premises).index(name):016d}",
                "premises_id": self.premises[name],
                "kind": "HOLIDAY",
                "from_on": self.on(from_day),
                "to_on": self.on(to_day),
                "reason": "寒假",
                "requested_at": 0,
                "state": state,
            }
            await connection.execute(suspensions.insert().values(**row))

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.control.clock.utc() / US_PER_S, tz=ANSHAN)

    def on(self, day: int) -> str:
        return (self.now() + timedelta(days=day)).date().isoformat()

    def go_to(self, hour: int, minute: int = 0) -> None:
        """Let it become that time of the city, today or tomorrow."""
        now = self.now()
        then = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
        self.control.clock.jump(((then if then > now else then + timedelta(days=1)) - now).total_seconds())

    async def listed(self, client: httpx.AsyncClient, **query: str) -> set[str]:
        """Return the names that the list and the tree both give."""
        params = {"open": "true"} | query
        items = (await client.get("/api/v1/cameras", params=params)).json()
        tree = (await client.get("/api/v1/camera-tree", params={"by": "premises"} | params)).json()
        names = {each["name"] for each in items["items"]}
        assert items["total"] == len(names) == tree["total"]["cameras"]
        assert {each["name"] for each in tree["items"]} == names
        return names

    async def openings(self, client: httpx.AsyncClient) -> dict[str, JSON]:
        answer = await client.get("/api/v1/camera-tree/openings", params={"premises": list(self.premises.values())})
        assert answer.status_code == 200, answer.text
        names = {home: name for name, home in self.premises.items()}
        return {names[each["premises_id"]]: each for each in answer.json()["items"]}


@pytest.fixture
async def street(control: Control, admin: httpx.AsyncClient) -> Street:
    made = Street(control, admin)
    await made.add("白天", hours=HOURS)
    await made.add("夜里", hours="1-7 18:00-03:00")
    await made.add("没写")
    await made.add("看不懂", hours="随时")
    await made.add("放假", hours=HOURS)
    await made.add("停业", hours=HOURS, state="SUSPENDED")
    await made.add("终止", hours=HOURS, state="TERMINATED")
    await add_camera(admin, name="无单位", url="rtsp://10.1.3.99/main")
    made.go_to(9)
    await made.stop("放假")
    return made


# the shared session has ended by then: who asks logs in anew at each time
async def at(street: Street, hour: int, *, region: str = "210300") -> tuple[set[str], dict[str, JSON]]:
    street.go_to(hour)
    async with acting_as(street.control, f"officer{hour}-{region}", officer_of(region)) as client:
        return await street.listed(client), await street.openings(client)


async def test_open_is_what_its_hours_and_stops_say_at_each_hour(street: Street) -> None:
    assert (await at(street, 10))[0] == {"白天", "没写", "看不懂"}
    assert (await at(street, 19))[0] == {"白天", "夜里", "没写", "看不懂"}
    assert (await at(street, 21))[0] == {"夜里", "没写", "看不懂"}
    assert (await at(street, 2))[0] == {"夜里", "没写", "看不懂"}
    assert (await at(street, 5))[0] == {"没写", "看不懂"}


async def test_words_agree_with_the_list_and_say_until_when(street: Street) -> None:
    listed, said = await at(street, 21)
    assert {name for name, each in said.items() if each["state"] == "open"} == listed
    assert {name: each["state"] for name, each in said.items() if each["state"] != "open"} == {
        "白天": "off_hours",
        "放假": "suspended",
        "停业": "suspended",
        "终止": "suspended",
    }
    opens = datetime.fromisoformat(said["白天"]["opens_at"]).astimezone(ANSHAN)
    assert (opens.hour, opens.minute, opens.date()) == (6, 30, (street.now() + timedelta(days=1)).date())
    assert (said["放假"]["from_on"], said["放假"]["to_on"]) == (street.on(0), street.on(3))
    assert (said["停业"]["from_on"], said["停业"]["to_on"]) == (None, None)
    assert said["白天"]["hours"] == HOURS


async def test_stop_counts_once_it_is_approved_and_only_for_its_days(street: Street) -> None:
    await street.stop("白天", state="REQUESTED")
    await street.stop("看不懂", from_day=1, to_day=1)
    assert {"白天", "看不懂"} <= (await at(street, 12))[0]
    listed, said = await at(street, 11)  # the day after
    assert "看不懂" not in listed
    assert said["看不懂"]["state"] == "suspended"
    assert "看不懂" in (await at(street, 10))[0]  # and two days after


async def test_other_counties_are_neither_listed_nor_told(street: Street) -> None:
    listed, said = await at(street, 10, region="210381")
    assert (listed, said) == (set(), {})


async def test_open_goes_together_with_the_other_filters(street: Street) -> None:
    street.go_to(10)
    async with acting_as(street.control, "officer", officer_of("210300")) as client:
        assert await street.listed(client, category="PHARMACY") == set()
        both = (await client.get("/api/v1/cameras", params={"open": "true", "text": "白天"})).json()
        assert [each["name"] for each in both["items"]] == ["白天"]
