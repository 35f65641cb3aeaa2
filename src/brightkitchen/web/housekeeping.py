"""What control does by the clock: rotate keys, forget old sessions, close what expired roles had opened, and channels of refused zones."""

from typing import Final

from brightkitchen.domain.authz.keyring import KeyRing
from brightkitchen.domain.authz.ports import KeyListener
from brightkitchen.domain.cameras.quarantine import QuarantineService
from brightkitchen.domain.users.people import PeopleService
from brightkitchen.domain.users.service import UserService
from brightkitchen.kernel.clock import Clock

EVERY_S: Final = 60.0


async def run_housekeeping(
    keys: KeyRing,
    users: UserService,
    people: PeopleService,
    quarantine: QuarantineService,
    listener: KeyListener,
    clock: Clock,
) -> None:
    """Once a minute, for ever; the supervisor restarts it when it fails."""
    while True:
        await clock.sleep(EVERY_S)
        if await keys.refresh():
            await listener.keys_changed()
        await users.forget_old_sessions()
        await people.sweep()
        await quarantine.sweep()
