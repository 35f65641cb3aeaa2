"""Media tokens."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from brightkitchen.web.present.base import In, Instant, Out
from brightkitchen.web.present.cameras import ProfileName

MediaAct = Literal["live", "play", "snapshot", "thumb", "clip"]


class TokenWishIn(In):
    camera: Annotated[str, StringConstraints(max_length=40)]
    act: MediaAct
    profile: ProfileName
    from_: Annotated[Instant | None, Field(alias="from")] = None
    to: Instant | None = None


class TokenRequestIn(In):
    items: Annotated[list[TokenWishIn], Field(min_length=1, max_length=64)]


class TokenOut(Out):
    camera: str
    act: MediaAct
    token: str
    expires_in_s: int
    media_url: str


class TokenListOut(Out):
    items: list[TokenOut]
