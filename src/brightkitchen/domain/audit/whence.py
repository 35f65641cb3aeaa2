"""From where the act that is going on was asked for: set once where the request comes in, read where the row is written.

A context variable, so that "from where" needs no parameter through every verb of every slice and cannot be forgotten there.
"""

from contextvars import ContextVar
from typing import Final

LOCAL: Final = "local"
_address: ContextVar[str] = ContextVar("audit_address", default="")


def note_address(address: str) -> None:
    """Say who sent the request that this task serves: an address, or `LOCAL`."""
    _address.set(address)


def current_address() -> str:
    """Return what was said; "" = the system itself acts."""
    return _address.get()
