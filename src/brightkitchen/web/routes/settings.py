"""How the installation is set up, over HTTP."""

from fastapi import APIRouter, Request

from brightkitchen.web.auth import Signed, options_of, services_of
from brightkitchen.web.present.settings import SettingsOut, present_settings

router = APIRouter(prefix="/settings", tags=["system"])


@router.get("", operation_id="get_settings", response_model=SettingsOut)
async def get_settings(request: Request, caller: Signed) -> SettingsOut:
    """Show what is in force: the city, the certificate, the clock, the parts. It is set in the settings file, not here."""
    services = services_of(request)
    found = await services.system.load_settings(caller.actor)
    return present_settings(found, options_of(request), services)
