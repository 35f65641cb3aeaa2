"""Logging in, who is logged in, and what this installation is."""

from typing import Annotated

from pydantic import StringConstraints

from brightkitchen.web.present.base import In, Instant, Out


class Credentials(In):
    username: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=256)]


class UserOut(Out):
    id: str
    username: str
    name: str


class SessionOut(Out):
    user: UserOut
    abilities: list[str]


class SystemOut(Out):
    version: str
    demo: bool
    city: str
    server_at: Instant
    time_zone: str
