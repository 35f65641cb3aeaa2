"""Letting a display on a wall in: it shows a code, an officer approves it, the display fetches its credential."""

from fastapi import APIRouter, Request, Response

from brightkitchen.domain.audit.whence import note_address
from brightkitchen.domain.users.devices import name_device
from brightkitchen.web.auth import Own, Proven, client_address, services_of, set_kiosk_cookie
from brightkitchen.web.present.kiosks import ClaimIn, ClaimOut, KioskApprovalIn, KioskAskedOut, KioskCodeIn, KioskOut
from brightkitchen.web.present.people import ApiTokenOut, present_token

router = APIRouter(prefix="/kiosks", tags=["kiosks"])


@router.post("", operation_id="ask_as_kiosk", status_code=201, response_model=KioskAskedOut)
async def ask_as_kiosk(request: Request) -> KioskAskedOut:
    """Ask to become a wall display. The code is shown; the claim stays in the page that asked."""
    address = client_address(request)
    note_address(address)
    device = name_device(request.headers.get("user-agent", "")[:512])
    asked = services_of(request).people.kiosks.ask(address=address, device=device)
    return KioskAskedOut(code=asked.code, claim=asked.claim, left_s=asked.left_s)


@router.post("/claim", operation_id="claim_kiosk", response_model=ClaimOut)
async def claim_kiosk(request: Request, response: Response, given: ClaimIn) -> ClaimOut:
    """Fetch the credential once somebody has approved; it arrives as a cookie that no script reads."""
    address = client_address(request)
    note_address(address)
    secret = services_of(request).people.kiosks.claim(given.claim, address=address)
    if secret is not None:
        set_kiosk_cookie(request, response, secret)
    return ClaimOut(is_in=secret is not None)


@router.post("/look", operation_id="look_at_kiosk", response_model=KioskOut)
async def look_at_kiosk(request: Request, caller: Own, given: KioskCodeIn) -> KioskOut:
    """Say from where the display with this code asks, before it is let in."""
    found = services_of(request).people.kiosks.look(caller.actor, given.code)
    return KioskOut(address=found.address, device=found.device)


@router.post("/approve", operation_id="approve_kiosk", status_code=201, response_model=ApiTokenOut)
async def approve_kiosk(request: Request, caller: Proven, given: KioskApprovalIn) -> ApiTokenOut:
    """Let that display look at the overview and at small live pictures, from its address, for up to 30 days."""
    made = await services_of(request).people.kiosks.approve(caller.actor, given.code, name=given.name, days=given.days)
    return present_token(made)
