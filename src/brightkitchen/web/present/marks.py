"""Marks and favourites, as they leave and enter the server."""

from typing import Annotated

from pydantic import Field

from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.marks.model import Mark
from brightkitchen.domain.walls.favourites import Favourites
from brightkitchen.kernel.units import format_utc
from brightkitchen.web.options import Services
from brightkitchen.web.present.base import In, Instant, Out, Text
from brightkitchen.web.present.cameras import CameraOut, present_cameras
from brightkitchen.web.present.tree import BranchOut, present_premises_branch

MarkId = Annotated[str, Field(max_length=40)]


class MarkIn(In):
    """at: of the picture that is marked. note: at most 200 characters."""

    camera_id: MarkId
    at: Text
    note: Text = ""


class MarkPatchIn(In):
    note: Text


class MarkOut(Out):
    """A marked moment. abilities: mark.change = may say something else of it and remove it."""

    id: str
    camera_id: str
    at: Instant
    note: str
    by_name: str
    abilities: list[str]


class FavouriteListOut(Out):
    """What the caller keeps at hand, the first kept first. left_out: kept, but not to be seen by this person now."""

    cameras: list[CameraOut]
    premises: list[BranchOut]
    left_out: int


def present_mark(mark: Mark, actor: Actor, services: Services) -> MarkOut:
    """Return a mark as its maker sees it."""
    return MarkOut(
        id=mark.id,
        camera_id=mark.camera,
        at=format_utc(mark.at),
        note=mark.note,
        by_name=mark.by_name,
        abilities=list(services.marks.abilities(actor, mark.by)),
    )


def present_favourites(kept: Favourites, actor: Actor, services: Services) -> FavouriteListOut:
    """Return what somebody keeps."""
    return FavouriteListOut(
        cameras=present_cameras(kept.cameras, actor, services),
        premises=[present_premises_branch(branch) for branch in kept.premises],
        left_out=kept.left_out,
    )
