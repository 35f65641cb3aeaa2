"""The media nodes as their operators see them: there or not, what they record, how long their room lasts."""

from contextlib import aclosing
from typing import Any

import httpx
from tests.contract.conftest import NODE, OTHER_NODE, Control, add_camera
from tests.contract.people import join
from tests.contract.register import place_camera
from tests.contract.small_city import add_channel, add_premises, build_city, report

from brightkitchen.domain.authz.model import Grant, Role, Scope
from brightkitchen.kernel.camerastate import CameraState
from brightkitchen.kernel.nodeprotocol import Vitals
from brightkitchen.kernel.recordingplan import VolumeState
from brightkitchen.kernel.units import US_PER_S, Utc
from brightkitchen.web.nodechannel import NodeLink

GB = 10**9


async def nothing(*_: object) -> None:
    return None


async def by_id(client: httpx.AsyncClient) -> dict[str, dict[str, Any]]:  # Any: JSON
    answer = await client.get("/api/v1/nodes")
    assert answer.status_code == 200, answer.text
    return {item["id"]: item for item in answer.json()["items"]}


async def test_node_that_never_came_is_new_and_one_that_left_is_away_since_then(
    control: Control, admin: httpx.AsyncClient
) -> None:
    began = (await by_id(admin))[OTHER_NODE]["since_at"]
    await control.clock.advance(60)
    link = NodeLink(NODE, 8081, nothing, nothing)
    await control.services.nodes.admit(link)
    control.services.nodes.note_vitals(
        NODE,
        Vitals(
            version="0.1.0",
            started_at=control.clock.utc(),
            cpu_percent=37.5,
            memory_bytes=200_000_000,
            host_cores=4,
            host_used_percent=21.0,
            host_memory_bytes=8 * GB,
            host_memory_free_bytes=5 * GB,
        ),
    )
    here = await by_id(admin)
    assert (here[NODE]["state"], here[NODE]["url"]) == ("connected", "http://127.0.0.1:8081")
    assert (here[OTHER_NODE]["state"], here[OTHER_NODE]["since_at"]) == ("new", began)
    await control.clock.advance(60)
    control.services.nodes.dismiss(link)
    gone = (await by_id(admin))[NODE]
    assert (gone["state"], gone["url"]) == ("away", "")
    assert gone["since_at"] != here[NODE]["since_at"]
    assert gone["vitals"] == here[NODE]["vitals"]


async def test_node_counts_its_cameras_inside_the_reach_of_who_asks(control: Control, admin: httpx.AsyncClient) -> None:
    await build_city(control)
    near = await add_premises(control, region="210302006")
    far = await add_premises(control, "海城面馆", region="210381001")
    here = await add_channel(control, admin, near, "COOK", host="10.1.2.3", approved=True)
    there = await add_channel(control, admin, far, "COOK", host="10.1.2.4", approved=True)
    report(control, here)
    report(control, there, CameraState.OFFLINE)
    async with control.database.read() as connection:
        nodes = await control.services.recording.plans.load_asked_days(connection)
    total = [(await by_id(admin))[node]["counts"] for node in (NODE, OTHER_NODE)]
    assert sum(each["assigned"] for each in total) == 2
    assert sum(each["recording"] for each in total) == 1
    assert set(nodes.values()) == {(30, 30)}
    async with aclosing(await join(control, "noc", Grant(Role.OPERATOR_NOC, Scope("210381")))) as operator:
        own = [(await by_id(operator))[node]["counts"] for node in (NODE, OTHER_NODE)]
        assert sum(each["assigned"] for each in own) == 1
        assert sum(each["recording"] for each in own) == 0
        listed = [(await operator.get("/api/v1/cameras", params={"node": node})).json() for node in (NODE, OTHER_NODE)]
        assert [page["total"] for page in listed] == [each["assigned"] for each in own]


async def test_node_counts_missing_recordings_as_the_list_of_alarms_does(
    control: Control, admin: httpx.AsyncClient
) -> None:
    await build_city(control)
    camera = (await add_camera(admin))["id"]
    await place_camera(control, camera, await add_premises(control))
    watch = control.services.recording.watch
    await watch.look()
    await control.clock.advance(120)
    await watch.look()
    for node in (NODE, OTHER_NODE):
        counts = (await by_id(admin))[node]["counts"]
        alarms = (await admin.get("/api/v1/recording/alarms", params={"open": "true", "node": node})).json()
        assert alarms["open"] == len(alarms["items"]) == counts["missing"]
    assert sum(each["counts"]["missing"] for each in (await by_id(admin)).values()) == 1


async def test_volume_says_how_long_its_room_lasts(control: Control, admin: httpx.AsyncClient) -> None:
    now = control.clock.utc()
    control.services.recording.watch.note_volumes(
        NODE,
        [
            VolumeState(
                name="store",
                state="ok",
                total_bytes=500 * GB,
                free_bytes=120 * GB,
                used_bytes=200 * GB,
                room_bytes=100 * GB,
                written_bytes=20 * GB,
                written_s=86_400,
                oldest_at=Utc(now - 10 * 86_400 * US_PER_S),
            )
        ],
    )
    (volume,) = (await by_id(admin))[NODE]["volumes"]
    assert volume["kept_days"] == 10
    assert volume["forecast"] == {"rate_bps": 1_851_852, "lasts_days": 15.0, "full_in_s": 5 * 86_400}


async def test_nodes_are_hidden_from_who_does_not_run_them(control: Control) -> None:
    for username, grant in (
        ("officer", Grant(Role.CITY_OFFICER)),
        ("owner", Grant(Role.OWNER, Scope("210302"))),
        ("auditor", Grant(Role.AUDITOR)),
    ):
        async with aclosing(await join(control, username, grant)) as person:
            assert (await person.get("/api/v1/nodes")).status_code == 404
