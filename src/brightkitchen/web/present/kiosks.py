"""What a wall display and those who let it in say and hear."""

from typing import Annotated

from pydantic import Field

from brightkitchen.web.present.base import In, Out

KioskCode = Annotated[str, Field(min_length=1, max_length=20)]


class KioskAskedOut(Out):
    """code: shown on the display, good for left_s seconds. claim: for `POST /kiosks/claim`, told to nobody else."""

    code: str
    claim: str
    left_s: int


class ClaimIn(In):
    claim: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ClaimOut(Out):
    """is_in: it was approved, and the browser has its credential."""

    is_in: bool


class KioskCodeIn(In):
    code: KioskCode


class KioskOut(Out):
    """address, device: of the display, as the server sees it."""

    address: str
    device: str


class KioskApprovalIn(In):
    """days: 1 to 30."""

    code: KioskCode
    name: Annotated[str, Field(min_length=1, max_length=60)]
    days: Annotated[int, Field(ge=1, le=30)]
