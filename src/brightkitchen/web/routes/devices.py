"""The device inventory over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from brightkitchen.domain.maintenance import policy
from brightkitchen.domain.maintenance.devices import MAX_PAGE, Target
from brightkitchen.domain.maintenance.states import DeviceEvent, DeviceState
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.ids import is_id
from brightkitchen.web.auth import Human, Signed, services_of
from brightkitchen.web.params import IfMatch, read_etag
from brightkitchen.web.present.maintenance import (
    DeviceIn,
    DeviceListOut,
    DeviceMoveIn,
    DeviceOut,
    DeviceViewOut,
    present_device,
    present_devices,
    present_moves,
    read_record,
)

router = APIRouter(prefix="/devices", tags=["devices"])


@router.get("", operation_id="list_devices", response_model=DeviceListOut)
async def list_devices(
    request: Request,
    caller: Signed,
    state: DeviceState | None = None,
    q: Annotated[str, Query(max_length=60)] = "",
    cursor: Annotated[str, Query(max_length=40)] = "",
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = MAX_PAGE,
) -> DeviceListOut:
    """List the devices in the caller's scope."""
    if cursor and not is_id(cursor, "dev"):
        raise BrightKitchenError(Kind.INVALID, "web.cursor", field="cursor")
    services = services_of(request)
    found, after, counts = await services.devices.list_devices(
        caller.actor, state=state, text=q.strip(), after=cursor, limit=limit
    )
    return present_devices(found, counts, after, caller.actor, services)


@router.post("", operation_id="add_device", status_code=201, response_model=DeviceOut)
async def add_device(request: Request, response: Response, caller: Human, given: DeviceIn) -> DeviceOut:
    """Enter a device into the inventory."""
    services = services_of(request)
    device = await services.devices.add_device(caller.actor, read_record(given))
    response.headers["location"] = f"/api/v1/devices/{device.id}"
    return present_device(device, caller.actor, services)


@router.get("/{device_id}", operation_id="get_device", response_model=DeviceViewOut)
async def get_device(request: Request, caller: Signed, device_id: str) -> DeviceViewOut:
    """Show one device and what happened to it."""
    services = services_of(request)
    device = await services.devices.access_device(caller.actor, device_id, policy.VIEW_DEVICE)
    history = await services.devices.load_history(caller.actor, device_id)
    return DeviceViewOut(device=present_device(device, caller.actor, services), history=present_moves(history))


@router.put("/{device_id}", operation_id="change_device", response_model=DeviceOut)
async def change_device(
    request: Request, caller: Human, device_id: str, given: DeviceIn, if_match: IfMatch = None
) -> DeviceOut:
    """Write the record of a device anew; where it is stays."""
    services = services_of(request)
    device = await services.devices.change_device(
        caller.actor, device_id, read_record(given), expected_version=read_etag(if_match)
    )
    return present_device(device, caller.actor, services)


@router.delete("/{device_id}", operation_id="remove_device", status_code=204)
async def remove_device(request: Request, caller: Human, device_id: str) -> None:
    """Forget a device that was entered by mistake."""
    await services_of(request).devices.remove_device(caller.actor, device_id)


@router.post("/{device_id}/{event}", operation_id="move_device", response_model=DeviceOut)
async def move_device(
    request: Request, caller: Human, device_id: str, event: DeviceEvent, given: DeviceMoveIn
) -> DeviceOut:
    """Move a device by its state table."""
    services = services_of(request)
    target = Target(given.premises_id, given.camera_id, given.zone)
    device = await services.devices.move_device(caller.actor, device_id, event, target=target, reason=given.reason)
    return present_device(device, caller.actor, services)
