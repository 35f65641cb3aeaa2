"""What this installation is."""

from fastapi import APIRouter, Request

from brightkitchen.kernel.units import format_utc
from brightkitchen.web.auth import options_of, services_of
from brightkitchen.web.present.session import SignOnButtonOut, SystemOut

router = APIRouter(prefix="/system", tags=["system"])


@router.get("", operation_id="get_system", response_model=SystemOut)
async def get_system(request: Request) -> SystemOut:
    """Say version, city and server time; the log-in page needs them, so nobody has to be logged in."""
    options, sign_on = options_of(request), services_of(request).sign_on.rules
    return SystemOut(
        version=options.version,
        demo=options.demo,
        city=options.city,
        server_at=format_utc(services_of(request).clock.utc()),
        time_zone=options.time_zone,
        second_factor=services_of(request).users.rules.second_factor,
        own_authority=options.authority_file is not None,
        single_sign_on=SignOnButtonOut(label=sign_on.label) if sign_on.is_on else None,
    )
